"""Take a benchmark's figures, and keep each with the commit and the machine it was taken on, as one JSON line."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
# What measuring itself writes.
_WRITTEN = ("bench/results", "tests/faults/results", "docs/reliability.md")


def timed(turns: int, **calls: Callable[[], object]) -> dict[str, float]:
    """Return the median of each call in milliseconds. They take turns, so that a slow moment is slow for all."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _turn in range(turns):
        for name, call in calls.items():
            begun = perf_counter()
            call()
            times[name].append(perf_counter() - begun)
    return {name: median(taken) * 1000 for name, taken in times.items()}


def spent(turns: int, backend: int, **calls: Callable[[], object]) -> dict[str, float]:
    """Return the median of the processor's time that each call takes, in milliseconds, however busy the machine is.

    That of this process and of the PostgreSQL process `backend` that serves it, which Linux tells. They take turns.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _turn in range(turns):
        for name, call in calls.items():
            begun = process_time() + backend_seconds(backend)
            call()
            times[name].append(process_time() + backend_seconds(backend) - begun)
    return {name: median(taken) * 1000 for name, taken in times.items()}


def backend_seconds(pid: int) -> float:
    """Return the processor's time that a process has had so far, in seconds, finer than /proc/<pid>/stat tells it."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def p95(figures: Sequence[float]) -> float:
    """Return what 19 of 20 figures do not exceed."""
    return quantiles(figures, n=20, method="inclusive")[-1]


def record(name: str, what: str, figure: float, floor: float | None = None) -> None:
    """Append a line to results/<name>.json and print it.

    what: the figure's name and unit. floor: the peer's or the floor's figure of the same batch; their ratio is kept.
    """
    ratio = figure / floor if floor else None
    line = {
        "commit": commit(),
        "machine": machine(),
        "what": what,
        "figure": round(figure, 3),
        "floor": None if floor is None else round(floor, 3),
        "ratio": None if ratio is None else round(ratio, 3),
    }
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{name}.json").open("a", encoding="utf-8") as results:
        results.write(json.dumps(line) + "\n")
    beside = "" if ratio is None else f"   beside {floor:.3f}: {ratio:.2f} times"
    print(f"{what}: {figure:.3f}{beside}")


def commit(root: Path = ROOT) -> str:
    """Return the short name of the commit that is checked out at `root`, or "unknown".

    It ends with "-dirty" where a tracked file is not as it was committed, but for what measuring itself writes.
    """
    name = _git(root, "rev-parse", "--short", "HEAD")
    others = [f":(exclude){path}" for path in _WRITTEN]
    is_dirty = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", *others)
    return f"{name}-dirty" if is_dirty else name or "unknown"


def _git(root: Path, *words: str) -> str:
    command = ["git", "-C", str(root), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def machine() -> str:
    """Return what the figures depend on: system, processor, cores, Python."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"

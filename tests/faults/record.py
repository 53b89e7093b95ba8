"""What each fault found, one JSON line a part of its seeds, with the commit: docs/reliability.md is made from it."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.record import commit, machine

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Line:
    """One part: `fault` is an id such as "R1", `about` says in words what struck; `count` how often."""

    fault: str
    about: str
    count: int
    violations: int
    seeds: str
    seconds: float
    commit: str
    machine: str


@dataclass(slots=True)
class Part:
    """What a play tells of itself while it goes on, in the words of Line; one that is not whole leaves no line."""

    about: str
    count: int = 0
    violations: int = 0
    is_whole: bool = True


@contextmanager
def kept(fault: str, about: str, *, seeds: range) -> Iterator[Part]:
    """Keep the line of what is played inside, however that ends. seeds: those that are played."""
    part, began = Part(about), time.monotonic()
    try:
        with counted(part):
            yield part
    finally:
        seconds = time.monotonic() - began
        if part.is_whole:
            keep(fault, part.about, count=part.count, violations=part.violations, seeds=seeds, seconds=seconds)


@contextmanager
def counted(part: Part) -> Iterator[None]:
    """Count what is raised inside as one violation of `part`: something did not come true, or nobody knows."""
    try:
        yield
    except KeyboardInterrupt:
        part.is_whole = False
        raise
    except BaseException:
        part.violations += 1
        raise


def keep(fault: str, about: str, *, count: int, violations: int, seeds: range, seconds: float) -> Line:
    """Print what was found and, under FAULTS_KEEP=1, append it to results/<fault>.jsonl.

    count: how often the fault struck. violations: what the checker found. seeds: those that were played.
    """
    played = f"{seeds[0]}-{seeds[-1]}" if seeds else "-"
    line = Line(fault, about, count, violations, played, round(seconds, 1), commit(), machine())
    print(f"{fault}: {about}: {count} times, {violations} violations, seeds {played}, {seconds:.1f} s")
    if os.environ.get("FAULTS_KEEP") == "1":
        RESULTS.mkdir(exist_ok=True)
        with (RESULTS / f"{fault}.jsonl").open("a", encoding="utf-8") as results:
            results.write(json.dumps(asdict(line)) + "\n")
    return line


def lines() -> list[Line]:
    """Everything that was kept, in the order of the faults' ids."""
    files = sorted(RESULTS.glob("*.jsonl"))
    return [Line(**json.loads(text)) for file in files for text in file.read_text(encoding="utf-8").splitlines()]

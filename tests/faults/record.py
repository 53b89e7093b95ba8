"""What each fault found, one JSON line a part of its seeds, with the commit: docs/reliability.md is made from it."""

import json
import os
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

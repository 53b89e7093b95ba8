"""python -m tests.faults [FAULT ...] [--seeds 0-9999] [--part 250]; without options every fault in full.

The seeds are played part by part, each a pytest run of its own, and each kept in results/ with the commit. A part
that is there for this commit is not played again: a run that was broken off goes on where it ended. Played again are
parts in which something was violated, and all that was played while the files were not those of a commit.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence

from bench.record import commit
from tests.faults import record
from tests.faults.catalogue import FAULTS, Fault
from tests.faults.record import Line


def parts(asked: range, size: int, kept: Iterable[Line]) -> list[str]:
    """The parts of the seeds that the lines `kept` do not show as played and in order, as "first-last"."""
    played = {seed for line in kept if not (line.violations or line.commit.endswith("-dirty")) for seed in _seeds(line)}
    spans = (range(first, min(first + size, asked.stop)) for first in range(asked.start, asked.stop, size))
    return [f"{span[0]}-{span[-1]}" for span in spans if not played.issuperset(span)]


def _seeds(line: Line) -> range:
    first, _dash, last = line.seeds.partition("-")
    return range(int(first), int(last) + 1) if first else range(0)


def kept(fault: Fault, at: str) -> list[Line]:
    """What was kept of the fault at the commit `at`."""
    return [line for line in record.lines() if (line.fault, line.commit) == (fault.id, at)]


def play(fault: Fault, part: str) -> bool:
    """Play one part; whether nothing was violated."""
    environment = {**os.environ, "FAULTS": "full", "FAULTS_SEEDS": part, "FAULTS_KEEP": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-s", "--no-header", "--timeout", "3600", fault.test]
    return subprocess.run(command, env=environment, check=False).returncode == 0


def main(given: Sequence[str], at: str) -> int:
    """Play what is asked for; 1 where a part failed, now or earlier at this commit. at: the commit."""
    parser = argparse.ArgumentParser(prog="make faults ARGS=...", description=__doc__)
    parser.add_argument("fault", nargs="*", help=f"of {', '.join(FAULTS)}")
    parser.add_argument("--seeds", help="such as 0-999; without it all of them")
    parser.add_argument("--part", type=int, help="seeds a part; without it what suits the fault")
    asked = parser.parse_args(given)
    failed = 0
    for name in asked.fault or FAULTS:
        fault = FAULTS[name]
        first, _dash, last = (asked.seeds or f"0-{fault.full - 1}").partition("-")
        for part in parts(range(int(first), int(last) + 1), asked.part or fault.part, kept(fault, at)):
            failed += not play(fault, part)
        failed += _tell_red(kept(fault, at))
    return 1 if failed else 0


def _tell_red(found: Iterable[Line]) -> int:
    """Name the parts in which something was violated: the same part in order later does not undo it. How many."""
    red = [line for line in found if line.violations]
    for line in red:
        print(f"red at {line.commit}: {line.fault} --seeds {line.seeds}: {line.violations} violations")
    return len(red)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], commit()))

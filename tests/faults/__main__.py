"""python -m tests.faults [FAULT ...] [--seeds 0-9999] [--part 250]; without options every fault in full.

The seeds are played part by part, each a pytest run of its own, and each kept in results/ with the commit. A part
that is there for this commit is not played again: a run that was broken off goes on where it ended.
"""

import argparse
import os
import subprocess
import sys

from bench.record import commit
from tests.faults import record
from tests.faults.catalogue import FAULTS, Fault


def parts(fault: Fault, asked: range, size: int) -> list[str]:
    """The parts of the seeds that this commit has not played yet, as "first-last"."""
    played = {line.seeds for line in record.lines() if (line.fault, line.commit) == (fault.id, commit())}
    spans = (range(first, min(first + size, asked.stop)) for first in range(asked.start, asked.stop, size))
    return [name for name in (f"{span[0]}-{span[-1]}" for span in spans) if name not in played]


def play(fault: Fault, part: str) -> bool:
    """Play one part; whether nothing was violated."""
    environment = {**os.environ, "FAULTS": "full", "FAULTS_SEEDS": part, "FAULTS_KEEP": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-s", "--no-header", "--timeout", "3600", fault.test]
    return subprocess.run(command, env=environment, check=False).returncode == 0


def main() -> int:
    """Play what is asked for; 1 where a part failed."""
    parser = argparse.ArgumentParser(prog="make faults ARGS=...", description=__doc__)
    parser.add_argument("fault", nargs="*", help=f"of {', '.join(FAULTS)}")
    parser.add_argument("--seeds", help="such as 0-999; without it all of them")
    parser.add_argument("--part", type=int, help="seeds a part; without it what suits the fault")
    asked = parser.parse_args()
    failed = 0
    for name in asked.fault or FAULTS:
        fault = FAULTS[name]
        first, _dash, last = (asked.seeds or f"0-{fault.full - 1}").partition("-")
        for part in parts(fault, range(int(first), int(last) + 1), asked.part or fault.part):
            failed += not play(fault, part)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""How long the faults strike: the short share of make test, make test-faults at each push, make faults in full.

A test takes its seeds from here, so that one command can repeat any part of it: FAULTS names the length,
FAULTS_SEEDS ("200-299") a part of the seeds.
"""

import os

import pytest

LENGTHS = ("short", "push", "full")


def length() -> str:
    """Return "short", "push" or "full".

    Raises ValueError where FAULTS names none of them.
    """
    named = os.environ.get("FAULTS", LENGTHS[0])
    if named not in LENGTHS:
        raise ValueError(f"FAULTS is {named!r}; it is one of {', '.join(LENGTHS)}.")
    return named


def seeds(short: int, push: int, full: int) -> range:
    """Return the seeds of this length, or the part of them that FAULTS_SEEDS names, both ends included.

    Where there are none, the test that asks is skipped: it is played at greater length.
    """
    part = os.environ.get("FAULTS_SEEDS", "")
    whole = range({"short": short, "push": push, "full": full}[length()])
    if not whole:
        pytest.skip("played at greater length")
    if not part:
        return whole
    first, _dash, last = part.partition("-")
    return range(int(first), min(int(last or first) + 1, len(whole)))


# Decided before a test's servers are started for it.
longer = pytest.mark.skipif(length() == "short", reason="played at greater length")

"""R6: the wall clock of one process steps by an hour or a day, either way. Only the database's time counts.

By libfaketime (Debian: apt install faketime), which bends the wall clock of a process and leaves the others as they
are: CLOCK_MONOTONIC and CLOCK_BOOTTIME go on.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faults import lengths, record
from tests.faults.ground import Crew
from tests.faults.stories import Story, comes_true, told
from upgrades.models import ChangeRequest

pytestmark = pytest.mark.timeout(3600)

STEPS = ("+1h", "-1h", "+1d", "-1d")
PROCESSES = ("tick", "follow", "beat")
PLACES = ("/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime")
RESUMED_SECONDS = 60.0


@pytest.fixture(scope="module")
def library() -> str:
    """libfaketime, installed where that may be."""
    if _found() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "update", "-q"], check=False, capture_output=True)
        command = ["apt-get", "install", "-qy", "--no-install-recommends", "faketime"]
        subprocess.run(
            command, check=False, capture_output=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        )
    found = _found()
    if found is None:
        pytest.skip("Clocks are bent by libfaketime: install it (Debian: apt install faketime).")
    return found


def _found() -> str | None:
    files = [Path(place) / "libfaketimeMT.so.1" for place in PLACES]
    return next((str(file) for file in files if file.exists()), None)


def _clocks(library: str, folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Words before each command: a clock of its own, set by a file."""
    words = ("env", f"LD_PRELOAD={library}", "FAKETIME_CACHE_DURATION=1", "FAKETIME_DONT_FAKE_MONOTONIC=1")
    for name in PROCESSES:
        (folder / name).write_text("+0")
    return {name: (*words, f"FAKETIME_TIMESTAMP_FILE={folder / name}") for name in PROCESSES}


def test_a_clock_that_steps_changes_nothing_that_counts(own_services, library: str, tmp_path: Path) -> None:
    services, seeds, began = own_services, lengths.seeds(1, 20, 300), time.monotonic()
    with services.turned(), Crew(services, before=_clocks(library, tmp_path)):

        def play(story: Story, seed: int) -> None:
            _step(story, tmp_path / PROCESSES[seed % len(PROCESSES)], STEPS[seed // len(PROCESSES) % len(STEPS)])

        found = told(services, seeds, play)
    took = time.monotonic() - began
    about = "the clock of one process stepped by an hour or a day, either way, and back"
    record.keep("R6", about, count=2 * len(seeds), violations=len(found), seeds=seeds, seconds=took)
    assert found == []


def _step(story: Story, clock: Path, step: str) -> None:
    """Step under a run, start another by the wrong clock, and step back under it."""
    story.start(0)
    assert comes_true(lambda: story.status(0) == "running", RESUMED_SECONDS)
    clock.write_text(step)
    story.start(1)
    assert comes_true(lambda: story.status(1) in {"running", "verifying", "verified"}, RESUMED_SECONDS), (clock, step)
    clock.write_text("+0")
    assert comes_true(lambda: story.status(0) == story.status(1) == "verified", RESUMED_SECONDS), (clock, step)
    statuses = ChangeRequest.objects.filter(endpoint=story.endpoint).values_list("status", flat=True)
    assert set(statuses) == {"done"}

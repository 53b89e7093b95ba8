"""R6: the wall clock of one process steps by an hour or a day, either way. Only the database's time counts.

By a library of ours (clock.c) that is preloaded. libfaketime does not serve: of a clock that steps back it makes
EINVAL in time.sleep(), which no real clock does.
"""

import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faults import lengths, record
from tests.faults.ground import Crew
from tests.faults.stories import Story, comes_true, told
from upgrades.models import ChangeRequest

pytestmark = pytest.mark.timeout(3600)

HOUR, DAY = 3600, 86_400
STEPS = (HOUR, -HOUR, DAY, -DAY)
PROCESSES = ("tick", "follow", "beat")
RESUMED_SECONDS = 60.0


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """clock.c as a library."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("Clocks are moved by a small library: it takes Linux and a C compiler (Debian: apt install gcc).")
    built = tmp_path_factory.mktemp("clock") / "clock.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(built), str(Path(__file__).with_name("clock.c"))]
    subprocess.run(command, check=True)
    return built


def words(library: Path, clock: Path) -> tuple[str, ...]:
    """What stands before a command whose clock is `clock`."""
    return ("env", f"LD_PRELOAD={library}", f"CLOCK_SHIFT_FILE={clock}")


def move(clock: Path, seconds: int) -> None:
    """From now on the processes with this clock are off by so much."""
    # In place: they have it in memory.
    with clock.open("r+b" if clock.exists() else "w+b") as file:
        file.write(struct.pack("q", seconds))


def test_the_wall_clock_steps_and_no_other(library: Path, tmp_path: Path) -> None:
    move(tmp_path / "clock", DAY)
    code = "import time; print(time.time(), time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME))"
    command = [*words(library, tmp_path / "clock"), sys.executable, "-c", code]
    there = [float(word) for word in subprocess.run(command, capture_output=True, check=True).stdout.split()]
    here = [time.time(), time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME)]
    assert [round((one - other) / DAY) for one, other in zip(there, here, strict=True)] == [1, 0, 0]


@lengths.longer
def test_a_clock_that_steps_changes_nothing_that_counts(own_services, library: Path, tmp_path: Path) -> None:
    services, seeds = own_services, lengths.seeds(0, 20, 300)
    clocks = {name: tmp_path / name for name in PROCESSES}
    for clock in clocks.values():
        move(clock, 0)
    before: Mapping[str, tuple[str, ...]] = {name: words(library, clock) for name, clock in clocks.items()}
    about = "the clock of one process stepped by an hour or a day, either way, and back"
    with record.kept("R6", about, seeds=seeds) as part, services.turned(), Crew(services, before=before):

        def play(story: Story, seed: int) -> None:
            name, step = PROCESSES[seed % len(PROCESSES)], STEPS[seed // len(PROCESSES) % len(STEPS)]
            part.count += 2
            _step(story, clocks[name], step)

        found = told(services, seeds, play)
        part.violations = len(found)
    assert found == []


def _step(story: Story, clock: Path, seconds: int) -> None:
    """Step under a run, start another by the wrong clock, and step back under it."""
    which = f"{clock.name} {seconds:+} s"
    assert story.goes(0, RESUMED_SECONDS), which
    move(clock, seconds)
    assert story.goes(1, RESUMED_SECONDS), which
    move(clock, 0)
    assert comes_true(lambda: story.status(0) == story.status(1) == "verified", RESUMED_SECONDS), which
    statuses = ChangeRequest.objects.filter(endpoint=story.endpoint).values_list("status", flat=True)
    assert set(statuses) == {"done"}

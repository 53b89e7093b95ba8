"""The watchdog: who is connected and takes nothing ends itself; who waits for a broker that is away does not."""

import os
import subprocess
import sys

import pytest

from ocpdash.celery import ROUTES, WORKERS, app, canary_seconds
from ocpdash.watchdog import EXIT_CODE, LOOK_SECONDS, Silence
from upgrades.live import QUEUES

# `ask` answers what is given, and `heard` is called every so many seconds.
PROGRAM = """
import sys, threading, time
from ocpdash.watchdog import Watchdog
dog = Watchdog(lambda: {is_taken}, 0.4)
dog.start()
for _turn in range(15):
    time.sleep(0.1)
    {work}
"""


def pass_by(silence: Silence, seconds: float) -> None:
    for _look in range(round(seconds / LOOK_SECONDS)):
        silence.passed(LOOK_SECONDS)


def test_silence_is_counted_from_the_first_question_that_was_taken() -> None:
    silence = Silence(120)
    pass_by(silence, 500)
    assert not silence.is_too_long
    silence.asked(is_taken=True)
    pass_by(silence, 60)
    silence.asked(is_taken=True)
    pass_by(silence, 59)
    assert not silence.is_too_long
    pass_by(silence, 1)
    assert silence.is_too_long


@pytest.mark.parametrize("sign", [Silence.heard, lambda silence: silence.asked(is_taken=False)])
def test_work_or_a_broker_that_is_away_begins_it_anew(sign: object) -> None:
    silence = Silence(120)
    silence.asked(is_taken=True)
    pass_by(silence, 119)
    sign(silence)  # type: ignore[operator]
    pass_by(silence, 119)
    assert not silence.is_too_long


def test_time_in_which_the_process_was_stopped_is_no_silence() -> None:
    silence = Silence(120)
    silence.asked(is_taken=True)
    silence.passed(86_400)
    assert not silence.is_too_long


@pytest.mark.parametrize(
    ("is_taken", "work", "code"),
    [(True, "pass", EXIT_CODE), (True, "dog.heard()", 0), (False, "pass", 0)],
    ids=["idle", "at work", "without a broker"],
)
def test_only_an_idle_process_ends(is_taken: bool, work: str, code: int) -> None:
    program = PROGRAM.format(is_taken=is_taken, work=work)
    ended = subprocess.run(
        [sys.executable, "-c", program], env=os.environ, capture_output=True, timeout=30, check=False
    )
    assert ended.returncode == code, ended.stderr


def test_every_queue_has_a_canary_and_is_known_where_canaries_are_noted() -> None:
    queues = {queue for served in WORKERS.values() for queue in served}
    assert set(QUEUES) == set(ROUTES.values()) == queues
    entries = {name: entry for name, entry in app.conf.beat_schedule.items() if name.startswith("canary ")}
    assert {entry["options"]["queue"] for entry in entries.values()} == queues
    assert {entry["schedule"] for entry in entries.values()} == {canary_seconds()} == {30}

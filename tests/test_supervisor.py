"""The supervisor: restarts with back-off, an end that nobody can refuse, lines that people can read."""

import json
import os
import sys
import threading
import time

import pytest

from ocpdash.processes import Guard, wait_until
from ocpdash.supervisor import Console, Program, Supervisor, readable

DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


@pytest.fixture
def guard():
    guard = Guard()
    yield guard
    guard.close()


class Running:
    """A supervisor in a thread of its own, as the demo's main thread would run it."""

    def __init__(self, guard: Guard, *programs: Program) -> None:
        self.starts: list[dict[str, int]] = []
        console = Console([program.name for program in programs])
        self.supervisor = Supervisor(
            programs, guard=guard, environment=os.environ, console=console, on_change=self.starts.append
        )
        self.thread = threading.Thread(target=self.supervisor.run, args=(lambda: None,))
        self.thread.start()

    def end(self) -> float:
        started = time.monotonic()
        self.supervisor.end()
        self.thread.join(10)
        return time.monotonic() - started


def test_a_program_that_dies_starts_again_later_each_time(guard, capsys):
    running = Running(guard, Program("brief", [sys.executable, "-c", "print('here')"]))
    assert wait_until(lambda: len(running.starts) == 3, 15)
    running.end()
    said = capsys.readouterr().out
    assert "brief | here" in said
    assert "brief | ended (exit code 0); again in 1 s" in said
    assert "brief | ended (exit code 0); again in 2 s" in said


def test_a_program_deaf_to_sigterm_is_killed_in_time(guard, capsys):
    running = Running(guard, Program("deaf", [sys.executable, "-c", DEAF]))
    heard: list[str] = []

    def is_up() -> bool:
        heard.append(capsys.readouterr().out)
        return "deaf | deaf" in "".join(heard)

    assert wait_until(is_up, 10)
    assert 3 < running.end() < 4.5
    with pytest.raises(ProcessLookupError):
        os.kill(running.starts[0]["deaf"], 0)


def test_a_json_line_is_shown_as_words():
    line = {"at": "2026-11-23T18:00:00", "level": "info", "logger": "upgrades", "message": "adopted", "run": 7}
    assert readable(json.dumps(line)) == ["adopted run=7"]
    line |= {"level": "error", "traceback": "Traceback:\n  gone"}
    assert readable(json.dumps(line)) == ["error: adopted run=7", "Traceback:", "  gone"]


@pytest.mark.parametrize("line", ["plain words", "{not json", '{"no": "message"}', ""])
def test_any_other_line_is_shown_as_it_is(line):
    assert readable(line) == [line]

"""`manage.py simulate_ocp` as a process of its own."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

from .conftest import Person

ROOT = Path(__file__).parent.parent.parent


def command(*options: str) -> list[str]:
    """The command that starts a look-alike; on free ports where no option names others."""
    return [sys.executable, str(ROOT / "manage.py"), "simulate_ocp", "--port", "0", "--control-port", "0", *options]


def environment() -> dict[str, str]:
    """What it is started with."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONUNBUFFERED": "1",
        "OCPDASH_TEST_REDIS_URL": "",
    }


def run(*options: str) -> "subprocess.CompletedProcess[str]":
    """One that is to end by itself, with what it said."""
    return subprocess.run(
        command(*options), cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False
    )


class Running:
    """A look-alike that has said where it listens; as a context manager it ends with its block."""

    def __init__(self, *options: str) -> None:
        # What it says on stderr is the test's own to show: a pipe that nobody reads would fill and stop it.
        self.process = subprocess.Popen(
            command(*options), stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment()
        )
        try:
            self.ocp = self._person()
        except BaseException:
            self.end(signal.SIGKILL)
            raise
        self.second_line = self._line()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def _person(self) -> Person:
        first = self._line()
        match = re.fullmatch(r"OCP look-alike at (\S+), control port at (\S+)", first)
        assert match, f"the look-alike began with {first!r}"
        return Person(match[1], match[2])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.poll() is None:
            self.end(signal.SIGKILL)

    def end(self, number: int) -> int:
        """Send it a signal and return its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code

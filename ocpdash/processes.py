"""Child processes that cannot outlive us: each leads a group of its own, and a guard ends it when we are gone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

POLL_SECONDS = 0.02


class Guard:
    """The other process that watches over ours (see guard.py). Started with the first child."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("guard.py")
        # -I and -S: no site-packages, so that it is up in milliseconds.
        self._process = subprocess.Popen(  # noqa: S603 (our own script)
            [sys.executable, "-I", "-S", str(script)], stdin=subprocess.PIPE, start_new_session=True, text=True
        )

    def watch(self, group: int, ending: int) -> None:
        """From now on the group gets the signal `ending`, and SIGKILL 3 s later, when we are gone."""
        self._tell(f"+ {group} {ending}\n")

    def forget(self, group: int) -> None:
        """The group has ended; its number may soon be somebody else's."""
        self._tell(f"- {group}\n")

    def close(self) -> None:
        """Ends whatever is still watched over, and the guard."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, line: str) -> None:
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            return
        # Somebody ended the guard: there is nobody to tell, and the children are still ours to end.
        with suppress(BrokenPipeError):
            pipe.write(line)
            pipe.flush()


class Process:
    """One child. `output` is a file, or subprocess.PIPE to read lines from `lines`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        guard: Guard,
        environment: Mapping[str, str],
        output: IO[str] | int,
        ending: int = signal.SIGTERM,
    ) -> None:
        self.name = name
        self._guard = guard
        self._ending = ending
        self._is_asked = False
        self._child = subprocess.Popen(  # noqa: S603 (commands are our own)
            command,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._guard.watch(self.pid, ending)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def lines(self) -> IO[str]:
        assert self._child.stdout is not None  # noqa: S101 (a caller that asked for no pipe reads none)
        return self._child.stdout

    def is_running(self) -> bool:
        return self._child.poll() is None

    @property
    def how_it_ended(self) -> str:
        """ "exit code 1" or "SIGKILL"; "running" before that."""
        code = self._child.poll()
        if code is None:
            return "running"
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name

    def ask_to_end(self) -> None:
        """Sends the ending signal to the whole group, once, and does not wait: a second one means haste to many."""
        if not self._is_asked:
            self._is_asked = True
            self._send(self._ending)

    def end(self, seconds: float) -> None:
        """Waits for the child to end, asked before or now; kills its group after `seconds`."""
        self.ask_to_end()
        try:
            self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            self._send(signal.SIGKILL)
            self._child.wait()
        # Grandchildren, if any.
        self._send(signal.SIGKILL)
        self._guard.forget(self.pid)

    def _send(self, number: int) -> None:
        # macOS answers PermissionError for a group of zombies.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def wait_until(is_true: Callable[[], bool], seconds: float) -> bool:
    """Polls until the condition holds; False when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True

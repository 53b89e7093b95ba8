"""Keeps a set of processes running: prefixed lines, a restart with back-off, and an end that leaves nothing."""

import json
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from subprocess import PIPE
from types import FrameType

from ocpdash.processes import Guard, Process

LOOK_SECONDS = 0.1
# Everything is gone within 5 s of Ctrl-C: this much for these processes, the rest for the services below them.
END_SECONDS = 3.5
FIRST_BACK_OFF_SECONDS = 1.0
LONGEST_BACK_OFF_SECONDS = 30.0
# A process that ran this long is healthy again: its next restart is quick.
HEALTHY_SECONDS = 30.0

COLOURS = (36, 32, 33, 35, 34, 96, 92, 93)


@dataclass(frozen=True)
class Program:
    """One process to keep running."""

    name: str
    command: Sequence[str]


@dataclass
class _Kept:
    """A program, its present process, and when it may start again."""

    program: Program
    process: Process | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    back_off: float = field(default=FIRST_BACK_OFF_SECONDS)


class Console:
    """The terminal: one whole line at a time, with the name of who said it."""

    def __init__(self, names: Sequence[str]) -> None:
        self._width = max(map(len, names))
        self._colours = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)}
        self._lock = threading.Lock()
        self._has_colours = sys.stdout.isatty()

    def say(self, name: str, line: str) -> None:
        prefix = f"{name:{self._width}} |"
        if self._has_colours:
            prefix = f"\033[{self._colours.get(name, 0)}m{prefix}\033[0m"
        # A closed terminal must not keep us from ending our children.
        with self._lock, suppress(OSError, ValueError):
            sys.stdout.write(f"{prefix} {line}\n")
            sys.stdout.flush()


class Supervisor:
    """Runs the programs until stop() or a signal; `on_change` gets the pids by name after every start."""

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        guard: Guard,
        environment: Mapping[str, str],
        console: Console,
        on_change: Callable[[Mapping[str, int]], None],
    ) -> None:
        self._kept = [_Kept(program) for program in programs]
        self._guard = guard
        self._environment = environment
        self._console = console
        self._on_change = on_change
        self._ending = threading.Event()

    def listen_to_signals(self) -> None:
        """From now on Ctrl-C, SIGTERM and a closed terminal end run()."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    @property
    def is_ending(self) -> bool:
        return self._ending.is_set()

    def run(self, on_look: Callable[[], None]) -> None:
        """Starts all, restarts what dies, and returns when told to end. Calls `on_look` at each look round."""
        while not self._ending.wait(LOOK_SECONDS):
            for kept in self._kept:
                self._look_after(kept)
            on_look()

    def end(self) -> None:
        """Asks all to end at once, then waits; whoever is slower than 3.5 s is killed."""
        self._ending.set()
        processes = [kept.process for kept in self._kept if kept.process is not None]
        for process in processes:
            process.ask_to_end()
        deadline = time.monotonic() + END_SECONDS
        for process in processes:
            process.end(max(0.0, deadline - time.monotonic()))

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._ending.set()

    def _look_after(self, kept: _Kept) -> None:
        now = time.monotonic()
        if kept.process is not None and not kept.process.is_running():
            if now - kept.started_at > HEALTHY_SECONDS:
                kept.back_off = FIRST_BACK_OFF_SECONDS
            self._console.say(kept.program.name, f"ended ({kept.process.how_it_ended}); again in {kept.back_off:g} s")
            kept.process.end(0)
            kept.process, kept.due_at = None, now + kept.back_off
            kept.back_off = min(2 * kept.back_off, LONGEST_BACK_OFF_SECONDS)
        if kept.process is None and now >= kept.due_at:
            self._start(kept)

    def _start(self, kept: _Kept) -> None:
        name = kept.program.name
        kept.process = Process(
            name, kept.program.command, guard=self._guard, environment=self._environment, output=PIPE
        )
        kept.started_at = time.monotonic()
        threading.Thread(target=self._read, args=(name, kept.process), daemon=True).start()
        self._on_change({one.program.name: one.process.pid for one in self._kept if one.process is not None})

    def _read(self, name: str, process: Process) -> None:
        with process.lines as lines:
            for line in lines:
                for shown in readable(line.rstrip()):
                    self._console.say(name, shown)


def readable(line: str) -> list[str]:
    """A JSON log line as a person reads it, its traceback below; any other line as it is."""
    if not line.startswith("{"):
        return [line]
    with suppress(ValueError, KeyError):
        entry = json.loads(line)
        message = str(entry.pop("message"))
        level = str(entry.pop("level", ""))
        traceback = str(entry.pop("traceback", ""))
        details = [f"{name}={value}" for name, value in entry.items() if name not in {"at", "logger"}]
        first = message if level in {"", "info"} else f"{level}: {message}"
        return [" ".join([*first.splitlines(), *details]), *traceback.splitlines()]
    return [line]

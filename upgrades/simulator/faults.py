"""Troubles: requests that are delayed, held, dropped, met with silence, or answered oddly (kinds.py)."""

import itertools
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from upgrades.simulator import envelope, kinds
from upgrades.simulator.envelope import Reply
from upgrades.simulator.oddity import Pace

ACTIONS = ("delay", "hold", "drop", "status", "silent", "reset", "cut", "lost", "redirect")
_LONGEST_HOLD = 3600.0


@dataclass(slots=True)
class Fault:
    """One trouble and the requests it is for. `stage` says whether it strikes before or after the work is done."""

    id: int
    method: str
    path: str
    action: str
    seconds: float
    status: int
    count: int | None
    skip: int
    stage: str
    until: float
    struck: int = 0
    holding: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def fits(self, method: str, target: str) -> bool:
        """Say whether a request is one of those this trouble is for."""
        is_over = self.count == 0 or (self.action == "silent" and time.monotonic() > self.until)
        return not is_over and self.method in ("", method) and re.search(self.path, target) is not None

    def shape(self) -> dict[str, Any]:
        """Return the trouble as the control port shows it."""
        names = ("id", "method", "path", "action", "seconds", "status", "count", "skip", "stage", "struck", "holding")
        return {name: getattr(self, name) for name in names}


class Faults:
    """All troubles in force; the oldest that fits a request strikes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)

    def add(
        self,
        action: str,
        *,
        method: str = "",
        path: str = "",
        seconds: float = 1.0,
        status: int = 500,
        count: int | None = None,
        skip: int = 0,
        stage: str = "after",
    ) -> Fault:
        """Put a trouble in force and return it. ValueError where it makes no sense.

        `action` is one of ACTIONS or a kind of odd answer; `seconds` are wall seconds, of a slow answer those
        between two bytes. With `stage` before, OCP does no work for what a kind then answers.
        """
        if (action not in ACTIONS and action not in kinds.NAMES) or stage not in ("before", "after"):
            raise ValueError(f"action must be one of {ACTIONS} or GET /faults/kinds, stage before or after")
        if stage == "before" and action in kinds.JSON:
            raise ValueError(f"{action} changes the JSON of an answer: there is none before the work")
        re.compile(path)
        until = time.monotonic() + seconds
        with self._lock:
            fault = Fault(next(self._ids), method, path, action, seconds, status, count, skip, stage, until)
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """End every trouble and let go of what is held."""
        with self._lock:
            faults, self._faults = self._faults, []
        for fault in faults:
            fault.released.set()

    def shapes(self) -> list[dict[str, Any]]:
        """Return every trouble as the control port shows it."""
        with self._lock:
            return [fault.shape() for fault in self._faults]

    def take(self, method: str, target: str) -> Fault | None:
        """Return the trouble that strikes a request, and count it."""
        with self._lock:
            for fault in self._faults:
                if not fault.fits(method, target):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.count is not None:
                    fault.count -= 1
                fault.struck += 1
                return fault
        return None

    def before(self, fault: Fault) -> Reply | None:
        """Strike before the work: returns the answer where no work is done at all."""
        match fault.action:
            case "delay" | "hold" if fault.stage == "before":
                self._wait(fault)
            case "silent":
                self._wait(fault)
                return Reply(0, manner="close")
            case "drop":
                return Reply(0, manner="close")
            case "reset":
                return Reply(0, manner="reset")
            case "status":
                return envelope.failed(fault.status, time.time())
            case "redirect":
                return envelope.redirect("http://127.0.0.1:9/elsewhere")
            case kind if kinds.refuses(kind) or (kind in kinds.ANSWERS and fault.stage == "before"):
                return self._odd(fault, envelope.nothing(time.time(), time.time()))
        return None

    def after(self, fault: Fault, reply: Reply) -> Reply:
        """Strike after the work: the answer is late, cut or lost."""
        if fault.action in ("delay", "hold") and fault.stage == "after":
            self._wait(fault)
        if fault.action == "cut":
            reply.manner = "cut"
        if fault.action == "lost":
            reply.manner = "close"
        return self._odd(fault, reply) if fault.action in kinds.NAMES else reply

    def _odd(self, fault: Fault, reply: Reply) -> Reply:
        odd = kinds.make(fault.action, reply, Pace(fault.seconds, fault.released))
        odd.stream = self._counted(fault, odd.stream)
        return odd

    def _counted(self, fault: Fault, stream: Iterator[bytes]) -> Iterator[bytes]:
        """Count an answer that is being poured as held, until its end or until nobody reads it."""
        with self._lock:
            fault.holding += 1
        try:
            yield from stream
        finally:
            with self._lock:
                fault.holding -= 1

    def _wait(self, fault: Fault) -> None:
        seconds = {"delay": fault.seconds, "silent": fault.until - time.monotonic()}.get(fault.action, _LONGEST_HOLD)
        with self._lock:
            fault.holding += 1
        fault.released.wait(max(0.0, seconds))
        with self._lock:
            fault.holding -= 1

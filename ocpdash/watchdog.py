"""A process that is connected and does nothing ends itself, so that whoever supervises it starts it anew.

A broker's client may hang after its server was reset (celery#10205): the process lives, and takes nothing.
"""

import logging
import os
import threading
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
# sysexits.h, EX_TEMPFAIL: the same again may do.
EXIT_CODE = 75


class Silence:
    """How long the broker has taken our questions and nothing came of it. No clock: time is told to it.

    Only time in which this process ran counts: one that was stopped and goes on has missed nothing yet.
    """

    def __init__(self, longest: float) -> None:
        self.longest = longest
        self._unanswered: float | None = None

    def heard(self) -> None:
        """Work was done: the process is well."""
        self._unanswered = None

    def asked(self, *, is_taken: bool) -> None:
        """A question left. Where the broker did not take it, starting anew would help nobody."""
        if not is_taken:
            self._unanswered = None
        elif self._unanswered is None:
            self._unanswered = 0.0

    def passed(self, seconds: float) -> None:
        """So much time went by in which we looked, or could have."""
        if self._unanswered is not None:
            self._unanswered += min(seconds, 2 * LOOK_SECONDS)

    @property
    def is_too_long(self) -> bool:
        return self._unanswered is not None and self._unanswered >= self.longest


class Watchdog:
    """Asks now and then, in a thread of its own, and ends the process where `heard()` is not called for too long.

    `longest` is in seconds, and four questions are asked in it. `ask` says whether the broker took the question.
    """

    def __init__(self, ask: Callable[[], bool], longest: float) -> None:
        self._ask = ask
        self._silence = Silence(longest)
        self._pause = longest / 4

    def start(self) -> None:
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def heard(self) -> None:
        """The process did what it is for."""
        self._silence.heard()

    def _watch(self) -> None:
        asked_at = looked_at = time.monotonic()
        while not self._silence.is_too_long:
            time.sleep(min(LOOK_SECONDS, self._pause))
            now = time.monotonic()
            self._silence.passed(now - looked_at)
            looked_at = now
            if now - asked_at >= self._pause:
                asked_at = now
                self._silence.asked(is_taken=self._ask())
        logger.error("takes nothing from the broker: ends, to be started anew", extra={"exit_code": EXIT_CODE})
        logging.shutdown()
        # Threads of the broker's client may hang: nothing of it is waited for.
        os._exit(EXIT_CODE)


def each(seconds: float, work: Callable[[], None], *, name: str) -> None:
    """Do `work` every so many seconds in a thread of its own, whatever it raises; told once until it does well."""

    def repeat() -> None:
        is_well = True
        while True:
            time.sleep(seconds)
            try:
                work()
            except Exception:
                if is_well:
                    logger.exception("could not be done", extra={"work": name})
                is_well = False
            else:
                is_well = True

    threading.Thread(target=repeat, name=name, daemon=True).start()

"""The time that all reads of one job have together: a lease must not run out under a worker that still reads."""

import time

# A call that begins at the very end still gets a moment, so that its error says that OCP was slow.
_LEAST = 0.1


class Budget:
    """`seconds` from now, by a clock that nobody sets."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    @property
    def is_spent(self) -> bool:
        return time.monotonic() >= self._ends_at

    @property
    def left(self) -> float:
        """Seconds for the next call."""
        return max(_LEAST, self._ends_at - time.monotonic())

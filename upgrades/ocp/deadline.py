"""Total time for one call, counted also while the machine sleeps."""

import time

# Suspended machines are why: CLOCK_MONOTONIC stands still meanwhile, and a POST sent after waking would be late.
_CLOCK_ID: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Deadline:
    """`seconds` from now on. `left()` never falls below 0."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.clock_gettime(_CLOCK_ID) + seconds

    def left(self) -> float:
        return max(0.0, self._ends_at - time.clock_gettime(_CLOCK_ID))

    def has_passed(self) -> bool:
        return self.left() == 0.0

    def check(self) -> float:
        """The seconds left. Raises TimeoutError when there are none."""
        left = self.left()
        if left == 0.0:
            raise TimeoutError("the deadline has passed")
        return left

    def at_most(self, seconds: float) -> "Deadline":
        """A deadline `seconds` from now, or this one where it is earlier."""
        return Deadline(min(seconds, self.left()))

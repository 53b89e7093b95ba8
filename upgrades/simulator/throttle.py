"""OCP's limit on the requests of one user: so many in each window, told in RateLimit headers."""

import time
from dataclasses import dataclass


@dataclass(slots=True)
class _Window:
    ends_at: float
    count: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a user stands in the window that is nearest its limit; `reset` is in seconds."""

    limit: int
    remaining: int
    reset: int
    is_over: bool

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that tell it."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


class Throttle:
    """Counts requests; windows last for the process only, as OCP's do."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, int], _Window] = {}

    def count(self, user: str, limits: dict[str, int]) -> Standing | None:
        """Count one request of a user. `limits` are requests by the length of a window in seconds; None without any."""
        standings = [self._count(user, int(seconds), limit) for seconds, limit in limits.items()]
        return min(standings, key=lambda standing: (not standing.is_over, standing.remaining), default=None)

    def _count(self, user: str, seconds: int, limit: int) -> Standing:
        now = time.monotonic()
        window = self._windows.get((user, seconds))
        if window is None or window.ends_at <= now:
            window = self._windows[(user, seconds)] = _Window(now + seconds)
        window.count += 1
        return Standing(limit, max(0, limit - window.count), int(window.ends_at - now) + 1, window.count > limit)

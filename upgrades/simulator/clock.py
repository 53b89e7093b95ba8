"""Engine time against wall time.

Engine time is what a step of an upgrade takes; wall time is what OCP writes into its answers. One wall second
is `speed` engine seconds. With `speed` 0 engine time stands still until `advance()`.
"""

import time
from datetime import UTC, datetime, timedelta, timezone

OCP_ZONE = timezone(timedelta(hours=8))


class Clock:
    """Engine time, which starts at `engine_at` seconds and runs `speed` times as fast as the wall."""

    def __init__(self, speed: float, engine_at: float = 0.0) -> None:
        self.speed = speed
        self.skew = 0.0
        self._engine_at = engine_at
        self._anchored_at = time.monotonic()

    def now(self) -> float:
        """Return engine seconds."""
        if self.speed <= 0:
            return self._engine_at
        return self._engine_at + (time.monotonic() - self._anchored_at) * self.speed

    def advance(self, seconds: float) -> None:
        """Move engine time forward by `seconds` engine seconds, whatever the speed."""
        self._engine_at += seconds

    def set_speed(self, speed: float) -> None:
        """Run at `speed` engine seconds a wall second from now on."""
        self._engine_at = self.now()
        self._anchored_at = time.monotonic()
        self.speed = speed

    def wall(self, engine_at: float) -> float:
        """Return the wall time, epoch seconds, at which engine time was or will be `engine_at`."""
        if self.speed <= 0:
            return self.wall_now()
        return self.wall_now() - (self.now() - engine_at) / self.speed

    def wall_now(self) -> float:
        """Return the time OCP believes it is, epoch seconds: its host's clock may be wrong by `skew`."""
        return time.time() + self.skew

    def wall_seconds(self, engine_seconds: float) -> float:
        """Return how many wall seconds `engine_seconds` take (0 while the engine stands still)."""
        return engine_seconds / self.speed if self.speed > 0 else 0.0


def iso(epoch: float, digits: int = 3) -> str:
    """Return epoch seconds as OCP writes a moment: offset +08:00, up to so many digits, trailing zeros cut.

    Cut, not rounded, so that moments in their order stay in it, whatever the digits.
    """
    microseconds = round(epoch * 1_000_000)
    moment = datetime.fromtimestamp(microseconds // 1_000_000, OCP_ZONE)
    fraction = f".{microseconds % 1_000_000:06d}"[: digits + 1].rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}+08:00"


def iso_seconds(epoch: float) -> str:
    """Return epoch seconds as OCP writes `createTime`: whole seconds, offset +08:00."""
    return iso(int(epoch))


def iso_utc(epoch: float) -> str:
    """Return epoch seconds as OCP writes server times inside a zone: UTC with a Z."""
    microseconds = round(epoch * 1_000_000)
    moment = datetime.fromtimestamp(microseconds // 1_000_000, UTC)
    fraction = f".{microseconds % 1_000_000:06d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def log_time(epoch: float) -> str:
    """Return epoch seconds as a line of OCP's own log begins: local time, three digits, no offset."""
    milliseconds = round(epoch * 1000)
    moment = datetime.fromtimestamp(milliseconds // 1000, OCP_ZONE)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{milliseconds % 1000:03d}"

"""How often a subtask was tried, from what was seen of it: OCP itself keeps the times of its last attempt alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

_NOT_BEGUN = frozenset({"", "PENDING", "READY"})
_ENDED = frozenset({"SUCCESSFUL", "FAILED"})


@dataclass(frozen=True, slots=True)
class Sight:
    """A change of a subtask as it was seen; `run_time` is OCP's own count of attempts, None where it tells none."""

    at: datetime
    status: str
    operation: str
    run_time: int | None


@dataclass(frozen=True, slots=True)
class Now:
    """The subtask as OCP shows it now, with OCP's times of its last attempt."""

    status: str
    operation: str
    run_time: int | None
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. began_at, ended_at: None where nobody knows, or it has not ended.

    is_exact: the times are OCP's; else they say when ocpdash saw it, which is a little later.
    """

    number: int
    status: str
    operation: str
    began_at: datetime | None
    ended_at: datetime | None
    is_exact: bool = False

    @property
    def is_over(self) -> bool:
        return self.status in _ENDED


def attempts(sights: Iterable[Sight], now: Now) -> list[Attempt]:
    """The attempts of one subtask, oldest first; [] before the first.

    `sights` in the order in which they were seen. An attempt that nobody saw is missing, and its number with it.
    """
    found: list[Attempt] = []
    for sight in sights:
        if sight.status not in _NOT_BEGUN:
            _take(found, sight)
    if now.status in _NOT_BEGUN or now.started_at is None:
        return found
    if not found or _is_another(found[-1], now.status, now.run_time):
        found.append(Attempt(_number(found, now.run_time), now.status, now.operation, None, None))
    exact = {"began_at": now.started_at, "ended_at": now.finished_at, "is_exact": True}
    found[-1] = replace(found[-1], status=now.status, operation=now.operation, **exact)  # type: ignore[arg-type]
    return found


def _take(found: list[Attempt], sight: Sight) -> None:
    is_over = sight.status in _ENDED
    if not found or _is_another(found[-1], sight.status, sight.run_time):
        began_at = None if is_over else sight.at
        found.append(Attempt(_number(found, sight.run_time), sight.status, sight.operation, began_at, None))
    elif found[-1].is_over:
        # OCP names the next operation before the subtask is at work again.
        return
    found[-1] = replace(
        found[-1], status=sight.status, operation=sight.operation, ended_at=sight.at if is_over else None
    )


def _is_another(last: Attempt, status: str, run_time: int | None) -> bool:
    """Whether this is seen of a later attempt: OCP counts on, or what had ended is at work, or ended otherwise."""
    if run_time is not None and run_time > last.number:
        return True
    return last.is_over and status != last.status


def _number(found: Sequence[Attempt], run_time: int | None) -> int:
    following = found[-1].number + 1 if found else 1
    return max(following, run_time or 0)

"""How a run stands: which of *intended*, *sent* and *seen in OCP* is true, and what happens next.

Nothing here claims more than the row proves: what is not proved either way is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from upgrades.rules import ParamValue, Reason
from upgrades.rules.workflow import RunStatus


class Truth(StrEnum):
    """Whether something is so."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the row of a run says, and when it is judged.

    is_unsent: it was refused before a byte left. is_answered: OCP answered the POST, whatever it said. read_at: the
    newest good read of the bound task. swept_at: when its task was last looked for. quiet_until, believed_at and
    late_until: the ends of the quiet period, of the time that OCP may lag after the end, and of the watch for late
    matches. is_held: a cluster of it is held.
    """

    status: str
    now: datetime
    intent_at: datetime
    quiet_until: datetime
    sent_at: datetime | None = None
    is_unsent: bool = False
    is_answered: bool = False
    task_id: int | None = None
    read_at: datetime | None = None
    bound_at: datetime | None = None
    swept_at: datetime | None = None
    candidates: tuple[int, ...] = ()
    is_held: bool = False
    is_unreadable: bool = False
    believed_at: datetime | None = None
    late_until: datetime | None = None
    poll_seconds: int = 5
    verify_seconds: int = 15
    disagree_seconds: int = 300


@dataclass(frozen=True, slots=True)
class Mark:
    """One of the three: whether it is true, why that is said, and since when; None where no moment is known."""

    name: str
    truth: Truth
    reason: Reason
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """What happens next and who can do what. `until`: the moment that the sentence names, if any."""

    reason: Reason
    until: datetime | None = None


def marks(facts: Facts) -> tuple[Mark, Mark, Mark]:
    """Intended, sent, seen in OCP."""
    return Mark("intended", Truth.YES, Reason("intended.kept"), facts.intent_at), _sent(facts), _seen(facts)


def whats_next(facts: Facts) -> Next:
    """What ocpdash does by itself from here, until when, and what people may do."""
    return _NEXT.get(facts.status, _unknown_status)(facts)


def _sent(facts: Facts) -> Mark:
    if facts.is_unsent:
        return Mark("sent", Truth.NO, Reason("sent.never"))
    if facts.sent_at is None:
        # The moment is written, durably, before the first byte leaves.
        is_before = facts.status == RunStatus.SUBMITTING
        return Mark("sent", Truth.NO, Reason("sent.not_yet")) if is_before else _unknown("sent", Reason("sent.unknown"))
    if facts.is_answered:
        return Mark("sent", Truth.YES, Reason("sent.answered"), facts.sent_at)
    if facts.task_id is not None:
        return Mark("sent", Truth.YES, Reason("sent.found"), facts.sent_at)
    return Mark("sent", Truth.UNKNOWN, Reason("sent.no_answer"), facts.sent_at)


def _seen(facts: Facts) -> Mark:
    if facts.task_id is not None:
        params: dict[str, ParamValue] = {"task_id": facts.task_id}
        if facts.read_at is None:
            return Mark("seen", Truth.UNKNOWN, Reason("seen.named", params), facts.bound_at)
        return Mark("seen", Truth.YES, Reason("seen.task", params), facts.bound_at or facts.read_at)
    if facts.candidates:
        return Mark("seen", Truth.UNKNOWN, Reason("seen.candidates", {"ids": facts.candidates}), facts.swept_at)
    if facts.is_unsent:
        return Mark("seen", Truth.NO, Reason("seen.never_sent"))
    if facts.swept_at is not None:
        return Mark("seen", Truth.NO, Reason("seen.none"), facts.swept_at)
    if facts.status == RunStatus.REFUSED:
        return Mark("seen", Truth.NO, Reason("seen.refused"))
    return _unknown("seen", Reason("seen.not_looked"))


def _unknown(name: str, reason: Reason) -> Mark:
    return Mark(name, Truth.UNKNOWN, reason)


def _submitting(facts: Facts) -> Next:
    return Next(Reason("next.submitting"))


def _unconfirmed(facts: Facts) -> Next:
    if facts.candidates:
        return Next(Reason("next.adopt", {"ids": facts.candidates}))
    if facts.now < facts.quiet_until:
        return Next(Reason("next.looking"), facts.quiet_until)
    return Next(Reason("next.abandon"), facts.quiet_until)


def _running(facts: Facts) -> Next:
    if facts.is_unreadable:
        return Next(Reason("next.unreadable"))
    return Next(Reason("next.running", {"seconds": facts.poll_seconds}))


def _failed(facts: Facts) -> Next:
    if facts.is_unreadable:
        return Next(Reason("next.unreadable"))
    return Next(Reason("next.failed", {"seconds": facts.poll_seconds}))


def _verifying(facts: Facts) -> Next:
    params: dict[str, ParamValue] = {"seconds": facts.verify_seconds}
    if facts.believed_at is not None and facts.now < facts.believed_at:
        return Next(Reason("next.verifying", params), facts.believed_at)
    return Next(Reason("next.verifying_longer", params))


def _disagrees(facts: Facts) -> Next:
    return Next(Reason("next.disagrees", {"minutes": max(1, facts.disagree_seconds // 60)}))


def _refused(facts: Facts) -> Next:
    if facts.sent_at is not None and facts.late_until is not None and facts.now < facts.late_until:
        return Next(Reason("next.refused_watched"), facts.late_until)
    return Next(Reason("next.refused"))


def _ended(facts: Facts) -> Next:
    return Next(Reason("next.held" if facts.is_held else "next.free"))


def _unknown_status(facts: Facts) -> Next:
    """Another version of ocpdash gave it: this one leaves the run alone."""
    return Next(Reason("next.unknown_status", {"status": facts.status}))


_NEXT: Mapping[str, Callable[[Facts], Next]] = {
    RunStatus.SUBMITTING: _submitting,
    RunStatus.UNCONFIRMED: _unconfirmed,
    RunStatus.RUNNING: _running,
    RunStatus.FAILED: _failed,
    RunStatus.VERIFYING: _verifying,
    RunStatus.DISAGREES: _disagrees,
    RunStatus.VERIFIED: _ended,
    RunStatus.REFUSED: _refused,
    RunStatus.ABANDONED: _ended,
    RunStatus.ROLLED_BACK: _ended,
    RunStatus.CLOSED: _ended,
}

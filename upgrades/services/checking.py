"""Is the audit trail as it was sealed? A little each minute, and all of it by `manage.py audit_verify`.

Nothing is ever repaired here. What was found stays until the whole chain was read again without it.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from upgrades import audit, selectors
from upgrades.models import AuditEvent, ChainState
from upgrades.rules import Reason, seals
from upgrades.services import sealing

logger = logging.getLogger(__name__)

CHECKER = 7_317_325_102
EVERY_SECONDS = 60
# So many seals are read each minute behind the newest checked one, and as many where the round stands.
STEP = 20_000
# What is not sealed after so long is told: the sealer takes seconds.
UNSEALED_SECONDS = 60
MOST_KEPT = 20
# The sealer writes the rest of the row.
OURS = (
    "checked_seq", "checked_hash", "checked_at", "round_seq", "round_began_at", "round_findings", "whole_since",
    "findings",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of the whole chain came to: its head, and how many things were found."""

    head: seals.Head
    count: int


def check_due() -> bool:
    """Check what is new and the next stretch of the round, once a minute whoever asks; whether it was due."""
    with transaction.atomic():
        if not sealing.claim(CHECKER):
            return False
        state = _state()
        waiting = Q(checked_at=None) | Q(checked_at__lte=Now() - timedelta(seconds=EVERY_SECONDS))
        if not ChainState.objects.filter(waiting, pk=state.pk).exists():
            return False
        had = state.findings
        _go_on(state)
        _keep(state, had)
    return True


def check_all(*, heads: Sequence[seals.Head] = (), tell: Callable[[Reason], None]) -> Checked:
    """Read the whole chain from its first seal, `tell` each finding as it comes, and keep what was found.

    `heads` were kept elsewhere: only they show that somebody cut the end off or computed all hashes anew.
    """
    state = _state()
    had, began_at, kept, count = state.findings, selectors.database_now(), list[Reason](), 0
    own = [seals.Head(state.checked_seq, state.checked_hash)] if state.checked_seq else []
    walk = seals.Walk(heads=[*own, *heads])
    for found in _all_of(walk):
        tell(found)
        count += 1
        if len(kept) < MOST_KEPT:
            kept.append(found)
    if _is_as_checked(state):
        state.checked_seq, state.checked_hash = walk.last
    state.round_seq, state.round_findings = 0, []
    state.whole_since, state.findings = began_at, _merged([], kept)
    _keep(state, had)
    return Checked(walk.last, count)


def _state() -> ChainState:
    return ChainState.objects.get_or_create(pk=1)[0]


def _all_of(walk: seals.Walk) -> Iterator[Reason]:
    settled = _state().settled_event
    for link in selectors.links(0):
        yield from walk.take(link)
    yield from walk.end()
    yield from _loose(settled)


def _go_on(state: ChainState) -> None:
    """A minute's work: from the newest checked seal on, and where the round stands."""
    found = _advance(state)
    if state.round_seq == 0 or selectors.seal_hash(state.round_seq) is None:
        state.round_seq, state.round_findings, state.round_began_at = 0, [], selectors.database_now()
    last, more = _walked(state.round_seq, state.round_seq + STEP)
    is_over = last.seq < state.round_seq + STEP
    found += more + (_loose(state.settled_event) if is_over else [])
    state.round_seq = 0 if is_over else last.seq
    state.round_findings = _merged(state.round_findings, found)
    if is_over:
        state.findings, state.whole_since = state.round_findings, state.round_began_at
    else:
        state.findings = _merged(state.findings, found)


def _advance(state: ChainState) -> list[Reason]:
    """Check what is new; where the seal that was checked last is gone or another, say so and stay there."""
    if not _is_as_checked(state):
        head = selectors.head_of_chain()
        if head.seq < state.checked_seq:
            return [Reason("seal.tail_cut", {"seq": state.checked_seq, "last": head.seq})]
        return [Reason("seal.head_differs", {"seq": state.checked_seq, "event": None, "at": ""})]
    last, found = _walked(state.checked_seq, state.checked_seq + STEP)
    if last.seq:
        state.checked_seq, state.checked_hash = last
    return found


def _is_as_checked(state: ChainState) -> bool:
    return not state.checked_seq or selectors.seal_hash(state.checked_seq) == state.checked_hash


def _walked(after: int, upto: int) -> tuple[seals.Head, list[Reason]]:
    """A stretch of the chain behind the seal `after`: its last seal, and what was found."""
    walk = seals.Walk(seals.Head(after, selectors.seal_hash(after) or seals.GENESIS))
    found = [one for link in selectors.links(after, upto) for one in walk.take(link)]
    return walk.last, found + walk.end()


def _loose(settled: int) -> list[Reason]:
    """Events that have no seal and should have one."""
    found = []
    for code, loose in (
        ("seal.event_added", selectors.loose_events(settled)),
        ("seal.unsealed", selectors.loose_events(settled, UNSEALED_SECONDS)),
    ):
        if loose:
            found.append(Reason(code, {"event": loose.first, "last": loose.last, "count": loose.count}))
    return found


def _merged(kept: Sequence[dict[str, object]], found: Sequence[Reason]) -> list[dict[str, object]]:
    merged = list(kept)
    for one in found:
        if one.to_json() not in merged:
            merged.append(one.to_json())
    return merged[:MOST_KEPT]


def _keep(state: ChainState, had: Sequence[object]) -> None:
    """Write what was checked, and raise the alarm where nothing had been found before."""
    state.checked_at = selectors.database_now()
    with transaction.atomic():
        state.save(update_fields=OURS)
        if state.findings and not had:
            reason = Reason.from_json(state.findings[0])
            audit.record("audit.alarm", subject=None, outcome=AuditEvent.Outcome.FAILED, reason=reason)
    head = f"{state.checked_seq}:{state.checked_hash}"
    if state.findings:
        first = str(state.findings[0]["code"])
        logger.error("the audit trail is not as it was sealed", extra={"finding": first, "head": head})
    elif state.round_seq == 0:
        logger.info("the audit trail is as it was sealed", extra={"head": head})

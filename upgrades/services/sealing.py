"""The one sealer of the audit trail. Whoever acts only inserts an event; its seal follows within a second or two."""

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from upgrades import selectors
from upgrades.models import AuditSeal, ChainState
from upgrades.rules import seals

MOST_AT_ONCE = 5000
# A number of our own among PostgreSQL's advisory locks.
SEALER = 7_317_325_101
# Whoever is about to insert an event holds this lock on the table from before its number is drawn until its end.
_WRITERS = """SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'upgrades_auditevent'::regclass
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND mode = 'RowExclusiveLock')"""


def seal_new() -> int:
    """Seal what is committed and not sealed yet; how many events that were. Two at once do no harm: one does nothing.

    Numbers of events come from a sequence, so a lower one may be committed after a higher one. Everything above the
    mark is looked at each time. The mark rises to the newest number only where nobody who drew a lower one is still
    under way: asked for between reading that number and reading the events, so that whoever is not seen there has
    ended, and what it wrote is seen after.
    """
    with transaction.atomic():
        if not claim(SEALER):
            return 0
        state, _is_new = ChainState.objects.get_or_create(pk=1)
        newest = selectors.newest_event()
        is_quiet = not _has_writers()
        events = selectors.unsealed(state.settled_event, MOST_AT_ONCE)
        _append(events)
        if is_quiet and len(events) < MOST_AT_ONCE and newest > state.settled_event:
            ChainState.objects.filter(pk=state.pk).update(settled_event=newest)
    return len(events)


def claim(key: int) -> bool:
    """Whether this transaction has PostgreSQL's advisory lock `key` now; it ends with the transaction."""
    return bool(_asked("SELECT pg_try_advisory_xact_lock(%s)", [key]))


def _has_writers() -> bool:
    return bool(_asked(_WRITERS, []))


def _asked(query: str, values: Sequence[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone()[0]


def _append(events: Sequence[seals.Event]) -> None:
    """Add a seal for each event, in this order, behind the head."""
    head, rows = selectors.head_of_chain(), []
    for event in events:
        following = seals.Head(head.seq + 1, seals.digest(head.seq + 1, head.hash, event))
        rows.append(AuditSeal(seq=following.seq, event_id=event["id"], prev_hash=head.hash, hash=following.hash))
        head = following
    AuditSeal.objects.bulk_create(rows)

"""The seals of the audit trail beside their events, and what is not sealed. Events as rules.seals takes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from upgrades.models import AuditEvent, AuditSeal, ChainState
from upgrades.rules import Reason, seals

PAGE = 5000
_TYPES = {field.attname: field.get_internal_type() for field in AuditEvent._meta.concrete_fields}
# Only years that ISO can say; beyond them PostgreSQL's own words, so that no time looks like another.
_TIME = """CASE WHEN e.{0} >= '0001-01-01 00:00+00' AND e.{0} < '10000-01-01 00:00+00'
    THEN to_char(e.{0} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') ELSE (e.{0} AT TIME ZONE 'UTC')::text END"""
_SHAPES = {"DateTimeField": _TIME, "JSONField": "e.{0}::text"}
_EVENT = ", ".join(_SHAPES.get(_TYPES[name], "e.{0}").format(name) for name in seals.COLUMNS)
# No value of anybody's stands in these texts.
_LINKS = f"""SELECT s.seq, s.event_id, s.prev_hash, s.hash, {_EVENT}
    FROM upgrades_auditseal s LEFT JOIN upgrades_auditevent e ON e.id = s.event_id
    WHERE s.seq >= %s AND (s.seq, s.event_id) > (%s, %s) ORDER BY s.seq, s.event_id LIMIT %s"""  # noqa: S608
_UNSEALED = f"""SELECT {_EVENT} FROM upgrades_auditevent e
    WHERE e.id > %s AND NOT EXISTS (SELECT FROM upgrades_auditseal s WHERE s.event_id = e.id)
    ORDER BY e.id LIMIT %s"""  # noqa: S608
_LOOSE = """SELECT min(e.id), max(e.id), count(*) FROM upgrades_auditevent e
    WHERE NOT EXISTS (SELECT FROM upgrades_auditseal s WHERE s.event_id = e.id) AND """
_SETTLED = "e.id <= %s"
_WAITING = "e.id > %s AND e.at < clock_timestamp() - make_interval(secs => %s)"


@dataclass(frozen=True, slots=True)
class Loose:
    """Events without a seal: the first and the last number, and how many."""

    first: int
    last: int
    count: int


@dataclass(frozen=True, slots=True)
class Chain:
    """The chain as a page tells of it. `head` None: nothing is sealed yet; `findings`: the last check's."""

    head: AuditSeal | None
    head_at: datetime | None
    checked_seq: int
    checked_at: datetime | None
    whole_since: datetime | None
    findings: tuple[Reason, ...]


def head_of_chain() -> seals.Head:
    """The newest seal, or the start of a chain without one."""
    row = AuditSeal.objects.order_by("-seq").values_list("seq", "hash").first()
    return seals.Head(*row) if row else seals.START


def seal_hash(seq: int) -> str | None:
    """The hash of one seal, as it stands; None where there is none."""
    return AuditSeal.objects.filter(seq=seq).values_list("hash", flat=True).first()


def unsealed(after: int, limit: int) -> list[dict[str, Any]]:
    """Committed events without a seal from the id after `after`, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_UNSEALED, [after, limit])
        return [_event(row) for row in cursor.fetchall()]


def links(after: int, upto: int | None = None) -> Iterator[seals.Link]:
    """The chain behind seal `after`, in order, by pages: memory stays flat however long it is."""
    seq, event_id = after + 1, -1
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_LINKS, [seq, seq, event_id, PAGE])
            rows = cursor.fetchall()
        for row in rows:
            if upto is not None and row[0] > upto:
                return
            yield seals.Link(row[0], row[1], row[2], row[3], None if row[4] is None else _event(row[4:]))
        if len(rows) < PAGE:
            return
        seq, event_id = rows[-1][:2]


def loose_events(settled: int, seconds: float | None = None) -> Loose | None:
    """Events without a seal up to the id `settled`; with `seconds`: those behind it, and older than that."""
    statement, values = (_LOOSE + _SETTLED, [settled]) if seconds is None else (_LOOSE + _WAITING, [settled, seconds])
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        first, last, count = cursor.fetchone()
    return Loose(first, last, count) if count else None


def chain() -> Chain:
    """What is sealed and what of it was checked."""
    head = AuditSeal.objects.order_by("-seq").first()
    state = ChainState.objects.first() or ChainState()
    at = AuditEvent.objects.filter(pk=head.event_id).values_list("at", flat=True).first() if head else None
    findings = tuple(Reason.from_json(found) for found in state.findings)
    return Chain(head, at, state.checked_seq or 0, state.checked_at, state.whole_since, findings)


def _event(row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(seals.COLUMNS, row, strict=True))

"""The audit trail as a file. Its end tells what it holds, so that whoever reads it sees that nothing is missing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from upgrades import selectors
from upgrades.forms.audit import AuditFilterForm
from upgrades.models import AuditEvent, AuditSeal, Role, User
from upgrades.rules import seals
from upgrades.services import audit_exports
from upgrades.views import exports
from upgrades.views.reader import reader

BATCH = 500
SEALED = ("seal", "prev_hash", "hash")
Row = dict[str, Any]


@dataclass
class Sent:
    """What a file holds so far."""

    rows: int = 0
    first: int | None = None
    last: int | None = None


@require_safe
def audit_export(request: HttpRequest) -> HttpResponseBase:
    """The filtered events, newest first, as `format` csv or json (JSON lines). With a bad filter nothing is sent."""
    user = reader(request)
    form = AuditFilterForm(request.GET)
    conditions = form.conditions()
    if form.errors:
        return redirect(f"{reverse('audit-list')}?{request.GET.urlencode()}")
    is_json = request.GET.get("format") == "json"
    newest = selectors.newest_event()
    about = _about(user, form, newest)
    audit_exports.note_export(
        actor=user,
        filters=form.chosen(),
        form="json" if is_json else "csv",
        newest=newest,
        head=about["chain_head"],
    )
    found = selectors.audit_list(user, conditions)
    if is_json:
        return exports.json_lines_file("audit", {"about": about}, _json_batches(found, newest))
    return exports.csv_file("audit", (*seals.COLUMNS, *SEALED), _csv_batches(found, newest, about))


def _about(user: User, form: AuditFilterForm, newest: int) -> Row:
    """What the file is: what was asked for, what the reader may see, and the chain's head at this moment."""
    is_all = (Role.AUDITOR, "") in user.granted
    return {
        "what": "ocpdash audit trail",
        "exported_at": _time(timezone.now()),
        "exported_by": user.username,
        "filters": form.chosen(),
        "visible": "all events" if is_all else sorted(user.environments),
        "newest_event": newest,
        "chain_head": str(selectors.head_of_chain()),
    }


def _json_batches(found: QuerySet[AuditEvent], newest: int) -> Iterator[list[Row]]:
    sent = Sent()
    yield from _rows(found, newest, sent)
    yield [{"end": vars(sent)}]


def _csv_batches(found: QuerySet[AuditEvent], newest: int, about: Row) -> Iterator[list[exports.Line]]:
    sent = Sent()
    for rows in _rows(found, newest, sent):
        yield [_cells(row) for row in rows]
    facts = {**about, "rows": sent.rows, "first": sent.first, "last": sent.last}
    yield [[], *([name, _cell(value)] for name, value in facts.items())]


def _rows(found: QuerySet[AuditEvent], newest: int, sent: Sent) -> Iterator[list[Row]]:
    """The events by batches of their keys: none is read before the one before it was sent."""
    before = newest + 1
    while events := list(found.filter(pk__lt=before)[:BATCH]):
        before = events[-1].pk
        marks = {seal.event_id: seal for seal in AuditSeal.objects.filter(event__in=[event.pk for event in events])}
        sent.rows, sent.first, sent.last = sent.rows + len(events), sent.first or events[0].pk, before
        yield [_row(event, marks.get(event.pk)) for event in events]


def _row(event: AuditEvent, seal: AuditSeal | None) -> Row:
    """An event by the columns that are sealed, and its seal: enough to compute the hash again."""
    row: Row = {name: getattr(event, name) for name in seals.COLUMNS}
    row["at"] = _time(event.at)
    marks = (seal.seq, seal.prev_hash, seal.hash) if seal else (None, None, None)
    return row | dict(zip(SEALED, marks, strict=True))


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _cells(row: Row) -> list[object]:
    return [_cell(value) for value in row.values()]


def _cell(value: Any) -> object:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value

"""The strip under a run's head: three marks with their times, and one sentence that says what happens next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from upgrades import reasons
from upgrades.models import AuditEvent, UpgradeRun
from upgrades.rules import Reason, standing
from upgrades.rules.standing import Truth
from upgrades.selectors import RunGraph
from upgrades.templatetags.ocpdash import time_text

_LOOKS = {Truth.YES: "successful", Truth.NO: "closed", Truth.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One mark: its name, data-status and word, and what is known of it."""

    code: str
    name: str
    truth: str
    status: str
    word: str
    text: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The whole strip."""

    marks: list[Shown]
    next: str


def standing_of(run: UpgradeRun, graph: RunGraph, *, is_held: bool, now: datetime) -> Standing:
    """The strip of `run` as it stands `now`. One query."""
    facts = _facts(run, graph, is_held=is_held, now=now)
    names = {"intended": _("Intended"), "sent": pgettext("mark", "Sent"), "seen": _("Seen in OCP")}
    words = {Truth.YES: _("yes"), Truth.NO: _("no"), Truth.UNKNOWN: _("not known")}
    marks = [
        Shown(
            mark.name,
            names[mark.name],
            mark.truth,
            _LOOKS[mark.truth],
            words[mark.truth],
            _sentence(mark.reason, mark.at),
        )
        for mark in standing.marks(facts)
    ]
    coming = standing.whats_next(facts)
    return Standing(marks, _sentence(coming.reason, coming.until))


def _sentence(reason: Reason, at: datetime | None) -> str:
    time = time_text(at, "clock" if reason.code.startswith(("sent.", "seen.none")) else "seconds") if at else "?"
    return reasons.sentence(Reason(reason.code, {**reason.params, "time": time}))


def _facts(run: UpgradeRun, graph: RunGraph, *, is_held: bool, now: datetime) -> standing.Facts:
    answer = run.answer or {}
    return standing.Facts(
        status=run.status,
        now=now,
        intent_at=run.intent_at,
        quiet_until=run.intent_at + timedelta(seconds=settings.QUIET_PERIOD_SECONDS),
        sent_at=run.sent_at,
        is_unsent=answer.get("is_sent") is False,
        is_answered=answer.get("http_status") is not None,
        task_id=run.ocp_task_id,
        read_at=graph.parent.observed_at if graph.parent else None,
        bound_at=_bound_at(run),
        swept_at=run.swept_at,
        candidates=tuple(run.candidates),
        is_held=is_held,
        is_unreadable=run.unreadable_since is not None,
        believed_at=(run.ended_at or run.status_at) + timedelta(seconds=settings.DISAGREE_AFTER_SECONDS),
        late_until=run.status_at + timedelta(seconds=settings.LATE_WATCH_SECONDS),
        poll_seconds=int(settings.FOLLOW_OPEN_SECONDS),
        verify_seconds=int(settings.VERIFY_SECONDS),
        disagree_seconds=int(settings.DISAGREE_SECONDS),
    )


def _bound_at(run: UpgradeRun) -> datetime | None:
    """When OCP named the task in its answer, or ocpdash found it."""
    told = AuditEvent.objects.filter(change_request_id=run.pk, action__in=["run.accept", "run.adopt"])
    first = told.exclude(outcome=AuditEvent.Outcome.REFUSED).order_by("pk").first()
    return first.at if first else None

"""Audit events, as far as a person may read them."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet

from upgrades.models import AuditEvent, Role, User


def audit_list(user: User, filters: Mapping[str, Any]) -> QuerySet[AuditEvent]:
    """The audit events that `user` may see, newest first.

    An auditor of all environments sees every event; others see what belongs to an environment of theirs.
    `filters`: actions (a list), actor (user name; "system"), number (of a change request), outcome, environment,
    request_id, trace_id, since and until (aware datetimes), before (an event's number: older ones only).
    """
    rows = AuditEvent.objects.order_by("-pk")
    if (Role.AUDITOR, "") not in user.granted:
        rows = rows.filter(environment__in=user.environments)
    for name, condition in _AUDIT_CONDITIONS.items():
        value = filters.get(name)
        if value:
            rows = rows.filter(condition(value))
    return rows


def _people(name: str) -> list[int]:
    """Asked for first: with keys at hand PostgreSQL knows which index serves."""
    return list(User.objects.filter(username__iexact=name).values_list("pk", flat=True))


_AUDIT_CONDITIONS: Mapping[str, Callable[[Any], Q]] = {
    "actions": lambda actions: Q(action__in=actions),
    "actor": lambda name: Q(actor__isnull=True) if name == "system" else Q(actor__in=_people(name)),
    "number": lambda number: Q(change_request_id=number),
    "outcome": lambda outcome: Q(outcome=outcome),
    "environment": lambda environment: Q(environment=environment),
    "request_id": lambda text: Q(request_id=text),
    "trace_id": lambda text: Q(trace_id=text),
    "since": lambda since: Q(at__gte=since),
    "until": lambda until: Q(at__lt=until),
    "before": lambda number: Q(pk__lt=number),
}


def event_behind(until: datetime) -> int | None:
    """The number of an event that was written at least a day after `until`: those before `until` have lower ones.

    A page need not walk back through everything newer. The day is for a database whose clock was put back; what an
    export holds does not hang on it.
    """
    later = AuditEvent.objects.filter(at__gte=until + timedelta(days=1))
    return later.order_by("at").values_list("pk", flat=True).first()


def newest_event() -> int:
    """The number of the newest event; 0 before the first one."""
    return AuditEvent.objects.aggregate(newest=Max("pk"))["newest"] or 0

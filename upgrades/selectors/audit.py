"""Audit events, as far as a person may read them."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Q, QuerySet

from upgrades.models import AuditEvent, Role, User


def audit_list(user: User, filters: Mapping[str, Any]) -> QuerySet[AuditEvent]:
    """The audit events that `user` may see, newest first.

    An auditor of all environments sees every event; others see what belongs to an environment of theirs.
    `filters`: group (prefix of the action), actor (user name; "system"), number (of a change request), outcome,
    environment, since and until (aware datetimes), before (an event's number: older ones only).
    """
    rows = AuditEvent.objects.order_by("-pk")
    if (Role.AUDITOR, "") not in user.granted:
        rows = rows.filter(environment__in=user.environments)
    for name, condition in _AUDIT_CONDITIONS.items():
        value = filters.get(name)
        if value:
            rows = rows.filter(condition(value))
    return rows


_AUDIT_CONDITIONS: Mapping[str, Callable[[Any], Q]] = {
    "group": lambda group: Q(action__startswith=f"{group}."),
    "actor": lambda name: Q(actor__isnull=True) if name == "system" else Q(actor__username__iexact=name),
    "number": lambda number: Q(change_request_id=number),
    "outcome": lambda outcome: Q(outcome=outcome),
    "environment": lambda environment: Q(environment=environment),
    "since": lambda since: Q(at__gte=since),
    "until": lambda until: Q(at__lt=until),
    "before": lambda number: Q(pk__lt=number),
}

"""Upgrade runs, as their list and their page read them."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Q
from django.shortcuts import get_object_or_404

from upgrades.models import UpgradeRun, User
from upgrades.models.runs import UpgradeRunQuerySet
from upgrades.rules import workflow
from upgrades.selectors.change_requests import CLUSTER_UNTOLD, RUN_UNTOLD, asked_by, cluster_or_number
from upgrades.selectors.inbox import RUN_NEEDS_PERSON

_ENDPOINT_UNTOLD = ("endpoint__ca_pem", "endpoint__credentials")


def run_list(user: User, filters: Mapping[str, Any]) -> UpgradeRunQuerySet:
    """The runs that `user` may see, the newest first.

    `filters`: state ("open", "needs", "ended" or a status of a run), q (part of a cluster's name, or a number),
    environment, requester (part of a name), since and until (when it was sent); other values filter nothing.
    """
    rows = UpgradeRun.objects.visible_to(user).select_related("change_request__cluster", "endpoint")
    for name, condition in _CONDITIONS.items():
        if filters.get(name):
            rows = rows.filter(condition(filters[name]))
    untold = [*(f"change_request__cluster__{name}" for name in CLUSTER_UNTOLD), *RUN_UNTOLD, *_ENDPOINT_UNTOLD]
    return rows.defer(*untold).order_by("-intent_at", "-pk")


def runs_before(rows: UpgradeRunQuerySet, number: int) -> UpgradeRunQuerySet:
    """Those of `rows` that come after the run of that number in the list."""
    intent_at = UpgradeRun.objects.filter(pk=number).values_list("intent_at", flat=True).first()
    if intent_at is None:
        return rows.none()
    # The first condition is where the index begins; the second alone would be passed over row by row.
    return rows.filter(intent_at__lte=intent_at).exclude(intent_at=intent_at, pk__gte=number)


def _state(state: str) -> Q:
    groups = {"open": workflow.RUN_OPEN, "needs": RUN_NEEDS_PERSON, "ended": workflow.RUN_FINAL}
    return Q(status__in=groups[state]) if state in groups else Q(status=state)


_CONDITIONS: Mapping[str, Callable[[Any], Q]] = {
    "state": _state,
    "q": lambda text: cluster_or_number(text, "change_request__"),
    "environment": lambda environment: Q(change_request__cluster__environment=environment),
    "requester": lambda text: asked_by(text, "change_request__"),
    "since": lambda since: Q(intent_at__gte=since),
    "until": lambda until: Q(intent_at__lt=until),
}


def run_detail(pk: int, user: User) -> UpgradeRun:
    """One run with what its page shows of it, or Http404 where `user` may not see it."""
    rows = UpgradeRun.objects.visible_to(user).select_related(
        "endpoint", "change_request__cluster", "change_request__requester", "change_request__started_by"
    )
    return get_object_or_404(rows, pk=pk)

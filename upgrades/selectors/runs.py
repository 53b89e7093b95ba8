"""Upgrade runs, as their list and their page read them."""

from collections.abc import Mapping
from typing import Any

from django.shortcuts import get_object_or_404

from upgrades.models import UpgradeRun, User
from upgrades.models.runs import UpgradeRunQuerySet
from upgrades.rules import workflow
from upgrades.selectors.inbox import RUN_NEEDS_PERSON


def run_list(user: User, filters: Mapping[str, Any]) -> UpgradeRunQuerySet:
    """The runs that `user` may see, the newest first.

    `filters`: state ("open", "needs", "ended" or a status of a run); other values filter nothing.
    """
    rows = UpgradeRun.objects.visible_to(user).select_related("change_request__cluster", "endpoint")
    state = filters.get("state")
    if state == "open":
        rows = rows.open()
    elif state == "needs":
        rows = rows.filter(status__in=RUN_NEEDS_PERSON)
    elif state == "ended":
        rows = rows.filter(status__in=workflow.RUN_FINAL)
    elif state in set(workflow.RunStatus):
        rows = rows.filter(status=state)
    return rows.order_by("-intent_at", "-pk")


def run_detail(pk: int, user: User) -> UpgradeRun:
    """One run with what its page shows of it, or Http404 where `user` may not see it."""
    rows = UpgradeRun.objects.visible_to(user).select_related(
        "endpoint", "change_request__cluster", "change_request__requester", "change_request__started_by"
    )
    return get_object_or_404(rows, pk=pk)

"""Change requests, as their list and their page read them."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, F, Q
from django.shortcuts import get_object_or_404

from upgrades.models import ChangeRequest, User, Vote
from upgrades.models.change_requests import ChangeRequestQuerySet
from upgrades.rules import workflow


def change_request_list(user: User, filters: Mapping[str, Any]) -> ChangeRequestQuerySet:
    """The change requests that `user` may see, newest first, with the votes that count now.

    `filters`: status (a status, or "open" or "ended"), mine (flag), cluster (primary key); missing ones filter nothing.
    """
    rows = ChangeRequest.objects.visible_to(user).select_related("cluster", "requester", "run")
    status = filters.get("status")
    if status in ("open", "ended"):
        is_final = Q(status__in=workflow.REQUEST_FINAL)
        rows = rows.filter(is_final if status == "ended" else ~is_final)
    elif status:
        rows = rows.filter(status=status)
    if filters.get("mine"):
        rows = rows.filter(requester=user)
    if filters.get("cluster"):
        rows = rows.filter(cluster_id=filters["cluster"])
    counted = Q(
        votes__revision=F("revision"),
        votes__fingerprint=F("fingerprint"),
        votes__verdict=Vote.Verdict.APPROVE,
    )
    return rows.annotate(approvals=Count("votes", filter=counted)).order_by("-pk")


def change_request_detail(pk: int, user: User) -> ChangeRequest:
    """One change request with everything its page shows, or Http404 where `user` may not see it."""
    rows = ChangeRequest.objects.visible_to(user).select_related(
        "endpoint", "cluster", "requester", "started_by", "run"
    )
    rows = rows.prefetch_related("votes__voter", "editors__user", "revisions__author")
    return get_object_or_404(rows, pk=pk)

"""Change requests, as their list and their page read them."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.shortcuts import get_object_or_404

from upgrades.models import ChangeRequest, User, Vote
from upgrades.models.change_requests import ChangeRequestQuerySet
from upgrades.rules import workflow
from upgrades.selectors.inbox import votes_waiting

# Columns of what a list joins that no row of it shows: the largest there are.
CLUSTER_UNTOLD = (
    "standby_ocp_ids", "region_names", "zone_names", "server_versions", "labels", "facts", "failed_leftover_ids",
    "upgrades_in_ocp", "topology_failure", "list_digest",
)  # fmt: skip
RUN_UNTOLD = (
    "affected_ocp_ids", "body", "baseline", "answer", "late_evidence", "candidates", "findings", "readings",
    "baseline_compatible", "list_digest", "worker_token",
)  # fmt: skip


def change_request_list(user: User, filters: Mapping[str, Any]) -> ChangeRequestQuerySet:
    """The change requests that `user` may see, newest first, with the votes that count now.

    `filters`: status (a status, or "open" or "ended"), mine and vote (flags), cluster (primary key), q (part of a
    cluster's name, or a number), environment, requester (part of a name), since and until (when it was written);
    missing ones filter nothing.
    """
    rows = ChangeRequest.objects.visible_to(user).select_related("cluster", "requester", "run")
    for name, condition in _CONDITIONS.items():
        if filters.get(name):
            rows = rows.filter(condition(filters[name]))
    if filters.get("mine"):
        rows = rows.filter(requester=user)
    if filters.get("vote"):
        rows = rows.filter(pk__in=votes_waiting(user).values("pk"))
    untold = [*(f"cluster__{name}" for name in CLUSTER_UNTOLD), *(f"run__{name}" for name in RUN_UNTOLD)]
    counted = rows.annotate(approvals=Coalesce(Subquery(_approvals(), IntegerField()), 0))
    return counted.defer(*untold).order_by("-pk")


def _approvals() -> QuerySet[Vote, Any]:
    """The approvals that count, for the rows of a page alone: a join would count those of all rows first."""
    counted = Vote.objects.filter(
        change_request=OuterRef("pk"),
        revision=OuterRef("revision"),
        fingerprint=OuterRef("fingerprint"),
        verdict=Vote.Verdict.APPROVE,
    )
    return counted.order_by().values("change_request").annotate(n=Count("pk")).values("n")


def _status(status: str) -> Q:
    # Named, never "not final": an index finds the few that are open among all that ended.
    groups = {"open": workflow.REQUEST_OPEN, "ended": workflow.REQUEST_FINAL}
    return Q(status__in=sorted(groups[status])) if status in groups else Q(status=status)


def cluster_or_number(text: str, prefix: str = "") -> Q:
    """A part of a cluster's name, or CR-17, or 17; `prefix` leads to the request."""
    found = Q(**{f"{prefix}cluster__name__icontains": text})
    digits = text.upper().removeprefix("CR-")
    return found | Q(pk=int(digits)) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else found


def asked_by(text: str, prefix: str = "") -> Q:
    """A part of the requester's full name or user name; `prefix` leads to the request."""
    full_name = Q(**{f"{prefix}requester__full_name__icontains": text})
    return full_name | Q(**{f"{prefix}requester__username__icontains": text})


_CONDITIONS: Mapping[str, Callable[[Any], Q]] = {
    "status": _status,
    "cluster": lambda number: Q(cluster_id=number),
    "q": cluster_or_number,
    "environment": lambda environment: Q(cluster__environment=environment),
    "requester": asked_by,
    "since": lambda since: Q(created_at__gte=since),
    "until": lambda until: Q(created_at__lt=until),
}


def change_request_detail(pk: int, user: User) -> ChangeRequest:
    """One change request with everything its page shows, or Http404 where `user` may not see it."""
    rows = ChangeRequest.objects.visible_to(user).select_related(
        "endpoint", "cluster", "requester", "started_by", "run", "copied_from"
    )
    rows = rows.prefetch_related("votes__voter", "editors__user", "revisions__author")
    return get_object_or_404(rows, pk=pk)

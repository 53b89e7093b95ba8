"""Telling voters in time that the plan they look at, or have signed, is no longer what would happen."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from upgrades.models import ChangeRequest
from upgrades.models.change_requests import ChangeRequestQuerySet
from upgrades.rules import workflow
from upgrades.services import moves, plans

# A rebuilt plan costs some ten statements, and this is called after every read of a topology.
CHECK_SECONDS = 15
BATCH = 20
_CHECKED = (workflow.RequestStatus.IN_REVIEW, workflow.RequestStatus.APPROVED)


def check_all(endpoint_id: int) -> None:
    """Rebuild the plans of requests that wait on `endpoint`, those checked longest ago; those that moved turn stale.

    A batch at a time, each request every CHECK_SECONDS at most. Only a definite other value makes stale; what is
    missing or unread leaves the request as it is.
    """
    rows = _due().filter(endpoint_id=endpoint_id).select_related("endpoint", "cluster")
    for change_request in rows.order_by(F("plan_checked_at").asc(nulls_first=True), "pk")[:BATCH]:
        # Noted first: a plan that cannot be built must not come first again and hide the others.
        if _due().filter(pk=change_request.pk).update(plan_checked_at=Now()):
            check(change_request)


def _due() -> ChangeRequestQuerySet:
    before = Now() - timedelta(seconds=CHECK_SECONDS)
    is_due = Q(plan_checked_at=None) | Q(plan_checked_at__lte=before)
    return ChangeRequest.objects.filter(is_due, status__in=_CHECKED)


def check(change_request: ChangeRequest) -> None:
    """Turn one request stale where its plan moved."""
    try:
        now = plans.rebuild(change_request)
    except moves.Refusal:
        return
    if now.fingerprint == change_request.fingerprint:
        return
    reason = plans.why_stale(change_request, now)
    try:
        with transaction.atomic():
            where = {"fingerprint": change_request.fingerprint, "revision": change_request.revision}
            moves.move(change_request, "turn_stale", reason=reason, where=where)
    except moves.TooLate:
        return

"""Telling voters in time that the plan they look at, or have signed, is no longer what would happen."""

from django.db import transaction

from upgrades.models import ChangeRequest
from upgrades.rules import workflow
from upgrades.services import moves, plans

_CHECKED = (workflow.RequestStatus.IN_REVIEW, workflow.RequestStatus.APPROVED)


def check_all(endpoint_id: int) -> None:
    """Rebuild the plan of every request that waits on `endpoint`; those that moved turn stale.

    Only a definite other value does; what is missing or unread leaves the request as it is.
    """
    rows = ChangeRequest.objects.filter(endpoint_id=endpoint_id, status__in=_CHECKED)
    for change_request in rows.select_related("endpoint", "cluster"):
        check(change_request)


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

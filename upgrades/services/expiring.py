"""What time alone ends: requests and approvals, starts that led nowhere, decisions nobody confirmed."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from upgrades.models import ChangeRequest, Decision, UpgradeRun
from upgrades.rules import Reason, workflow
from upgrades.services import moves


def expire_all() -> None:
    """End everything that is over by the database's clock; each row in its own transaction."""
    for change_request in _late_starts():
        _try(change_request, "block", Reason("start.timed_out"))
    for change_request in _over():
        _try(change_request, "expire", Reason("change_request.time_over"))
    for decision in Decision.objects.open().filter(expires_at__lte=Now()):
        _try(decision, "expire", Reason("decision.time_over"))
    for decision in Decision.objects.open().exclude(run=None).select_related("run"):
        if decision.run is not None and decision.run.status not in workflow.DECISION_SOURCES[decision.kind]:
            _try(decision, "overtake", Reason("decision.evidence_moved"))


def _late_starts() -> list[ChangeRequest]:
    before = Now() - timedelta(seconds=settings.START_TIMEOUT_SECONDS)
    return list(ChangeRequest.objects.filter(status=workflow.RequestStatus.STARTING, starting_at__lt=before))


def _over() -> list[ChangeRequest]:
    sources = workflow.find("change_request", "expire").sources
    return list(ChangeRequest.objects.filter(status__in=sources, expires_at__lte=Now()))


def _try(row: ChangeRequest | UpgradeRun | Decision, action: str, reason: Reason) -> None:
    try:
        with transaction.atomic():
            moves.move(row, action, reason=reason)
    except moves.TooLate:
        return

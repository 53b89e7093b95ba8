"""The content of a change request: what people write, checked before a row takes it. A plan is not part of it."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from upgrades.models import ChangeRequest, Cluster, Package, User
from upgrades.rules import Reason, contents, workflow
from upgrades.services import moves, plans

FIELDS = ("target_file_name", "purpose", "impact", "ticket")
PURPOSE_LIMIT = 4000


def of(change_request: ChangeRequest) -> dict[str, Any]:
    """The content as the row holds it, by field."""
    return {name: getattr(change_request, name) for name in FIELDS}


def checked(cluster: Cluster, target_file_name: str, purpose: str, impact: str, ticket: str) -> dict[str, Any]:
    """The content as a row may take it. Raises Invalid, with the field, for what it may not."""
    purpose, impact = purpose.strip(), impact.strip()
    if not purpose:
        raise moves.Invalid(Reason("form.purpose_missing"), "purpose")
    for name, text in (("purpose", purpose), ("impact", impact)):
        if len(text) > PURPOSE_LIMIT:
            raise moves.Invalid(Reason("form.purpose_too_long", {"limit": PURPOSE_LIMIT}), name)
    kept = contents.ticket(ticket)
    if isinstance(kept, Reason):
        raise moves.Invalid(kept, "ticket")
    _require_fit(cluster, target_file_name)
    return {"target_file_name": target_file_name, "purpose": purpose, "impact": impact, "ticket": kept}


def _require_fit(cluster: Cluster, target_file_name: str) -> None:
    """Refuse what the form does not offer: a package that is not there, or that the cluster cannot take."""
    known = Package.objects.filter(endpoint=cluster.endpoint, file_name=target_file_name, missing_since=None)
    if not known.exists():
        raise moves.Invalid(Reason("package.unknown", {"file_name": target_file_name[:255]}), "target_file_name")
    verdict = plans.preview(cluster, target_file_name).eligibility
    if verdict is not None and not verdict.is_possible:
        raise moves.Invalid(verdict.reasons[0], "target_file_name")


def require_first(actor: User, form_token: UUID | None) -> None:
    """Raise TooLate where `actor` sent a request from this very page before: a double click writes one."""
    written = ChangeRequest.objects.filter(requester=actor, form_token=form_token).first() if form_token else None
    if written is not None:
        raise moves.TooLate(Reason("change_request.written_already", {"number": written.number}))


def insert(change_request: ChangeRequest) -> ChangeRequest:
    """Insert a new row. Raises TooLate where another request won the race from the same page."""
    try:
        with transaction.atomic():
            change_request.save(force_insert=True)
    except IntegrityError:
        require_first(change_request.requester, change_request.form_token)
        raise
    return change_request


def require_editable(change_request: ChangeRequest) -> None:
    """Raise TooLate where the status allows no edit: before anything is said of what was typed."""
    if change_request.status not in workflow.REQUEST_EDITABLE:
        raise moves.TooLate(Reason("move.wrong_status", {"status": change_request.status, "action": "edit"}))

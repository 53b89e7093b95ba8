"""Another address for an endpoint: proposed by one admin, confirmed by another, carried out with the confirm.

To lead ocpdash to another server under a known name is the one change by which an approved upgrade could run
somewhere else; so it takes two people, and the stored credentials never go with it (design, sections 4 and 5).
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from upgrades import audit
from upgrades.models import ChangeRequest, Cluster, ClusterHold, Decision, Endpoint, User
from upgrades.ocp.address import checked_base_url
from upgrades.rules import Reason, workflow
from upgrades.services import administration, decisions, endpoints, identity, moves, registration, staleness

_KIND = workflow.DecisionKind.ADDRESS


def evidence(endpoint: Endpoint) -> dict[str, Any]:
    """What both admins are shown of `endpoint` as it stands: plain JSON, the same until something moves."""
    waiting = ChangeRequest.objects.filter(endpoint=endpoint, status__in=workflow.REQUEST_TAKING_CLUSTER)
    return {
        "kind": str(_KIND),
        "endpoint": endpoint.name,
        "base_url": endpoint.base_url,
        "is_http_allowed": endpoint.is_http_allowed,
        "account_name": endpoint.account_name,
        "clusters": Cluster.objects.filter(endpoint=endpoint, missing_since=None).count(),
        "requests": [row.number for row in waiting.order_by("pk")],
    }


def open_decision(endpoint: Endpoint) -> Decision | None:
    """The proposal that waits for a second admin, or None."""
    return Decision.objects.open().filter(endpoint=endpoint).select_related("proposer").first()


def has_moved(decision: Decision, endpoint: Endpoint) -> bool:
    """Whether `endpoint` is no longer what the proposer was shown."""
    shown = evidence(endpoint)
    return any(decision.evidence.get(name) != value for name, value in shown.items())


def why_not(endpoint: Endpoint) -> Reason | None:
    """None where another address may be proposed now, else why not (a 409)."""
    if registration.is_from_environment(endpoint):
        return Reason("endpoint.named_by_environment", {"name": endpoint.name})
    if open_decision(endpoint) is not None:
        return Reason("endpoint.address_proposed", {"name": endpoint.name})
    return None


def propose(
    *, endpoint: Endpoint, base_url: str, is_http_allowed: bool, purpose: str, evidence_hash: str, actor: User
) -> Decision:
    """Propose another address, on the evidence whose hash the page showed. Another admin must confirm.

    Raises Forbidden, TooLate (a run is open, something moved, another proposal is open) or Invalid with the field.
    """
    with moves.attempt_as_admin("decision.propose", actor=actor, subject=endpoint):
        row = _locked(endpoint.pk)
        purpose = decisions.checked_purpose(purpose)
        address = _checked(row, base_url, is_http_allowed=is_http_allowed)
        refusal = why_not(row)
        if refusal is not None:
            raise moves.TooLate(refusal)
        _require_at_rest(row)
        shown = evidence(row)
        if decisions.evidence_hash(shown) != evidence_hash:
            raise moves.TooLate(Reason("decision.evidence_moved"))
        shown |= {"new_base_url": address, "new_is_http_allowed": is_http_allowed}
        decision = Decision.objects.create(
            endpoint=row,
            kind=_KIND,
            purpose=purpose,
            proposer=actor,
            evidence=shown,
            evidence_hash=decisions.evidence_hash(shown),
            expires_at=Now() + timedelta(seconds=settings.DECISION_EXPIRY_SECONDS),
        )
        decision.refresh_from_db()
        after = {"kind": decision.kind, "base_url": address, "evidence_hash": decision.evidence_hash}
        audit.record("decision.propose", actor=actor, subject=decision, after=after, comment=purpose)
    return decision


def confirm(*, decision: Decision, evidence_hash: str, actor: User, is_read: bool) -> None:
    """Confirm what another admin proposed, on the same evidence, and carry it out.

    OCP need not be read for it, so that nothing is left to a worker: the endpoint moves in this transaction, or
    nothing does. Raises Forbidden, TooLate or Invalid.
    """
    with moves.attempt_as_admin("decision.confirm", actor=actor, subject=decision):
        decisions.require_confirmer(decision, actor, evidence_hash=evidence_hash, is_read=is_read)
        row = _locked(decision.endpoint_id)
        _require_at_rest(row)
        if registration.is_from_environment(row):
            raise moves.TooLate(Reason("endpoint.named_by_environment", {"name": row.name}))
        if has_moved(decision, row):
            raise moves.TooLate(Reason("decision.evidence_moved"))
        fields = {"confirmer": actor, "confirmed_at": Now()}
        moves.move(decision, "confirm", actor=actor, fields=fields, where={"expires_at__gt": Now()})
        _carry_out(decision, row, actor)
        moves.move(decision, "carry_out")
    # Nothing is read there until credentials are entered: nobody else would tell voters so soon.
    ChangeRequest.objects.filter(endpoint=row, status__in=workflow.REQUEST_TAKING_CLUSTER).update(plan_checked_at=None)
    staleness.check_all(row.pk)


def _require_at_rest(row: Endpoint) -> None:
    """Raise TooLate where a run is open there, or holds a cluster: reads of another OCP must not free it."""
    administration.require_no_open_run(row)
    if ClusterHold.objects.filter(run__endpoint=row).exists():
        raise moves.TooLate(Reason("endpoint.cluster_held", {"name": row.name}))


def _carry_out(decision: Decision, row: Endpoint, actor: User) -> None:
    """The endpoint at its new address, without credentials: those were given to the old one."""
    before = {"base_url": row.base_url, "is_http_allowed": row.is_http_allowed}
    after = {
        "base_url": decision.evidence["new_base_url"],
        "is_http_allowed": decision.evidence["new_is_http_allowed"],
    }
    try:
        with transaction.atomic():
            Endpoint.objects.filter(pk=row.pk).update(credentials="", lock_version=F("lock_version") + 1, **after)
            endpoints.forget_troubles(row.pk)
            identity.forget_words(row.pk)
    except IntegrityError as error:
        raise moves.TooLate(Reason("endpoint.address_taken")) from error
    audit.record(
        "endpoint.move",
        actor=actor,
        subject=row,
        before=before,
        after={**after, "credentials": "removed", "proposer": decision.proposer.username},
        comment=decision.purpose,
    )


def _checked(row: Endpoint, base_url: str, *, is_http_allowed: bool) -> str:
    try:
        address = checked_base_url(base_url.strip(), is_http_allowed=is_http_allowed)
    except ValueError as error:
        raise moves.Invalid(Reason("endpoint.unusable", {"detail": str(error)[:500]}), "base_url") from None
    if address.lower() == row.base_url.lower():
        raise moves.Invalid(Reason("endpoint.same_address"), "base_url")
    if Endpoint.objects.filter(base_url__iexact=address).exists():
        raise moves.Invalid(Reason("endpoint.address_taken"), "base_url")
    return address


def _locked(endpoint_id: int | None) -> Endpoint:
    """The row, locked against a run that begins and against another click: its key is referred to by both."""
    return Endpoint.objects.select_for_update().get(pk=endpoint_id or 0)

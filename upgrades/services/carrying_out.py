"""Carrying out confirmed decisions. The worker reads OCP first; what moved meanwhile ends the decision."""

import logging
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from upgrades import selectors
from upgrades.models import Decision, Endpoint, TaskInstance, UpgradeRun
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import NotFound, OcpError, RateLimited, Unauthorized
from upgrades.rules import Reason, workflow
from upgrades.services import decisions, endpoints, following, holds, moves, runs, sweeping
from upgrades.services.budget import Budget

logger = logging.getLogger(__name__)


def confirmed(endpoint: Endpoint) -> list[Decision]:
    """Decisions of `endpoint` that two people have made and nobody has carried out; those of a step are `acting`'s."""
    rows = Decision.objects.filter(
        run__endpoint=endpoint, status=workflow.DecisionStatus.CONFIRMED, kind__in=decisions.KINDS
    )
    return list(rows.select_related("run__change_request__cluster", "run__endpoint", "proposer", "confirmer"))


def carry_out_all(endpoint: Endpoint) -> None:
    """Carry out what is confirmed. Where OCP does not answer, a decision waits until it expires."""
    for decision in confirmed(endpoint):
        try:
            carry_out(decision)
        except (Unauthorized, RateLimited) as error:
            endpoints.note_failure(endpoint, error, selectors.database_now())
            return
        except OcpError as error:
            endpoints.note_failure(endpoint, error, selectors.database_now())
        except (moves.TooLate, moves.Invalid) as refusal:
            _overtake(decision, refusal.reason)
        except Exception:
            # One run that breaks us must not hold up what was decided of the others.
            logger.exception("decision cannot be carried out", extra={"decision": decision.pk})


def carry_out_unread() -> None:
    """Carry out what needs no read where OCP may not be asked now: nobody sweeps there."""
    confirmed_there = Decision.objects.filter(status=workflow.DecisionStatus.CONFIRMED).values("run__endpoint")
    for endpoint in Endpoint.objects.filter(pk__in=confirmed_there):
        if not endpoints.may_read(endpoint, selectors.database_now()):
            carry_out_all(endpoint)


def carry_out(decision: Decision) -> None:
    """Carry out one confirmed decision, or end it as overtaken. Raises OcpError, TooLate or Invalid."""
    run = _run(decision)
    if decision.kind == workflow.DecisionKind.RELEASE:
        _release(decision, run)
    elif decision.kind == workflow.DecisionKind.ADOPT:
        _adopt(decision, run)
    elif decision.kind == workflow.DecisionKind.ABANDON:
        _abandon(decision, run)
    else:
        _close(decision, run)


def _run(decision: Decision) -> UpgradeRun:
    """The run that it is about: another address is carried out by who confirms it, and comes to no worker."""
    if decision.run is None:
        raise moves.Invalid(Reason("form.kind_unknown"), "kind")
    return decision.run


def _overtake(decision: Decision, reason: Reason) -> None:
    try:
        with transaction.atomic():
            moves.move(decision, "overtake", reason=reason)
    except moves.TooLate:
        return


def _client(run: UpgradeRun) -> OcpClient | None:
    """A client of the run's endpoint, or None where it may not be read now."""
    if not endpoints.may_read(run.endpoint, selectors.database_now()):
        return None
    return endpoints.client(run.endpoint)


def _by(decision: Decision) -> Reason:
    confirmer = decision.confirmer.username if decision.confirmer else ""
    return Reason("decision.by", {"proposer": decision.proposer.username, "confirmer": confirmer})


def _finish(decision: Decision, action: str, where: dict[str, Any]) -> None:
    """The run's move and the end of the decision, together or not at all."""
    with transaction.atomic():
        runs.move(_run(decision), action, reason=_by(decision), comment=decision.purpose, where=where)
        moves.move(decision, "carry_out")


def _release(decision: Decision, run: UpgradeRun) -> None:
    with transaction.atomic():
        moves.move(decision, "carry_out")
        holds.free(run, reason=_by(decision))


def _adopt(decision: Decision, run: UpgradeRun) -> None:
    client = _client(run)
    if client is None or decision.ocp_task_id is None:
        return
    try:
        parent = sweeping.read_parent(run, client, decision.ocp_task_id, Budget(settings.OCP_TOTAL_SECONDS))
    except NotFound:
        parent = None
    if parent is None:
        raise moves.TooLate(Reason("decision.evidence_moved"))
    with transaction.atomic():
        sweeping.bind(run, parent, reason=_by(decision))
        moves.move(decision, "carry_out")


def _abandon(decision: Decision, run: UpgradeRun) -> None:
    _require_shown(decision, run)
    quiet_over = run.intent_at + timedelta(seconds=settings.QUIET_PERIOD_SECONDS)
    try:
        seen = _read(run)
    except OcpError:
        if not decisions.is_long_unread_after_quiet(run):
            raise
        seen = None
    if seen is None:
        if decisions.is_long_unread_after_quiet(run):
            _finish(decision, "abandon", {"version": run.version})
        return
    found = sorted(sweeping.fits(run, seen.tasks))
    if found:
        raise moves.TooLate(Reason("decision.candidates_seen", {"task_ids": tuple(found)}))
    if seen.at > quiet_over:
        _finish(decision, "abandon", {"version": run.version})


def _read(run: UpgradeRun) -> sweeping.Seen | None:
    """A complete candidate read, or None where OCP may not be asked now. Raises OcpError."""
    client = _client(run)
    return None if client is None else sweeping.read(run, client, Budget(settings.OCP_TOTAL_SECONDS))


def _require_shown(decision: Decision, run: UpgradeRun) -> None:
    shown = decisions.evidence(run, decision.kind, decision.ocp_task_id)
    if decisions.evidence_hash(shown) != decision.evidence_hash:
        raise moves.TooLate(Reason("decision.evidence_moved"))


def _close(decision: Decision, run: UpgradeRun) -> None:
    if decisions.is_long_unreadable(run):
        _finish(decision, "close", {"version": run.version})
        return
    client = _client(run)
    if client is None:
        return
    if not following.refresh(run, client):
        return
    run.refresh_from_db()
    _require_shown(decision, run)
    if run.task_instances.exclude(kind=TaskInstance.Kind.POSSIBLE).filter(status="RUNNING").exists():
        raise moves.TooLate(Reason("decision.task_running"))
    _finish(decision, "close", {"version": run.version})

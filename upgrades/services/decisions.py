"""Acts that need two people: proposed on evidence, confirmed by another, carried out by a worker.

The carrying out is in `carrying_out`: the confirm only asks.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from upgrades import audit, live, selectors
from upgrades.models import ClusterHold, Decision, RunAction, TaskInstance, UpgradeRun, User
from upgrades.rules import Reason, workflow
from upgrades.services import endpoints, moves

KINDS = tuple(str(kind) for kind in workflow.DECISION_SOURCES if kind not in workflow.STEP_DECISIONS)
PURPOSE_LIMIT = 4000


def evidence(run: UpgradeRun, kind: str, ocp_task_id: int | None = None) -> dict[str, Any]:
    """What both people are shown before they act on `run`: plain JSON, the same until something moves."""
    holds = ClusterHold.objects.filter(run=run).select_related("cluster").order_by("cluster__ocp_id")
    return {
        "kind": kind,
        "run": run.number,
        "status": run.status,
        "ocp_task_id": ocp_task_id if ocp_task_id is not None else run.ocp_task_id,
        "ocp_word": run.ocp_word,
        "sent_at": run.sent_at.isoformat() if run.sent_at else None,
        "answer": run.answer,
        "candidates": run.candidates,
        "tasks": [task_evidence(task) for task in run.task_instances.prefetch_related("subtasks")],
        "findings": run.findings,
        "alarm": run.alarm,
        "is_unreadable": run.unreadable_since is not None,
        "holds": [
            {"cluster": hold.cluster.name, "status": hold.cluster.status, "version": hold.cluster.version}
            for hold in holds
        ],
    }


def task_evidence(task: TaskInstance) -> dict[str, Any]:
    """One task as last read: another digest where any of its subtasks moved."""
    subtasks = sorted((s.ocp_id, s.status, s.operation, s.run_time) for s in task.subtasks.all())
    return {
        "id": task.ocp_id,
        "kind": task.kind,
        "status": task.status,
        "operation": task.operation,
        "subtasks": hashlib.sha256(json.dumps(subtasks).encode()).hexdigest()[:16],
    }


def evidence_hash(shown: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the evidence, independent of the order of its keys."""
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def why_not(run: UpgradeRun, kind: str) -> Reason | None:
    """None when `kind` may be proposed for `run` in its present state, else why not (a 409)."""
    if run.status not in workflow.DECISION_SOURCES[kind]:
        return Reason("decision.wrong_status", {"status": run.status, "kind": kind})
    if kind == workflow.DecisionKind.ADOPT and not run.candidates:
        return Reason("decision.no_candidate")
    if kind == workflow.DecisionKind.ABANDON:
        return _why_not_abandon(run)
    if kind == workflow.DecisionKind.CLOSE and _runs_in_ocp(run) and not is_long_unreadable(run):
        return Reason("decision.task_running")
    if kind == workflow.DecisionKind.CLOSE and RunAction.objects.open().filter(run=run).exists():
        return Reason("decision.action_open")
    if kind == workflow.DecisionKind.RELEASE and not _holds(run):
        return Reason("decision.no_hold")
    return None


def _why_not_abandon(run: UpgradeRun) -> Reason | None:
    quiet_over = run.intent_at + timedelta(seconds=settings.QUIET_PERIOD_SECONDS)
    if selectors.database_now() < quiet_over:
        return Reason("decision.quiet_period", {"until": quiet_over.isoformat(timespec="seconds")})
    if is_long_unread_after_quiet(run):
        return None
    if run.candidates:
        return Reason("decision.candidates_seen", {"task_ids": tuple(run.candidates)})
    if run.swept_at is None or run.swept_at <= quiet_over:
        return Reason("decision.not_swept_yet")
    return None


def is_long_unreadable(run: UpgradeRun) -> bool:
    """Whether `run` could not be read for UNREADABLE_SECONDS: it may be closed without a read."""
    limit = timedelta(seconds=settings.UNREADABLE_SECONDS)
    return run.unreadable_since is not None and selectors.database_now() - run.unreadable_since >= limit


def is_long_unread_after_quiet(run: UpgradeRun) -> bool:
    """Whether no candidate read of `run` was complete for UNREADABLE_SECONDS after its quiet period, for any reason."""
    quiet_over = run.intent_at + timedelta(seconds=settings.QUIET_PERIOD_SECONDS)
    unread_from = max(quiet_over, run.swept_at or quiet_over)
    return selectors.database_now() - unread_from >= timedelta(seconds=settings.UNREADABLE_SECONDS)


def _holds(run: UpgradeRun) -> bool:
    return ClusterHold.objects.filter(run=run).exists()


def _runs_in_ocp(run: UpgradeRun) -> bool:
    """Whether a task ran when it was last followed. What was not read to its end then is read before the close."""
    if run.status not in workflow.RUN_FOLLOWED:
        return False
    return run.task_instances.exclude(kind=TaskInstance.Kind.POSSIBLE).filter(status="RUNNING").exists()


def available(run: UpgradeRun, user: User) -> list[tuple[str, Reason | None]]:
    """The kinds that make sense for `run` now, each with None or why `user` may not propose it."""
    refusal = why_not_permitted(run, user)
    kinds = [kind for kind in KINDS if run.status in workflow.DECISION_SOURCES[kind]]
    if run.status in workflow.RUN_FREES_AT_ONCE and not _holds(run):
        return []
    return [(kind, refusal or why_not(run, kind)) for kind in kinds]


def why_not_permitted(run: UpgradeRun, user: User) -> Reason | None:
    """None where `user` may decide of `run`, else why not (a 403)."""
    confirm = workflow.find("decision", "confirm")
    return workflow.why_not_permitted(confirm, moves.actor_of(user, run.environment))


def propose(
    *, run: UpgradeRun, kind: str, purpose: str, evidence_hash: str, actor: User, ocp_task_id: int | None = None
) -> Decision:
    """Propose `kind` for `run` on the evidence whose hash the page showed. Somebody else must confirm.

    Raises Forbidden, TooLate (state or evidence moved, another decision is open) or Invalid.
    """
    with moves.attempt("decision.propose", actor=actor, subject=run):
        refusal = why_not_permitted(run, actor)
        if refusal is not None:
            raise moves.Forbidden(refusal)
        purpose = _check(run, kind, purpose, ocp_task_id)
        too_late = why_not(run, kind)
        if too_late is not None:
            raise moves.TooLate(too_late)
        shown = evidence(run, kind, ocp_task_id)
        require_same(shown, evidence_hash)
        decision = _insert(run, kind, purpose, shown, actor, ocp_task_id)
        after = {"kind": kind, "run": run.number, "evidence_hash": decision.evidence_hash}
        audit.record("decision.propose", actor=actor, subject=decision, after=after, comment=purpose)
    return decision


def checked_purpose(purpose: str) -> str:
    """The purpose as it is kept. Raises Invalid where there is none, or too much of it."""
    purpose = purpose.strip()
    if not purpose:
        raise moves.Invalid(Reason("form.purpose_missing"), "purpose")
    if len(purpose) > PURPOSE_LIMIT:
        raise moves.Invalid(Reason("form.purpose_too_long", {"limit": PURPOSE_LIMIT}), "purpose")
    return purpose


def _check(run: UpgradeRun, kind: str, purpose: str, ocp_task_id: int | None) -> str:
    if kind not in KINDS:
        raise moves.Invalid(Reason("form.kind_unknown"), "kind")
    purpose = checked_purpose(purpose)
    if kind == workflow.DecisionKind.ADOPT and ocp_task_id not in run.candidates:
        raise moves.Invalid(Reason("form.task_unknown"), "ocp_task_id")
    return purpose


def require_same(shown: Mapping[str, Any], expected: str) -> None:
    """Raise TooLate unless what is shown now is what the page showed."""
    if evidence_hash(shown) != expected:
        raise moves.TooLate(Reason("decision.evidence_moved"))


def _insert(
    run: UpgradeRun, kind: str, purpose: str, shown: dict[str, Any], actor: User, ocp_task_id: int | None
) -> Decision:
    try:
        with transaction.atomic():
            decision = Decision.objects.create(
                run=run,
                kind=kind,
                purpose=purpose,
                proposer=actor,
                ocp_task_id=ocp_task_id if kind == workflow.DecisionKind.ADOPT else None,
                evidence=shown,
                evidence_hash=evidence_hash(shown),
                expires_at=Now() + timedelta(seconds=settings.DECISION_EXPIRY_SECONDS),
            )
    except IntegrityError as error:
        raise moves.TooLate(Reason("decision.another_open")) from error
    decision.refresh_from_db()
    return decision


def confirm(*, decision: Decision, evidence_hash: str, actor: User, is_read: bool = True) -> None:
    """Confirm what somebody else proposed, on the same evidence. A Celery worker then reads OCP and acts.

    `is_read` is False where the person was asked whether the evidence was looked at, and did not say so: Invalid.
    """
    with moves.attempt("decision.confirm", actor=actor, subject=decision):
        require_confirmer(decision, actor, evidence_hash=evidence_hash, is_read=is_read)
        run = UpgradeRun.objects.get(pk=decision.run_id)
        too_late = why_not(run, decision.kind)
        if too_late is not None:
            raise moves.TooLate(too_late)
        require_same(evidence(run, decision.kind, decision.ocp_task_id), decision.evidence_hash)
        fields = {"confirmer": actor, "confirmed_at": Now()}
        moves.move(decision, "confirm", actor=actor, fields=fields, where={"expires_at__gt": Now()})
        endpoints.hasten(run.endpoint_id, "sweep")
        transaction.on_commit(live.ring)


def require_confirmer(decision: Decision, actor: User, *, evidence_hash: str, is_read: bool) -> None:
    """Raise Forbidden, TooLate or Invalid unless `actor`, not the proposer, confirms the evidence that was shown."""
    if actor.pk == decision.proposer_id:
        raise moves.Forbidden(Reason("decision.is_proposer"))
    moves.require(decision, "confirm", actor)
    if not is_read:
        raise moves.Invalid(Reason("form.evidence_not_read"), "is_read")
    if evidence_hash != decision.evidence_hash:
        raise moves.TooLate(Reason("decision.evidence_moved"))


def withdraw(*, decision: Decision, actor: User) -> None:
    """Take a proposal back: its proposer, or anybody else who may decide there."""
    as_decider = moves.attempt if decision.endpoint_id is None else moves.attempt_as_admin
    with as_decider("decision.withdraw", actor=actor, subject=decision):
        moves.move(decision, "withdraw", actor=actor)

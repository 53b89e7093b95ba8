"""Skip and cancel of a subtask: two people, on the same evidence, against OCP's own advice.

OCP's manual says of upgrades: do not skip or roll back steps by hand (ocp-doc V4.2.2,
600.cluster-functions/700.upgrade-cluster-version). The confirm asks for a run action; before it is sent, `acting`
reads the parent and every child, and anything other than the evidence ends the decision as overtaken.
"""

import hashlib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from upgrades import audit
from upgrades.models import Decision, RunAction, Subtask, SubtaskLog, TaskInstance, UpgradeRun, User
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import RateLimited, Unauthorized
from upgrades.rules import Reason, workflow
from upgrades.services import decisions, logs, moves, run_actions, steps

KINDS = tuple(str(kind) for kind in sorted(workflow.STEP_DECISIONS))


def evidence(run: UpgradeRun, kind: str, task_id: int, subtask_id: int) -> dict[str, Any]:
    """What both people are shown before they act on one subtask: plain JSON, the same until something moves.

    Of a cancel the log is left out, and of the tasks what their other subtasks do: these go on while people decide.
    """
    tasks = list(run.task_instances.exclude(kind=TaskInstance.Kind.POSSIBLE).prefetch_related("subtasks"))
    is_still = kind == workflow.DecisionKind.SKIP
    return {
        "kind": kind,
        "run": run.number,
        "cluster": run.change_request.cluster.name,
        "status": run.status,
        "ocp_task_id": task_id,
        "subtask": _subtask(run, task_id, subtask_id),
        "tasks": [_task(task, is_still=is_still) for task in tasks],
        "log": _log(run, task_id, subtask_id) if is_still else None,
    }


def evidence_of(decision: Decision) -> dict[str, Any]:
    """The evidence of `decision` as it would be shown now."""
    run = UpgradeRun.objects.select_related("change_request__cluster").get(pk=decision.run_id)
    return evidence(run, decision.kind, decision.ocp_task_id or 0, decision.ocp_subtask_id or 0)


def _subtask(run: UpgradeRun, task_id: int, subtask_id: int) -> dict[str, Any] | None:
    row = _row(run, task_id, subtask_id)
    if row is None:
        return None
    step = steps.step_of(row)
    return {
        "id": step.id,
        "name": step.name,
        "status": step.status,
        "operation": step.operation,
        "run_time": step.run_time,
        "started_at": step.started_at,
        "finished_at": step.finished_at,
        "is_rollback_prohibited": row.is_rollback_prohibited,
    }


def _row(run: UpgradeRun, task_id: int, subtask_id: int) -> Subtask | None:
    rows = Subtask.objects.filter(task_instance__run=run, task_instance__ocp_id=task_id, ocp_id=subtask_id)
    return rows.select_related("task_instance").first()


def _task(task: TaskInstance, *, is_still: bool) -> dict[str, Any]:
    whole = decisions.task_evidence(task)
    return whole if is_still else {name: value for name, value in whole.items() if name != "subtasks"}


def _log(run: UpgradeRun, task_id: int, subtask_id: int) -> dict[str, Any] | None:
    rows = SubtaskLog.objects.filter(task_instance__run=run, task_instance__ocp_id=task_id, subtask_ocp_id=subtask_id)
    log = rows.first()
    if log is None:
        return None
    return {"sha256": hashlib.sha256(log.text.encode()).hexdigest(), "is_cut": log.is_cut}


def propose(
    *,
    run: UpgradeRun,
    kind: str,
    task_id: int,
    subtask_id: int,
    purpose: str,
    cluster_name: str,
    evidence_hash: str,
    actor: User,
) -> Decision:
    """Propose to skip or cancel a subtask on the evidence whose hash the page showed. Somebody else must confirm.

    Raises Forbidden, TooLate (state or evidence moved, something else is open) or Invalid with the field.
    """
    with moves.attempt("decision.propose", actor=actor, subject=run):
        refusal = decisions.why_not_permitted(run, actor)
        if refusal is not None:
            raise moves.Forbidden(refusal)
        if kind not in KINDS:
            raise moves.Invalid(Reason("form.kind_unknown"), "kind")
        purpose = decisions.checked_purpose(purpose)
        _require_name(run, cluster_name)
        too_late = run_actions.why_not(run, kind, task_id, subtask_id)
        if too_late is not None:
            raise moves.TooLate(too_late)
        shown = evidence(run, kind, task_id, subtask_id)
        decisions.require_same(shown, evidence_hash)
        decision = _insert(run, shown, purpose, actor)
        about = {"kind": kind, "run": run.number, "task_id": task_id, "subtask_id": subtask_id}
        after = {**about, "evidence_hash": decision.evidence_hash}
        audit.record("decision.propose", actor=actor, subject=decision, after=after, comment=purpose)
    return decision


def _require_name(run: UpgradeRun, cluster_name: str) -> None:
    """Raise Invalid unless the cluster's name was typed: nobody should have another one in mind."""
    if cluster_name.strip() != run.change_request.cluster.name:
        raise moves.Invalid(Reason("form.cluster_name_differs"), "cluster_name")


def _insert(run: UpgradeRun, shown: dict[str, Any], purpose: str, actor: User) -> Decision:
    try:
        with transaction.atomic():
            decision = Decision.objects.create(
                run=run,
                kind=shown["kind"],
                purpose=purpose,
                proposer=actor,
                ocp_task_id=shown["ocp_task_id"],
                ocp_subtask_id=shown["subtask"]["id"],
                evidence=shown,
                evidence_hash=decisions.evidence_hash(shown),
                expires_at=Now() + timedelta(seconds=settings.DECISION_EXPIRY_SECONDS),
            )
    except IntegrityError as error:
        raise moves.TooLate(Reason("decision.another_open")) from error
    decision.refresh_from_db()
    return decision


def confirm(*, decision: Decision, evidence_hash: str, actor: User, is_read: bool, cluster_name: str) -> RunAction:
    """Confirm what somebody else proposed, on the same evidence: a Celery worker reads OCP once more, then sends.

    Raises Forbidden, TooLate or Invalid.
    """
    with moves.attempt("decision.confirm", actor=actor, subject=decision):
        decisions.require_confirmer(decision, actor, evidence_hash=evidence_hash, is_read=is_read)
        run = run_actions.locked(decision.run_id or 0)
        _require_name(run, cluster_name)
        task_id, subtask_id = decision.ocp_task_id or 0, decision.ocp_subtask_id or 0
        too_late = run_actions.why_not(run, decision.kind, task_id, subtask_id)
        if too_late is not None:
            raise moves.TooLate(too_late)
        decisions.require_same(evidence(run, decision.kind, task_id, subtask_id), decision.evidence_hash)
        fields = {"confirmer": actor, "confirmed_at": Now()}
        moves.move(decision, "confirm", actor=actor, fields=fields, where={"expires_at__gt": Now()})
        return run_actions.insert(run, decision.kind, task_id, subtask_id, actor, decision)


# --- Where it is carried out ----------------------------------------------------------------------------------


def read_log(action: RunAction, client: OcpClient) -> None:
    """Read the log that both people were shown, so that it is compared as it is now."""
    row = _row(action.run, action.task_ocp_id, action.subtask_ocp_id or 0)
    if row is None or action.decision is None or action.decision.evidence["log"] is None:
        return
    try:
        logs.read_one(row, client, settings.OCP_TOTAL_SECONDS / 2)
    except (Unauthorized, RateLimited):
        # The log kept before is compared; whether OCP takes us is told by the POST.
        return


def why_overtaken(action: RunAction) -> Reason | None:
    """None where `action` needs no decision, or its decision stands: two people who still may, the same evidence."""
    if action.decision is None:
        return None
    decision = Decision.objects.select_related("proposer", "confirmer", "run__change_request__cluster").get(
        pk=action.decision.pk
    )
    if decision.status != workflow.DecisionStatus.CONFIRMED:
        return Reason("decision.time_over")
    for person in (decision.proposer, decision.confirmer):
        if person is None or decisions.why_not_permitted(action.run, person) is not None:
            return Reason("decision.right_gone")
    if decisions.evidence_hash(evidence_of(decision)) != decision.evidence_hash:
        return Reason("decision.evidence_moved")
    return None


def overtake(decision: Decision | None, reason: Reason) -> None:
    """End a confirmed decision that is not carried out, in the caller's transaction."""
    if decision is None:
        return
    decision.refresh_from_db()
    if decision.status == workflow.DecisionStatus.CONFIRMED:
        moves.move(decision, "overtake", reason=reason)

"""What every change of a run shares: settling a final one, alarms, evidence that came late."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from upgrades import audit, live
from upgrades.models import AuditEvent, ChangeRequest, UpgradeRun, User
from upgrades.rules import Reason, workflow
from upgrades.services import holds, moves


def move(
    run: UpgradeRun,
    action: str,
    *,
    reason: Reason | None = None,
    fields: Mapping[str, Any] | None = None,
    where: Mapping[str, Any] | None = None,
    comment: str = "",
    trace_id: str | None = None,
) -> None:
    """Move `run` and, where it becomes final, settle it, in one transaction.

    Raises TooLate when the row has moved on: nothing is written then.
    """
    with transaction.atomic():
        moves.move(
            run,
            action,
            reason=reason,
            fields=fields,
            where=where,
            comment=comment,
            trace_id=trace_id,
        )
        if run.is_final:
            settle(run)
        transaction.on_commit(lambda: live.publish(run.pk, run.version))


def settle(run: UpgradeRun) -> None:
    """Finish the change request with the run's outcome; free the holds where that is at once."""
    change_request = ChangeRequest.objects.get(pk=run.pk)
    moves.move(change_request, "finish", fields={"outcome": run.status})
    if run.status in workflow.RUN_FREES_AT_ONCE:
        holds.free(run, reason=Reason("hold.run_ended", {"status": run.status}))


def raise_alarm(run: UpgradeRun, reason: Reason) -> None:
    """Keep an alarm on `run`, hold its clusters, and tell the runs that hold them already.

    The same alarm is raised once: a repeated observation writes nothing.
    """
    with transaction.atomic():
        if not _set_alarm(run, reason):
            return
        audit.record("run.alarm", subject=run, reason=reason, outcome=AuditEvent.Outcome.FAILED)
        for other in holds.take_for_alarm(run):
            if _set_alarm(other, reason):
                audit.record("run.alarm", subject=other, reason=reason, outcome=AuditEvent.Outcome.FAILED)


def _set_alarm(run: UpgradeRun, reason: Reason) -> bool:
    value = reason.to_json()
    changed = (
        UpgradeRun.objects.filter(pk=run.pk)
        .exclude(alarm=value)
        .update(alarm=value, alarm_at=Now(), version=F("version") + 1)
    )
    run.refresh_from_db()
    transaction.on_commit(lambda: live.publish(run.pk, run.version))
    return changed == 1


def keep_late_evidence(run: UpgradeRun, evidence: Mapping[str, Any], *, trace_id: str = "") -> None:
    """Add what came after the fact to the run, and change nothing else of it. `run` is read anew."""
    with transaction.atomic():
        UpgradeRun.objects.filter(pk=run.pk).update(version=F("version") + 1)
        run.refresh_from_db()
        run.late_evidence = [*run.late_evidence, dict(evidence)][-20:]
        run.save(update_fields=["late_evidence"])
        audit.record("run.late_evidence", subject=run, after=dict(evidence), trace_id=trace_id)
        transaction.on_commit(lambda: live.publish(run.pk, run.version))


def look_again(*, run: UpgradeRun, actor: User) -> None:
    """Ask for an early look at the servers of a run that disagrees or is being verified.

    Raises Forbidden for who is no operator there, TooLate in any other status.
    """
    with moves.attempt("run.look_again", actor=actor, subject=run):
        person = moves.actor_of(actor, run.environment)
        if not (person.is_operator or person.is_approver):
            raise moves.Forbidden(Reason("move.not_permitted", {"by": "operator_or_approver"}))
        statuses = [workflow.RunStatus.VERIFYING, workflow.RunStatus.DISAGREES]
        rows = UpgradeRun.objects.filter(pk=run.pk, status__in=statuses)
        if rows.update(verify_due_at=Now()) != 1:
            raise moves.TooLate(Reason("move.wrong_status", {"status": run.status, "action": "look_again"}))
        audit.record("run.look_again", subject=run, actor=actor)
        transaction.on_commit(live.ring)

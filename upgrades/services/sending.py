"""The protocol of a submission after T1: the second pre-read, the one POST, and T2.

Only the worker whose token the run's row holds sends, once; T2 is a compare-and-set that changes nothing but the
evidence where the run has moved on.
"""

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from upgrades import audit, live, selectors
from upgrades.models import ChangeRequest, Endpoint, UpgradeRun
from upgrades.ocp.errors import OcpError, Unauthorized
from upgrades.ocp.types import UpgradeAnswer
from upgrades.rules import Reason, submission, workflow
from upgrades.services import endpoints, halts, moves, plans, preread, runs

_TOO_LATE = Reason("submit.took_too_long")


def agrees_again(change_request: ChangeRequest, run: UpgradeRun) -> bool:
    """The second pre-read. Where it does not agree, the run is refused: nothing was sent."""
    try:
        preread.read(change_request, seconds=settings.SECOND_PRE_READ_SECONDS)
        plan = plans.rebuild(change_request)
    except (preread.Blocked, moves.Refusal) as blocked:
        _refuse_unsent(run, blocked.reason)
        return False
    if plan.fingerprint != run.fingerprint:
        _refuse_unsent(run, plans.why_stale(change_request, plan))
        return False
    return True


def _refuse_unsent(run: UpgradeRun, reason: Reason) -> None:
    """Refuse a run that this worker knows was never sent; a worker with another token writes nothing."""
    fields = {"sent_at": None, "answer": {"is_sent": False, "reason": reason.to_json()}}
    try:
        runs.move(run, "refuse", reason=reason, fields=fields, where={"worker_token": run.worker_token})
    except moves.TooLate:
        _note_moved_on(run, reason)


def _note_moved_on(run: UpgradeRun, reason: Reason) -> None:
    """The row left the doubt while we did not send: keep that as evidence; adopted meanwhile means alarm."""
    runs.keep_late_evidence(run, {"kind": "not_sent", "reason": reason.to_json()})
    if run.ocp_task_id is not None:
        runs.raise_alarm(run, Reason("alarm.adopted_but_not_sent", {"task_id": run.ocp_task_id}))


def send(run: UpgradeRun, deadline: float) -> None:
    """THE POST. The row is asked again just before: still submitting, still ours, still in time."""
    try:
        client = endpoints.client(run.endpoint)
    except moves.Invalid as invalid:
        _refuse_unsent(run, invalid.reason)
        return
    # The pre-reads may have used our quota up: sent now, the POST would only be refused, and leave doubt.
    why = endpoints.why_not_read(Endpoint.objects.get(pk=run.endpoint_id), selectors.database_now())
    # Outside the database too it is known that this run is sent, before it is.
    why = why or halts.may_send(halts.sent_run(run))
    if why is not None:
        _refuse_unsent(run, why)
        return
    # Asked on both sides of the commit: either may have taken long.
    why = _why_late(deadline) or _why_not_taken(run) or _why_late(deadline)
    if why is not None:
        _refuse_unsent(run, why)
        return
    try:
        answer = client.upgrade(run.cluster_ocp_id, run.body.encode())
    except OcpError as error:
        if isinstance(error, Unauthorized):
            endpoints.note_failure(run.endpoint, error, selectors.database_now())
        settle(run, _facts_of_error(error), trace_id=error.trace_id)
    else:
        settle(run, _facts_of_answer(answer), trace_id=answer.trace_id)


def _why_late(deadline: float) -> Reason | None:
    return _TOO_LATE if time.clock_gettime(time.CLOCK_BOOTTIME) > deadline else None


def _why_not_taken(run: UpgradeRun) -> Reason | None:
    """Note, once and durably, that this worker sends now; else why not: the row may no longer be its to send."""
    still_ours = UpgradeRun.objects.filter(
        pk=run.pk,
        status=workflow.RunStatus.SUBMITTING,
        worker_token=run.worker_token,
        sent_at=None,
        intent_at__gt=Now() - timedelta(seconds=settings.SUBMIT_BUDGET_SECONDS),
    )
    with transaction.atomic(durable=True):
        if selectors.is_halted():
            return halts.IN_FORCE
        if still_ours.update(sent_at=Now()) != 1:
            return _TOO_LATE
        audit.record("run.send", subject=run, after={"body": run.body})
    return None


def _facts_of_error(error: OcpError) -> submission.Answer:
    return submission.Answer(
        is_sent=error.is_sent, http_status=error.http_status, code=error.code, has_envelope=error.has_envelope
    )


def _facts_of_answer(answer: UpgradeAnswer) -> submission.Answer:
    return submission.Answer(
        http_status=answer.http_status,
        has_envelope=True,
        task_id=answer.task.id,
        cluster_id=answer.task.cluster_id,
    )


# --- T2 -------------------------------------------------------------------------------------------------------


def settle(run: UpgradeRun, answer: submission.Answer, *, trace_id: str | None) -> None:
    """T2: write what the answer means, by compare-and-set from submitting or unconfirmed.

    Where the run has left both already, the answer changes nothing but the evidence.
    """
    known = {*run.baseline, *preread.bound_task_ids(run.endpoint_id)} - {run.ocp_task_id}
    judgement = submission.judge(answer, affected_ids=set(run.affected_ocp_ids), known_task_ids=known)
    try:
        _write(run, answer, judgement, trace_id)
    except moves.TooLate:
        _answer_came_late(run, answer, trace_id)


def _write(run: UpgradeRun, answer: submission.Answer, judgement: submission.Judgement, trace_id: str | None) -> None:
    fields: dict[str, Any] = {"answered_at": Now(), "answer": evidence(answer)}
    if judgement.outcome is submission.Outcome.ACCEPTED:
        fields |= {"ocp_task_id": answer.task_id, "ocp_task_cluster_id": answer.cluster_id, "detail_due_at": Now()}
        with transaction.atomic():
            runs.move(run, "accept", fields=fields, trace_id=trace_id)
            endpoints.hasten(run.endpoint_id, "follow")
            transaction.on_commit(live.ring)
        return
    if judgement.outcome is submission.Outcome.REFUSED:
        runs.move(run, "refuse", reason=judgement.reason, fields=fields, trace_id=trace_id)
        return
    if judgement.is_busy:
        fields["busy_seen_at"] = Now()
    with transaction.atomic():
        # The row is ours from here on: the clock must not turn it unconfirmed in between. One that has moved on is
        # left as it is, and refuses the move.
        UpgradeRun.objects.filter(pk=run.pk, status__in=workflow.RUN_IN_DOUBT).update(**fields)
        run.refresh_from_db()
        if run.status == workflow.RunStatus.UNCONFIRMED:
            runs.keep_late_evidence(run, {"kind": "answer", **evidence(answer)}, trace_id=trace_id or "")
            return
        runs.move(run, "doubt", reason=judgement.reason, trace_id=trace_id)
        endpoints.hasten(run.endpoint_id, "sweep")
        transaction.on_commit(live.ring)


def _answer_came_late(run: UpgradeRun, answer: submission.Answer, trace_id: str | None) -> None:
    runs.keep_late_evidence(run, {"kind": "answer", **evidence(answer)}, trace_id=trace_id or "")
    if answer.task_id is not None and answer.task_id != run.ocp_task_id:
        runs.raise_alarm(run, Reason("alarm.other_task", {"task_id": answer.task_id}))


def evidence(answer: submission.Answer) -> dict[str, Any]:
    """The facts of an answer as JSON, for the run and its pages."""
    return {
        "is_sent": answer.is_sent,
        "http_status": answer.http_status,
        "code": answer.code,
        "task_id": answer.task_id,
        "cluster_id": answer.cluster_id,
    }

"""Sending what was asked of OCP during a run: the last read, the intent, the one POST, and the read after it.

As with a start (`sending`): the intent is committed before anything leaves, only the worker whose token the row
holds sends, once, and nothing is ever sent again for the same row.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from upgrades import audit, selectors
from upgrades.models import RunAction, UpgradeRun
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import OcpError, Unauthorized
from upgrades.ocp.types import ActionAnswer
from upgrades.rules import Reason, run_actions, submission, workflow
from upgrades.rules.run_actions import Kind, Verdict
from upgrades.services import endpoints, following, halts, moves, readability, step_decisions
from upgrades.services import run_actions as actions

_S = workflow.RunActionStatus
_LEASE_SECONDS = 5
_AGAIN_SECONDS = 1
_LATER_SECONDS = 10
# A read that is older than this is none to act on.
_FRESH_SECONDS = 30

Call = Callable[[OcpClient, RunAction], ActionAnswer]
_TOO_LATE = Reason("run_action.took_too_long")
_CALLS: Mapping[str, Call] = {
    Kind.RETRY: lambda client, action: client.retry_subtask(action.task_ocp_id, action.subtask_ocp_id or 0),
    Kind.RETRY_TASK: lambda client, action: client.retry_task(action.task_ocp_id),
    Kind.SKIP: lambda client, action: client.skip_subtask(action.task_ocp_id, action.subtask_ocp_id or 0),
    Kind.CANCEL: lambda client, action: client.cancel_subtask(action.task_ocp_id, action.subtask_ocp_id or 0),
}


def due() -> list[int]:
    """Run actions to send, or to look for in OCP, now; not while the endpoint is silent: each would hold a thread."""
    rows = RunAction.objects.filter(status__in=[_S.ASKED, _S.UNCONFIRMED], due_at__lte=Now())
    now = selectors.database_now()
    found = [(row.pk, row.run.endpoint) for row in rows.select_related("run__endpoint")]
    return [pk for pk, ocp in found if endpoints.may_read(ocp, now) and not endpoints.is_silent(ocp)]


def act(run_action_id: int) -> None:
    """Send one that was asked, or read OCP for one that is not seen yet. Any number of workers may try at once."""
    action = _claim(run_action_id)
    if action is None or not endpoints.may_read(action.run.endpoint, selectors.database_now()):
        return
    client = endpoints.client(action.run.endpoint)
    if action.status == _S.ASKED:
        # While nothing may be sent it waits, as long as any other.
        if halts.look() is None:
            _carry_out(action, client)
    else:
        following.refresh(action.run, client)
    _put_off(action)


def _claim(run_action_id: int) -> RunAction | None:
    """Keep other workers away for the length of a read; what keeps a second POST away is the move to sending."""
    rows = RunAction.objects.filter(pk=run_action_id, status__in=[_S.ASKED, _S.UNCONFIRMED], due_at__lte=Now())
    until = Now() + timedelta(seconds=settings.OCP_TOTAL_SECONDS + _LEASE_SECONDS)
    return _fresh(run_action_id) if rows.update(due_at=until) == 1 else None


def _fresh(run_action_id: int) -> RunAction:
    rows = RunAction.objects.select_related("run__endpoint", "run__change_request__cluster", "decision", "asker")
    return rows.get(pk=run_action_id)


def _put_off(action: RunAction) -> None:
    """Each second at first, later less often: OCP shows the effect soon or not at all."""
    is_new = action.asked_at > selectors.database_now() - timedelta(minutes=1)
    again = Now() + timedelta(seconds=_AGAIN_SECONDS if is_new else _LATER_SECONDS)
    RunAction.objects.open().filter(pk=action.pk).update(due_at=again)


def turn_unconfirmed() -> None:
    """What time alone moves. Needs no OCP, and sends nothing."""
    lost = Now() - timedelta(seconds=settings.UNCONFIRMED_AFTER_SECONDS)
    for action in RunAction.objects.filter(status=_S.SENDING, intent_at__lt=lost):
        _try(action, "doubt", Reason("run_action.worker_lost"))
    late = Now() - actions.lapse_after()
    for action in RunAction.objects.filter(status=_S.ASKED, asked_at__lt=late):
        _refuse(action, Reason("run_action.waited_too_long"))
    over = Q(run__status__in=workflow.RUN_FINAL, intent_at__lt=late, status=_S.UNCONFIRMED)
    for action in RunAction.objects.filter(over):
        _try(action, "lapse", Reason("run_action.run_over"))


def _try(action: RunAction, name: str, reason: Reason) -> None:
    try:
        actions.move(action, name, reason=reason)
    except moves.TooLate:
        return


def _refuse(action: RunAction, reason: Reason) -> None:
    """Nothing was sent, and nothing will be; a decision that led here is overtaken."""
    try:
        with transaction.atomic():
            actions.move(action, "refuse", reason=reason)
            step_decisions.overtake(action.decision, reason)
    except moves.TooLate:
        return


# --- Before the POST ------------------------------------------------------------------------------------------


def _carry_out(action: RunAction, client: OcpClient) -> None:
    """Read the parent and every child in detail, then send, or refuse what OCP no longer shows as it was."""
    if not following.refresh(action.run, client):
        if readability.is_another(UpgradeRun.objects.get(pk=action.run_id)):
            _refuse(action, Reason("run_action.unreadable"))
        return
    step_decisions.read_log(action, client)
    deadline = time.clock_gettime(time.CLOCK_BOOTTIME) + settings.SUBMIT_BUDGET_SECONDS
    try:
        with transaction.atomic(durable=True):
            refusal = _intend(action)
    except moves.TooLate:
        return
    if refusal is not None:
        _refuse(action, refusal)
    else:
        _send(action, client, deadline)


def _intend(action: RunAction) -> Reason | None:
    """The intent, on rows that nobody can move meanwhile; or why there is none. Raises TooLate where it is not ours."""
    run = actions.locked(action.run_id)
    if run.observed_at is None or run.observed_at < selectors.database_now() - timedelta(seconds=_FRESH_SECONDS):
        raise moves.TooLate(Reason("start.rows_too_old"))
    refusal = step_decisions.why_overtaken(action) or _why_not(action, run)
    if refusal is not None:
        return refusal
    actions.move(action, "send", fields={"worker_token": uuid.uuid4().hex, "intent_at": Now()})
    if action.decision is not None:
        moves.move(action.decision, "carry_out")
    return None


def _why_not(action: RunAction, run: UpgradeRun) -> Reason | None:
    if action.decision is None:
        refusal = actions.why_not_permitted(run, action.asker)
        if refusal is not None:
            return refusal
    too_late = actions.why_not_by_rows(run, action.kind, action.task_ocp_id, action.subtask_ocp_id)
    if too_late is None and actions.marks(run, action) != action.before:
        return Reason("decision.evidence_moved")
    return too_late


# --- The POST -------------------------------------------------------------------------------------------------


def _send(action: RunAction, client: OcpClient, deadline: float) -> None:
    """THE POST. The row is asked again just before: still sending, still ours, still in time."""
    why = halts.may_send(halts.sent_action(action))
    if why is not None:
        _refuse(action, why)
        return
    why = _why_late(deadline) or _why_not_taken(action) or _why_late(deadline)
    if why is not None:
        _refuse(action, why)
        return
    try:
        answer = _CALLS[action.kind](client, action)
    except OcpError as error:
        if isinstance(error, Unauthorized):
            endpoints.note_failure(action.run.endpoint, error, selectors.database_now())
        facts = submission.Answer(
            is_sent=error.is_sent, http_status=error.http_status, code=error.code, has_envelope=error.has_envelope
        )
        _settle(action, client, facts, error.trace_id)
    else:
        _settle(action, client, submission.Answer(http_status=answer.http_status, has_envelope=True), answer.trace_id)


def _why_late(deadline: float) -> Reason | None:
    return _TOO_LATE if time.clock_gettime(time.CLOCK_BOOTTIME) > deadline else None


def _why_not_taken(action: RunAction) -> Reason | None:
    """Note, once and durably, that this worker sends now; else why not: the row may no longer be its to send."""
    still_ours = RunAction.objects.filter(
        pk=action.pk,
        status=_S.SENDING,
        worker_token=action.worker_token,
        sent_at=None,
        intent_at__gt=Now() - timedelta(seconds=settings.SUBMIT_BUDGET_SECONDS),
    )
    with transaction.atomic(durable=True):
        if selectors.is_halted():
            return halts.IN_FORCE
        if still_ours.update(sent_at=Now()) != 1:
            return _TOO_LATE
        after = {"kind": action.kind, "task_id": action.task_ocp_id, "subtask_id": action.subtask_ocp_id}
        audit.record("run_action.post", subject=action, after=after)
    return None


# --- After it -------------------------------------------------------------------------------------------------


def _settle(action: RunAction, client: OcpClient, answer: submission.Answer, trace_id: str | None) -> None:
    """Keep the answer, then believe what OCP shows. Nothing is concluded from an answer alone but a proved no."""
    verdict, reason = run_actions.judge(answer)
    kept = {
        "is_sent": answer.is_sent,
        "http_status": answer.http_status,
        "code": answer.code,
        "trace_id": (trace_id or "")[:128],
        "is_contested": verdict is Verdict.CONTESTED,
    }
    RunAction.objects.filter(pk=action.pk).update(answer=kept, answered_at=Now())
    action = _fresh(action.pk)
    if verdict in (Verdict.REFUSED, Verdict.CONTESTED):
        actions.disown(action)
    is_read = verdict is not Verdict.REFUSED and following.refresh(action.run, client)
    try:
        _conclude(action, verdict, reason, is_read=is_read)
    except moves.TooLate:
        # The clock called it unconfirmed meanwhile: the next reads tell what became of it.
        return


def _conclude(action: RunAction, verdict: Verdict, reason: Reason, *, is_read: bool) -> None:
    is_contested = verdict is Verdict.CONTESTED
    if is_read and actions.shows_effect(action):
        actions.move(action, "finish", reason=Reason("run_action.seen_though_refused") if is_contested else None)
    elif verdict is Verdict.REFUSED or (is_contested and is_read):
        actions.move(action, "refuse", reason=reason)
    else:
        actions.move(action, "doubt", reason=reason)

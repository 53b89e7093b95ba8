"""Asking for a retry, skip or cancel of a run's subtasks, and telling by reading what became of it.

`acting` sends: asking only writes a row.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F

from upgrades import audit, live
from upgrades.models import Decision, Role, RunAction, SubtaskEvent, UpgradeRun, User
from upgrades.rules import Reason, run_actions, workflow
from upgrades.services import decisions, moves, steps

_S = workflow.RunActionStatus


def why_not_permitted(run: UpgradeRun, user: User) -> Reason | None:
    """None where `user` may ask for a retry, else why not (a 403)."""
    if not user.is_active:
        return Reason("person.inactive")
    return None if user.has_role(Role.OPERATOR, run.environment) else Reason("move.not_permitted", {"by": "operator"})


def why_not(run: UpgradeRun, kind: str, task_id: int, subtask_id: int | None) -> Reason | None:
    """None where `kind` can be asked for now, as far as OCP was read, else why not (a 409)."""
    return why_not_by_rows(run, kind, task_id, subtask_id) or why_not_known(run) or why_taken(run, task_id, subtask_id)


def why_not_by_rows(run: UpgradeRun, kind: str, task_id: int, subtask_id: int | None) -> Reason | None:
    """None where `kind` makes sense in the state that OCP last showed, else why not (a 409)."""
    target = steps.target_of(run, kind, task_id, subtask_id)
    return Reason("run_action.no_such_step") if target is None else run_actions.why_not(kind, target)


def why_not_known(run: UpgradeRun) -> Reason | None:
    """None where run and endpoint are read well: nobody acts on a picture that may be old."""
    if run.unreadable_since is not None:
        return Reason("run_action.unreadable")
    if run.endpoint.failing_since is not None or run.endpoint.breaker_opened_at is not None:
        return Reason("run_action.ocp_silent")
    return None


def why_taken(run: UpgradeRun, task_id: int, subtask_id: int | None) -> Reason | None:
    """None where nothing else is open for the subtask: a retry of a whole task is about each of its own."""
    for action in RunAction.objects.open().filter(run=run, task_ocp_id=task_id).select_related("asker"):
        if subtask_id is None or action.subtask_ocp_id in (None, subtask_id):
            words = {"kind": action.kind, "who": action.asker.username}
            return Reason("run_action.another_open", words)
    return None


def shown_hash(run: UpgradeRun, kind: str, task_id: int, subtask_id: int | None) -> str:
    """What the button was drawn on, in 64 digits: another state of these subtasks has another."""
    return decisions.evidence_hash({"marks": _marks(run, kind, task_id, subtask_id)})


def marks(run: UpgradeRun, action: RunAction) -> dict[str, Any]:
    """The marks of the subtasks that `action` is about, by id: what its effect is known by."""
    return _marks(run, action.kind, action.task_ocp_id, action.subtask_ocp_id)


def _marks(run: UpgradeRun, kind: str, task_id: int, subtask_id: int | None) -> dict[str, Any]:
    target = steps.target_of(run, kind, task_id, subtask_id)
    return {str(step.id): step.mark for step in target.steps} if target is not None else {}


def ask(*, run: UpgradeRun, kind: str, task_id: int, subtask_id: int | None, shown: str, actor: User) -> RunAction:
    """Ask for a retry, on what the page showed. A Celery worker reads OCP once more, then sends it once.

    Raises Forbidden, TooLate (OCP has moved on, the child comes first, another is open) or Invalid.
    """
    with moves.attempt("run_action.ask", actor=actor, subject=run):
        refusal = why_not_permitted(run, actor)
        if refusal is not None:
            raise moves.Forbidden(refusal)
        if kind not in run_actions.BY_ONE:
            raise moves.Invalid(Reason("form.kind_unknown"), "kind")
        row = locked(run.pk)
        too_late = why_not(row, kind, task_id, subtask_id)
        if too_late is not None:
            raise moves.TooLate(too_late)
        if shown_hash(row, kind, task_id, subtask_id) != shown:
            raise moves.TooLate(Reason("decision.evidence_moved"))
        return insert(row, kind, task_id, subtask_id, actor)


def locked(run_id: int) -> UpgradeRun:
    """The run, held until commit: no read is written, and no other action asked for, meanwhile."""
    UpgradeRun.objects.select_for_update().get(pk=run_id)
    return UpgradeRun.objects.select_related("endpoint", "change_request__cluster").get(pk=run_id)


def insert(
    run: UpgradeRun, kind: str, task_id: int, subtask_id: int | None, actor: User, decision: Decision | None = None
) -> RunAction:
    """The row of an action, in the caller's transaction that holds the run. Raises TooLate where one is open."""
    target = steps.target_of(run, kind, task_id, subtask_id)
    name = target.steps[0].name if target is not None and target.steps and subtask_id is not None else ""
    values: dict[str, Any] = {"task_ocp_id": task_id, "subtask_ocp_id": subtask_id, "name": name}
    values["before"] = _marks(run, kind, task_id, subtask_id)
    try:
        with transaction.atomic():
            action = RunAction.objects.create(run=run, kind=kind, asker=actor, decision=decision, **values)
    except IntegrityError as error:
        raise moves.TooLate(Reason("run_action.another_open", {"kind": kind, "who": ""})) from error
    action.refresh_from_db()
    after = {"kind": kind, "task_id": task_id, "subtask_id": subtask_id, "name": name}
    audit.record("run_action.ask", actor=actor, subject=action, after=after)
    tell(run)
    transaction.on_commit(live.ring)
    return action


def tell(run: UpgradeRun) -> None:
    """Let open pages know that something about the run's actions moved."""
    UpgradeRun.objects.filter(pk=run.pk).update(version=F("version") + 1)
    version = UpgradeRun.objects.values_list("version", flat=True).get(pk=run.pk)
    transaction.on_commit(lambda: live.publish(run.pk, version))


def move(
    action: RunAction,
    name: str,
    *,
    reason: Reason | None = None,
    fields: Mapping[str, Any] | None = None,
    where: Mapping[str, Any] | None = None,
) -> None:
    """Move `action` and tell the page, in one transaction. Raises TooLate where the row has moved on."""
    with transaction.atomic():
        # The run's row first, as a read of OCP takes it: two that wait for each other's would end in a deadlock.
        tell(action.run)
        trace_id = (action.answer or {}).get("trace_id")
        moves.move(action, name, reason=reason, fields=fields, where=where, trace_id=trace_id)


def shows_effect(action: RunAction) -> bool:
    """Whether the rows, as OCP was last read, show what was asked."""
    return run_actions.shows_effect(action.kind, action.before, steps.of_task(action.run, action.task_ocp_id))


def settle_seen(run: UpgradeRun, at: datetime) -> None:
    """After a read that began at `at`, in its transaction: end what OCP shows by now, or does not show in time."""
    rows = RunAction.objects.filter(run=run, status=_S.UNCONFIRMED).select_related("run__change_request__cluster")
    for action in rows:
        try:
            if shows_effect(action):
                move(action, "finish", reason=_seen(action))
            elif action.intent_at is not None and at >= action.intent_at + lapse_after():
                move(action, "lapse", reason=Reason("run_action.never_seen"))
        except moves.TooLate:
            continue


def lapse_after() -> timedelta:
    """How long an action is waited for."""
    return timedelta(seconds=settings.ACTION_LAPSE_SECONDS)


def _seen(action: RunAction) -> Reason | None:
    """Why it needs a word that OCP shows the effect: where OCP had said no to us."""
    return Reason("run_action.seen_though_refused") if is_contested(action) else None


def is_contested(action: RunAction) -> bool:
    """Whether OCP answered that the subtask is in another state."""
    return bool((action.answer or {}).get("is_contested"))


def action_behind(run: UpgradeRun, task_id: int, subtask_id: int, act: str) -> RunAction | None:
    """Our action that a change seen as `act` comes from; None where somebody did it in OCP."""
    waiting = RunAction.objects.filter(
        run=run, status__in=[_S.SENDING, _S.UNCONFIRMED], task_ocp_id=task_id, sent_at__isnull=False
    )
    for action in waiting:
        is_meant = str(subtask_id) in action.before and run_actions.is_act_of(action.kind, act)
        if is_meant and not is_contested(action):
            return action
    return None


def disown(action: RunAction) -> None:
    """OCP refused `action`: what was seen meanwhile was somebody else's doing."""
    SubtaskEvent.objects.filter(action=action).update(action=None)

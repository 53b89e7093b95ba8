"""Asking for a retry, skip or cancel of a run at the look-alike, and what came of it."""

from django.utils import timezone

from tests import followed, scenes
from tests.followed import child_of, fresh
from upgrades.models import AuditEvent, RunAction
from upgrades.services import acting, decisions, run_actions, step_decisions


def acts(look_alike):
    """The POSTs about tasks that reached OCP's port."""
    rows = followed.requests_of(look_alike)
    return [row["path"] for row in rows if row["method"] == "POST" and "/tasks/instances/" in row["path"]]


def failed_of(task):
    return task.subtasks.get(status="FAILED")


def child_step(run):
    child = child_of(run)
    return child.ocp_id, failed_of(child).ocp_id


def wait_step(run):
    parent = run.task_instances.get(kind="parent")
    return parent.ocp_id, failed_of(parent).ocp_id


def ask(run, step, person, kind="retry"):
    run = fresh(run)
    shown = run_actions.shown_hash(run, kind, *step)
    return run_actions.ask(run=run, kind=kind, task_id=step[0], subtask_id=step[1], shown=shown, actor=person)


def act(action):
    RunAction.objects.filter(pk=action.pk).update(due_at=timezone.now())
    acting.act(action.pk)
    action.refresh_from_db()
    return action


def propose(run, kind, step, person, **over):
    run = fresh(run)
    shown = decisions.evidence_hash(step_decisions.evidence(run, kind, *step))
    given = {"purpose": "The server is gone for good.", "cluster_name": scenes.CLUSTER, "evidence_hash": shown} | over
    return step_decisions.propose(run=run, kind=kind, task_id=step[0], subtask_id=step[1], actor=person, **given)


def confirm(decision, person, **over):
    given = {"evidence_hash": decision.evidence_hash, "is_read": True, "cluster_name": scenes.CLUSTER} | over
    return step_decisions.confirm(decision=decision, actor=person, **given)


def states(action):
    rows = AuditEvent.objects.filter(
        action__startswith="run_action.", subject_type="runaction", subject_id=str(action.pk)
    ).order_by("pk")
    return [row.action.partition(".")[2] for row in rows]

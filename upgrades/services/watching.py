"""Finished is not forgotten: tasks of runs that ended are looked for among OCP's RUNNING ones."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q

from upgrades.models import ClusterHold, Endpoint, TaskInstance, UpgradeRun
from upgrades.ocp.types import TaskInstance as OcpTask
from upgrades.rules import Reason, workflow
from upgrades.services import runs

_MOVED = "alarm.moved_after_end"
_AFTER_END = (workflow.RunStatus.VERIFYING, workflow.RunStatus.DISAGREES)


def watch_finished(endpoint: Endpoint, running: Iterable[OcpTask], *, read_at: datetime) -> None:
    """Raise an alarm, with its hold, for each run past its end of which a task runs, parent or child.

    `running`: OCP's whole list of RUNNING tasks, read at `read_at` or later by the database's clock. A read that
    began before the run ended proves nothing. A run is watched until a later upgrade of its cluster is verified.
    """
    by_id = {task.id: task for task in running}
    for run, task_ids in _ended_with(endpoint, by_id, read_at):
        moving = sorted(task_id for task_id in task_ids if _is_on(by_id[task_id], run))
        if moving and not _is_standing(run):
            task_id = min(moving, key=lambda moved: (moved != run.ocp_task_id, moved))
            # The moment is part of the reason: when it moves again after the hold went, that is a new alarm.
            runs.raise_alarm(run, Reason(_MOVED, {"task_id": task_id, "status": run.status, "at": read_at.isoformat()}))


def stop_watching_earlier(run: UpgradeRun) -> None:
    """A verified upgrade ends the watch over earlier runs of its clusters; in the caller's transaction."""
    earlier = UpgradeRun.objects.filter(endpoint=run.endpoint_id, cluster_ocp_id__in=run.affected_ocp_ids)
    earlier = earlier.filter(intent_at__lt=run.intent_at, status__in=workflow.RUN_FINAL, is_watched_after_end=True)
    earlier.update(is_watched_after_end=False)


def _ended_with(endpoint: Endpoint, by_id: dict[int, OcpTask], read_at: datetime) -> list[tuple[UpgradeRun, list[int]]]:
    """Runs that ended before the read and still have the word, each with those of their tasks that run."""
    ended = Q(status__in=_AFTER_END) | Q(status__in=workflow.RUN_FINAL, is_watched_after_end=True)
    rows = UpgradeRun.objects.filter(ended, endpoint=endpoint, status_at__lt=read_at)
    tasks = TaskInstance.objects.filter(run__in=rows, ocp_id__in=by_id).exclude(kind=TaskInstance.Kind.POSSIBLE)
    found: dict[int, set[int]] = {}
    for run_id, task_id in tasks.values_list("run_id", "ocp_id"):
        found.setdefault(run_id, set()).add(task_id)
    for run in rows.filter(ocp_task_id__in=by_id):
        found.setdefault(run.pk, set()).add(run.ocp_task_id or 0)
    return [(run, sorted(found[run.pk])) for run in rows.filter(pk__in=found).select_related("endpoint")]


def _is_on(task: OcpTask, run: UpgradeRun) -> bool:
    """After a restore of OCP an id may belong to another cluster's task."""
    return task.cluster_id is None or task.cluster_id in run.affected_ocp_ids


def _is_standing(run: UpgradeRun) -> bool:
    """Whether this alarm was raised already and its clusters are still held."""
    if run.alarm is None or run.alarm.get("code") != _MOVED:
        return False
    clusters = ClusterHold.objects.filter(cluster__endpoint=run.endpoint_id, cluster__ocp_id__in=run.affected_ocp_ids)
    return clusters.exists()

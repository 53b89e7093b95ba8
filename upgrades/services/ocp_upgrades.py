"""The upgrades that OCP shows of a cluster; one that nobody asked for here is told once, in the audit trail."""

from collections.abc import Iterable, Sequence
from typing import Any

from upgrades import audit
from upgrades.models import Cluster, UpgradeRun
from upgrades.ocp import types, words
from upgrades.rules import workflow

# Every read of the list of clusters loads them.
_KEPT = 10
_UNSURE = "is_unsure"

Row = dict[str, Any]


def mirrored(cluster: Cluster, tasks: Sequence[types.TaskInstance], before: Iterable[Row]) -> list[Row]:
    """Return the upgrade parents among `tasks`, newest first, as a reader of the cluster's history is told of them.

    before: the rows that this returned for the last read of OCP. What they did not have, no run is bound to and began
    since the endpoint is registered, somebody began in OCP itself: an audit event, in the caller's transaction. While
    a run of this cluster is in doubt nobody knows whose an upgrade is, and a later read tells.
    """
    parents = {task.id: task for task in tasks if words.is_upgrade_parent(task)}
    newest = sorted(parents.values(), key=lambda task: (_started(task), task.id), reverse=True)[:_KEPT]
    rows = {task.id: _row(task) for task in newest}
    foreign = _foreign(cluster, newest, {row["task_id"] for row in before if not row.get(_UNSURE)})
    is_unsure = bool(foreign) and _is_in_doubt(cluster)
    for task in foreign:
        if is_unsure or task.start_time is None:
            rows[task.id][_UNSURE] = True
        else:
            audit.record("cluster.foreign_upgrade", subject=cluster, after=rows[task.id])
    return list(rows.values())


def _foreign(cluster: Cluster, parents: Sequence[types.TaskInstance], known_ids: set[int]) -> list[types.TaskInstance]:
    fresh = [task for task in parents if task.id not in known_ids]
    if not fresh:
        return []
    runs = UpgradeRun.objects.filter(endpoint=cluster.endpoint_id, ocp_task_id__in=[task.id for task in fresh])
    bound = set(runs.values_list("ocp_task_id", flat=True))
    since = cluster.endpoint.created_at
    return [task for task in fresh if task.id not in bound and (task.start_time is None or task.start_time >= since)]


def _is_in_doubt(cluster: Cluster) -> bool:
    runs = UpgradeRun.objects.filter(endpoint=cluster.endpoint_id, status__in=workflow.RUN_IN_DOUBT)
    return any(cluster.ocp_id in run.affected_ocp_ids for run in runs)


def _row(task: types.TaskInstance) -> Row:
    return {
        "task_id": task.id,
        "status": task.status[:64],
        "operation": words.operation_of(task)[:64],
        "creator_name": task.creator_name[:100],
        "started_at": _started(task),
    }


def _started(task: types.TaskInstance) -> str:
    """In UTC, so that texts compare as times do; "" where OCP does not tell."""
    return task.start_time.isoformat(timespec="seconds") if task.start_time else ""

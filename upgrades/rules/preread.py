"""Whether what OCP shows just before a submission lets it through. Anything missing blocks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from upgrades.rules import Reason

# Types of tasks that OCP starts by itself (ocp-api: SYS_ONECE, SYS_SCHEDULED, SCHEDULED). Any other
# type, an unknown one too, counts as somebody's maintenance.
_HARMLESS = ("SYS_", "SCHEDULED")


@dataclass(frozen=True, slots=True)
class TaskFact:
    """One task of an affected cluster. `type` is "" where OCP did not tell it."""

    task_id: int
    cluster_id: int | None
    name: str
    status: str
    type: str
    creator_name: str
    started_at: datetime | None
    is_parent: bool


@dataclass(frozen=True, slots=True)
class ClusterFact:
    """An affected cluster as just read; `status` "" where OCP's list no longer has it."""

    ocp_id: int
    name: str
    status: str


def why_blocked(
    clusters: Iterable[ClusterFact],
    tasks: Collection[TaskFact],
    *,
    account_name: str,
    approved_at: datetime,
    bound_ids: Collection[int],
) -> Reason | None:
    """None when the start may go on, else the first reason that blocks it.

    `approved_at` is on OCP's clock. An upgrade by our own account that we know nothing of means that
    our database may be older than OCP: that blocks too.
    """
    for cluster in clusters:
        if cluster.status != "RUNNING":
            return Reason("start.cluster_not_running", {"cluster": cluster.name, "status": cluster.status})
    for task in tasks:
        if task.status == "RUNNING" and (task.is_parent or not task.type.startswith(_HARMLESS)):
            return Reason("start.task_running", {"task_id": task.task_id, "name": task.name})
    for task in tasks:
        if _is_unknown_of_ours(task, account_name, approved_at, bound_ids):
            return Reason("start.unknown_upgrade_of_ours", {"task_id": task.task_id})
    return None


def _is_unknown_of_ours(task: TaskFact, account_name: str, approved_at: datetime, bound_ids: Collection[int]) -> bool:
    if not task.is_parent or task.creator_name != account_name or task.task_id in bound_ids:
        return False
    return task.started_at is None or task.started_at > approved_at


def failed_leftovers(tasks: Collection[TaskFact], cluster_id: int, known: Collection[int] = ()) -> list[int]:
    """Ids of FAILED upgrade parents newer than the cluster's last SUCCESSFUL one, sorted.

    They do not block a start; they are part of the plan, so that voters see them. `known` are those of an earlier
    read: one that the newest `tasks` no longer reach stays until they show a SUCCESSFUL one.
    """
    parents = sorted(
        (task for task in tasks if task.is_parent and task.cluster_id == cluster_id and task.started_at),
        key=lambda task: (task.started_at is not None and task.started_at.timestamp()) or 0.0,
        reverse=True,
    )
    found: set[int] = set()
    for task in parents:
        if task.status == "SUCCESSFUL":
            return sorted(found)
        if task.status == "FAILED":
            found.add(task.task_id)
    return sorted(found | (set(known) - {task.task_id for task in tasks}))

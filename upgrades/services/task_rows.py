"""OCP's tasks as rows: task instances and subtasks upserted in one statement each, changes kept as events."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from upgrades import audit
from upgrades.models import Subtask, SubtaskEvent, TaskInstance, UpgradeRun
from upgrades.ocp import types
from upgrades.rules import Reason, dag
from upgrades.rules.run_actions import act_seen
from upgrades.services import run_actions, steps
from upgrades.services.children import Child

_TASK_COLUMNS = (
    "kind",
    "hop",
    "name",
    "status",
    "operation",
    "type",
    "creator_name",
    "cluster_ocp_id",
    "created_in_ocp_at",
    "started_at",
    "finished_at",
    "topology_hash",
)
_SUBTASK_COLUMNS = (
    "name",
    "description",
    "status",
    "operation",
    "upstreams",
    "downstreams",
    "run_time",
    "timeout",
    "series_id",
    "parallel_idx",
    "executor",
    "started_at",
    "finished_at",
    "is_rollback_prohibited",
)
_NOT_YET = ("PENDING", "READY")


def store(run: UpgradeRun, found: Sequence[Child], *, observation: int, at: datetime) -> bool:
    """Write the tasks of one read, in the caller's transaction that holds the run's row; return whether any changed.

    Subtasks that a read no longer shows stay. A possible child keeps no subtasks: it is never drawn.
    """
    known = {row.ocp_id: row for row in TaskInstance.objects.filter(run=run)}
    rows = [_task_row(run, child, known, observation=observation, at=at) for child in found]
    is_changed = any(_differs(row, known.get(row.ocp_id), _TASK_COLUMNS) for row in rows)
    TaskInstance.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["run", "ocp_id"],
        update_fields=[*_TASK_COLUMNS, "observation", "observed_at"],
    )
    _record_bindings(run, rows, known)
    drawn = [(row, child.task) for row, child in zip(rows, found, strict=True) if row.kind != "possible"]
    return _store_subtasks(run, drawn, at) or is_changed


def _task_row(
    run: UpgradeRun, child: Child, known: Mapping[int, TaskInstance], *, observation: int, at: datetime
) -> TaskInstance:
    task = child.task
    kind, hop = _place(child, known)
    return TaskInstance(
        run=run,
        ocp_id=task.id,
        kind=kind,
        hop=hop,
        name=task.name[:500],
        status=task.status[:64],
        operation=task.operation[:64],
        type=task.type[:64],
        creator_name=task.creator_name[:255],
        cluster_ocp_id=task.cluster_id,
        created_in_ocp_at=task.create_time,
        started_at=task.start_time,
        finished_at=task.finish_time,
        topology_hash=_topology_hash(task) if kind != "possible" else "",
        observation=observation,
        observed_at=at,
    )


def _place(child: Child, known: Mapping[int, TaskInstance]) -> tuple[str, int | None]:
    """Kind and hop. A bound child stays bound, and a hop that has one takes no second."""
    before = known.get(child.task.id)
    if before is not None and before.kind == "child":
        return before.kind, before.hop
    is_taken = any(row.kind == "child" and row.hop == child.hop for row in known.values())
    if child.kind == "child" and is_taken:
        return "possible", child.hop
    return child.kind, child.hop


def _topology_hash(task: types.TaskInstance) -> str:
    links = (
        dag.Links(
            dag.Node(str(subtask.id), subtask.name),
            upstreams=tuple(map(str, subtask.upstreams)),
            downstreams=tuple(map(str, subtask.downstreams)),
        )
        for subtask in task.subtasks
    )
    return dag.topology_hash(dag.graph_of(links))


def _differs(row: Any, before: Any, columns: Iterable[str]) -> bool:
    return before is None or any(getattr(row, column) != getattr(before, column) for column in columns)


def _record_bindings(run: UpgradeRun, rows: Iterable[TaskInstance], known: Mapping[int, TaskInstance]) -> None:
    for row in rows:
        before = known.get(row.ocp_id)
        if row.kind == "child" and (before is None or before.kind != "child"):
            reason = Reason("run.child_bound", {"task_id": row.ocp_id, "hop": (row.hop or 0) + 1})
            audit.record("run.bind_child", subject=run, reason=reason, after={"task_id": row.ocp_id, "hop": row.hop})


def _store_subtasks(run: UpgradeRun, drawn: Sequence[tuple[TaskInstance, types.TaskInstance]], at: datetime) -> bool:
    tasks = [row for row, _task in drawn]
    known = {(row.task_instance_id, row.ocp_id): row for row in Subtask.objects.filter(task_instance__in=tasks)}
    changed: list[Subtask] = []
    events: list[SubtaskEvent] = []
    for task_row, task in drawn:
        for subtask in task.subtasks:
            row = _subtask_row(task_row, subtask)
            before = known.get((task_row.pk, subtask.id))
            if _differs(row, before, _SUBTASK_COLUMNS):
                changed.append(row)
            if _is_event(row, before):
                events.append(_event(run, task_row, row, before, at))
    if changed:
        Subtask.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["task_instance", "ocp_id"],
            update_fields=list(_SUBTASK_COLUMNS),
        )
    SubtaskEvent.objects.bulk_create(events)
    return bool(changed)


def _subtask_row(task_row: TaskInstance, subtask: types.Subtask) -> Subtask:
    return Subtask(
        task_instance=task_row,
        ocp_id=subtask.id,
        name=subtask.name[:500],
        description=subtask.description[:500],
        status=subtask.status[:64],
        operation=subtask.operation[:64],
        upstreams=list(subtask.upstreams),
        downstreams=list(subtask.downstreams),
        run_time=subtask.run_time,
        timeout=subtask.timeout,
        series_id=subtask.series_id,
        parallel_idx=subtask.parallel_idx,
        executor=subtask.executor[:255],
        started_at=subtask.start_time,
        finished_at=subtask.finish_time,
        is_rollback_prohibited=subtask.prohibit_rollback,
    )


def _is_event(row: Subtask, before: Subtask | None) -> bool:
    """Whether the timeline tells of it: a change, or a first sight of something that has begun already."""
    if before is None:
        return row.status not in _NOT_YET
    return _differs(row, before, ("status", "operation", "run_time"))


def _event(run: UpgradeRun, task_row: TaskInstance, row: Subtask, before: Subtask | None, at: datetime) -> SubtaskEvent:
    act = act_seen(steps.step_of(before) if before is not None else None, steps.step_of(row))
    return SubtaskEvent(
        run=run,
        act=act,
        action=run_actions.action_behind(run, task_row.ocp_id, row.ocp_id, act) if act else None,
        task_ocp_id=task_row.ocp_id,
        subtask_ocp_id=row.ocp_id,
        name=row.name,
        seen_at=at,
        status_before=before.status if before is not None else "",
        status_after=row.status,
        operation_before=before.operation if before is not None else "",
        operation_after=row.operation,
        run_time=row.run_time,
    )

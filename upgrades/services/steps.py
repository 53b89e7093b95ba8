"""Subtasks of a run as the rules of run actions need them: their states, and the children they wait for."""

from collections.abc import Iterable
from datetime import datetime

from upgrades.models import Subtask, TaskInstance, UpgradeRun
from upgrades.ocp import words
from upgrades.rules import hops
from upgrades.rules.run_actions import Child, Kind, Step, Target


def target_of(run: UpgradeRun, kind: str, task_id: int, subtask_id: int | None) -> Target | None:
    """What `kind` would be about, from the rows as last read; None where the run has no such subtask.

    A possible child is not the run's: nothing is asked of it.
    """
    drawn = run.task_instances.exclude(kind=TaskInstance.Kind.POSSIBLE).prefetch_related("subtasks")
    tasks = {task.ocp_id: task for task in drawn}
    task = tasks.get(task_id)
    if task is None or (subtask_id is None) != (kind == Kind.RETRY_TASK):
        return None
    rows = [row for row in task.subtasks.all() if _is_meant(row, subtask_id)]
    if subtask_id is not None and not rows:
        return None
    return Target(
        run_status=run.status,
        task_id=task.ocp_id,
        task_status=task.status,
        task_operation=task.operation,
        steps=tuple(step_of(row) for row in rows),
        children=tuple(_children(task, rows, tasks.values())),
    )


def _is_meant(row: Subtask, subtask_id: int | None) -> bool:
    return row.ocp_id == subtask_id if subtask_id is not None else row.status == "FAILED"


def of_task(run: UpgradeRun, task_id: int) -> tuple[Step, ...]:
    """Every subtask of one of the run's tasks, from the rows as last read."""
    rows = Subtask.objects.filter(task_instance__run=run, task_instance__ocp_id=task_id)
    return tuple(step_of(row) for row in rows)


def step_of(row: Subtask) -> Step:
    """A row as the rules read it."""
    return Step(
        id=row.ocp_id,
        name=row.name,
        status=row.status,
        operation=row.operation,
        run_time=row.run_time,
        started_at=_text(row.started_at),
        finished_at=_text(row.finished_at),
    )


def _text(at: datetime | None) -> str:
    return "" if at is None else at.isoformat()


def _children(task: TaskInstance, rows: Iterable[Subtask], tasks: Iterable[TaskInstance]) -> Iterable[Child]:
    """The bound children that subtasks of the parent wait for."""
    if task.kind != TaskInstance.Kind.PARENT:
        return
    meant = {row.ocp_id for row in rows}
    links = [_Link(row) for row in task.subtasks.all()]
    found = hops.hops(links, submit=words.SUBMIT_SUBTASK, wait=words.WAIT_SUBTASK)
    waited = {hop.index for hop in found if hop.wait_id in meant}
    for child in tasks:
        if child.kind == TaskInstance.Kind.CHILD and child.hop in waited:
            failed = tuple(row.name for row in child.subtasks.all() if row.status == "FAILED")
            yield Child(child.ocp_id, child.status, failed)


class _Link:
    """A row under the names that the rules of hops read."""

    def __init__(self, row: Subtask) -> None:
        self.id: int = row.ocp_id
        self.name: str = row.name
        self.status: str = row.status
        self.upstreams: list[int] = row.upstreams
        self.downstreams: list[int] = row.downstreams
        self.start_time: datetime | None = row.started_at
        self.finish_time: datetime | None = row.finished_at

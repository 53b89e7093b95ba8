"""What a person does to a task: retry, skip, cancel, roll back. Wrong states are refused with OCP's codes."""

from upgrades.simulator.engine import Engine
from upgrades.simulator.errors import Refusal
from upgrades.simulator.records import Subtask, Task


def retry(engine: Engine, task_id: int) -> Task:
    """Run every FAILED subtask of a FAILED task again."""
    task = _failed(engine, task_id)
    if task.operation == "ROLLBACK":
        raise Refusal("TSK10007", task.id, f"{task.status} {task.operation}")
    at = engine.now()
    for subtask in task.subtasks:
        if subtask.status == "FAILED":
            subtask.run_time += 1
            engine.ready(task, subtask, "RETRY", at)
    task.operation = "RETRY"
    _reopen(engine, task)
    return task


def rollback(engine: Engine, task_id: int) -> Task:
    """Walk a FAILED task back from downstream to upstream, unless a started subtask forbids it."""
    task = _failed(engine, task_id)
    if task.prohibit_rollback:
        raise Refusal("TSK10009", task.id)
    at = engine.now()
    task.operation = "ROLLBACK"
    for subtask in task.subtasks:
        if subtask.status == "FAILED":
            engine.ready(task, subtask, "ROLLBACK", at)
    _reopen(engine, task)
    return task


def retry_subtask(engine: Engine, task_id: int, subtask_id: int) -> Subtask:
    """Run one FAILED subtask again."""
    task, subtask = _failed_subtask(engine, task_id, subtask_id, "TSK10017")
    if subtask.operation == "ROLLBACK":
        raise Refusal("TSK10017", "ROLLBACK", "EXECUTE")
    engine.ready(task, subtask, "RETRY", engine.now())
    _reopen(engine, task)
    return subtask


def skip(engine: Engine, task_id: int, subtask_id: int) -> None:
    """Let one FAILED subtask count as done, its work undone."""
    task, subtask = _failed_subtask(engine, task_id, subtask_id, "TSK10010")
    operation = "ROLLBACK_SKIP" if task.operation == "ROLLBACK" else "SKIP"
    engine.ready(task, subtask, operation, engine.now())
    _reopen(engine, task)


def cancel(engine: Engine, task_id: int, subtask_id: int) -> None:
    """Stop one RUNNING subtask; it ends FAILED."""
    task = engine.world.task(task_id)
    subtask = _subtask(task, subtask_id)
    if subtask.status != "RUNNING":
        raise Refusal("TSK10017", subtask.status, "RUNNING")
    subtask.status = "CANCELING"
    subtask.attempts[-1].notes.append("TSK10014: the subtask was cancelled")
    gap = engine.world.dice("cancel", subtask.id, subtask.run_time).uniform(1.0, 3.0)
    engine.schedule(task, subtask, engine.now().engine + gap)


def end_foreign(engine: Engine, task_id: int, status: str) -> Task:
    """End a foreign task now, SUCCESSFUL or FAILED."""
    task = engine.world.task(task_id)
    at = engine.now()
    for subtask in task.subtasks:
        if subtask.status != "SUCCESSFUL":
            subtask.due = None
            subtask.status = status
            subtask.started_at = subtask.started_at or at.wall
            subtask.finished_at = at.wall
    engine.finish(task, status, at)
    return task


def _reopen(engine: Engine, task: Task) -> None:
    task.status = "RUNNING"
    task.finished_at = 0.0
    engine.world.touch(task)


def _failed(engine: Engine, task_id: int) -> Task:
    task = engine.world.task(task_id)
    if task.status != "FAILED":
        raise Refusal("TSK10016", task.id, "FAILED")
    return task


def _failed_subtask(engine: Engine, task_id: int, subtask_id: int, code: str) -> tuple[Task, Subtask]:
    task = engine.world.task(task_id)
    subtask = _subtask(task, subtask_id)
    if subtask.status != "FAILED":
        arguments = (subtask.id,) if code == "TSK10010" else (subtask.status, "FAILED")
        raise Refusal(code, *arguments)
    return task, subtask


def _subtask(task: Task, subtask_id: int) -> Subtask:
    subtask = task.subtask(subtask_id)
    if subtask is None:
        raise Refusal("TSK10001", subtask_id)
    return subtask

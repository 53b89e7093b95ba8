"""The engine: moves subtasks from PENDING to their end, at the moments that are due.

Rules follow ocp-express' task service: a subtask is READY when its upstreams are SUCCESSFUL; one that FAILED
lets those already taken finish, then the task is FAILED; a rollback walks from downstream to upstream.
Nothing here waits: `catch_up()` does all that has become due since it was last called.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass

from upgrades.simulator import dag, effects, steps
from upgrades.simulator.clock import Clock
from upgrades.simulator.records import Attempt, Subtask, Task
from upgrades.simulator.state import World

_MOST_ACTIVE = 10
_ACTIVE = ("READY", "RUNNING", "CANCELING")
_UNDOING = ("ROLLBACK", "ROLLBACK_SKIP")
_SKIPPING = ("SKIP", "ROLLBACK_SKIP")
_SKIP_SECONDS = 0.3
_EXECUTOR = "10.24.0.10"


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment, as engine seconds and as wall time."""

    engine: float
    wall: float


class Engine:
    """Runs the tasks of a world. Every call needs the world's lock."""

    def __init__(self, world: World, clock: Clock) -> None:
        self.world = world
        self.clock = clock
        self.on_run: Callable[[Task, Subtask], None] = lambda task, subtask: None
        self._heap: list[tuple[float, int, int]] = []
        for task in world.tasks.values():
            for subtask in task.subtasks:
                self._push(task, subtask)

    def now(self) -> Moment:
        """Return the present moment."""
        engine_at = self.clock.now()
        return Moment(engine_at, self.clock.wall(engine_at))

    def catch_up(self) -> None:
        """Do everything that is due by now, in the order it became due."""
        now = self.clock.now()
        while self._heap and self._heap[0][0] <= now:
            due, subtask_id, task_id = heapq.heappop(self._heap)
            task = self.world.tasks.get(task_id)
            subtask = task.subtask(subtask_id) if task else None
            if task and subtask and subtask.due == due:
                self._strike(task, subtask, Moment(due, self.clock.wall(due)))
        self.world.engine_at = now

    def wall_seconds_to_next(self) -> float | None:
        """Return wall seconds until something is due; None while nothing is or the engine stands still."""
        if not self._heap or self.clock.speed <= 0:
            return None
        return max(0.0, self.clock.wall_seconds(self._heap[0][0] - self.clock.now()))

    def begin(self, task: Task, at: Moment) -> None:
        """Take in a new task and run its first subtask at once."""
        task.executor = _EXECUTOR
        self.world.add_task(task)
        for subtask in task.subtasks:
            if not subtask.upstreams:
                self._run(task, subtask, at)

    def ready(self, task: Task, subtask: Subtask, operation: str, at: Moment) -> None:
        """Make a subtask READY; a worker takes it at the next tick of OCP's scheduler."""
        subtask.status = "READY"
        subtask.operation = operation
        gap = self.world.dice("gap", subtask.id, subtask.run_time, operation).uniform(0.6, 1.2)
        self.schedule(task, subtask, at.engine + gap)

    def schedule(self, task: Task, subtask: Subtask, due: float) -> None:
        """Let a subtask take its next move when engine time is `due`."""
        subtask.due = due
        self._push(task, subtask)
        self.world.touch(task)

    def settle(self, task: Task, at: Moment) -> None:
        """After a subtask moved: take the next ones, or end the task."""
        self.world.touch(task)
        is_failed = any(subtask.status == "FAILED" for subtask in task.subtasks)
        is_active = any(subtask.status in _ACTIVE for subtask in task.subtasks)
        goal = "PENDING" if task.operation == "ROLLBACK" else "SUCCESSFUL"
        if is_failed and not is_active:
            self.finish(task, "FAILED", at)
        elif all(subtask.status == goal for subtask in task.subtasks):
            self.finish(task, "SUCCESSFUL", at)
        elif not is_failed and task.operation == "ROLLBACK":
            self._take_back(task, at)
        elif not is_failed:
            self._take_next(task, at)

    def finish(self, task: Task, status: str, at: Moment) -> None:
        """End a task, and let the parent that waits for it see so."""
        task.status = status
        task.finished_at = at.wall
        self.world.touch(task)
        parent = self.world.tasks.get(task.parent_id)
        if parent is None or task.id not in parent.children:
            return
        hop = parent.children.index(task.id)
        for subtask in parent.subtasks:
            if subtask.name == steps.WAIT and subtask.hop == hop and subtask.status == "RUNNING":
                self.schedule(parent, subtask, at.engine + subtask.work)

    def _push(self, task: Task, subtask: Subtask) -> None:
        if subtask.due is not None:
            heapq.heappush(self._heap, (subtask.due, subtask.id, task.id))

    def _strike(self, task: Task, subtask: Subtask, at: Moment) -> None:
        subtask.due = None
        match subtask.status:
            case "READY":
                self._run(task, subtask, at)
            case "RUNNING":
                self._end(task, subtask, at)
            case "CANCELING":
                subtask.operation = "CANCEL"
                self._stop(subtask, "FAILED", at)
                self.settle(task, at)

    def _run(self, task: Task, subtask: Subtask, at: Moment) -> None:
        is_skip = subtask.operation in _SKIPPING
        subtask.status = "RUNNING"
        subtask.started_at, subtask.finished_at = at.wall, 0.0
        subtask.executor = _EXECUTOR
        subtask.is_doomed = not is_skip and self.world.takes_failure(subtask.name, task.cluster_id)
        if subtask.prohibit_rollback and not is_skip:
            self._forbid_rollback(task)
        planned = self._planned(task, subtask, is_skip=is_skip)
        subtask.attempts.append(Attempt(subtask.operation, at.wall, at.engine, planned or 0.0))
        self.world.touch(task)
        if planned is not None:
            self.schedule(task, subtask, at.engine + planned)
        self.on_run(task, subtask)

    def _forbid_rollback(self, task: Task) -> None:
        for bound in (task, self.world.tasks.get(task.parent_id)):
            if bound is not None and not bound.prohibit_rollback:
                bound.prohibit_rollback = True
                self.world.touch(bound)

    def _planned(self, task: Task, subtask: Subtask, *, is_skip: bool) -> float | None:
        """Return the length of a run in engine seconds; None where it ends with another task."""
        if is_skip:
            return _SKIP_SECONDS
        if subtask.is_doomed:
            return min(subtask.work, subtask.timeout) * 0.6
        if subtask.work > subtask.timeout:
            return float(subtask.timeout)
        if subtask.operation == "ROLLBACK":
            return subtask.work * 0.2
        if subtask.name == steps.WAIT:
            child = self._child(task, subtask)
            return None if child and child.status == "RUNNING" else subtask.work
        return subtask.work

    def _child(self, task: Task, subtask: Subtask) -> Task | None:
        return self.world.tasks.get(task.children[subtask.hop]) if task.kind == "parent" else None

    def _end(self, task: Task, subtask: Subtask, at: Moment) -> None:
        if subtask.is_doomed or _is_too_slow(subtask) or self._waited_in_vain(task, subtask):
            self._stop(subtask, "FAILED", at)
        elif subtask.operation in _UNDOING:
            if subtask.operation == "ROLLBACK":
                effects.rolled_back(self.world, task, subtask, at.wall)
            self._stop(subtask, "PENDING", at)
        else:
            if subtask.operation != "SKIP":
                self._succeed(task, subtask, at)
            self._stop(subtask, "SUCCESSFUL", at)
        self.settle(task, at)

    def _waited_in_vain(self, task: Task, subtask: Subtask) -> bool:
        if subtask.name != steps.WAIT or task.kind != "parent" or subtask.operation in (*_UNDOING, "SKIP"):
            return False
        child = self._child(task, subtask)
        is_well = child is not None and child.status == "SUCCESSFUL" and child.operation != "ROLLBACK"
        state = f"task_instance_id={child.id}, status={child.status}" if child else "no dag was submitted"
        subtask.attempts[-1].notes.append(f"Wait dag finished, {state}")
        return not is_well

    def _succeed(self, task: Task, subtask: Subtask, at: Moment) -> None:
        if subtask.name != steps.SUBMIT or task.kind != "parent":
            effects.succeeded(self.world, task, subtask, at.wall)
            return
        order = tuple(task.lists.get("zone_order", ()))
        options = dag.Options(freezes=task.strings.get("freeze_server") == "true", zone_order=order)
        child = dag.child(self.world, task, subtask.hop, options, at.wall)
        task.children[subtask.hop] = child.id
        subtask.attempts[-1].notes.append(f"Submit dag success, dag={child.name}, task_instance_id={child.id}")
        self.begin(child, at)

    def _stop(self, subtask: Subtask, status: str, at: Moment) -> None:
        subtask.status = status
        subtask.finished_at = at.wall
        subtask.due = None
        if subtask.attempts:
            subtask.attempts[-1].finished_at = at.wall
            subtask.attempts[-1].ended = at.engine
            subtask.attempts[-1].outcome = status

    def _take_next(self, task: Task, at: Moment) -> None:
        statuses = {subtask.id: subtask.status for subtask in task.subtasks}
        room = _MOST_ACTIVE - sum(status in _ACTIVE for status in statuses.values())
        for subtask in sorted(task.subtasks, key=lambda other: other.id):
            is_free = all(statuses[other] == "SUCCESSFUL" for other in subtask.upstreams)
            if room > 0 and subtask.status == "PENDING" and is_free:
                room -= 1
                self.ready(task, subtask, "EXECUTE", at)

    def _take_back(self, task: Task, at: Moment) -> None:
        statuses = {subtask.id: subtask.status for subtask in task.subtasks}
        for subtask in task.subtasks:
            is_last = all(statuses[other] == "PENDING" for other in subtask.downstreams)
            if subtask.status == "SUCCESSFUL" and is_last:
                self.ready(task, subtask, "ROLLBACK", at)


def _is_too_slow(subtask: Subtask) -> bool:
    """Say whether a run came to its time-out, and note it where its log shows."""
    if subtask.operation not in ("EXECUTE", "RETRY") or subtask.work <= subtask.timeout:
        return False
    subtask.attempts[-1].notes.append(f"TSK10012: the subtask ran for more than its time-out, {subtask.timeout} s")
    return True

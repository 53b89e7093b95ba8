"""Tasks from before the demo began, so that the task list is as mixed as a real one.

One has no cluster, one was rolled back (and is SUCCESSFUL all the same), one belongs to OCP itself, one is an upgrade
from the console.
"""

from upgrades.simulator import audit_trail, steps
from upgrades.simulator.auth import ADMIN
from upgrades.simulator.dag import Creator, foreign
from upgrades.simulator.records import Subtask, Task
from upgrades.simulator.state import World

_SYSTEM = Creator(200, "system")
_DAY = 86_400.0


def write(world: World, now: float) -> None:
    """Add the old tasks; `now` is wall time."""
    if not world.clusters:
        return
    first, last = min(world.clusters), max(world.clusters)
    host = world.clusters[first].servers[0]
    _add(world, first, steps.PARENT_NAME, ADMIN, now - 40 * _DAY)
    audit_trail.restarted_agent(world, ADMIN, host.host_id, host.ip, now - 9 * _DAY)
    _add(world, 0, "Reinstall OCP agent", ADMIN, now - 9 * _DAY)
    rolled_back = _add(world, last, "Prepare tenant", ADMIN, now - 6 * _DAY)
    rolled_back.operation = "ROLLBACK"
    for subtask in rolled_back.subtasks:
        subtask.status, subtask.operation = "PENDING", "ROLLBACK"
    report = _add(world, first, "Generate workload report", _SYSTEM, now - 2 * _DAY)
    report.type = "SYS_SCHEDULED"


def _add(world: World, cluster_id: int, name: str, creator: Creator, at: float) -> Task:
    task = foreign(world, cluster_id, name, 240.0, creator, at)
    in_order = sorted(task.subtasks, key=lambda other: (bool(other.upstreams), not other.downstreams))
    for position, subtask in enumerate(in_order):
        _end(subtask, at + 90 * position)
    task.status = "SUCCESSFUL"
    task.executor = task.subtasks[0].executor
    task.finished_at = max(subtask.finished_at for subtask in task.subtasks)
    world.add_task(task)
    return task


def _end(subtask: Subtask, at: float) -> None:
    subtask.status = "SUCCESSFUL"
    subtask.executor = "10.24.0.10"
    subtask.started_at, subtask.finished_at = at + 0.6, at + 80.25

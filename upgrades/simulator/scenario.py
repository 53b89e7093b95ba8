"""Scripts for a whole demo: what goes wrong with every upgrade."""

from upgrades.simulator import steps
from upgrades.simulator.engine import Engine
from upgrades.simulator.faults import Faults
from upgrades.simulator.records import AnswerPlan, FailRule, Subtask, Task

NAMES = ("plain", "lost", "late", "busy", "fail", "lying", "silence")
_LATE_SECONDS = 20.0
_SILENT_SECONDS = 100.0


class Scenario:
    """The script in force. `play` needs the world's lock."""

    def __init__(self, engine: Engine, faults: Faults) -> None:
        self._engine = engine
        self._faults = faults
        self.name = "plain"
        engine.on_run = self._on_run

    def play(self, name: str) -> None:
        """Put a script in force, in place of the one before; ValueError for a name that is none."""
        if name not in NAMES:
            raise ValueError(f"scenario must be one of {', '.join(NAMES)}")
        world = self._engine.world
        world.plans = [plan for plan in world.plans if plan.count is not None]
        if name in ("lost", "late", "busy"):
            world.plans.append(AnswerPlan(name, count=None, delay=_LATE_SECONDS))
        world.touch_rules()
        self.name = name

    def _on_run(self, task: Task, subtask: Subtask) -> None:
        if len(subtask.attempts) > 1:
            return
        if task.kind == "parent" and subtask.name == steps.START:
            self._on_upgrade(task)
        is_replacing = task.kind == "child" and subtask.name == steps.REPLACE_BINARY
        if is_replacing and self.name == "silence" and self._is_first(task, subtask):
            self._faults.add("silent", seconds=_SILENT_SECONDS)

    def _on_upgrade(self, task: Task) -> None:
        world = self._engine.world
        if self.name == "fail":
            world.fails.append(FailRule(steps.WAIT_ACTIVE, 1, task.cluster_id))
            world.touch_rules()
        if self.name == "lying":
            cluster = world.clusters[task.cluster_id]
            cluster.lying_server_id = cluster.servers[-1].id
            world.touch(cluster)

    def _is_first(self, task: Task, subtask: Subtask) -> bool:
        """Say whether no observer was replaced before in this upgrade, in an earlier hop neither."""
        parent = self._engine.world.tasks.get(task.parent_id)
        is_first_hop = parent is not None and parent.children[0] == task.id
        same = (other for other in task.subtasks if other.name == subtask.name and other is not subtask)
        return is_first_hop and not any(other.attempts for other in same)

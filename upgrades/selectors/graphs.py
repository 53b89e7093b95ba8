"""The graph of a run: its tasks and subtasks as nodes, laid out once for each topology."""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar

import redis
from django.core.cache import cache

from upgrades.models import Subtask, TaskInstance
from upgrades.rules import dag
from upgrades.selectors.snapshots import topology

logger = logging.getLogger(__name__)

KEEP_SECONDS = 3600
# Raised where rules.dag draws another picture of the same graph.
FORMAT = 2
# The second line of a node changes while it runs; the longest usual one makes its width.
_ROOM_FOR = "SUCCESSFUL by RETRY"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Step:
    """A subtask as pages show it. `key` is "task id/subtask id"; `after` and `before` are keys of its neighbours.

    `lane` tells parallel twins apart: OCP's parallelIdx counted from 1, else 0.
    """

    key: str
    name: str
    status: str
    operation: str
    run_time: int | None
    timeout: int | None
    lane: int
    executor: str
    started_at: datetime | None
    finished_at: datetime | None
    after: tuple[str, ...]
    before: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """The composed graph, and its nodes in reading order."""

    graph: dag.Graph
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunGraph:
    """Everything OCP has shown of a run: tasks, steps by key, the shape. `topology` as in the snapshot."""

    tasks: tuple[TaskInstance, ...]
    steps: Mapping[str, Step]
    shape: Shape
    topology: str

    @property
    def parent(self) -> TaskInstance | None:
        return next((task for task in self.tasks if task.kind == TaskInstance.Kind.PARENT), None)

    def drawing(self, folded: Collection[str]) -> dag.Drawing:
        """The drawing with the boxes `folded` drawn as cards."""
        name = sha256("\n".join(sorted(folded)).encode()).hexdigest()[:16]
        return _kept(f"drawing:{self.topology}:{name}", lambda: dag.layout(self.shape.graph, frozenset(folded)))


def run_graph(run_id: int) -> RunGraph:
    """The graph of a run. Two queries, however many subtasks there are."""
    tasks = list(TaskInstance.objects.filter(run=run_id).order_by("kind", "hop", "ocp_id"))
    drawn = [task for task in tasks if task.kind != TaskInstance.Kind.POSSIBLE]
    columns = [field.name for field in Subtask._meta.fields if field.name not in ("id", "task_instance")]
    rows = Subtask.objects.filter(task_instance__in=drawn).order_by("task_instance_id", "ocp_id")
    by_id = {task.pk: task for task in drawn}
    steps: dict[str, Step] = {}
    for row in rows.values("task_instance_id", *columns):
        step = _step(by_id[row["task_instance_id"]].ocp_id, row)
        steps[step.key] = step
    name = topology(
        {"kind": task.kind, "hop": task.hop, "ocp_id": task.ocp_id, "topology_hash": task.topology_hash}
        for task in drawn
    )
    return RunGraph(tuple(tasks), steps, _kept(f"shape:{name}", lambda: _shape(drawn, steps)), name)


def _step(task_id: int, row: Mapping[str, Any]) -> Step:
    idx = row["parallel_idx"]
    return Step(
        key=f"{task_id}/{row['ocp_id']}",
        name=row["name"],
        status=row["status"],
        operation=row["operation"],
        run_time=row["run_time"],
        timeout=row["timeout"],
        lane=idx + 1 if idx is not None and idx >= 0 else 0,
        executor=row["executor"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        after=tuple(f"{task_id}/{other}" for other in row["upstreams"]),
        before=tuple(f"{task_id}/{other}" for other in row["downstreams"]),
    )


def _shape(drawn: Collection[TaskInstance], steps: Mapping[str, Step]) -> Shape:
    graphs: dict[int, list[dag.Links]] = {task.ocp_id: [] for task in drawn}
    for step in steps.values():
        node = dag.Node(step.key, step.name or step.key, sub_label=_ROOM_FOR, group=str(step.lane or ""))
        graphs[int(step.key.partition("/")[0])].append(dag.Links(node, step.after, step.before))
    parent = next((task for task in drawn if task.kind == TaskInstance.Kind.PARENT), None)
    if parent is None:
        return Shape(dag.Graph((), (), homes={}), ())
    whole = dag.graph_of(graphs[parent.ocp_id])
    waits = dag.waits(whole)
    children = {
        waits[task.hop]: dag.graph_of(graphs[task.ocp_id])
        for task in drawn
        if task.kind == TaskInstance.Kind.CHILD and task.hop is not None and task.hop < len(waits)
    }
    graph = dag.compose(whole, children)
    # A read-only view of a mapping cannot be put into the cache.
    graph = replace(graph, homes=dict(graph.homes))
    return Shape(graph, dag.reading_order(graph))


def _kept(name: str, make: Callable[[], _T]) -> _T:
    """What `make` returns, from Django's cache where it is there. Without Redis it is made anew."""
    key = f"graph:{FORMAT}:{name}"
    try:
        found: _T | None = cache.get(key)
        if found is None:
            found = make()
            cache.set(key, found, KEEP_SECONDS)
    except redis.RedisError as error:
        logger.warning("cache lost", extra={"error": type(error).__name__})
        return make()
    return found

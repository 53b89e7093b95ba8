"""Building tasks: the parent of an upgrade, the child of each binary hop, somebody else's task."""

from collections.abc import Sequence
from dataclasses import dataclass

from upgrades.simulator import steps
from upgrades.simulator.records import Cluster, Server, Subtask, Task
from upgrades.simulator.state import World
from upgrades.simulator.steps import Step

# OCP splits a zone into parallel nodes only as far as the graph stays readable.
_MOST_NODES = 60
# Which observer steps get a node of their own per server; the first choice that fits is taken.
_SPLITS = ((0, 5), (0, 4), (1, 4), (2, 4), (3, 4))


@dataclass(frozen=True, slots=True)
class Creator:
    """Who a task belongs to: OCP's user id and name."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Options:
    """What an upgrade request may add to the package (OCP 4.3.x)."""

    freezes: bool = False
    zone_order: tuple[str, ...] = ()


class _Weaver:
    """Collects subtasks in running order, then gives them ids and an order of no meaning, as OCP does."""

    def __init__(self, world: World, created_at: float) -> None:
        self._world = world
        self._created_at = created_at
        self.subtasks: list[Subtask] = []

    def add(
        self,
        step: Step,
        after: Sequence[Subtask],
        *,
        parallel_idx: int = -1,
        servers: Sequence[Server] = (),
        zones: Sequence[str] = (),
        hop: int = 0,
        is_final: bool = False,
    ) -> Subtask:
        """Append one subtask that waits for those of `after`; `is_final` forbids a rollback past it."""
        number = len(self.subtasks)
        stretch = 1 + 0.25 * max(0, len(servers) - 1)
        work = self._world.dice("work", self._world.last_subtask_id, number).uniform(step.shortest, step.longest)
        subtask = Subtask(
            id=number,
            name=step.name,
            description=step.name,
            timeout=step.timeout,
            series_id=number,
            created_at=self._created_at,
            upstreams=[other.id for other in after],
            parallel_idx=parallel_idx,
            prohibit_rollback=is_final,
            hop=hop,
            server_ids=[server.id for server in servers],
            zones=list(zones),
            work=round(work * stretch, 3),
        )
        for other in after:
            other.downstreams.append(number)
        self.subtasks.append(subtask)
        return subtask

    def chain(self, chain: Sequence[Step], after: list[Subtask], zones: Sequence[str] = ()) -> list[Subtask]:
        """Append steps one after another; returns the last one as a list, to go on from."""
        for step in chain:
            after = [self.add(step, after, zones=zones, is_final=bool(zones))]
        return after

    def tie(self) -> list[Subtask]:
        """Return the subtasks with their real ids, in OCP's unstable order."""
        dice = self._world.dice("order", self._world.last_subtask_id)
        ids = self._world.next_subtask_ids(len(self.subtasks))
        dice.shuffle(ids)
        for subtask in self.subtasks:
            subtask.id = ids[subtask.id]
            subtask.upstreams = [ids[number] for number in subtask.upstreams]
            subtask.downstreams = [ids[number] for number in subtask.downstreams]
        order = list(self.subtasks)
        dice.shuffle(order)
        for series_id, subtask in enumerate(order):
            subtask.series_id = series_id
        return order


def parent(
    world: World, clusters: Sequence[Cluster], stops: Sequence[str], binary: Sequence[str], creator: Creator, at: float
) -> Task:
    """Return the task an upgrade POST answers with: 3 + 2 subtasks per binary hop.

    `stops` and `binary` name versions as OCP's context does, `version` or `version-build`; `at` is wall time.
    """
    weaver = _Weaver(world, at)
    after = weaver.chain(steps.PARENT_BEFORE, [])
    for hop in range(len(binary)):
        for step in steps.PARENT_HOP:
            after = [weaver.add(step, after, hop=hop)]
    weaver.add(steps.PARENT_AFTER, after)
    primary = clusters[0]
    server = primary.servers[0]
    task = _task(world, "parent", steps.PARENT_NAME, primary.id, creator, at, weaver)
    task.strings = {
        "cluster_version": f"{server.version}-{server.build}",
        "cluster_name": primary.name,
        "cluster_id": str(primary.id),
        "target_cluster_status": "RUNNING",
        "primary_cluster_id": str(primary.id),
    }
    task.lists = {
        "binary_upgrade_versions": list(binary),
        "cluster_ids": [str(cluster.id) for cluster in clusters],
        "upgrade_versions": list(stops),
    }
    task.children = [0] * len(binary)
    return task


def child(world: World, parent_task: Task, hop: int, options: Options, at: float) -> Task:
    """Return the task that replaces the observers of every cluster of the parent, zone by zone."""
    clusters = [world.clusters[cluster_id] for cluster_id in parent_task.cluster_ids]
    weaver = _Weaver(world, at)
    rounds = _rounds(clusters, options.zone_order)
    split = _split(rounds, freezes=options.freezes)
    after = weaver.chain(steps.BEFORE, [])
    for zone_names, servers in rounds:
        after = _roll_zone(weaver, after, zone_names, servers, split, freezes=options.freezes)
    for step in steps.AFTER:
        after = [weaver.add(step, after, is_final=True)]
    creator = Creator(parent_task.creator_id, parent_task.creator_name)
    task = _task(world, "child", steps.CHILD_NAME, parent_task.cluster_id, creator, at, weaver)
    task.parent_id = parent_task.id
    task.strings = {**parent_task.strings, "target_version": parent_task.lists["binary_upgrade_versions"][hop]}
    task.lists = {"cluster_ids": list(parent_task.lists["cluster_ids"])}
    return task


def foreign(world: World, cluster_id: int, name: str, seconds: float, creator: Creator, at: float) -> Task:
    """Return somebody else's task of three subtasks that takes `seconds` engine seconds of work."""
    weaver = _Weaver(world, at)
    after: list[Subtask] = []
    for step_name, share in ((steps.START, 0.02), (name, 0.96), ("Finish", 0.02)):
        step = Step(step_name, 86_400, seconds * share, seconds * share)
        after = [weaver.add(step, after)]
    return _task(world, "foreign", name, cluster_id, creator, at, weaver)


def _task(world: World, kind: str, name: str, cluster_id: int, creator: Creator, at: float, weaver: _Weaver) -> Task:
    return Task(
        id=world.next_task_id(),
        kind=kind,
        name=name,
        cluster_id=cluster_id,
        creator_id=creator.id,
        creator_name=creator.name,
        created_at=at,
        started_at=at,
        subtasks=weaver.tie(),
    )


def _rounds(clusters: Sequence[Cluster], order: tuple[str, ...]) -> list[tuple[list[str], list[Server]]]:
    """Return what is stopped together: the n-th zone of the primary with the n-th zone of each standby."""
    rounds: list[tuple[list[str], list[Server]]] = []
    for position in range(max(len(cluster.zones) for cluster in clusters)):
        names: list[str] = []
        servers: list[Server] = []
        for cluster in clusters:
            zones = sorted((zone.name for zone in cluster.zones), key=lambda name: _rank(name, order))
            if position < len(zones):
                names.append(f"{cluster.id}.{zones[position]}")
                servers += cluster.servers_of(zones[position])
        rounds.append((names, servers))
    return rounds


def _rank(name: str, order: tuple[str, ...]) -> tuple[int, str]:
    return (order.index(name) if name in order else len(order), name)


def _split(rounds: list[tuple[list[str], list[Server]]], *, freezes: bool) -> tuple[int, int]:
    fixed = len(steps.ZONE_BEFORE) + len(steps.ZONE_AFTER) + freezes
    for first, last in _SPLITS:
        joined = len(steps.OBSERVER) - (last - first)
        nodes = sum(fixed + joined + (last - first) * len(servers) for _, servers in rounds)
        if nodes + len(steps.BEFORE) + len(steps.AFTER) <= _MOST_NODES:
            return first, last
    return _SPLITS[-1]


def _roll_zone(
    weaver: _Weaver,
    after: list[Subtask],
    zones: list[str],
    servers: list[Server],
    split: tuple[int, int],
    *,
    freezes: bool,
) -> list[Subtask]:
    first, last = split
    after = weaver.chain(steps.ZONE_BEFORE, after, zones)
    if freezes:
        after = weaver.chain((steps.FREEZE,), after, zones)
    for step in steps.OBSERVER[:first]:
        after = [weaver.add(step, after, servers=servers, zones=zones, is_final=True)]
    ends: list[Subtask] = []
    for index, server in enumerate(servers):
        lane = after
        for step in steps.OBSERVER[first:last]:
            lane = [weaver.add(step, lane, parallel_idx=index, servers=[server], zones=zones, is_final=True)]
        ends += lane
    after = ends
    for step in steps.OBSERVER[last:]:
        after = [weaver.add(step, after, servers=servers, zones=zones, is_final=True)]
    return weaver.chain(steps.ZONE_AFTER, after, zones)

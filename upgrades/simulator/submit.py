"""An upgrade request: OCP's checks in OCP's order, then the parent task."""

from dataclasses import dataclass
from typing import Any

from upgrades.simulator import dag, effects, graph
from upgrades.simulator.engine import Engine
from upgrades.simulator.errors import Refusal
from upgrades.simulator.packages import OBSERVER
from upgrades.simulator.records import Cluster, Package, Task
from upgrades.simulator.state import World

_PASSING = ("OPERATING", "UPGRADING", "STARTING", "STOPPING", "RESTARTING", "SWITCHOVER", "FAILOVER")


@dataclass(frozen=True, slots=True)
class _Route:
    """The way to a package: all stops, and those where observers are replaced."""

    stops: list[str]
    binary: list[str]


def accept(engine: Engine, cluster_id: int, body: dict[str, Any], creator: dag.Creator) -> Task:
    """Check an upgrade request and start it; returns the parent task.

    `body` is the request's JSON object: rpmFileName, and later OCP's freezeServer and zoneOrder.
    Raises Refusal with OCP's code.
    """
    world = engine.world
    clusters = world.pair(world.cluster(cluster_id))
    package = _package(world, body)
    for cluster in clusters:
        _check_state(world, cluster)
    route = _route(world, clusters, package)
    at = engine.now()
    task = dag.parent(world, clusters, route.stops, route.binary, creator, at.wall)
    if body.get("freezeServer") is True:
        task.strings["freeze_server"] = "true"
    if isinstance(body.get("zoneOrder"), list):
        task.lists["zone_order"] = [str(zone) for zone in body["zoneOrder"]]
    _take_lie(world, clusters)
    effects.set_status(world, task, "OPERATING", at.wall)
    engine.begin(task, at)
    return task


def _package(world: World, body: dict[str, Any]) -> Package:
    file_name = body.get("rpmFileName")
    if not isinstance(file_name, str) or not file_name:
        raise Refusal("OBE11013")
    package = world.packages.get(file_name)
    if package is None:
        raise Refusal("PKG10014", file_name)
    if package.type != OBSERVER or package.name != "oceanbase":
        raise Refusal("PKG10013", OBSERVER, package.type)
    return package


def _check_state(world: World, cluster: Cluster) -> None:
    if cluster.status in _PASSING:
        raise Refusal("OBE11007", cluster.name, cluster.status)
    if cluster.status != "RUNNING":
        raise Refusal("OBE11008", cluster.name, "RUNNING")
    for task in world.tasks.values():
        if task.status == "RUNNING" and task.type == "MANUAL" and cluster.id in task.cluster_ids:
            raise Refusal("OBE11020")


def _route(world: World, clusters: list[Cluster], package: Package) -> _Route:
    version, build = _oldest(clusters)
    if not graph.is_newer(package.version, package.build, version, build):
        raise Refusal("OBE11082", f"{version}-{build}", package.version)
    path = graph.find_path(version, build, package.version, package.build)
    if not path:
        raise Refusal("OBE11063", f"{version}-{build}", f"{package.version}-{package.build}")
    stops: list[str] = []
    binary: list[str] = []
    for stop in path:
        name = stop.version
        if stop.is_binary:
            name = f"{stop.version}-{_build_for(world, clusters, stop.version, package)}"
            binary.append(name)
        stops.append(name)
    return _Route(stops, binary)


def _oldest(clusters: list[Cluster]) -> tuple[str, str]:
    versions = {(server.version, server.build) for cluster in clusters for server in cluster.servers}
    return min(versions, key=lambda pair: (graph.number(pair[0]), int(pair[1])))


def _build_for(world: World, clusters: list[Cluster], version: str, goal: Package) -> str:
    """Return the build used at one stop: the asked one at the goal, else the newest that fits the hosts."""
    primary = clusters[0]
    fitting = [
        package
        for package in world.packages.values()
        if (package.name, package.version) == (goal.name, version)
        and package.architecture == primary.architecture
        and package.operating_system == primary.operating_system
        and (version != goal.version or package.build == goal.build)
    ]
    asked_fits = goal in fitting or version != goal.version
    if not fitting or not asked_fits:
        raise Refusal("OBE11067", primary.architecture, version)
    return max(fitting, key=lambda package: int(package.build)).build


def _take_lie(world: World, clusters: list[Cluster]) -> None:
    for cluster in clusters:
        is_liar = cluster.id in world.lies
        cluster.lying_server_id = cluster.servers[-1].id if is_liar else 0
        world.lies.discard(cluster.id)
    world.touch_rules()

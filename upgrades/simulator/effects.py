"""What a subtask that succeeded, or was rolled back, changes in the clusters it works on."""

from collections.abc import Callable, Iterable, Iterator

from upgrades.simulator import fleet, steps
from upgrades.simulator.records import Cluster, Server, Subtask, Task, Zone
from upgrades.simulator.state import World

_Effect = Callable[[World, Task, Subtask, float], None]


def succeeded(world: World, task: Task, subtask: Subtask, at: float) -> None:
    """Let the work of a subtask show in the fleet; `at` is wall time."""
    effects = {"parent": _PARENT, "child": _CHILD}.get(task.kind, {})
    effect = effects.get(subtask.name)
    if effect is not None:
        effect(world, task, subtask, at)
        _touch(world, task, at)


def rolled_back(world: World, task: Task, subtask: Subtask, at: float) -> None:
    """Undo what a subtask had done, as far as a rollback is allowed at all."""
    if task.kind == "parent" and subtask.name == steps.PREPARE:
        set_status(world, task, "RUNNING", at)
    if task.kind == "child" and subtask.name == steps.PRE_SCRIPT:
        _set_parameters(_servers(world, task), enable_upgrade_mode="False")
        _touch(world, task, at)


def set_status(world: World, task: Task, status: str, at: float) -> None:
    """Give every cluster of a task one status."""
    for cluster in _clusters(world, task):
        cluster.status = status
    _touch(world, task, at)


def _clusters(world: World, task: Task) -> Iterator[Cluster]:
    for cluster_id in task.cluster_ids:
        yield world.clusters[cluster_id]


def _servers(world: World, task: Task) -> Iterator[Server]:
    for cluster in _clusters(world, task):
        yield from cluster.servers


def _touch(world: World, task: Task, at: float) -> None:
    for cluster in _clusters(world, task):
        cluster.updated_at = at
        world.touch(cluster)


def _zones(world: World, subtask: Subtask) -> Iterator[Zone]:
    for key in subtask.zones:
        cluster_id, name = key.split(".", 1)
        yield from (zone for zone in world.clusters[int(cluster_id)].zones if zone.name == name)


def _set_parameters(servers: Iterable[Server], **values: str) -> None:
    for server in servers:
        server.parameters.update(values)


def _cluster_running(world: World, task: Task, _subtask: Subtask, at: float) -> None:
    set_status(world, task, "RUNNING", at)


def _upgrade_mode(world: World, task: Task, _subtask: Subtask, _at: float) -> None:
    _set_parameters(_servers(world, task), enable_upgrade_mode="True")


def _zone_status(status: str, inner_status: str) -> _Effect:
    def effect(world: World, _task: Task, subtask: Subtask, at: float) -> None:
        for zone in _zones(world, subtask):
            zone.status, zone.inner_status, zone.updated_at = status, inner_status, at

    return effect


def _server_status(status: str, inner_status: str) -> _Effect:
    def effect(world: World, task: Task, subtask: Subtask, at: float) -> None:
        for server in world.servers_of(task, subtask.server_ids):
            server.status, server.inner_status, server.updated_at = status, inner_status, at

    return effect


def _start_observer(world: World, task: Task, subtask: Subtask, at: float) -> None:
    """The process starts: from now on the server reports the new version, unless it is the one that lies."""
    version, build = task.strings["target_version"].split("-")
    liars = {cluster.lying_server_id for cluster in _clusters(world, task)}
    for server in world.servers_of(task, subtask.server_ids):
        server.status, server.started_at, server.updated_at = "STARTING", at, at
        if server.id not in liars:
            fleet.run_version(server, version, build)


def _post_script(world: World, task: Task, _subtask: Subtask, _at: float) -> None:
    """A standby's `compatible` follows its primary's log later, so it stays behind here."""
    version = task.strings["target_version"].split("-")[0]
    for cluster in _clusters(world, task):
        _set_parameters(cluster.servers, min_observer_version=version, enable_upgrade_mode="False")
        if not cluster.primary_id:
            _set_parameters(cluster.servers, compatible=version)


def _sync(world: World, task: Task, _subtask: Subtask, _at: float) -> None:
    for cluster in _clusters(world, task):
        cluster.listed_version = task.strings["target_version"].split("-")[0]


_PARENT: dict[str, _Effect] = {steps.UPDATE_CLUSTER: _cluster_running}
_CHILD: dict[str, _Effect] = {
    steps.PRE_SCRIPT: _upgrade_mode,
    steps.SET_ZONE: _zone_status("OPERATING", "ACTIVE"),
    steps.STOP_ZONE: _zone_status("STOPPED", "INACTIVE"),
    steps.STOP_OBSERVER: _server_status("STOPPED", "INACTIVE"),
    steps.START_OBSERVER: _start_observer,
    steps.WAIT_ACTIVE: _server_status("RUNNING", "ACTIVE"),
    steps.START_ZONE: _zone_status("OPERATING", "ACTIVE"),
    steps.UPDATE_ZONE: _zone_status("RUNNING", "ACTIVE"),
    steps.POST_SCRIPT: _post_script,
    steps.SYNC_CLUSTER: _sync,
}

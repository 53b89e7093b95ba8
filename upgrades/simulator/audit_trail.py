"""OCP's own record of who did what. Names of events other than UPGRADE_OB_CLUSTER and the agent's are our choice."""

import json
from typing import Any

from upgrades.simulator.clock import iso_seconds
from upgrades.simulator.dag import Creator
from upgrades.simulator.records import AuditEvent
from upgrades.simulator.state import World

Json = dict[str, Any]

UPGRADE = "UPGRADE_OB_CLUSTER"
_TYPES = {
    "OB_CLUSTER": "OB_CLUSTER_MANAGEMENT",
    "TASK": "TASK_MANAGEMENT",
    "COMPUTE_HOST": "COMPUTE_HOST_MANAGEMENT",
}


def upgraded(world: World, user: Creator, cluster_id: int, rpm: str, at: float, *, client: str, is_ok: bool) -> None:
    """Record that somebody asked for an upgrade; `at` is wall time."""
    cluster = world.clusters.get(cluster_id)
    info = {"clusterId": cluster_id, "rpmFileName": rpm}
    name = cluster.name if cluster else ""
    _note(world, UPGRADE, user, ("OB_CLUSTER", cluster_id, name), info, at, client=client, is_ok=is_ok)


def acted(world: World, event: str, user: Creator, task_id: int, at: float, *, client: str, is_ok: bool) -> None:
    """Record what somebody did to a task."""
    task = world.tasks.get(task_id)
    name = task.name if task else ""
    _note(world, event, user, ("TASK", task_id, name), {"taskInstanceId": task_id}, at, client=client, is_ok=is_ok)


def restarted_agent(world: World, user: Creator, host_id: int, ip: str, at: float) -> None:
    """Record that an agent was restarted."""
    where = ("COMPUTE_HOST", host_id, ip)
    _note(world, "RESTART_OCP_AGENT", user, where, {"hostId": host_id}, at, client="10.24.0.2", is_ok=False)


def shape(event: AuditEvent) -> Json:
    """Return an event as OCP's audit list shows it."""
    return {
        "clientIp": event.client,
        "endTime": iso_seconds(event.at + 1),
        "eventInfo": event.info,
        "eventType": _TYPES[event.resource_type],
        "executionType": "NEW",
        "id": event.id,
        "operationEvent": event.event,
        "operatorId": event.operator_id,
        "operatorName": event.operator_name,
        "resourceId": event.resource_id,
        "resourceName": event.resource_name,
        "resourceType": event.resource_type,
        "startTime": iso_seconds(event.at),
        "status": event.status,
    }


def _note(
    world: World,
    event: str,
    user: Creator,
    resource: tuple[str, int, str],
    info: Json,
    at: float,
    *,
    client: str,
    is_ok: bool,
) -> None:
    record = AuditEvent(
        id=112 + len(world.audit),
        event=event,
        operator_id=user.id,
        operator_name=user.name,
        resource_type=resource[0],
        resource_id=resource[1],
        resource_name=resource[2],
        info=json.dumps(info, separators=(",", ":")),
        client=client,
        at=at,
        status="SUCCESSFUL" if is_ok else "FAILED",
    )
    world.audit[record.id] = record
    world.touch(record)

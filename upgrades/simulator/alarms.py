"""Alarms: those of the demo, those a test adds, and the one OCP raises about each upgrade.

OCP tells of an upgrade by the alarm ob_cluster_operation_info (ocp-doc, alarm items); its level is our choice.
"""

from typing import Any

from upgrades.simulator import steps
from upgrades.simulator.clock import iso_utc
from upgrades.simulator.records import Alarm, Cluster, Task
from upgrades.simulator.state import World

Json = dict[str, Any]

LEVELS = {1: "Stopped", 2: "Critical", 3: "Warning", 4: "Caution", 5: "Reminder"}
STATUSES = ("Active", "Inactive", "Silenced", "Inhibited")
_FIRST_ID = 1_000_101
_FIRST_UPGRADE_ID = 2_000_000
_HOUR = 3_600.0

# cluster's place in the fleet's pattern, level, type, status, summary
_DEMO = (
    (8, 2, "ob_server_disk_percent_over_threshold", "Active", "The data disk of an observer is 93% full."),
    (9, 3, "ob_cluster_frozen_version_delta", "Active", "The cluster has not been compacted for 30 hours."),
    (4, 4, "ob_host_load1_per_cpu_over_threshold", "Silenced", "The load of a host is above its threshold."),
    (0, 3, "ob_log_disk_percent_over_threshold", "Inactive", "The log disk of an observer was 81% full."),
    (2, 5, "ob_tenant_long_trans_exist", "Inactive", "A transaction ran for more than an hour."),
)


def write(world: World, now: float) -> None:
    """Add the alarms of a new look-alike; `now` is wall time."""
    for index, cluster in enumerate(world.clusters.values()):
        for place, level, kind, status, summary in _DEMO:
            if index % 12 == place:
                began_at = now - world.dice("alarm", cluster.id, kind).uniform(1, 40) * _HOUR
                add(world, cluster, kind, level, summary, began_at, status)


def add(
    world: World, cluster: Cluster, kind: str, level: int, summary: str, at: float, status: str = "Active"
) -> Alarm:
    """Raise an alarm about a cluster at the wall moment `at`; ValueError for a level or status that is none."""
    if level not in LEVELS or status not in STATUSES:
        raise ValueError(f"level must be 1 to 5, status one of {', '.join(STATUSES)}")
    alarm = Alarm(max(world.alarms, default=_FIRST_ID) + 1, cluster.id, kind, level, summary, at, status)
    if status == "Inactive":
        alarm.resolved_at = at + 900.25
    world.alarms[alarm.id] = alarm
    world.touch(alarm)
    return alarm


def every(world: World) -> list[Alarm]:
    """Return all alarms, the newest first."""
    told = [_of_upgrade(task) for task in world.tasks.values() if task.kind == "parent"]
    return sorted([*world.alarms.values(), *told], key=lambda alarm: -alarm.active_at)


def cluster_name(world: World, alarm: Alarm) -> str:
    """Return the name of the cluster an alarm is about."""
    cluster = world.clusters.get(alarm.cluster_id)
    return cluster.name if cluster else ""


def shape(world: World, alarm: Alarm) -> Json:
    """Return an alarm as the alarm list shows it; its times are UTC."""
    cluster = world.clusters[alarm.cluster_id]
    target = f"ob_cluster={cluster.name}-{cluster.ob_cluster_id}"
    updated_at = alarm.resolved_at or alarm.active_at + 60
    row: Json = {
        "activeAt": iso_utc(int(alarm.active_at)),
        "alarmType": alarm.kind,
        "appType": "OB",
        "description": f"{target}. {alarm.summary}",
        "gmtCreate": iso_utc(int(alarm.active_at)),
        "gmtModified": iso_utc(updated_at),
        "id": alarm.id,
        "level": alarm.level,
        "scope": "Cluster",
        "status": alarm.status,
        "summary": f"{target}. {alarm.summary}",
        "target": target,
        "updatedAt": iso_utc(int(updated_at)),
    }
    if alarm.resolved_at:
        row["resolvedAt"] = iso_utc(int(alarm.resolved_at))
    row["labels"] = _labels(row, cluster, alarm)
    return row


def _labels(row: Json, cluster: Cluster, alarm: Alarm) -> dict[str, str]:
    labels = {
        "alarm_active_at": row["activeAt"],
        "alarm_description": row["description"],
        "alarm_duration": str(int((alarm.resolved_at or alarm.active_at) - alarm.active_at)),
        "alarm_is_build_in_rule": "true",
        "alarm_level": LEVELS[alarm.level],
        "alarm_name": alarm.kind.replace("_", " "),
        "alarm_scope": "Cluster",
        "alarm_status": alarm.status,
        "alarm_summary": row["summary"],
        "alarm_target": row["target"],
        "alarm_type": alarm.kind,
        "alarm_updated_at": row["updatedAt"],
        "app": "OB",
        "app_type": "OB",
        "ob_cluster": cluster.name,
        "ob_cluster_id": str(cluster.ob_cluster_id),
    }
    return labels | ({"alarm_resolved_at": row["resolvedAt"]} if "resolvedAt" in row else {})


def _of_upgrade(task: Task) -> Alarm:
    """Return what OCP tells of an upgrade while it goes on; it ends with the task."""
    is_over = task.status != "RUNNING"
    return Alarm(
        id=_FIRST_UPGRADE_ID + task.id,
        cluster_id=task.cluster_id,
        kind="ob_cluster_operation_info",
        level=5,
        summary=f"{steps.PARENT_NAME}: {task.status}",
        active_at=task.started_at,
        status="Inactive" if is_over else "Active",
        resolved_at=task.finished_at if is_over else 0.0,
    )

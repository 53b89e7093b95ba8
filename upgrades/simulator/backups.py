"""How the backups of a cluster stand: one of its data each day at 17:25, its log all the time.

Nothing is stored but what a test set on the cluster (`backup`): the rest follows from cluster, seed and time.
"""

from datetime import datetime, timedelta
from typing import Any

from upgrades.simulator.clock import OCP_ZONE
from upgrades.simulator.records import Cluster
from upgrades.simulator.state import World

Json = dict[str, Any]

_HINT = "During a physical backup, you must perform a full backup before you can perform an incremental backup."
_KEPT_DAYS = 7
# Every sixth cluster has no backup strategy: those whose id leaves this.
_UNCOVERED = 2


def overview(world: World, cluster: Cluster, now: float) -> Json:
    """Return the backup overview of a cluster; one without a strategy has no backup, so no times of one."""
    has_strategy = _has_strategy(cluster)
    shape: Json = {
        "backupDimension": "CLUSTER",
        "backupScheduleStatus": "NORMAL" if has_strategy else "NONE",
        "clusterId": cluster.id,
        "clusterName": cluster.name,
        "compactionStatus": "IDLE",
        "obBackupAbility": {
            "backupAbility": "PHYSICAL_BACKUP",
            "backupMode": "PHYSICAL_BACKUP",
            "obDataBackupSupportAbility": {
                "canDoIncrementalBackup": False,
                "fullBackupEnabled": True,
                "hint": _HINT,
                "incrementBackupEnabled": True,
            },
        },
        "obClusterBackupStatus": "HAS_BACKUP_STRATEGY" if has_strategy else "NO_BACKUP_STRATEGY",
        "obClusterId": cluster.ob_cluster_id,
        "obClusterStatus": cluster.status,
        "obClusterType": _type(cluster),
        "obVersion": cluster.listed_version,
        "primaryAndStandbyMode": bool(cluster.primary_id or cluster.standby_ids),
    }
    if has_strategy:
        delay = world.dice("log backup", cluster.id).randint(3, 120)
        shape["lastDataBackupTime"] = _moment(_begun(world, cluster, now, 0))
        shape["latestLogBackupCheckpoint"] = _moment(now - delay)
        shape["logBackupDelaySeconds"] = delay
    return shape | cluster.backup.get("overview", {})


def data_tasks(world: World, cluster: Cluster, now: float) -> list[Json]:
    """Return a cluster's data backups of the last days, the newest first."""
    if not _has_strategy(cluster):
        return []
    rows = [_data_task(world, cluster, now, days) for days in range(_KEPT_DAYS)]
    rows[0] |= cluster.backup.get("newest", {})
    return rows


def _data_task(world: World, cluster: Cluster, now: float, days: int) -> Json:
    begun = _begun(world, cluster, now, days)
    number = int(begun // 86_400) % 10_000
    return {
        "backupMode": "PHYSICAL_BACKUP",
        "backupSetId": number,
        "backupUri": "file:///obbackup/",
        "clusterId": cluster.id,
        "clusterName": cluster.name,
        "clusterType": _type(cluster),
        "dataBackupTaskType": "FULL_BACKUP",
        "dataSecondaryBackupTaskIds": [number - 9],
        "dataVersion": number + 9,
        "finishTime": _moment(begun + world.dice("backup", cluster.id, number).uniform(600, 2400)),
        "obClusterId": cluster.ob_cluster_id,
        "startTime": _moment(begun),
        "status": "DONE",
        "taskId": number,
        "tenantId": 0,
    }


def _has_strategy(cluster: Cluster) -> bool:
    return cluster.id % 6 != _UNCOVERED


def _type(cluster: Cluster) -> str:
    return "STANDBY" if cluster.primary_id else "PRIMARY"


def _begun(world: World, cluster: Cluster, now: float, days: int) -> float:
    """Return when the n-th newest backup that is surely over began."""
    today = datetime.fromtimestamp(now, OCP_ZONE).replace(hour=17, minute=25, second=2, microsecond=0)
    newest = today if today.timestamp() + 3_600 < now else today - timedelta(days=1)
    begun = newest - timedelta(days=days)
    return begun.timestamp() + world.dice("begun", cluster.id, begun.date()).random()


def _moment(epoch: float) -> str:
    """Return a moment as OCP's backup pages write it: three digits, an offset without a colon."""
    moment = datetime.fromtimestamp(epoch, OCP_ZONE)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}{moment:%z}"

"""The JSON of clusters, zones, servers, parameters and packages, as OCP documents it. Absent is not null."""

from typing import Any

from upgrades.simulator.clock import iso, iso_seconds, iso_utc
from upgrades.simulator.records import Cluster, Package, Server, Zone
from upgrades.simulator.state import World

Json = dict[str, Any]


def cluster(world: World, record: Cluster) -> Json:
    """Return a cluster as the cluster list shows it."""
    shape: Json = {
        "createTime": iso_seconds(record.created_at),
        "creator": "admin",
        "id": record.id,
        "name": record.name,
        "obClusterId": record.ob_cluster_id,
        "obVersion": record.listed_version,
        "regionCount": len({zone.region for zone in record.zones}),
        "rootServers": [_root_server(record, zone, position) for position, zone in enumerate(record.zones)],
        "serverCount": len(record.servers),
        "standbyClusters": [_related(world.clusters[standby_id]) for standby_id in record.standby_ids],
        "status": record.status,
        "tenantCount": record.tenant_count,
        "type": _type(record),
        "updateTime": iso_seconds(record.updated_at),
        "zones": [_zone_in_list(record, zone) for zone in record.zones],
    }
    if record.primary_id:
        shape["primaryCluster"] = _related(world.clusters[record.primary_id])
        shape["syncStatus"] = "VALID"
        shape["delayTime"] = 0.2
    if int(record.listed_version.split(".")[0]) >= 4:
        shape["architecture"] = record.architecture
    return shape


def zone(record: Cluster, zone_record: Zone) -> Json:
    """Return a zone as a cluster's zone list shows it."""
    servers = record.servers_of(zone_record.name)
    return {
        "clusterId": record.id,
        "compactionStatus": "IDLE",
        "createTime": iso_seconds(zone_record.created_at),
        "hostCount": len(servers),
        "idcId": zone_record.idc_id,
        "idcName": zone_record.idc,
        "innerStatus": zone_record.inner_status,
        "name": zone_record.name,
        "obClusterId": record.ob_cluster_id,
        "regionName": zone_record.region,
        "rootServer": _root_server(record, zone_record, record.zones.index(zone_record)),
        "serverCount": len(servers),
        "servers": [_server_in_zone(server_record, zone_record) for server_record in servers],
        "status": zone_record.status,
        "updateTime": iso_seconds(zone_record.updated_at),
    }


def server(record: Server) -> Json:
    """Return a server as a cluster's server list shows it."""
    return {
        "clusterId": record.cluster_id,
        "hostId": record.host_id,
        "id": record.id,
        "innerStatus": record.inner_status,
        "ip": record.ip,
        "port": record.port,
        "sqlPort": record.sql_port,
        "startTime": iso_seconds(record.started_at),
        "status": record.status,
        "stopTime": iso(0),
        "updateTime": iso_seconds(record.updated_at),
        "version": record.raw_version,
        "withRootserver": record.has_rootserver,
        "zoneName": record.zone,
    }


def package(record: Package, site_url: str) -> Json:
    """Return a package as the package list shows it."""
    return {
        "architecture": record.architecture,
        "buildNumber": record.build,
        "createTime": iso_seconds(record.created_at),
        "deletable": True,
        "downloadUrl": f"{site_url}/api/v2/files/sys-package/{record.file_name}",
        "extension": "rpm",
        "fileName": record.file_name,
        "id": record.id,
        "installationDataList": [],
        "name": record.name,
        "operatingSystem": record.operating_system,
        "sha1": record.sha1,
        "size": record.size,
        "type": record.type,
        "version": record.version,
    }


def parameter(record: Cluster, name: str) -> Json:
    """Return one parameter with its value on every server; what the fleet does not keep has its default."""
    default, description, kind = _PARAMETERS[name]
    values: dict[str, list[str]] = {}
    rows = []
    for server_record in record.servers:
        value = server_record.parameters.get(name, default)
        values.setdefault(value, []).append(f"{server_record.ip}:{server_record.port}")
        rows.append(
            {
                "name": name,
                "svrIp": server_record.ip,
                "svrPort": server_record.port,
                "svrType": "observer",
                "value": value,
                "zone": server_record.zone,
            }
        )
    return {
        "currentValue": {
            "obParameters": rows,
            "singleValueInCluster": len(values) == 1,
            "valueToServers": values,
            "values": list(values),
        },
        "defaultValue": default,
        "description": description,
        "name": name,
        "needRestart": False,
        "readonly": name in _READ_ONLY,
        "section": "OBSERVER",
        "valueRange": {"allowedValues": None, "maxValue": None, "minValue": None, "type": kind},
    }


def parameters(record: Cluster) -> list[Json]:
    """Return every parameter the look-alike knows."""
    return [parameter(record, name) for name in _PARAMETERS]


_READ_ONLY = ("min_observer_version",)
_PARAMETERS = {
    "compatible": ("", "The version whose data formats the cluster may write.", "STRING"),
    "enable_rebalance": ("True", "Whether replicas are balanced by themselves.", "BOOL"),
    "enable_rereplication": ("True", "Whether lost replicas are made again.", "BOOL"),
    "enable_upgrade_mode": ("False", "Whether the cluster is being upgraded.", "BOOL"),
    "min_observer_version": ("", "The lowest version among the observers.", "STRING"),
    "server_permanent_offline_time": ("3600s", "How long a server may be silent before it is given up.", "TIME"),
}


def _type(record: Cluster) -> str:
    return "STANDBY" if record.primary_id else "PRIMARY"


def task_cluster(record: Cluster) -> Json:
    """Return a cluster as a task names it in lists and details."""
    return {"id": record.id, "name": record.name, "obClusterId": record.ob_cluster_id, "type": _type(record)}


def _related(record: Cluster) -> Json:
    return {
        "id": record.id,
        "name": record.name,
        "obClusterId": record.ob_cluster_id,
        "obVersion": record.listed_version,
        "status": record.status,
        "type": _type(record),
    }


def _root_server(record: Cluster, zone_record: Zone, position: int) -> Json:
    first = record.servers_of(zone_record.name)[0]
    role = "LEADER" if position == 0 else "FOLLOWER"
    return {"address": f"{first.ip}:{first.port}", "role": role, "sql_port": first.sql_port}


def _zone_in_list(record: Cluster, zone_record: Zone) -> Json:
    return {
        "idcId": zone_record.idc_id,
        "idcName": zone_record.idc,
        "innerStatus": zone_record.inner_status,
        "name": zone_record.name,
        "operateStatus": "NORMAL",
        "regionName": zone_record.region,
        "serverCount": len(record.servers_of(zone_record.name)),
        "servers": [],
        "status": zone_record.status,
    }


def _server_in_zone(record: Server, zone_record: Zone) -> Json:
    return server(record) | {
        "hostTypeName": "forge",
        "idcName": zone_record.idc,
        "regionName": zone_record.region,
        "startTime": iso_utc(record.started_at),
        "stopTime": iso_utc(0),
    }

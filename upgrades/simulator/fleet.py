"""The clusters of the demo: a dozen worth looking at, more by repetition under other names."""

from dataclasses import dataclass
from datetime import datetime

from upgrades.simulator.clock import OCP_ZONE
from upgrades.simulator.packages import BUILDS, raw_version
from upgrades.simulator.records import Cluster, Server, Zone

_IDCS = {
    "sh1": (1, "Shanghai"),
    "sh2": (2, "Shanghai"),
    "sh3": (3, "Shanghai"),
    "hz1": (4, "Hangzhou"),
    "hz2": (5, "Hangzhou"),
    "hz3": (6, "Hangzhou"),
    "bj1": (7, "Beijing"),
    "bj2": (8, "Beijing"),
    "gz1": (9, "Guangzhou"),
    "gz2": (10, "Guangzhou"),
}


@dataclass(frozen=True, slots=True)
class _Draft:
    """A cluster to be: `idcs` names the data centre of each zone, `servers` counts them per zone."""

    name: str
    version: str
    idcs: tuple[str, ...]
    servers: int
    tenants: int
    architecture: str = "x86_64"
    is_standby: bool = False


DRAFTS = (
    _Draft("trade_core", "2.2.74", ("sh1", "sh2", "sh3"), 2, 9),
    _Draft("trade_core_sb", "2.2.74", ("hz1", "hz2", "hz3"), 1, 9, is_standby=True),
    _Draft("user_center", "4.2.1.1", ("sh1", "sh2", "hz1"), 3, 6),
    _Draft("risk_scoring", "4.1.0.1", ("bj1", "bj1", "bj2"), 2, 4),
    _Draft("order_history", "3.1.0", ("hz1", "hz2", "hz3"), 4, 5),
    _Draft("coupon_dev", "4.2.1.2", ("gz1", "gz1", "gz1"), 1, 2),
    _Draft("wallet_dev", "4.2.0.0", ("gz1", "gz1", "gz2"), 1, 3),
    _Draft("settle_batch", "2.2.76", ("bj1", "bj2", "sh1"), 1, 4),
    _Draft("report_ap", "4.3.0.1", ("sh1", "sh1", "sh2"), 2, 2),
    _Draft("log_archive", "2.2.73", ("hz3",), 5, 1),
    _Draft("ledger_old", "2.2.77", ("sh1", "sh2", "sh3"), 1, 7),
    _Draft("edge_arm", "4.1.0.2", ("gz1", "gz2", "gz2"), 1, 2, architecture="aarch64"),
)
_FIRST_CLUSTER_ID = 1_000_001
_FIRST_SERVER_ID = 1_000_101
_FIRST_BIRTH = datetime(2021, 3, 2, 10, 12, 44, tzinfo=OCP_ZONE).timestamp()


def build(count: int) -> list[Cluster]:
    """Return `count` clusters; each standby follows its primary."""
    clusters: list[Cluster] = []
    zones_before = servers_before = 0
    for index in range(count):
        draft = DRAFTS[index % len(DRAFTS)]
        cluster = _cluster(index, draft, zones_before, servers_before)
        zones_before += len(cluster.zones)
        servers_before += len(cluster.servers)
        if draft.is_standby:
            cluster.primary_id = clusters[-1].id
            clusters[-1].standby_ids = [cluster.id]
        clusters.append(cluster)
    return clusters


def _cluster(index: int, draft: _Draft, zones_before: int, servers_before: int) -> Cluster:
    cluster_id = _FIRST_CLUSTER_ID + index
    born_at = _FIRST_BIRTH + index * 1_234_567.0
    round_number = index // len(DRAFTS)
    cluster = Cluster(
        id=cluster_id,
        name=draft.name if round_number == 0 else f"{draft.name}_{round_number + 1:02d}",
        ob_cluster_id=3 + index * 2,
        listed_version=draft.version,
        architecture=draft.architecture,
        operating_system="el7",
        tenant_count=draft.tenants,
        created_at=born_at,
        updated_at=born_at + 5_400,
        zones=[_zone(number, idc, born_at) for number, idc in enumerate(draft.idcs, start=1)],
        servers=[],
    )
    for zone_index, zone in enumerate(cluster.zones):
        network = zones_before + zone_index
        for position in range(draft.servers):
            address = f"10.{24 + network // 250}.{1 + network % 250}.{position + 1}"
            server = _server(cluster, zone, address, _FIRST_SERVER_ID + servers_before + len(cluster.servers))
            cluster.servers.append(server)
    _install(cluster, draft.version, BUILDS[draft.version])
    return cluster


def _zone(zone_number: int, idc: str, born_at: float) -> Zone:
    idc_id, region = _IDCS[idc]
    return Zone(f"zone{zone_number}", region, idc, idc_id, born_at, born_at + 7_200)


def _server(cluster: Cluster, zone: Zone, address: str, server_id: int) -> Server:
    started_at = cluster.created_at + 427.295684
    return Server(
        id=server_id,
        host_id=server_id + 3_000_000,
        ip=address,
        cluster_id=cluster.id,
        zone=zone.name,
        version="",
        build="",
        started_at=started_at,
        updated_at=started_at + 60,
        has_rootserver=address.endswith(".1"),
    )


def _install(cluster: Cluster, version: str, build_number: str) -> None:
    for server in cluster.servers:
        run_version(server, version, build_number)
        server.parameters = {
            "min_observer_version": version,
            "compatible": version,
            "enable_upgrade_mode": "False",
        }


def run_version(server: Server, version: str, build_number: str) -> None:
    """Let a server report that it runs version-build from now on."""
    server.version = version
    server.build = build_number
    server.raw_version = raw_version(version, build_number)

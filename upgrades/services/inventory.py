"""The mirror of what OCP shows: clusters and packages, and each cluster's zones and servers.

Call the mirrors outside a wider transaction: each holds its endpoint's or its cluster's row until it commits.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Greatest
from django.utils import timezone

from upgrades import audit, selectors
from upgrades.models import Cluster, Endpoint, Package, Server, Zone
from upgrades.ocp import types
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import BadAnswer, NotFound, OcpError
from upgrades.services import clusters as cluster_services
from upgrades.services import endpoints, mirror

LEASE_SECONDS = 5
FACT_PARAMETERS = ("min_observer_version", "compatible", "enable_upgrade_mode")
_FILE_NAME_CAP = 255
_VALUE_CAP = 200


def sync_due(endpoint_id: int) -> bool:
    """Read and mirror the lists if that is due and nobody else does it. Returns whether it was done."""
    lease = 3 * settings.OCP_TOTAL_SECONDS + LEASE_SECONDS
    if not endpoints.claim(endpoint_id, "inventory", seconds=lease):
        return False
    try:
        endpoint = Endpoint.objects.get(pk=endpoint_id)
        if endpoints.may_read(endpoint, timezone.now()):
            sync(endpoint)
    finally:
        endpoints.release(endpoint_id, "inventory", timezone.now() + timedelta(seconds=settings.INVENTORY_SECONDS))
    return True


def sync(endpoint: Endpoint) -> None:
    """Read clusters, packages and version of `endpoint` and mirror them; what was read before a failure is kept."""
    client = endpoints.client(endpoint)
    at = selectors.database_now()
    try:
        mirror_clusters(endpoint, client.clusters(), at)
        packages_at = selectors.database_now()
        mirror_packages(endpoint, client.packages(), packages_at)
        _read_version(endpoint, client)
    except OcpError as error:
        endpoints.note_failure(endpoint, error, at)
    else:
        endpoints.note_success(endpoint, at)


def _read_version(endpoint: Endpoint, client: OcpClient) -> None:
    """Keep OCP's own version. The lists stand without it, and an answer without one takes nothing away."""
    if not endpoints.may_read(endpoint, timezone.now()):
        return
    try:
        version = client.info().build_version[:64]
    except (NotFound, BadAnswer):
        return
    if version:
        Endpoint.objects.filter(pk=endpoint.pk).exclude(ocp_version=version).update(ocp_version=version)


def mirror_clusters(endpoint: Endpoint, clusters: Sequence[types.Cluster], at: datetime) -> None:
    """Mirror the whole list of clusters that was read at `at`. A changed row asks for its topology to be read."""
    shown = {cluster.id: cluster for cluster in clusters}
    seen = {cluster.id: _listed(cluster) for cluster in clusters}

    def complete(ocp_id: int, row: Cluster | None, columns: dict[str, Any]) -> None:
        told = shown[ocp_id]
        columns["topology_wanted_at"] = at
        # The list often shows the version alone. What the servers told is kept for this version and for no other.
        if row is None or told.build or row.version != columns["version"]:
            columns["build"] = told.build[:64]
        if row is None or told.architecture:
            columns["architecture"] = told.architecture[:32]
        if row is None or cluster_services.is_another(row, columns):
            columns["environment"] = cluster_services.guess_environment(told.name)
        if row is not None and "environment" in columns:
            columns |= {"owner": "", "labels": []}
            cluster_services.record_another(row, columns)

    with transaction.atomic():
        # Dates the list, and holds the row until commit: two mirrors of one list never mix.
        Endpoint.objects.filter(pk=endpoint.pk).update(lists_observed_at=Greatest("lists_observed_at", Value(at)))
        rows = Cluster.objects.filter(endpoint=endpoint)
        mirror.apply(rows, key="ocp_id", seen=seen, at=at, completing=complete, endpoint=endpoint)


def _listed(seen: types.Cluster) -> dict[str, Any]:
    """The columns that the list of clusters alone decides."""
    columns = {
        "name": seen.name[:255],
        "ob_cluster_id": seen.ob_cluster_id,
        "version": seen.version[:64],
        "status": seen.status[:64],
        "type": seen.type[:32],
        "primary_ocp_id": seen.primary_id,
        "standby_ocp_ids": sorted(seen.standby_ids),
        "server_count": seen.server_count or 0,
        "region_names": list(seen.region_names),
        "zone_names": list(seen.zone_names),
    }
    row = json.dumps([columns, seen.build, seen.architecture], sort_keys=True)
    return {**columns, "list_digest": hashlib.sha256(row.encode()).hexdigest()}


def mirror_packages(endpoint: Endpoint, packages: Sequence[types.Package], at: datetime) -> None:
    """Mirror the whole list of packages that was read at `at`. Other content under a known name is recorded."""

    def complete(_file_name: str, row: Package | None, columns: dict[str, Any]) -> None:
        known = (row.sha1 or row.previous_sha1) if row is not None else ""
        if row is None or not known or columns["sha1"] == known:
            return
        # An answer without a sha1 is no replacement yet, but what was known is kept to compare with.
        columns["previous_sha1"] = known
        if columns["sha1"]:
            columns["replaced_at"] = at
            after = {"sha1": columns["sha1"]}
            audit.record("package.replaced", subject=row, before={"sha1": known}, after=after)

    with transaction.atomic():
        Endpoint.objects.filter(pk=endpoint.pk).update(packages_observed_at=Greatest("packages_observed_at", Value(at)))
        rows = Package.objects.filter(endpoint=endpoint)
        mirror.apply(rows, key="file_name", seen=_packages(packages), at=at, completing=complete, endpoint=endpoint)


def _packages(packages: Sequence[types.Package]) -> dict[str, dict[str, Any]]:
    """The newest of each file name. A name that a row cannot hold whole could never be asked for: left out."""
    return {
        seen.file_name: {
            "ocp_id": seen.id,
            "name": seen.name[:128],
            "version": seen.version[:64],
            "build": seen.build[:64],
            "operating_system": seen.operating_system[:32],
            "architecture": seen.architecture[:32],
            "sha1": seen.sha1[:64],
            "size": seen.size,
            "type": seen.type[:64],
            "created_in_ocp_at": seen.create_time,
        }
        for seen in sorted(packages, key=lambda package: package.id)
        if 0 < len(seen.file_name) <= _FILE_NAME_CAP
    }


def mirror_zones(cluster: Cluster, zones: Sequence[types.Zone], at: datetime) -> None:
    """Mirror the whole list of zones of `cluster` that was read at `at`."""
    seen = {
        zone.name[:128]: {"region": zone.region[:128], "idc": zone.idc[:128], "status": zone.status[:64]}
        for zone in zones
    }
    with transaction.atomic():
        # Changes nothing, and holds the cluster's row until commit.
        Cluster.objects.filter(pk=cluster.pk).update(topology_observed_at=F("topology_observed_at"))
        mirror.apply(Zone.objects.filter(cluster=cluster), key="name", seen=seen, at=at, cluster=cluster)


def mirror_servers(cluster: Cluster, servers: Sequence[types.Server], at: datetime) -> None:
    """Mirror the whole list of servers of `cluster` that was read at `at`; the cluster's build follows them."""
    seen = {
        server.id: {
            "zone_name": server.zone_name[:128],
            "ip": server.ip[:128],
            "port": server.port if server.port is not None else 2882,
            "version": server.version[:64],
            "build": server.build[:64],
            "status": server.status[:64],
        }
        for server in servers
    }
    with transaction.atomic():
        Cluster.objects.filter(pk=cluster.pk).update(
            topology_observed_at=Greatest("topology_observed_at", Value(at)), topology_failure=None, **tried(at)
        )
        rows = Server.objects.filter(cluster=cluster)
        mirror.apply(rows, key="ocp_id", seen=seen, at=at, cluster=cluster)
        _set_versions(cluster)


def _set_versions(cluster: Cluster) -> None:
    """What the servers run; as the cluster's build the one that all report with the version of the list, else none."""
    shown = selectors.server_versions(cluster)
    version = Cluster.objects.values_list("version", flat=True).get(pk=cluster.pk)
    common = shown[0] if len(shown) == 1 else ["", ""]
    columns = {"build": common[1] if common[0] == version else "", "server_versions": shown}
    Cluster.objects.filter(pk=cluster.pk).exclude(**columns).update(**columns)


def mirror_parameters(cluster: Cluster, parameters: Sequence[types.Parameter], at: datetime) -> None:
    """Keep the distinct values of the FACT_PARAMETERS in `facts`; one that OCP did not show is not there."""
    facts = {
        parameter.name: sorted(value[:_VALUE_CAP] for value in parameter.values)[:50]
        for parameter in parameters
        if parameter.name in FACT_PARAMETERS
    }
    is_newest = Q(topology_observed_at=None) | Q(topology_observed_at__lte=at)
    Cluster.objects.filter(is_newest, pk=cluster.pk).exclude(facts=facts).update(facts=facts)


def tried(at: datetime) -> Mapping[str, Any]:
    """The columns that say that a topology was tried at `at`: a wish from before is served."""
    is_served = When(topology_wanted_at__lte=at, then=Value(None))
    return {
        "topology_tried_at": Greatest("topology_tried_at", Value(at)),
        "topology_wanted_at": Case(is_served, default=F("topology_wanted_at")),
    }

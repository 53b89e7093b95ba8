"""When a cluster's zones, servers and parameters are read: its row in the list changed, somebody looks, or its turn."""

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from upgrades import selectors
from upgrades.models import Cluster, Endpoint
from upgrades.models.clusters import ClusterQuerySet
from upgrades.ocp import errors
from upgrades.ocp.client import OcpClient
from upgrades.services import endpoints, inventory, preread

REQUESTS_PER_SECOND = 5
REQUESTS_PER_CLUSTER = 4
BATCH = 5
BATCH_SECONDS = 1.0
WANT_SECONDS = 5
_ENDPOINT_FAILS = (
    errors.NotSent,
    errors.DeadlinePassed,
    errors.ConnectionLost,
    errors.Redirected,
    errors.Unauthorized,
    errors.RateLimited,
)

T = TypeVar("T")


def want(cluster: Cluster) -> None:
    """Note that somebody looks at `cluster`: its topology is read next. One UPDATE, at most one each 5 seconds."""
    recently = timezone.now() - timedelta(seconds=WANT_SECONDS)
    if cluster.topology_wanted_at is not None or (cluster.topology_tried_at or recently) > recently:
        return
    Cluster.objects.filter(pk=cluster.pk, topology_wanted_at=None).update(topology_wanted_at=Now())


def sync_due(endpoint_id: int) -> bool:
    """Read a batch of topologies if that is due and nobody else does it. Returns whether it was done.

    Asked each second: where no cluster waits, nothing is claimed, so that nothing is written.
    """
    if not _waiting(endpoint_id).exists():
        return False
    lease = BATCH_SECONDS + REQUESTS_PER_CLUSTER * settings.OCP_TOTAL_SECONDS + inventory.LEASE_SECONDS
    if not endpoints.claim(endpoint_id, "topology", seconds=lease):
        return False
    read = 0
    try:
        endpoint = Endpoint.objects.get(pk=endpoint_id)
        if endpoints.may_read(endpoint, timezone.now()):
            read = sync_topologies(endpoint)
    finally:
        pause = max(1.0, read * REQUESTS_PER_CLUSTER / REQUESTS_PER_SECOND)
        endpoints.release(endpoint_id, "topology", timezone.now() + timedelta(seconds=pause))
    return True


def sync_topologies(endpoint: Endpoint) -> int:
    """Read the topologies wanted longest, then those tried longest ago; return how many were tried.

    At most a batch: who calls must wait until the requests made are REQUESTS_PER_SECOND at most.
    """
    client = endpoints.client(endpoint)
    began = time.monotonic()
    count = 0
    for cluster in _next(endpoint):
        if time.monotonic() - began > BATCH_SECONDS:
            break
        count += 1
        if isinstance(sync(cluster, client), _ENDPOINT_FAILS):
            break
    return count


def _waiting(endpoint_id: int) -> ClusterQuerySet:
    """Clusters that somebody looks at, or whose turn it is."""
    old = timezone.now() - timedelta(seconds=settings.INVENTORY_SECONDS)
    is_waiting = Q(topology_wanted_at__isnull=False) | Q(topology_tried_at=None) | Q(topology_tried_at__lt=old)
    return Cluster.objects.filter(is_waiting, endpoint=endpoint_id, missing_since=None)


def _next(endpoint: Endpoint) -> list[Cluster]:
    rows = _waiting(endpoint.pk)
    wanted = list(rows.exclude(topology_wanted_at=None).order_by("topology_wanted_at", "pk")[:BATCH])
    by_age = F("topology_tried_at").asc(nulls_first=True)
    return wanted + list(rows.filter(topology_wanted_at=None).order_by(by_age, "pk")[: BATCH - len(wanted)])


def sync(cluster: Cluster, client: OcpClient | None = None) -> errors.OcpError | None:
    """Read zones, servers, parameters and failed upgrades of `cluster`, mirror them; return what prevented it.

    Parameters that OCP does not give leave their facts empty: not known is not the same as unchanged. Failed upgrades
    that it does not give stay as they are: they are read again before a start, which they block then.
    """
    at = selectors.database_now()
    client = client or endpoints.client(cluster.endpoint)
    try:
        zones = client.zones(cluster.ocp_id)
        servers = client.servers(cluster.ocp_id)
        _require_some(cluster, zones, servers)
        parameters = _optional(lambda: client.parameters(cluster.ocp_id))
        tasks = _optional(lambda: preread.newest_tasks(cluster, client))
    except errors.OcpError as error:
        _note_failure(cluster, error, at)
        return error
    inventory.mirror_zones(cluster, zones, at)
    if tasks is None:
        inventory.mirror_servers(cluster, servers, at)
    else:
        preread.mirror_servers(cluster, servers, tasks, at)
    inventory.mirror_parameters(cluster, parameters or (), at)
    endpoints.note_success(cluster.endpoint, at)
    return None


def _require_some(cluster: Cluster, *lists: Sequence[object]) -> None:
    """A cluster whose servers are counted in OCP's own list has some: an empty list is no answer to believe."""
    if cluster.server_count and not all(lists):
        raise errors.BadAnswer("OCP showed no zone or no server of a cluster that has some.", http_status=200)


def _optional(read: Callable[[], T]) -> T | None:
    """What a call brings that a topology can do without; None where OCP does not give it. Raises _ENDPOINT_FAILS."""
    try:
        return read()
    except _ENDPOINT_FAILS:
        raise
    except errors.OcpError:
        return None


def _note_failure(cluster: Cluster, error: errors.OcpError, at: datetime) -> None:
    """Keep why, and let the rotation go on: one cluster that OCP cannot tell of must not hide the others."""
    Cluster.objects.filter(pk=cluster.pk).update(
        topology_failure=endpoints.reason_of(error).to_json(), **inventory.tried(at)
    )
    if isinstance(error, _ENDPOINT_FAILS):
        endpoints.note_failure(cluster.endpoint, error, at)

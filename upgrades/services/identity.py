"""Two endpoints that show one server: perhaps one OCP under two addresses, each with its own approvals and holds.

While that is in doubt, the one that was added later is only read. An admin's word that these are different servers ends
the doubt, and so does switching one of the two off.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db.models import F, QuerySet

from upgrades import audit
from upgrades.models import Cluster, ClusterHold, Endpoint, Server, User
from upgrades.rules import Reason
from upgrades.services.moves import TooLate, attempt_as_admin


@dataclass(frozen=True, slots=True)
class Doubt:
    """A server of `cluster` at `address` that `endpoint`, added earlier, shows as well."""

    endpoint: Endpoint
    cluster: Cluster
    address: str


def doubt(endpoint: Endpoint, other_id: int | None = None) -> Doubt | None:
    """Why `endpoint` is only read, None where it is not. other_id: asks about that other endpoint alone."""
    earlier = Endpoint.objects.filter(pk__lt=endpoint.pk, is_active=True).exclude(pk__in=endpoint.told_apart_from)
    if other_id is not None:
        earlier = earlier.filter(pk=other_id)
    if not endpoint.is_active or not earlier.exists():
        return None
    ours, theirs = _shown(Endpoint.objects.filter(pk=endpoint.pk)), _shown(earlier)
    # One hash of each side: there is no index to walk, and a fleet has tens of thousands of servers.
    places = ours.order_by().values_list("ip", "port").intersection(theirs.order_by().values_list("ip", "port"))
    for ip, port in places[:1]:
        mine, other = ours.filter(ip=ip, port=port).first(), theirs.filter(ip=ip, port=port).first()
        if mine is not None and other is not None:
            return Doubt(other.cluster.endpoint, mine.cluster, mine.address)
    return None


def why_only_read(clusters: Sequence[Cluster]) -> Reason | None:
    """Why nothing may start on `clusters`, of one endpoint: an earlier one shows a server of theirs as well.

    For the earlier one too, while a run of the later one holds that server.
    """
    shared = list(_shared(clusters))
    held = set(
        ClusterHold.objects.filter(cluster__in={other.cluster_id for _ours, other in shared}).values_list(
            "cluster_id", flat=True
        )
    )
    for ours, other in shared:
        if other.cluster.endpoint_id < ours.cluster.endpoint_id or other.cluster_id in held:
            where = {"endpoint": other.cluster.endpoint.name, "cluster": ours.cluster.name}
            return Reason("start.server_elsewhere", {**where, "address": other.address})
    return None


def tell_apart(*, actor: User, endpoint: Endpoint, other_id: int) -> None:
    """An admin's word that `endpoint` shows other servers than the earlier one, though their addresses are the same.

    Raises Forbidden; TooLate where the two are not, or no more, in doubt.
    """
    with attempt_as_admin("endpoint.tell_apart", actor=actor, subject=endpoint):
        row = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        found = doubt(row, other_id)
        if found is None:
            raise TooLate(Reason("endpoint.not_in_doubt", {"name": row.name}))
        told = [*row.told_apart_from, other_id]
        Endpoint.objects.filter(pk=row.pk).update(told_apart_from=told, lock_version=F("lock_version") + 1)
        after = {"other": found.endpoint.name, "address": found.address, "cluster": found.cluster.name}
        audit.record("endpoint.tell_apart", actor=actor, subject=row, after=after)


def forget_words(endpoint_id: int) -> None:
    """Take back what admins said of the OCP at an address that is left: the next one is another."""
    Endpoint.objects.filter(pk=endpoint_id).update(told_apart_from=[])
    for row in Endpoint.objects.filter(told_apart_from__contains=[endpoint_id]):
        left = [pk for pk in row.told_apart_from if pk != endpoint_id]
        Endpoint.objects.filter(pk=row.pk).update(told_apart_from=left)


def _shown(endpoints: QuerySet[Endpoint]) -> QuerySet[Server]:
    """The servers that `endpoints` show now."""
    rows = Server.objects.filter(missing_since=None, cluster__missing_since=None, cluster__endpoint__in=endpoints)
    return rows.select_related("cluster__endpoint").order_by("pk")


def _shared(clusters: Sequence[Cluster]) -> Iterator[tuple[Server, Server]]:
    """Each server of `clusters` with the one of another endpoint that has its address and was not told apart."""
    ours = {server.address: server for server in _servers().filter(cluster__in=clusters)}
    others = _servers().filter(
        ip__in={server.ip for server in ours.values()},
        cluster__missing_since=None,
        cluster__endpoint__is_active=True,
    )
    for other in others.exclude(cluster__endpoint__in={cluster.endpoint_id for cluster in clusters}).order_by("pk"):
        mine = ours.get(other.address)
        if mine is not None and not _is_told_apart(mine.cluster.endpoint, other.cluster.endpoint):
            yield mine, other


def _servers() -> QuerySet[Server]:
    return Server.objects.filter(missing_since=None).select_related("cluster__endpoint")


def _is_told_apart(one: Endpoint, other: Endpoint) -> bool:
    earlier, later = sorted((one, other), key=lambda endpoint: endpoint.pk)
    return earlier.pk in later.told_apart_from

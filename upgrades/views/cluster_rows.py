"""What the list of clusters shows of each: its request, its relatives, where it can go. A fixed number of queries."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from upgrades import selectors
from upgrades.models import ChangeRequest, Cluster, Package, User
from upgrades.rules import Reason, paths, workflow
from upgrades.rules.verdicts import BESIDE_THE_POINT, Stock, stock_of
from upgrades.services import plans

# The head of the exported list: stable words, the same in every language.
LINE_HEAD = (
    "name", "ocp_id", "ob_cluster_id", "endpoint", "environment", "owner", "labels", "version", "build",
    "server_versions", "mixed", "ocp_state", "role", "architecture", "regions", "zones", "servers", "primary_ocp_id",
    "standby_ocp_ids", "request", "request_status", "observed_at", "missing_since",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One cluster of the list."""

    cluster: Cluster
    request: ChangeRequest | None
    relation: str
    next_version: str
    why_not: Reason | None

    @property
    def shape(self) -> str:
        """3 × 2: zones and the servers of each; 3, 7 where the zones differ."""
        zones, servers = len(self.cluster.zone_names), self.cluster.server_count
        is_even = zones and servers % zones == 0
        return f"{zones} × {servers // zones}" if is_even else f"{zones}, {servers}"

    @property
    def status(self) -> str:
        """The data-status of its request: that of the run where one is under way."""
        return status_of(self.request) if self.request else ""


def status_of(change_request: ChangeRequest) -> str:
    """The status to show for a request: its run's, once there is one."""
    run = getattr(change_request, "run", None)
    return str(run.status if run is not None else change_request.status)


def rows_of(user: User, clusters: list[Cluster]) -> list[Row]:
    """The rows of one page, in the order given."""
    requests = _requests(clusters)
    names = relatives(user, clusters)
    routes = Routes(clusters)
    rows = []
    for cluster in clusters:
        next_version, why_not = routes.best(cluster)
        rows.append(Row(cluster, requests.get(cluster.pk), _relation(cluster, names), next_version, why_not))
    return rows


def lines_of(clusters: list[Cluster]) -> list[list[object]]:
    """`clusters` as lines under LINE_HEAD; times in UTC."""
    requests = _requests(clusters)
    return [_line(cluster, requests.get(cluster.pk)) for cluster in clusters]


def _line(cluster: Cluster, request: ChangeRequest | None) -> list[object]:
    versions = "; ".join(paths.full(version, build) for version, build in cluster.shown_versions)
    at, gone = cluster.observed_at, cluster.missing_since
    return [
        cluster.name, cluster.ocp_id, cluster.ob_cluster_id, cluster.endpoint.name, cluster.environment, cluster.owner,
        "; ".join(cluster.labels), cluster.version, cluster.build, versions, "yes" if cluster.is_mixed else "no",
        cluster.status, cluster.type, cluster.architecture, "; ".join(cluster.region_names), len(cluster.zone_names),
        cluster.server_count, cluster.primary_ocp_id, "; ".join(map(str, cluster.standby_ocp_ids)),
        request.number if request else "", status_of(request) if request else "", f"{at:%Y-%m-%dT%H:%M:%SZ}",
        f"{gone:%Y-%m-%dT%H:%M:%SZ}" if gone else "",
    ]  # fmt: skip


def taking_request(cluster: Cluster) -> ChangeRequest | None:
    """The request that has the place on `cluster`."""
    return _requests([cluster]).get(cluster.pk)


def _requests(clusters: list[Cluster]) -> dict[int, ChangeRequest]:
    taking = ChangeRequest.objects.filter(cluster__in=clusters, status__in=workflow.REQUEST_TAKING_CLUSTER)
    return {change_request.cluster_id: change_request for change_request in taking.select_related("run")}


def relatives(user: User, clusters: list[Cluster]) -> dict[tuple[int, int], Cluster]:
    """Primaries and standbys of `clusters` that the reader may see, by endpoint and OCP id: each OCP counts alone."""
    ids = {ocp_id for cluster in clusters for ocp_id in cluster.affected_ocp_ids if ocp_id != cluster.ocp_id}
    endpoints = {cluster.endpoint_id for cluster in clusters}
    rows = Cluster.objects.visible_to(user).filter(endpoint__in=endpoints, ocp_id__in=ids)
    rows = rows.only("endpoint_id", "ocp_id", "name")
    return {(row.endpoint_id, row.ocp_id): row for row in rows}


def _relation(cluster: Cluster, names: Mapping[tuple[int, int], Cluster]) -> str:
    if cluster.primary_ocp_id is not None:
        primary = names.get((cluster.endpoint_id, cluster.primary_ocp_id))
        return _("standby of %(name)s") % {"name": primary.name} if primary else _("a standby")
    keys = [(cluster.endpoint_id, ocp_id) for ocp_id in cluster.standby_ocp_ids]
    standbys = [names[key].name for key in keys if key in names]
    if standbys:
        return _("has standby %(names)s") % {"names": ", ".join(standbys)}
    return _("has a standby") if cluster.standby_ocp_ids else ""


class Routes:
    """Where clusters can go with the packages of their endpoints. Clusters that are alike are judged once."""

    def __init__(self, clusters: list[Cluster]) -> None:
        self._stocks = stocks({cluster.endpoint_id for cluster in clusters})
        self._newest_first = {
            key: sorted(stock.packages, key=_order, reverse=True) for key, stock in self._stocks.items()
        }
        self._known: dict[tuple[int, paths.ClusterFacts], tuple[str, Reason | None]] = {}

    def best(self, cluster: Cluster) -> tuple[str, Reason | None]:
        """The newest version it can take, or "" and the first reason that matters (None: nothing is newer)."""
        key = (cluster.endpoint_id, plans.cluster_facts(cluster, cluster.shown_versions))
        if key not in self._known:
            self._known[key] = self._judge(*key)
        return self._known[key]

    def _judge(self, endpoint_id: int, facts: paths.ClusterFacts) -> tuple[str, Reason | None]:
        stock = self._stocks.get(endpoint_id)
        if stock is None:
            return "", None
        why_not: Reason | None = None
        for package in self._newest_first[endpoint_id]:
            verdict = stock.eligibility(facts, package)
            if verdict.is_possible:
                return package.version, None
            if why_not is None and not any(reason.code in BESIDE_THE_POINT for reason in verdict.reasons):
                why_not = verdict.reasons[0]
        return "", why_not


def stocks(endpoint_ids: Collection[int]) -> dict[int, Stock]:
    """The server packages of each endpoint that holds any."""
    rows = Package.objects.filter(endpoint__in=endpoint_ids, missing_since=None, type=paths.SERVER_PACKAGE)
    found: dict[int, list[paths.PackageFacts]] = {}
    for endpoint_id, *columns in rows.order_by("file_name").values_list("endpoint_id", *plans.PACKAGE_FACTS):
        facts = paths.PackageFacts(**dict(zip(plans.PACKAGE_FACTS, columns, strict=True)))
        found.setdefault(endpoint_id, []).append(facts)
    graphs = selectors.path_graphs(found)
    return {endpoint_id: stock_of(tuple(packages), graphs[endpoint_id]) for endpoint_id, packages in found.items()}


def _order(package: paths.PackageFacts) -> tuple[int, ...]:
    try:
        return paths.version_key(package.version, package.build)
    except ValueError:
        return ()

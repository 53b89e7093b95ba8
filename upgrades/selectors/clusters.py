"""Clusters, as their list reads them."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Concat

from upgrades.models import ChangeRequest, Cluster, Server, User
from upgrades.models.change_requests import ChangeRequestQuerySet
from upgrades.models.clusters import ClusterQuerySet
from upgrades.rules import workflow
from upgrades.rules.versions import version_key

_SORTS: Mapping[str, str] = {
    "name": "name",
    "environment": "environment",
    "state": "status",
    "servers": "server_count",
    "seen": "observed_at",
}


def cluster_list(user: User, filters: Mapping[str, Any]) -> ClusterQuerySet:
    """The clusters that `user` may see, in order.

    `filters`: q (part of the name, of a server's address, or an OCP id), environment, region, state (OCP's word),
    only ("open": a change request has it, "mixed": servers of different versions, "gone": no longer in OCP's list),
    sort ("version", the default, or a key of the page's columns; "-" before it turns the order round).
    """
    rows = Cluster.objects.visible_to(user).select_related("endpoint")
    only = filters.get("only")
    rows = rows.filter(missing_since__isnull=only != "gone")
    for name, condition in _CLUSTER_CONDITIONS.items():
        if filters.get(name):
            rows = rows.filter(condition(filters[name]))
    if only == "open":
        rows = rows.filter(Exists(taking_requests()))
    elif only == "mixed":
        rows = rows.filter(pk__in=mixed_clusters())
    return _in_order(rows, filters.get("sort") or "version")


def taking_requests() -> ChangeRequestQuerySet:
    """The request that has the place on the cluster of an outer query."""
    return ChangeRequest.objects.filter(cluster=OuterRef("pk"), status__in=workflow.REQUEST_TAKING_CLUSTER)


def mixed_clusters() -> QuerySet[Server, Any]:
    """Keys of the clusters whose servers do not all run one version and build."""
    build = Count(Concat("version", Value("-"), "build"), distinct=True)
    rows = Server.objects.filter(missing_since=None).values("cluster").order_by()
    return rows.annotate(builds=build).filter(builds__gt=1).values("cluster")


def version_counts(rows: ClusterQuerySet) -> dict[str, int]:
    """How many of `rows` run each version, the newest first; what cannot be compared comes last."""
    counted = rows.order_by().values_list("version").annotate(Count("pk"))
    return dict(sorted(counted, key=lambda pair: _version_rank(pair[0]), reverse=True))


def _version_rank(version: str) -> tuple[Any, ...]:
    try:
        return (1, version_key(version))
    except ValueError:
        return (0, version)


def _in_order(rows: ClusterQuerySet, sort: str) -> ClusterQuerySet:
    name = sort.removeprefix("-")
    if name in _SORTS:
        return rows.order_by(f"-{_SORTS[name]}" if sort.startswith("-") else _SORTS[name], "name", "pk")
    ranks = [When(version=version, then=rank) for rank, version in enumerate(version_counts(rows))]
    by_version = Case(*ranks, default=len(ranks), output_field=IntegerField()) if ranks else F("version")
    return rows.order_by(by_version, "name", "pk")


_CLUSTER_CONDITIONS: Mapping[str, Callable[[Any], Q]] = {
    "q": lambda text: (
        Q(name__icontains=text)
        | Q(pk__in=Server.objects.filter(ip__startswith=text, missing_since=None).values("cluster"))
        | (Q(ocp_id=int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else Q())
    ),
    "environment": lambda environment: Q(environment=environment),
    "region": lambda region: Q(region_names__contains=[region]),
    "state": lambda state: Q(status=state),
}

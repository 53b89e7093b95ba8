"""Clusters, as their list reads them. What is counted over thousands is grouped by the database."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, Count, Exists, F, Func, IntegerField, OuterRef, Q, Value

from upgrades.models import ChangeRequest, Cluster, Endpoint, Server, User
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


@dataclass(frozen=True, slots=True)
class Kind:
    """Clusters that are alike in all that the list's filters offer, and how many they are."""

    environment: str
    version: str
    status: str
    architecture: str
    endpoint: str
    region_names: tuple[str, ...]
    is_mixed: bool
    is_gone: bool
    is_unread: bool
    count: int


def census(user: User) -> list[Kind]:
    """Every cluster that `user` may see, by kind: one pass over the rows."""
    columns = ("environment", "version", "status", "architecture", "endpoint_id", "region_names", "is_mixed")
    names = dict(Endpoint.objects.values_list("pk", "name"))
    flags = {
        "is_gone": Q(missing_since__isnull=False),
        "is_unread": Q(topology_failure__isnull=False) | Q(topology_observed_at__isnull=True),
    }
    rows = Cluster.objects.visible_to(user).order_by().annotate(**flags).values(*columns, *flags)
    return [
        Kind(endpoint=names.get(row.pop("endpoint_id"), ""), region_names=tuple(row.pop("region_names")), **row)
        for row in rows.annotate(count=Count("pk"))
    ]


def owners_and_labels(user: User) -> tuple[list[str], list[str]]:
    """The owners and the labels of the clusters that `user` may see, each sorted."""
    rows = Cluster.objects.visible_to(user).filter(missing_since=None).order_by()
    owners = rows.exclude(owner="").values_list("owner", flat=True).distinct()
    # Taken apart by the database: thousands of clusters have few labels, in many combinations.
    labels = rows.exclude(labels=[]).annotate(label=_Elements("labels")).values_list("label", flat=True).distinct()
    return sorted(owners), sorted(labels)


class _Elements(Func):
    """The texts of a JSON list, a row each."""

    function = "jsonb_array_elements_text"
    output_field = CharField()
    set_returning = True


def cluster_list(user: User, filters: Mapping[str, Any]) -> ClusterQuerySet:
    """The clusters that `user` may see, in no order.

    `filters`: q (part of the name, of a server's address, or an OCP id), environment, region, version, state (OCP's
    word), architecture, endpoint (its name), owner, label, only ("open": a change request has it, "mixed": servers of
    different versions, "gone": no longer in OCP's list).
    """
    only = filters.get("only")
    rows = Cluster.objects.visible_to(user).filter(missing_since__isnull=only != "gone").order_by()
    for name, condition in _CLUSTER_CONDITIONS.items():
        if filters.get(name):
            rows = rows.filter(condition(filters[name]))
    if only == "open":
        rows = rows.filter(Exists(taking_requests()))
    elif only == "mixed":
        rows = rows.filter(is_mixed=True)
    return rows


def cluster_order(rows: ClusterQuerySet, sort: str, versions: Iterable[str]) -> ClusterQuerySet:
    """`rows` in order. `sort`: "version", or a key of the page's columns; "-" before it turns the order round.

    `versions`: those of `rows`, the newest first, as version_counts() tells.
    """
    name = sort.removeprefix("-")
    if name in _SORTS:
        return rows.order_by(f"-{_SORTS[name]}" if sort.startswith("-") else _SORTS[name], "name", "pk")
    newest_first = Value(list(versions), output_field=ArrayField(CharField()))
    rank = Func(newest_first, F("version"), function="array_position", output_field=IntegerField())
    return rows.order_by(rank.desc() if sort.startswith("-") else rank.asc(), "name", "pk")


def taking_requests() -> ChangeRequestQuerySet:
    """The request that has the place on the cluster of an outer query."""
    return ChangeRequest.objects.filter(cluster=OuterRef("pk"), status__in=workflow.REQUEST_TAKING_CLUSTER)


def server_versions(cluster: Cluster) -> list[list[str]]:
    """The different [version, build] of the servers of `cluster`, sorted: what its `server_versions` must say."""
    rows = Server.objects.filter(cluster=cluster, missing_since=None).order_by()
    return [list(pair) for pair in sorted(rows.values_list("version", "build").distinct())]


def version_counts(rows: ClusterQuerySet) -> dict[str, int]:
    """How many of `rows` run each version, as newest_first() orders them."""
    counted = rows.order_by().values_list("version").annotate(Count("pk"))
    return newest_first(dict(counted))


def newest_first(versions: Mapping[str, int]) -> dict[str, int]:
    """Counts by version in the order of versions, the newest first; what cannot be compared comes last."""
    return dict(sorted(versions.items(), key=lambda pair: _version_rank(pair[0]), reverse=True))


def _version_rank(version: str) -> tuple[Any, ...]:
    try:
        return (1, version_key(version))
    except ValueError:
        return (0, version)


_CLUSTER_CONDITIONS: Mapping[str, Callable[[Any], Q]] = {
    "q": lambda text: (
        Q(name__icontains=text)
        | Q(pk__in=Server.objects.filter(ip__startswith=text, missing_since=None).values("cluster"))
        | (Q(ocp_id=int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else Q())
    ),
    "environment": lambda environment: Q(environment=environment),
    "region": lambda region: Q(region_names__contains=[region]),
    "version": lambda version: Q(version=version),
    "state": lambda state: Q(status=state),
    "architecture": lambda architecture: Q(architecture=architecture),
    "endpoint": lambda name: Q(endpoint__name=name),
    "owner": lambda owner: Q(owner=owner),
    "label": lambda label: Q(labels__contains=[label]),
}

"""The clusters' pages: the list, one cluster with its topology and what it can take, its environment."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from upgrades import reasons, selectors
from upgrades.forms.clusters import ClusterFilterForm, DescribeForm, EnvironmentForm
from upgrades.models import Cluster, ClusterHold, Role, User
from upgrades.services import clusters, identity, topology
from upgrades.services.moves import Invalid, attempt
from upgrades.views import cluster_facts, cluster_filters, cluster_history, cluster_rows, exports, reading, saved_views
from upgrades.views.reader import reader

PAGE = 50
EXPORT_BATCH = 500
NOT_LISTED = ("facts", "failed_leftover_ids", "upgrades_in_ocp", "topology_failure")


@require_safe
def cluster_list(request: HttpRequest) -> HttpResponse:
    """The clusters that the reader may see, grouped by version unless ordered otherwise."""
    user = reader(request)
    filters = ClusterFilterForm(request.GET).chosen()
    sort = filters.get("sort", "version")
    kinds = selectors.census(user)
    versions = cluster_filters.versions_of(user, kinds, filters)
    chosen = filters.get("version", "")
    shown = {chosen: versions.get(chosen, 0)} if chosen else versions
    page = _page_of(user, filters, sort, shown, request.GET.get("page"))
    selects = cluster_filters.selects(user, kinds, filters)
    facts = {
        "saved": saved_views.beside(request, "clusters"),
        "reading": reading.of_clusters(),
        "page": page,
        "rows": cluster_rows.rows_of(user, _in_full(page.object_list)),
        "groups": shown if sort.removeprefix("-") == "version" else {},
        "sort": sort,
        "filters": filters,
        "filter_count": len(filters.keys() - {"sort"}),
        "counts": cluster_filters.counts(user, kinds),
        "selects": selects,
        "environments": cluster_filters.environments(user),
        "kept": sorted(filters.keys() - {"q", *(select.name for select in selects)}),
        "spread": cluster_filters.spread_of(versions, chosen),
    }
    return render(request, "upgrades/clusters/list.html", facts)


def _page_of(user: User, filters: dict[str, Any], sort: str, versions: dict[str, int], number: str | None) -> Page[Any]:
    """One page of keys: what sorts thousands of rows carries nothing else."""
    found = selectors.cluster_order(selectors.cluster_list(user, filters), sort, versions)
    paginator = Paginator(found.values_list("pk", flat=True), PAGE)
    paginator.count = sum(versions.values())
    return paginator.get_page(number)


def _in_full(keys: Iterable[int]) -> list[Cluster]:
    """The rows of a page, without what only a cluster's own page shows; each of the few endpoints is read once."""
    wanted = list(keys)
    rows = Cluster.objects.prefetch_related("endpoint").defer(*NOT_LISTED).in_bulk(wanted)
    return [rows[key] for key in wanted if key in rows]


@require_safe
def cluster_export(request: HttpRequest) -> HttpResponseBase:
    """The filtered list as CSV, whole. Only its keys are read at once; the rows follow as they are sent."""
    user = reader(request)
    filters = ClusterFilterForm(request.GET).chosen()
    found = selectors.cluster_list(user, filters)
    ordered = selectors.cluster_order(found, filters.get("sort", "version"), selectors.version_counts(found))
    keys = list(ordered.values_list("pk", flat=True))
    clusters.note_export(actor=user, filters=filters, count=len(keys))
    return exports.csv_file("clusters", cluster_rows.LINE_HEAD, _batches(keys))


def _batches(keys: list[int]) -> Iterator[list[list[object]]]:
    for first in range(0, len(keys), EXPORT_BATCH):
        yield cluster_rows.lines_of(_in_full(keys[first : first + EXPORT_BATCH]))


@require_safe
def cluster_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One cluster. Looking at it asks the worker to read its servers next."""
    user = reader(request)
    cluster = _visible(user, pk)
    topology.want(cluster)
    return _page(request, user, cluster, _environment(cluster))


@require_POST
def cluster_describe(request: HttpRequest, pk: int) -> HttpResponse:
    """Say who owns a cluster, and its labels."""
    user = reader(request)
    cluster = _visible(user, pk)
    form = DescribeForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            clusters.describe(
                cluster=cluster, owner=values["owner"], labels=values["labels"], seen=values["seen"], actor=user
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, reasons.sentence(refusal.reason))
        else:
            messages.success(request, _("Owner and labels of %(name)s are kept.") % {"name": cluster.name})
            return redirect("clusters-detail", pk)
    with attempt("cluster.describe", actor=user, subject=cluster):
        clusters.require_operator(user, cluster)
    return _page(request, user, cluster, _environment(cluster), describing=form, status=400)


@require_POST
def cluster_environment(request: HttpRequest, pk: int) -> HttpResponse:
    """Say where a cluster serves."""
    user = reader(request)
    cluster = _visible(user, pk)
    form = EnvironmentForm(request.POST)
    wanted = str(form["environment"].value() or "")
    try:
        clusters.set_environment(cluster=cluster, environment=wanted, actor=user)
    except Invalid as refusal:
        form.add_error("environment", reasons.sentence(refusal.reason))
        return _page(request, user, cluster, form, status=400)
    where = cluster.get_environment_display()
    messages.success(request, _("%(name)s serves in %(where)s.") % {"name": cluster.name, "where": where})
    return redirect("clusters-detail", pk)


def _environment(cluster: Cluster) -> EnvironmentForm:
    return EnvironmentForm(initial={"environment": cluster.environment})


def _describing(cluster: Cluster) -> DescribeForm:
    said = clusters.described(cluster)
    return DescribeForm(initial={**said, "labels": ", ".join(said["labels"]), "seen": json.dumps(said)})


def _visible(user: User, pk: int) -> Cluster:
    return get_object_or_404(Cluster.objects.visible_to(user).select_related("endpoint"), pk=pk)


def _page(
    request: HttpRequest,
    user: User,
    cluster: Cluster,
    form: EnvironmentForm,
    *,
    describing: DescribeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    taking = cluster_rows.taking_request(cluster)
    facts: dict[str, Any] = {
        "cluster": cluster,
        "reading": reading.of_cluster(cluster),
        "taking": taking,
        "taking_status": cluster_rows.status_of(taking) if taking else "",
        "hold": ClusterHold.objects.filter(cluster=cluster).select_related("run").first(),
        "relatives": {row.ocp_id: row for row in cluster_rows.relatives(user, [cluster]).values()},
        "only_read": identity.why_only_read([cluster]),
        "topology": cluster_facts.topology(cluster),
        "offers": cluster_facts.offers(cluster),
        "parameters": cluster_facts.parameters(cluster),
        "history": cluster_history.ours(cluster),
        "found": cluster_history.found(cluster),
        "is_operator": user.has_role(Role.OPERATOR, cluster.environment),
        "form": form,
        "describing": describing or _describing(cluster),
        "why_not_describe": cluster_facts.why_not_describe(user, cluster),
        "why_not_environment": cluster_facts.why_not_environment(user, cluster, taking),
    }
    return render(request, "upgrades/clusters/detail.html", facts, status=status)

"""The clusters' pages: the list, one cluster with its topology and what it can take, its environment."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from upgrades import reasons, selectors
from upgrades.forms.clusters import ClusterFilterForm, EnvironmentForm
from upgrades.models import Cluster, ClusterHold, Role, User
from upgrades.services import clusters, topology
from upgrades.services.moves import Invalid
from upgrades.views import cluster_facts, cluster_filters, cluster_rows, reading
from upgrades.views.reader import reader

PAGE = 50
HISTORY = 20


@require_safe
def cluster_list(request: HttpRequest) -> HttpResponse:
    """The clusters that the reader may see, grouped by version unless ordered otherwise."""
    user = reader(request)
    filters = ClusterFilterForm(request.GET).chosen()
    sort = filters.get("sort", "version")
    versions = selectors.version_counts(selectors.cluster_list(user, {**filters, "version": ""}))
    chosen = filters.get("version", "")
    shown = {chosen: versions.get(chosen, 0)} if chosen else versions
    page = _page_of(user, filters, sort, shown, request.GET.get("page"))
    kinds = selectors.census(user)
    facts = {
        "reading": reading.of_clusters(),
        "page": page,
        "rows": cluster_rows.rows_of(user, _in_full(page.object_list)),
        "groups": shown if sort.removeprefix("-") == "version" else {},
        "sort": sort,
        "filters": filters,
        "filter_count": len(filters.keys() - {"sort"}),
        "counts": cluster_filters.counts(user, kinds),
        "selects": cluster_filters.selects(kinds, filters),
        "environments": cluster_filters.environments(user),
        "kept": sorted(filters.keys() - {"q", "region", "state", "architecture", "endpoint"}),
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
    wanted = list(keys)
    rows = Cluster.objects.select_related("endpoint").in_bulk(wanted)
    return [rows[key] for key in wanted if key in rows]


@require_safe
def cluster_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One cluster. Looking at it asks the worker to read its servers next."""
    user = reader(request)
    cluster = _visible(user, pk)
    topology.want(cluster)
    return _page(request, user, cluster, EnvironmentForm(initial={"environment": cluster.environment}))


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


def _visible(user: User, pk: int) -> Cluster:
    return get_object_or_404(Cluster.objects.visible_to(user).select_related("endpoint"), pk=pk)


def _page(
    request: HttpRequest, user: User, cluster: Cluster, form: EnvironmentForm, *, status: int = 200
) -> HttpResponse:
    taking = cluster_rows.taking_request(cluster)
    history = cluster.change_requests.select_related("run", "requester").order_by("-pk")[:HISTORY]
    facts: dict[str, Any] = {
        "cluster": cluster,
        "reading": reading.of_clusters(),
        "taking": taking,
        "taking_status": cluster_rows.status_of(taking) if taking else "",
        "hold": ClusterHold.objects.filter(cluster=cluster).select_related("run").first(),
        "relatives": cluster_rows.relatives(user, [cluster]),
        "topology": cluster_facts.topology(cluster),
        "offers": cluster_facts.offers(cluster),
        "parameters": cluster_facts.parameters(cluster),
        "history": [(past, cluster_rows.status_of(past)) for past in history],
        "is_operator": user.has_role(Role.OPERATOR, cluster.environment),
        "form": form,
        "why_not_environment": cluster_facts.why_not_environment(user, cluster, taking),
    }
    return render(request, "upgrades/clusters/detail.html", facts, status=status)

"""The page of upgrade paths: the graph that holds at an endpoint, its files, and which way leads from here to there."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from upgrades import selectors
from upgrades.forms.path_files import ExplorerForm
from upgrades.models import Endpoint, Package, PathFile
from upgrades.rules import explorer, paths
from upgrades.rules.stops import Graph
from upgrades.services import plans
from upgrades.services.moves import is_admin_of_all
from upgrades.views.reader import number_of, reader


@require_safe
def path_list(request: HttpRequest) -> HttpResponse:
    """The graph that holds, the files kept, and the explorer."""
    user = reader(request)
    endpoints = list(Endpoint.objects.visible_to(user).order_by("-is_active", "name"))
    number = number_of(request.GET.get("endpoint", ""))
    endpoint = next((row for row in endpoints if row.pk == number), endpoints[0] if endpoints else None)
    facts: dict[str, Any] = {"endpoints": endpoints, "endpoint": endpoint, "may_manage": is_admin_of_all(user)}
    if endpoint is not None:
        graph = selectors.path_graph(endpoint.pk)
        packages = _packages(endpoint)
        files = PathFile.objects.filter(endpoint=endpoint).select_related("uploaded_by").defer("text")
        facts |= {
            "in_force": selectors.path_file_in_force(endpoint.pk),
            "files": list(files[:50]),
            "rows": explorer.rows(graph),
            "architectures": sorted({package.architecture for package in packages if package.architecture}),
            **_explored(request, graph, packages),
        }
    return render(request, "upgrades/paths/list.html", facts)


def _packages(endpoint: Endpoint) -> list[paths.PackageFacts]:
    rows = Package.objects.filter(endpoint=endpoint, missing_since=None, type=paths.SERVER_PACKAGE)
    return [plans.package_facts(row) for row in rows.order_by("file_name")]


def _explored(request: HttpRequest, graph: Graph, packages: Sequence[paths.PackageFacts]) -> dict[str, object]:
    form = ExplorerForm(request.GET)
    form.is_valid()
    asked = {name: str(form.cleaned_data.get(name) or "").strip() for name in form.fields}
    stock = [package for package in packages if asked["architecture"] in ("", package.architecture)]
    is_asked = asked["source"] and asked["target"]
    return {
        "asked": asked,
        "way": explorer.explore(graph, stock, asked["source"], asked["target"]) if is_asked else None,
    }

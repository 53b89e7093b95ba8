"""The page of upgrade paths: the graph that holds at an endpoint, its files, and which way leads from here to there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from upgrades import selectors
from upgrades.forms.path_files import ExplorerForm
from upgrades.models import Endpoint, Package, PathFile
from upgrades.rules import Reason, path_changes, paths
from upgrades.rules.routes import wall_between
from upgrades.rules.stops import Graph, Stop
from upgrades.rules.versions import version_key
from upgrades.services import path_files, plans
from upgrades.views.reader import number_of, reader

# Stands for the newest build where the repository holds none of the target yet; it is never shown.
_ANY_BUILD = "9" * 20


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a stop leads, and why nobody can go there: "", "wall" or "down"."""

    key: str
    why_not: str


@dataclass(frozen=True, slots=True)
class Row:
    """One stop of the graph."""

    stop: Stop
    edges: list[Edge]

    @property
    def conditions(self) -> tuple[str, str]:
        """From which and to which versions its barrier holds only; "" for any."""
        return ", ".join(sorted(self.stop.barrier_from)), ", ".join(sorted(self.stop.barrier_to))


@dataclass(frozen=True, slots=True)
class Shelf:
    """The packages of one kind for each hop of a way; None where one is missing."""

    name: str
    system: str
    files: list[tuple[str, str | None]]

    @property
    def missing(self) -> int:
        return sum(file_name is None for _version, file_name in self.files)


@dataclass(frozen=True, slots=True)
class Way:
    """What the explorer found: the way with its packages, or why there is none."""

    path: paths.Path | None
    names: list[tuple[str, paths.Step]]
    shelves: list[Shelf]
    reason: Reason | None
    cautions: list[Reason]


@require_safe
def path_list(request: HttpRequest) -> HttpResponse:
    """The graph that holds, the files kept, and the explorer."""
    user = reader(request)
    endpoints = list(Endpoint.objects.order_by("-is_active", "name"))
    number = number_of(request.GET.get("endpoint", ""))
    endpoint = next((row for row in endpoints if row.pk == number), endpoints[0] if endpoints else None)
    facts: dict[str, Any] = {"endpoints": endpoints, "endpoint": endpoint, "may_manage": path_files.may_manage(user)}
    if endpoint is not None:
        graph = selectors.path_graph(endpoint.pk)
        packages = _packages(endpoint)
        files = PathFile.objects.filter(endpoint=endpoint).select_related("uploaded_by").defer("text")
        facts |= {
            "in_force": selectors.path_file_in_force(endpoint.pk),
            "files": list(files[:50]),
            "rows": [Row(stop, _edges(stop, graph)) for stop in path_changes.in_order(graph)],
            "architectures": sorted({package.architecture for package in packages if package.architecture}),
            **_explored(request, graph, packages),
        }
    return render(request, "upgrades/paths/list.html", facts)


def _packages(endpoint: Endpoint) -> list[paths.PackageFacts]:
    rows = Package.objects.filter(endpoint=endpoint, missing_since=None, type=paths.SERVER_PACKAGE)
    return [plans.package_facts(row) for row in rows.order_by("file_name")]


def _edges(stop: Stop, graph: Graph) -> list[Edge]:
    found = []
    for key in dict.fromkeys(stop.targets):
        other = graph.stops[key]
        if wall_between(stop.version, other.version):
            found.append(Edge(key, "wall"))
        else:
            found.append(Edge(key, "" if version_key(other.version) >= version_key(stop.version) else "down"))
    return found


def _explored(request: HttpRequest, graph: Graph, packages: Sequence[paths.PackageFacts]) -> dict[str, object]:
    form = ExplorerForm(request.GET)
    form.is_valid()
    asked = {name: str(form.cleaned_data.get(name) or "").strip() for name in form.fields}
    way = _way(graph, packages, asked) if asked["source"] and asked["target"] else None
    return {"asked": asked, "way": way}


def _way(graph: Graph, packages: Sequence[paths.PackageFacts], asked: dict[str, str]) -> Way:
    (version, _dash, build), (goal, _dash, goal_build) = asked["source"].partition("-"), asked["target"].partition("-")
    stock = [package for package in packages if asked["architecture"] in ("", package.architecture)]
    found = paths.find_path(graph, (version, build), (goal, goal_build or _newest_build(goal, stock)))
    if isinstance(found, Reason):
        return Way(None, [], [], _without_any_build(found), [])
    wanted = [_wanted(step, goal_build, is_last=step is found.steps[-1]) for step in found.steps]
    hops = [step for step in wanted if step.is_binary]
    shelves = [_shelf(graph, kind, hops, stock) for kind in sorted({paths.kind_of(package) for package in stock})]
    names = [(paths.full(step.version, step.build), step) for step in wanted]
    cautions = [Reason("path.beyond_graph", {"version": step.version}) for step in wanted if step.is_beyond_graph]
    return Way(found, names, shelves, None, cautions)


def _without_any_build(reason: Reason) -> Reason:
    params = reason.params.items()
    ending = f"-{_ANY_BUILD}"
    return Reason(reason.code, {name: str(value).removesuffix(ending) for name, value in params})


def _newest_build(version: str, packages: Sequence[paths.PackageFacts]) -> str:
    builds = [int(package.build) for package in packages if package.version == version and package.build.isdecimal()]
    return str(max(builds)) if builds else _ANY_BUILD


def _wanted(step: paths.Step, goal_build: str, *, is_last: bool) -> paths.Step:
    """The step as it was asked for: where the target had no build, any build of it will do."""
    if not is_last:
        return step
    return paths.Step(step.version, goal_build, is_binary=True, is_beyond_graph=step.is_beyond_graph)


def _shelf(graph: Graph, kind: paths.Kind, hops: Sequence[paths.Step], stock: Sequence[paths.PackageFacts]) -> Shelf:
    files = []
    for step in hops:
        package = paths.package_for(graph, step, kind, stock)
        files.append((paths.full(step.version, step.build), package.file_name if package else None))
    return Shelf(kind[1], " ".join((kind[3], kind[2])).strip() or _("system not told"), files)

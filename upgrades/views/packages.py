"""The pages of packages: what OCP's repository holds, how many clusters each package serves, and which, and how."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from upgrades import selectors
from upgrades.forms.clusters import PackageFilterForm
from upgrades.models import ChangeRequest, Endpoint, Package, Role, User
from upgrades.rules import paths, workflow
from upgrades.views import cluster_rows, package_facts, reading, saved_views
from upgrades.views.reader import reader

PAGE = 50
LOUD_DAYS = 30
LOUD_LIMIT = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One package; `serves` is None for what is no package of OceanBase itself."""

    package: Package
    serves: package_facts.Serves | None


@dataclass(frozen=True, slots=True)
class Replaced:
    """A package whose content changed under its name, and the open requests that name it."""

    package: Package
    requests: list[ChangeRequest]


@require_safe
def package_list(request: HttpRequest) -> HttpResponse:
    """The packages of OCP's repository, newest version first."""
    user = reader(request)
    filters = PackageFilterForm(request.GET).chosen()
    found = _in_order(selectors.package_list(filters))
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    by_key = Package.objects.select_related("endpoint").in_bulk(list(page.object_list))
    packages = [by_key[key] for key in page.object_list if key in by_key]
    facts = {
        "saved": saved_views.beside(request, "packages"),
        "reading": reading.of_packages(),
        "page": page,
        "rows": _rows(user, packages),
        "replaced": _replaced(user),
        "filters": filters,
        "filter_count": len(filters),
        "counts": _counts(),
        "choices": _choices(filters),
    }
    return render(request, "upgrades/packages/list.html", facts)


@require_safe
def package_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One package: which clusters it serves, and what each hop on the way to it needs."""
    user = reader(request)
    visible = Package.objects.filter(endpoint__in=Endpoint.objects.visible_to(user)).select_related("endpoint")
    package = get_object_or_404(visible, pk=pk)
    facts: dict[str, Any] = {
        "package": package,
        "reading": reading.of_package(package),
        "replaced": _replaced(user, package),
        "groups": [],
        "is_server": package.type == paths.SERVER_PACKAGE,
        "environments": user.environments_of(Role.OPERATOR),
    }
    if package.type == paths.SERVER_PACKAGE and not package.missing_since:
        alike = package_facts.alike_clusters(user)
        stock = cluster_rows.stocks({package.endpoint_id})[package.endpoint_id]
        facts |= {
            "groups": package_facts.groups(user, package, alike, stock),
            "shelves": package_facts.shelves(package, alike, stock),
            "serves": package_facts.serves([package], alike, {package.endpoint_id: stock})[package.pk],
            "path_file": selectors.path_file_in_force(package.endpoint_id),
        }
    return render(request, "upgrades/packages/detail.html", facts)


def _in_order(rows: QuerySet[Package]) -> list[int]:
    """The keys, newest version first; what cannot be compared comes last."""
    keyed = rows.order_by("file_name", "endpoint__name").values_list("pk", "version", "build")
    return [pk for pk, version, build in sorted(keyed, key=lambda row: _rank(row[1], row[2]), reverse=True)]


def _rank(version: str, build: str) -> tuple[int, ...]:
    try:
        return paths.version_key(version, build)
    except ValueError:
        return ()


def _rows(user: User, packages: list[Package]) -> list[Row]:
    servers = [package for package in packages if package.type == paths.SERVER_PACKAGE and not package.missing_since]
    if not servers:
        return [Row(package, None) for package in packages]
    alike = package_facts.alike_clusters(user)
    stocks = cluster_rows.stocks({package.endpoint_id for package in servers})
    serves = package_facts.serves(servers, alike, stocks)
    return [Row(package, serves.get(package.pk)) for package in packages]


def _replaced(user: User, only: Package | None = None) -> list[Replaced]:
    """Packages replaced lately, or `only` one whenever it was, each with its open requests that the reader may see."""
    since = timezone.now() - timedelta(days=LOUD_DAYS)
    chosen = Q(replaced_at__gte=since) if only is None else Q(pk=only.pk, replaced_at__isnull=False)
    replaced = Package.objects.filter(chosen).select_related("endpoint").order_by("-replaced_at")
    packages = list(replaced[:LOUD_LIMIT])
    open_requests = ChangeRequest.objects.visible_to(user).filter(
        target_file_name__in=[package.file_name for package in packages],
        status__in=workflow.REQUEST_TAKING_CLUSTER,
    )
    # The same name at another OCP is another package.
    by_name: dict[tuple[int, str], list[ChangeRequest]] = {}
    for change_request in open_requests.order_by("pk"):
        by_name.setdefault((change_request.endpoint_id, change_request.target_file_name), []).append(change_request)
    return [Replaced(package, by_name.get((package.endpoint_id, package.file_name), [])) for package in packages]


def _counts() -> dict[str, int]:
    here, server = Q(missing_since=None), Q(type=paths.SERVER_PACKAGE)
    return Package.objects.aggregate(
        total=Count("pk", filter=here & server),
        others=Count("pk", filter=here & ~server),
        replaced=Count("pk", filter=here & Q(replaced_at__isnull=False)),
        gone=Count("pk", filter=~here),
    )


def _choices(filters: Mapping[str, Any]) -> dict[str, list[str]]:
    rows = Package.objects.filter(missing_since=None).order_by()
    endpoints = {*rows.values_list("endpoint__name", flat=True).distinct(), filters.get("endpoint", "")} - {""}
    return {
        "architectures": sorted(rows.values_list("architecture", flat=True).distinct())[:20],
        # One alone is no choice, unless the address asks for another.
        "endpoints": sorted(endpoints) if len(endpoints) > 1 or filters.get("endpoint") else [],
        "systems": sorted(rows.values_list("operating_system", flat=True).distinct())[:50],
    }

"""What a package serves: the clusters that the reader sees, judged by kind, and the packages that their ways need."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Count, Exists, F, Func, IntegerField, Window
from django.db.models.functions import RowNumber

from upgrades import selectors
from upgrades.models import Cluster, Endpoint, Package, User
from upgrades.models.clusters import ClusterQuerySet
from upgrades.rules import Reason, paths
from upgrades.rules.shelves import Place, Shelf, shelf_of
from upgrades.rules.stops import Graph
from upgrades.rules.verdicts import Standing, Stock, cautions_of, standing_of
from upgrades.services import plans

# Of each kind of clusters so many are named, and of each standing so many kinds are shown.
NAMED = 5
KINDS = 40
_KIND = ("endpoint_id", "version", "build", "architecture", "server_versions", "zone_total")

Alike = Mapping[tuple[int, paths.ClusterFacts], int]


@dataclass(frozen=True, slots=True)
class Serves:
    """How many clusters can take a package, and for how many nothing but a package on the way is missing."""

    count: int
    lacking: int


@dataclass(frozen=True, slots=True)
class KindView:
    """Clusters that are alike, with the verdict that holds for all of them; `named`: the first by name."""

    facts: paths.ClusterFacts
    count: int
    verdict: paths.Eligibility
    named: list[Cluster]

    @property
    def build(self) -> str:
        return paths.full(self.facts.version, paths.running_build(self.facts))

    @property
    def cautions(self) -> tuple[Reason, ...]:
        return cautions_of(self.verdict)

    @property
    def more(self) -> int:
        return self.count - len(self.named)


@dataclass(frozen=True, slots=True)
class Group:
    """The clusters for which a package has one standing: how many, and by kind, the most first."""

    standing: str
    count: int
    kinds: list[KindView]
    kinds_left: int


@dataclass(frozen=True, slots=True)
class ShelfView:
    """The hops that ways to a package have, on one system: each place with how many clusters pass there."""

    shelf: Shelf
    needed_by: list[int]

    @property
    def places(self) -> list[tuple[Place, int]]:
        return list(zip(self.shelf.places, self.needed_by, strict=True))


def alike_clusters(user: User) -> Alike:
    """How many clusters the reader sees of each kind, by endpoint: the rules answer once for all that are alike."""
    kinds = _present(user).order_by().values_list(*_KIND).annotate(Count("pk"))
    ocp_versions = dict(Endpoint.objects.values_list("pk", "ocp_version"))
    alike: Counter[tuple[int, paths.ClusterFacts]] = Counter()
    for endpoint_id, version, build, architecture, servers, zones, count in kinds:
        told, pairs = (version, build, architecture), [(version, build) for version, build in servers]
        alike[endpoint_id, plans.cluster_facts_of(told, pairs, zones, ocp_versions[endpoint_id])] += count
    return alike


def serves(packages: Iterable[Package], alike: Alike, stocks: Mapping[int, Stock]) -> dict[int, Serves]:
    """What the list says of each of `packages`, by key. `stocks`: by endpoint; each kind of clusters is asked once."""
    standings: dict[int, list[tuple[Mapping[str, Standing], int]]] = {}
    for (endpoint_id, facts), count in alike.items():
        if endpoint_id in stocks:
            standings.setdefault(endpoint_id, []).append((stocks[endpoint_id].standings(facts), count))
    return {row.pk: _serves(row.file_name, standings.get(row.endpoint_id, ())) for row in packages}


def _serves(file_name: str, standings: Iterable[tuple[Mapping[str, Standing], int]]) -> Serves:
    counts: Counter[Standing] = Counter()
    for by_package, count in standings:
        counts[by_package[file_name]] += count
    return Serves(counts[Standing.POSSIBLE] + counts[Standing.CAUTIONED], counts[Standing.LACKING])


def groups(user: User, package: Package, alike: Alike, stock: Stock) -> list[Group]:
    """The clusters of the package's endpoint by its standing for them, the best first. One query."""
    named = _named(user, package.endpoint)
    target = plans.package_facts(package)
    views = [
        KindView(facts, count, stock.eligibility(facts, target), named.get(facts, []))
        for (endpoint_id, facts), count in alike.items()
        if endpoint_id == package.endpoint_id
    ]
    return [_group(standing, views) for standing in Standing]


def shelves(package: Package, alike: Alike, stock: Stock) -> list[ShelfView]:
    """For each system of the package's product: the hops of the ways that clusters have to its version."""
    wanted: dict[str, Counter[paths.Step]] = {}
    for (endpoint_id, facts), count in alike.items():
        if endpoint_id == package.endpoint_id:
            for step in _hops(facts, package, stock):
                for architecture in facts.architectures or ("",):
                    wanted.setdefault(architecture, Counter())[step] += count
    packages = _without_siblings(package, stock)
    return [_shelf(kind, wanted, stock.graph, packages) for kind in _kinds(package, stock, wanted)]


def _present(user: User) -> ClusterQuerySet:
    zones = Func("zone_names", function="jsonb_array_length", output_field=IntegerField())
    return Cluster.objects.visible_to(user).filter(missing_since=None).annotate(zone_total=zones)


def _named(user: User, endpoint: Endpoint) -> dict[paths.ClusterFacts, list[Cluster]]:
    """The first clusters of each kind by name; each knows whether a request has its place (`is_taken`)."""
    place = Window(RowNumber(), partition_by=[F(name) for name in _KIND], order_by=["name", "pk"])
    rows = _present(user).filter(endpoint=endpoint).annotate(place=place, is_taken=Exists(selectors.taking_requests()))
    found: dict[paths.ClusterFacts, list[Cluster]] = {}
    for cluster in rows.filter(place__lte=NAMED).order_by("name", "pk"):
        cluster.endpoint = endpoint
        found.setdefault(plans.cluster_facts(cluster, cluster.shown_versions), []).append(cluster)
    return found


def _group(standing: Standing, views: list[KindView]) -> Group:
    mine = [view for view in views if standing_of(view.verdict) is standing]
    mine.sort(key=lambda view: (-view.count, view.build, view.facts.architecture))
    count = sum(view.count for view in mine)
    return Group(str(standing), count, mine[:KINDS], max(0, len(mine) - KINDS))


def _hops(facts: paths.ClusterFacts, package: Package, stock: Stock) -> tuple[paths.Step, ...]:
    source = (facts.version, paths.running_build(facts))
    found = paths.find_path(stock.graph, source, (package.version, package.build))
    return () if isinstance(found, Reason) else found.binary_hops


def _kinds(package: Package, stock: Stock, wanted: Mapping[str, object]) -> list[paths.Kind]:
    """The package's own kind, the others of its product, and "" as system for architectures without any package."""
    own = paths.kind_of(plans.package_facts(package))
    known = {paths.kind_of(row) for row in stock.packages if row.name == package.name}
    shown = {kind for kind in known if kind[2] in wanted or "" in wanted} | {own}
    bare = {name for name in wanted if name and name not in {kind[2] for kind in known}}
    return [own, *sorted(shown - {own}), *sorted((own[0], own[1], name, "") for name in bare)]


def _without_siblings(package: Package, stock: Stock) -> list[paths.PackageFacts]:
    """The stock without other builds of this very version for this very system: this package ends its ways."""
    target = plans.package_facts(package)
    kind = paths.kind_of(target)
    return [
        row
        for row in stock.packages
        if row.file_name == target.file_name or row.version != target.version or paths.kind_of(row) != kind
    ]


def _shelf(
    kind: paths.Kind, wanted: Mapping[str, Counter[paths.Step]], graph: Graph, packages: list[paths.PackageFacts]
) -> ShelfView:
    needs: Counter[paths.Step] = Counter()
    for architecture in (kind[2], ""):
        needs.update(wanted.get(architecture, {}))
    steps = sorted(needs, key=lambda step: paths.version_key(step.version, step.build))
    # One stop may be beyond the graph on one way and not on another: it is the same hop.
    names = [(name, list(same)) for name, same in groupby(steps, key=lambda step: (step.version, step.build))]
    hops = [paths.Step(version, build, is_binary=True) for (version, build), _same in names]
    shelf = shelf_of(graph, kind, hops, packages)
    return ShelfView(shelf, [sum(needs[step] for step in same) for _name, same in names])

"""May this cluster take that package, by which way, with which packages, and if not, why not.

The door to versions.py (reading and ordering), routes.py (the way), stops.py (the graph), path_graph.py (its data),
packages.py (the package of a hop) and compatibility.py (which OCP can).

Reason codes of eligibility(), params in brackets:
package.wrong_type [file_name, type], package.other_product [package, cluster], package.unknown_product [package],
package.other_architecture [package, cluster], package.other_operating_system [package, cluster],
package.unreadable [file_name], package.sha1_unknown [file_name],
cluster.version_unknown, cluster.version_unreadable [version], cluster.server_version_unknown [count],
cluster.versions_differ [versions], cluster.version_disagrees [cluster, servers],
cluster.architectures_differ [architectures], path.ocp_too_old [ocp, needed, source, target],
path.package_missing [version, architecture, operating_system], and those of routes.py.
Cautions, which refuse nothing: cluster.architecture_unknown, cluster.operating_system_unknown,
cluster.product_unknown, cluster.build_unknown [version], cluster.servers_unread, cluster.few_zones [count],
path.ocp_version_unknown [target], path.beyond_graph [version], path.beyond_file [version, file].

Sources: OCP manual V4.2.2, "Upgrade the cluster version" and O&M best practices; OCP's error codes OBE11063 (no path),
OBE11067 (architecture), OBE11082 (no newer build).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from upgrades.rules import Reason
from upgrades.rules.compatibility import ocp_needed
from upgrades.rules.packages import Kind, PackageFacts, is_readable, kind_of, package_for
from upgrades.rules.routes import Path, Step, find_path
from upgrades.rules.stops import Graph, graph_of, known_graph
from upgrades.rules.versions import PackageName, full, line, parse_file_name, version_key

__all__ = [
    "ClusterFacts",
    "Eligibility",
    "Graph",
    "Hop",
    "Kind",
    "PackageFacts",
    "PackageName",
    "Path",
    "Step",
    "beyond",
    "eligibility",
    "find_path",
    "full",
    "graph_of",
    "kind_of",
    "known_graph",
    "line",
    "package_for",
    "parse_file_name",
    "running_build",
    "version_key",
]

SERVER_PACKAGE = "OB_SERVER_INSTALL_PACKAGE"
PRODUCTS = frozenset({"oceanbase", "oceanbase-ce"})
ZONES_FOR_ROLLING = 3


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What is known of a cluster; "" and () where it is not. server_versions: (version, build) of each server.

    product is the package name it was installed from (oceanbase, oceanbase-ce). architecture may name several, with
    commas between them. ocp_version: of the OCP that would upgrade it.
    """

    version: str
    build: str = ""
    architecture: str = ""
    operating_system: str = ""
    product: str = ""
    server_versions: tuple[tuple[str, str], ...] = ()
    zone_count: int = 0
    ocp_version: str = ""

    @property
    def architectures(self) -> tuple[str, ...]:
        """Each architecture of its servers, sorted."""
        return tuple(sorted({name.strip() for name in self.architecture.split(",")} - {""}))


@dataclass(frozen=True, slots=True)
class Hop:
    """A binary hop and the package it installs."""

    version: str
    build: str
    file_name: str
    sha1: str


@dataclass(frozen=True, slots=True)
class Eligibility:
    """The verdict. reasons: why not, all that were found; cautions: what nobody knows, refusing nothing.

    path is None where there is none; hops are complete only when is_possible.
    """

    is_possible: bool
    path: Path | None
    hops: tuple[Hop, ...]
    reasons: tuple[Reason, ...]
    cautions: tuple[Reason, ...] = ()


def eligibility(
    cluster: ClusterFacts, target: PackageFacts, packages: Sequence[PackageFacts], graph: Graph | None = None
) -> Eligibility:
    """Return whether the cluster may be upgraded to the target package, with every reason against it.

    packages: all of the endpoint's repository. graph: known_graph() unless given.
    """
    if target.type != SERVER_PACKAGE:
        wrong = Reason("package.wrong_type", {"file_name": target.file_name, "type": target.type})
        return Eligibility(False, None, (), (wrong,))
    reasons = [*_package_reasons(cluster, target), *_version_reasons(cluster), *_ocp_reasons(cluster, target)]
    cautions = [*_cautions(cluster, target)]
    source, goal = (cluster.version, running_build(cluster)), (target.version, target.build)
    graph = graph or known_graph()
    path = find_path(graph, source, goal)
    if isinstance(path, Reason):
        is_said = path.code == "version.unreadable" and bool(reasons)
        return Eligibility(False, None, (), tuple(reasons if is_said else [*reasons, path]), tuple(cautions))
    hops, missing = _hops(graph, path, target, packages)
    reasons += missing
    reasons += _missing_beside(graph, path, cluster, target, packages)
    cautions += beyond(graph, path)
    return Eligibility(not reasons, path, hops, tuple(reasons), tuple(cautions))


def beyond(graph: Graph, path: Path) -> tuple[Reason, ...]:
    """Return a caution for each step that the graph does not know: by the published one it is newer than all."""
    return tuple(_beyond(graph, step.version) for step in path.steps if step.is_beyond_graph)


def _beyond(graph: Graph, version: str) -> Reason:
    if graph.file:
        return graph.told("path.beyond_file", version=version)
    return graph.told("path.beyond_graph", version=version)


def _package_reasons(cluster: ClusterFacts, target: PackageFacts) -> Iterator[Reason]:
    if cluster.product and target.name != cluster.product:
        yield Reason("package.other_product", {"package": target.name, "cluster": cluster.product})
    if not cluster.product and target.name not in PRODUCTS:
        yield Reason("package.unknown_product", {"package": target.name})
    if cluster.architectures and target.architecture not in cluster.architectures:
        params = {"package": target.architecture, "cluster": cluster.architecture}
        yield Reason("package.other_architecture", params)
    if cluster.operating_system and target.operating_system != cluster.operating_system:
        params = {"package": target.operating_system, "cluster": cluster.operating_system}
        yield Reason("package.other_operating_system", params)
    if not is_readable(target.version, target.build):
        yield Reason("package.unreadable", {"file_name": target.file_name})


def _version_reasons(cluster: ClusterFacts) -> Iterator[Reason]:
    if not cluster.version:
        yield Reason("cluster.version_unknown")
    elif not is_readable(cluster.version, running_build(cluster)):
        yield Reason("cluster.version_unreadable", {"version": full(cluster.version, running_build(cluster))})
    unknown = sum(1 for version, _ in cluster.server_versions if not version)
    if unknown:
        yield Reason("cluster.server_version_unknown", {"count": unknown})
    versions = sorted({(version, build) for version, build in cluster.server_versions if version})
    named = tuple(full(*server) for server in versions)
    if len({version for version, _ in versions}) > 1 or len({build for _, build in versions if build}) > 1:
        yield Reason("cluster.versions_differ", {"versions": named})
    elif cluster.version and any(not _agrees((cluster.version, cluster.build), server) for server in versions):
        listed = full(cluster.version, cluster.build)
        yield Reason("cluster.version_disagrees", {"cluster": listed, "servers": named})


def _ocp_reasons(cluster: ClusterFacts, target: PackageFacts) -> Iterator[Reason]:
    needed = ocp_needed(cluster.ocp_version, cluster.version, target.version)
    if needed:
        params = {"ocp": cluster.ocp_version, "needed": needed, "source": cluster.version, "target": target.version}
        yield Reason("path.ocp_too_old", params)
    if len(cluster.architectures) > 1:
        yield Reason("cluster.architectures_differ", {"architectures": cluster.architectures})


def _cautions(cluster: ClusterFacts, target: PackageFacts) -> Iterator[Reason]:
    if ocp_needed(cluster.ocp_version, cluster.version, target.version) is None:
        yield Reason("path.ocp_version_unknown", {"target": target.version})
    if not cluster.product:
        yield Reason("cluster.product_unknown")
    if not cluster.architecture:
        yield Reason("cluster.architecture_unknown")
    if not cluster.operating_system:
        yield Reason("cluster.operating_system_unknown")
    if not cluster.server_versions:
        yield Reason("cluster.servers_unread")
    if cluster.version and not running_build(cluster):
        yield Reason("cluster.build_unknown", {"version": cluster.version})
    if 0 < cluster.zone_count < ZONES_FOR_ROLLING:
        yield Reason("cluster.few_zones", {"count": cluster.zone_count})


def running_build(cluster: ClusterFacts) -> str:
    """Return the build that runs: the cluster's, or the one that all its servers show; "" where not known.

    OCP's list of clusters may show the version alone (API reference, 450.query-clusters).
    """
    if cluster.build:
        return cluster.build
    builds = {build for version, build in cluster.server_versions if version == cluster.version}
    return builds.pop() if len(builds) == 1 else ""


def _agrees(first: tuple[str, str], second: tuple[str, str]) -> bool:
    is_build_told = bool(first[1] and second[1])
    return first[0] == second[0] and (not is_build_told or first[1] == second[1])


def _hops(
    graph: Graph, path: Path, target: PackageFacts, packages: Sequence[PackageFacts]
) -> tuple[tuple[Hop, ...], list[Reason]]:
    """Return the hops with their packages, and a reason for each package that is missing."""
    hops: list[Hop] = []
    missing: list[Reason] = []
    for step in path.binary_hops:
        is_last = step is path.steps[-1]
        package = target if is_last else package_for(graph, step, kind_of(target), packages)
        if package is None:
            missing.append(_lacking(step, target.architecture, target.operating_system))
            continue
        if not package.sha1:
            missing.append(Reason("package.sha1_unknown", {"file_name": package.file_name}))
        hops.append(Hop(package.version, package.build, package.file_name, package.sha1))
    return tuple(hops), missing


def _missing_beside(
    graph: Graph, path: Path, cluster: ClusterFacts, target: PackageFacts, packages: Sequence[PackageFacts]
) -> Iterator[Reason]:
    """A reason for each package that a hop lacks for the other architectures of the cluster."""
    for architecture in cluster.architectures:
        if architecture == target.architecture or target.architecture not in cluster.architectures:
            continue
        kind = (target.type, target.name, architecture, target.operating_system)
        for step in path.binary_hops:
            if package_for(graph, step, kind, packages) is None:
                yield _lacking(step, architecture, target.operating_system)


def _lacking(step: Step, architecture: str, operating_system: str) -> Reason:
    version = full(step.version, step.build)
    params = {"version": version, "architecture": architecture, "operating_system": operating_system}
    return Reason("path.package_missing", params)

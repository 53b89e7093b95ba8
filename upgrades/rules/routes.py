"""The graph of versions and the shortest way through it.

Reason codes of find_path(): version.unreadable, path.not_upward, path.already_there, path.build_unknown,
path.wall, path.target_deprecated, path.none.
Rules: OCP manual V4.2.2, O&M best practices, "Upgrade an OB cluster" (shortest path, A.B.C-D before A.B.C, binary
stops); OceanBase manual 4.3 (no upgrade from 4.2 and earlier to 4.3).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from types import MappingProxyType

from upgrades.rules import Reason, path_graph
from upgrades.rules.versions import full, line, version_key

Source = tuple[str, str]
"""A version and its build; "" where the build is not known."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A version of the graph. A stop with a build stands for that build on (when deprecated: for it alone)."""

    version: str
    build: str
    targets: tuple[str, ...] = ()
    is_deprecated: bool = False
    is_barrier: bool = False
    barrier_from: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        return full(self.version, self.build)

    def is_barrier_from(self, origin: Stop) -> bool:
        """Whether the binary must be replaced here when the binary that runs is that of `origin`."""
        names = {origin.key} if origin.is_deprecated else {origin.key, origin.version}
        return self.is_barrier and (not self.barrier_from or bool(names & self.barrier_from))

    def matches(self, version: str, build: str) -> bool:
        """Whether this stop stands for the given version and build."""
        if version_key(version)[:4] != version_key(self.version)[:4]:
            return False
        if not self.build:
            return True
        if not build:
            return False
        return int(build) == int(self.build) if self.is_deprecated else int(build) >= int(self.build)


@dataclass(frozen=True, slots=True)
class Graph:
    """Stops by their key. Build one with graph_of()."""

    stops: Mapping[str, Stop]

    def candidates(self, version: str, build: str) -> tuple[Stop, ...]:
        """Return the stops that stand for it, the highest build first, the one without a build last."""
        found = [stop for stop in self.stops.values() if stop.matches(version, build)]
        return tuple(sorted(found, key=lambda stop: -version_key(stop.version, stop.build)[4]))

    def line_of(self, version: str) -> tuple[Stop, ...]:
        """Return the stops of the same A.B.C line, lowest first, deprecated ones left out."""
        same = [stop for stop in self.stops.values() if line(stop.version) == line(version) and not stop.is_deprecated]
        return tuple(sorted(same, key=_rank))


@dataclass(frozen=True, slots=True)
class Step:
    """One version passed through. is_binary: observers are replaced here (a hop).

    is_beyond_graph: the published graph does not know this step; the A.B.C line is the same.
    """

    version: str
    build: str
    is_binary: bool
    is_beyond_graph: bool = False


@dataclass(frozen=True, slots=True)
class Path:
    """From where, and each version on the way; the last step is the target and always binary."""

    source: Source
    steps: tuple[Step, ...]

    @property
    def binary_hops(self) -> tuple[Step, ...]:
        """The steps at which observers are replaced, in order."""
        return tuple(step for step in self.steps if step.is_binary)

    @property
    def is_beyond_graph(self) -> bool:
        return any(step.is_beyond_graph for step in self.steps)


def graph_of(entries: Iterable[path_graph.Entry], barriers: Iterable[str] = ()) -> Graph:
    """Return the graph of the entries. A version that is only pointed to becomes a stop as well.

    barriers: versions at which the binary is replaced wherever one comes from.
    Raises ValueError where a version cannot be read.
    """
    always = frozenset(barriers)
    stops: dict[str, Stop] = {}
    for entry in entries:
        stop = _stop_of(entry, is_always_barrier=entry["version"] in always)
        stops[stop.key] = stop
    for stop in tuple(stops.values()):
        for key in stop.targets:
            if key not in stops:
                version, _, build = key.partition("-")
                stops[key] = Stop(version, build, is_barrier=key in always)
    for stop in stops.values():
        version_key(stop.version, stop.build)
    return Graph(MappingProxyType(stops))


@cache
def known_graph() -> Graph:
    """Return the graph of path_graph.py."""
    return graph_of(path_graph.ENTRIES_4X + path_graph.ENTRIES_2X_3X, path_graph.BINARY_BARRIERS)


def find_path(graph: Graph, source: Source, target: Source) -> Path | Reason:
    """Return the shortest path from source to target, each (version, build), or why there is none.

    The target's build must be known. The same version with a newer build is one binary hop.
    """
    refusal = _why_never(graph, source, target)
    if refusal is not None:
        return refusal
    if version_key(source[0])[:4] == version_key(target[0])[:4]:
        return Path(source, (Step(*target, is_binary=True),))
    stops = _shortest(graph, source, target)
    if stops is None:
        return Reason("path.none", {"source": full(*source), "target": full(*target)})
    return Path(source, _steps(stops, target))


def _why_never(graph: Graph, source: Source, target: Source) -> Reason | None:
    unclear = _why_unclear(graph, source, target)
    if unclear is not None:
        return unclear
    params = {"source": full(*source), "target": full(*target)}
    if version_key(*source) == version_key(*target):
        return Reason("path.already_there", {"version": full(*target)})
    if version_key(*source) > version_key(*target):
        return Reason("path.not_upward", params)
    wall = _wall_between(source[0], target[0])
    if wall:
        return Reason("path.wall", {**params, "wall": wall})
    if any(stop.is_deprecated for stop in graph.candidates(*target)):
        return Reason("path.target_deprecated", {"target": full(*target)})
    return None


def _why_unclear(graph: Graph, source: Source, target: Source) -> Reason | None:
    for version, build in (source, target):
        try:
            version_key(version, build)
        except ValueError:
            return Reason("version.unreadable", {"version": full(version, build)})
    if not target[1]:
        return Reason("path.build_unknown", {"version": target[0]})
    if not source[1] and _does_build_matter(graph, source[0], target):
        return Reason("path.build_unknown", {"version": source[0]})
    return None


def _does_build_matter(graph: Graph, version: str, target: Source) -> bool:
    """Whether the way from `version` depends on its build."""
    key = version_key(version)[:4]
    same = [stop for stop in graph.stops.values() if stop.build and version_key(stop.version)[:4] == key]
    return bool(same) or key == version_key(target[0])[:4]


def _wall_between(source: str, target: str) -> str:
    """Return the version in front of which the vendor's wall stands, "" where none stands between the two."""
    before, after = version_key(source), version_key(target)
    if before < (4, 0) <= after:
        return "4.0"
    if before < (4, 3) and (4, 3) <= after < (4, 4):
        return "4.3"
    return ""


def _shortest(graph: Graph, source: Source, target: Source) -> list[Stop] | None:
    """Return the stops from the source to the target, both included, by breadth-first search."""
    start = next(iter(graph.candidates(*source)), Stop(*source))
    goals = {stop.key for stop in graph.candidates(*target)} or {full(*target)}
    came_from: dict[str, Stop | None] = {start.key: None}
    queue = deque([start])
    while queue:
        stop = queue.popleft()
        if stop.key in goals:
            return _walk_back(stop, came_from)
        for neighbour in _neighbours(graph, stop, target):
            if neighbour.key not in came_from:
                came_from[neighbour.key] = stop
                queue.append(neighbour)
    return None


def _walk_back(stop: Stop, came_from: Mapping[str, Stop | None]) -> list[Stop]:
    stops = [stop]
    while (before := came_from[stops[-1].key]) is not None:
        stops.append(before)
    return stops[::-1]


def _neighbours(graph: Graph, stop: Stop, target: Source) -> list[Stop]:
    """Return where one may go from here: upward, through no wall, a stop with a build before one without."""
    found = [graph.stops[key] for key in stop.targets]
    found += _beyond(graph, stop, target)
    allowed = [
        other for other in found if _rank(stop) < _rank(other) and not _wall_between(stop.version, other.version)
    ]
    return sorted(allowed, key=lambda other: not other.build)


def _beyond(graph: Graph, stop: Stop, target: Source) -> list[Stop]:
    """Return the one step that the published graph need not know: upward within the same A.B.C line.

    A stop that the graph knows is never jumped over, for it may be a barrier.
    """
    limit = version_key(*target)
    between = [
        other
        for other in graph.line_of(stop.version)
        if _rank(stop) < _rank(other) and version_key(other.version, other.build) <= limit
    ]
    if between:
        return [] if stop.key in graph.stops else between[:1]
    if line(stop.version) == line(target[0]) and not graph.candidates(*target):
        return [Stop(*target)]
    return []


def _steps(stops: list[Stop], target: Source) -> tuple[Step, ...]:
    """Return the steps after the first stop. The binary that runs is the source's, then the last barrier's."""
    steps: list[Step] = []
    running = stops[0]
    for before, stop in pairwise(stops):
        is_beyond = stop.key not in before.targets
        if stop is stops[-1]:
            steps.append(Step(*target, is_binary=True, is_beyond_graph=is_beyond))
        else:
            is_binary = stop.is_barrier_from(running)
            running = stop if is_binary else running
            steps.append(Step(stop.version, stop.build, is_binary, is_beyond))
    return tuple(steps)


def _stop_of(entry: path_graph.Entry, *, is_always_barrier: bool) -> Stop:
    version, _, build = entry["version"].partition("-")
    rule = entry.get("require_from_binary", False)
    is_barrier = rule if isinstance(rule, bool) else rule["value"]
    return Stop(
        version,
        build,
        targets=(*entry["to"], *entry.get("direct_to", ())),
        is_deprecated=entry.get("deprecated", False),
        is_barrier=is_barrier or is_always_barrier,
        barrier_from=frozenset() if isinstance(rule, bool) or is_always_barrier else frozenset(rule["when_come_from"]),
    )


def _rank(stop: Stop) -> tuple[int, ...]:
    """Order of stops: a version without a build stands for its last builds."""
    key = version_key(stop.version, stop.build)
    return (*key[:4], 0 if stop.build else 1, key[4])

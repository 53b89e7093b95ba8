"""The shortest way through the graph of versions.

Reason codes of find_path(): version.unreadable, path.not_upward, path.already_there, path.build_unknown,
path.wall, path.target_deprecated, path.none.
Rules: OCP manual V4.2.2, O&M best practices, "Upgrade an OB cluster" (shortest path, A.B.C-D before A.B.C, binary
stops); OceanBase manual 4.3 (no upgrade from 4.2 and earlier to 4.3).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from upgrades.rules import Reason
from upgrades.rules.stops import Graph, Stop, rank
from upgrades.rules.versions import full, line, version_key

Source = tuple[str, str]
"""A version and its build; "" where the build is not known."""


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


@lru_cache(maxsize=4096)
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
        return graph.told("path.none", source=full(*source), target=full(*target))
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
    wall = wall_between(source[0], target[0])
    if wall:
        return Reason("path.wall", {**params, "wall": wall})
    if graph.is_deprecated(*target):
        return graph.told("path.target_deprecated", target=full(*target))
    return None


def _why_unclear(graph: Graph, source: Source, target: Source) -> Reason | None:
    for version, build in (source, target):
        try:
            version_key(version, build)
        except ValueError:
            return Reason("version.unreadable", {"version": full(version, build)})
    if not target[1]:
        return graph.told("path.build_unknown", version=target[0])
    if not source[1] and _does_build_matter(graph, source[0], target):
        return graph.told("path.build_unknown", version=source[0])
    return None


def _does_build_matter(graph: Graph, version: str, target: Source) -> bool:
    """Whether the way from `version` depends on its build."""
    has_builds = any(stop.build for stop in graph.of_version(version))
    return has_builds or version_key(version)[:4] == version_key(target[0])[:4]


def wall_between(source: str, target: str) -> str:
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
        for neighbour in _neighbours(graph, stop, source, target):
            if neighbour.key not in came_from:
                came_from[neighbour.key] = stop
                queue.append(neighbour)
    return None


def _walk_back(stop: Stop, came_from: Mapping[str, Stop | None]) -> list[Stop]:
    stops = [stop]
    while (before := came_from[stops[-1].key]) is not None:
        stops.append(before)
    return stops[::-1]


def _neighbours(graph: Graph, stop: Stop, source: Source, target: Source) -> list[Stop]:
    """Return where one may go from here: upward, through no wall, a stop with a build before one without.

    A stop stands for later builds as well, so that it may lie below the source that it stands for, or be left for
    one above the target: neither is a step between the two.
    """
    found = [graph.stops[key] for key in stop.targets]
    found += _beyond(graph, stop, target)
    allowed = [
        other
        for other in found
        if rank(stop) < rank(other)
        and _is_between(other, source, target)
        and not wall_between(stop.version, other.version)
    ]
    return sorted(allowed, key=lambda other: not other.build)


def _is_between(stop: Stop, source: Source, target: Source) -> bool:
    key = version_key(stop.version, stop.build)
    return key <= version_key(*target) and (not stop.build or key > version_key(*source))


def _beyond(graph: Graph, stop: Stop, target: Source) -> list[Stop]:
    """Return the one step that the published graph need not know: upward within the same A.B.C line.

    A stop that the graph knows is never jumped over, for it may be a barrier.
    """
    limit = version_key(*target)
    between = [
        other
        for other in graph.line_of(stop.version)
        if rank(stop) < rank(other) and version_key(other.version, other.build) <= limit
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
    for place, (before, stop) in enumerate(pairwise(stops), start=2):
        is_beyond = stop.key not in before.targets
        if stop is stops[-1]:
            steps.append(Step(*target, is_binary=True, is_beyond_graph=is_beyond))
        else:
            is_binary = stop.is_barrier_between(running, stops[place:])
            running = stop if is_binary else running
            steps.append(Step(stop.version, stop.build, is_binary, is_beyond))
    return tuple(steps)

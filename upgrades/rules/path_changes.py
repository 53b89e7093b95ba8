"""What a path file changes: stops and edges that come and go against another graph."""

from __future__ import annotations

from dataclasses import dataclass

from upgrades.rules.stops import Graph, Stop, rank
from upgrades.rules.versions import name_key


@dataclass(frozen=True, slots=True)
class GraphChanges:
    """Stops by name, edges as (from, to), both in the order of versions. ruled: the same stop with other rules."""

    stops_added: tuple[str, ...]
    stops_gone: tuple[str, ...]
    edges_added: tuple[tuple[str, str], ...]
    edges_gone: tuple[tuple[str, str], ...]
    ruled: tuple[str, ...]

    @property
    def count(self) -> int:
        lists = (self.stops_added, self.stops_gone, self.edges_added, self.edges_gone, self.ruled)
        return sum(len(found) for found in lists)


def changes(before: Graph, after: Graph) -> GraphChanges:
    """Return how `after` differs from `before`."""
    old = {name_key(stop.key): stop for stop in before.stops.values()}
    new = {name_key(stop.key): stop for stop in after.stops.values()}
    return GraphChanges(
        stops_added=tuple(stop.key for stop in in_order(after) if name_key(stop.key) not in old),
        stops_gone=tuple(stop.key for stop in in_order(before) if name_key(stop.key) not in new),
        edges_added=_edges(after, before),
        edges_gone=_edges(before, after),
        ruled=tuple(
            stop.key
            for stop in in_order(after)
            if name_key(stop.key) in old and _rules(stop) != _rules(old[name_key(stop.key)])
        ),
    )


def in_order(graph: Graph) -> list[Stop]:
    """Return the stops, the lowest version first."""
    return sorted(graph.stops.values(), key=rank)


def _edges(of: Graph, without: Graph) -> tuple[tuple[str, str], ...]:
    known = {(name_key(stop.key), name_key(target)) for stop in without.stops.values() for target in stop.targets}
    edges = [(stop.key, target) for stop in in_order(of) for target in dict.fromkeys(stop.targets)]
    return tuple(edge for edge in edges if (name_key(edge[0]), name_key(edge[1])) not in known)


def _rules(stop: Stop) -> tuple[object, ...]:
    conditions = (frozenset(map(name_key, names)) for names in (stop.barrier_from, stop.barrier_to))
    return (stop.is_deprecated, stop.is_barrier, *conditions)

"""Which way leads from one version to another, whatever cluster runs it: what the explorer of paths answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from upgrades.rules import Reason, path_changes
from upgrades.rules.paths import PackageFacts, Path, Step, beyond, find_path, full
from upgrades.rules.routes import wall_between
from upgrades.rules.shelves import Shelf, shelves_of
from upgrades.rules.stops import Graph, Stop
from upgrades.rules.versions import version_key

# Stands for the newest build where the stock holds none of the target yet; it is in no answer.
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
    edges: tuple[Edge, ...]

    @property
    def conditions(self) -> tuple[str, str]:
        """From which and to which versions its barrier holds only; "" for any."""
        return ", ".join(sorted(self.stop.barrier_from)), ", ".join(sorted(self.stop.barrier_to))


@dataclass(frozen=True, slots=True)
class Way:
    """The steps with the packages of the binary hops, or the reason why there is no way."""

    steps: tuple[Step, ...]
    shelves: tuple[Shelf, ...]
    reason: Reason | None
    cautions: tuple[Reason, ...]

    @property
    def names(self) -> list[tuple[str, Step]]:
        """Each step under its version with its build, where that is fixed."""
        return [(full(step.version, step.build), step) for step in self.steps]


def rows(graph: Graph) -> list[Row]:
    """Return every stop with its edges, the lowest version first."""
    return [Row(stop, _edges(stop, graph)) for stop in path_changes.in_order(graph)]


def explore(graph: Graph, stock: Sequence[PackageFacts], source: str, target: str) -> Way:
    """Return the way between two versions, each with or without its build: `4.2.1.1` or `4.2.1.1-101000062023110109`.

    stock: the server packages that count. A target without a build is any build of it.
    """
    (version, _dash, build), (goal, _dash, goal_build) = source.partition("-"), target.partition("-")
    found = find_path(graph, (version, build), (goal, goal_build or _newest_build(goal, stock)))
    if isinstance(found, Reason):
        return Way((), (), _without_any_build(found), ())
    steps = _asked(found, goal_build)
    hops = [step for step in steps if step.is_binary]
    return Way(steps, shelves_of(graph, hops, stock), None, beyond(graph, found))


def _edges(stop: Stop, graph: Graph) -> tuple[Edge, ...]:
    return tuple(Edge(key, _why_not(stop, graph.stops[key])) for key in dict.fromkeys(stop.targets))


def _why_not(stop: Stop, other: Stop) -> str:
    if wall_between(stop.version, other.version):
        return "wall"
    return "" if version_key(other.version) >= version_key(stop.version) else "down"


def _asked(path: Path, goal_build: str) -> tuple[Step, ...]:
    """The steps as they were asked for: where the target had no build, any build of it will do."""
    *before, last = path.steps
    return (*before, Step(last.version, goal_build, is_binary=True, is_beyond_graph=last.is_beyond_graph))


def _without_any_build(reason: Reason) -> Reason:
    ending = f"-{_ANY_BUILD}"
    params = {name: str(value).removesuffix(ending) for name, value in reason.params.items()}
    return Reason(reason.code, params)


def _newest_build(version: str, stock: Sequence[PackageFacts]) -> str:
    builds = [int(package.build) for package in stock if package.version == version and package.build.isdecimal()]
    return str(max(builds)) if builds else _ANY_BUILD

"""The graph of versions: its stops, and what the vendor says of each.

Rules: the head of oceanbase/oceanbase, tools/upgrade/oceanbase_upgrade_dep.yml (A.B.C-D is the least build; what
deprecated means); OCP manual V4.2.2, O&M best practices, "Upgrade an OB cluster" (binary stops); obdeploy's route of
plugin oceanbase 4.0.0.0 (when_come_from is that of the binary that runs; when_upgraded_to).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby
from types import MappingProxyType

from upgrades.rules import ParamValue, Reason, path_graph
from upgrades.rules.versions import full, line, name_key, version_key


@dataclass(frozen=True, slots=True)
class Stop:
    """A version of the graph. A stop with a build stands for that build on (when deprecated: for it alone)."""

    version: str
    build: str
    targets: tuple[str, ...] = ()
    is_deprecated: bool = False
    is_barrier: bool = False
    barrier_from: frozenset[str] = frozenset()
    barrier_to: frozenset[str] = frozenset()

    @property
    def key(self) -> str:
        return full(self.version, self.build)

    def is_barrier_between(self, origin: Stop, later: Iterable[Stop]) -> bool:
        """Whether the binary must be replaced here when that of `origin` runs and `later` stops are still to come."""
        if not self.is_barrier:
            return False
        names = {origin.key} if origin.is_deprecated else {origin.key, origin.version}
        if self.barrier_from and not _is_any_of(names, self.barrier_from):
            return False
        return not self.barrier_to or any(_is_any_of({stop.key, stop.version}, self.barrier_to) for stop in later)

    def matches(self, version: str, build: str) -> bool:
        """Whether this stop stands for the given version and build."""
        if version_key(version)[:4] != version_key(self.version)[:4]:
            return False
        if not self.build:
            return True
        if not build:
            return False
        return int(build) == int(self.build) if self.is_deprecated else int(build) >= int(self.build)


@dataclass(frozen=True, eq=False)
class Graph:
    """Stops by their key. Build one with graph_of(). Two graphs are the same only where they are one object.

    file: the name of the uploaded file that it was read from, "" for the published graph.
    """

    stops: Mapping[str, Stop]
    file: str = ""

    def told(self, code: str, **params: ParamValue) -> Reason:
        """Return a reason that rests on this graph; it names the file, so that its source can."""
        return Reason(code, {**params, "file": self.file} if self.file else params)

    @cached_property
    def _by_version(self) -> Mapping[tuple[int, ...], tuple[Stop, ...]]:
        return _grouped(self.stops.values(), lambda stop: version_key(stop.version)[:4])

    @cached_property
    def _by_line(self) -> Mapping[tuple[int, ...], tuple[Stop, ...]]:
        return _grouped(
            (stop for stop in self.stops.values() if not stop.is_deprecated), lambda stop: line(stop.version)
        )

    def of_version(self, version: str) -> tuple[Stop, ...]:
        """Return the stops of this version, whatever their build, lowest first."""
        return self._by_version.get(version_key(version)[:4], ())

    def candidates(self, version: str, build: str) -> tuple[Stop, ...]:
        """Return the stops that stand for it, the highest build first, the one without a build last."""
        found = [stop for stop in self.of_version(version) if stop.matches(version, build)]
        return tuple(sorted(found, key=lambda stop: -version_key(stop.version, stop.build)[4]))

    def is_deprecated(self, version: str, build: str) -> bool:
        """Whether the vendor withdrew this build as a target."""
        return any(stop.is_deprecated for stop in self.candidates(version, build))

    def line_of(self, version: str) -> tuple[Stop, ...]:
        """Return the stops of the same A.B.C line, lowest first, deprecated ones left out."""
        return self._by_line.get(line(version), ())


def graph_of(entries: Iterable[path_graph.Entry], barriers: Iterable[str] = ()) -> Graph:
    """Return the graph of the entries. A version that is only pointed to becomes a stop as well.

    barriers: versions at which the binary is replaced wherever one comes from.
    Raises ValueError where a version cannot be read.
    """
    always = frozenset(map(name_key, barriers))
    stops: dict[str, Stop] = {}
    for entry in entries:
        stop = _stop_of(entry, always)
        stops[stop.key] = stop
    for stop in tuple(stops.values()):
        for key in stop.targets:
            if key not in stops:
                version, _, build = key.partition("-")
                stops[key] = Stop(version, build, is_barrier=version_key(version) in always)
    for stop in stops.values():
        version_key(stop.version, stop.build)
    return Graph(MappingProxyType(stops))


@cache
def known_graph() -> Graph:
    """Return the graph of path_graph.py."""
    return graph_of(path_graph.ENTRIES_4X + path_graph.ENTRIES_2X_3X, path_graph.BINARY_BARRIERS)


def _is_any_of(names: Iterable[str], of: Iterable[str]) -> bool:
    return not {name_key(name) for name in names}.isdisjoint(name_key(name) for name in of)


def _stop_of(entry: path_graph.Entry, always: frozenset[tuple[int, ...]]) -> Stop:
    """The stop of an entry. What the entry says of the binary wins; where it is silent, the manual's barriers hold."""
    version, _, build = entry["version"].partition("-")
    rule = entry.get("require_from_binary", version_key(version) in always)
    conditions: path_graph.BinaryRule = {"value": rule} if isinstance(rule, bool) else rule
    return Stop(
        version,
        build,
        targets=(*entry["to"], *entry.get("direct_to", ())),
        is_deprecated=entry.get("deprecated", False),
        is_barrier=conditions["value"],
        barrier_from=frozenset(conditions.get("when_come_from", ())),
        barrier_to=frozenset(conditions.get("when_upgraded_to", ())),
    )


def _grouped(
    stops: Iterable[Stop], key: Callable[[Stop], tuple[int, ...]]
) -> Mapping[tuple[int, ...], tuple[Stop, ...]]:
    """Stops by what `key` says of them, each group lowest first."""
    return {
        group: tuple(found) for group, found in groupby(sorted(stops, key=lambda stop: (key(stop), rank(stop))), key)
    }


def rank(stop: Stop) -> tuple[int, ...]:
    """Order of stops: a version without a build stands for its last builds."""
    key = version_key(stop.version, stop.build)
    return (*key[:4], 0 if stop.build else 1, key[4])

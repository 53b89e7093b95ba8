"""Which packages the hops of a way need, kind by kind, and which of them are missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from upgrades.rules.paths import Kind, PackageFacts, Step, full, kind_of, package_for
from upgrades.rules.stops import Graph


@dataclass(frozen=True, slots=True)
class Place:
    """The place of one hop: its version with its build, where that is fixed; package is None where it is missing."""

    version: str
    package: PackageFacts | None


@dataclass(frozen=True, slots=True)
class Shelf:
    """The packages of one kind for each hop, in the order of the hops."""

    kind: Kind
    places: tuple[Place, ...]

    @property
    def name(self) -> str:
        return self.kind[1]

    @property
    def architecture(self) -> str:
        return self.kind[2]

    @property
    def operating_system(self) -> str:
        return self.kind[3]

    @property
    def missing(self) -> int:
        return sum(place.package is None for place in self.places)


def shelf_of(graph: Graph, kind: Kind, hops: Iterable[Step], stock: Sequence[PackageFacts]) -> Shelf:
    """Return the shelf of one kind for these hops."""
    places = (Place(full(step.version, step.build), package_for(graph, step, kind, stock)) for step in hops)
    return Shelf(kind, tuple(places))


def shelves_of(graph: Graph, hops: Sequence[Step], stock: Sequence[PackageFacts]) -> tuple[Shelf, ...]:
    """Return a shelf for each kind of which the stock holds anything."""
    kinds = sorted({kind_of(package) for package in stock})
    return tuple(shelf_of(graph, kind, hops, stock) for kind in kinds)

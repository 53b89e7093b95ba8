"""The zones of an upgrade's DAG, found in its shape: it rolls zone by zone, so all paths meet between two zones.

OCP documents no field that says which zone a subtask works on; its samples name a subtask "Set zone context"
(zone-restart) and the OCP manual says that zones are upgraded one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from upgrades.rules.drawing.graph import Graph, linked, natural, topological

MARKERS = ("set zone context", "prepare restart ob zone")


@dataclass(frozen=True, slots=True)
class Lane:
    """Nodes side by side with others, all of them about the server that `label` names."""

    label: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the DAG. kind: prepare, zone (number of count) or finish; "" where no zones were found."""

    kind: str
    keys: tuple[str, ...]
    lanes: tuple[Lane, ...]
    number: int = 0
    count: int = 0


def split(graph: Graph) -> tuple[Section, ...]:
    """Return the sections in order; every node is in exactly one.

    One section without a kind where the DAG has cycles or no zones that follow each other.
    """
    shape = _Shape(graph)
    order = shape.order
    starts = shape.zone_starts()
    if not starts:
        return (Section("", tuple(order), shape.lanes(order)),)
    end = shape.last_end(starts)
    cuts = [0, *starts, end, len(order)]
    kinds = ["prepare", *["zone"] * len(starts), "finish"]
    sections = []
    for index, kind in enumerate(kinds):
        keys = order[cuts[index] : cuts[index + 1]]
        number, count = (index, len(starts)) if kind == "zone" else (0, 0)
        if keys:
            sections.append(Section(kind, tuple(keys), shape.lanes(keys), number, count))
    return tuple(sections)


class _Shape:
    """A graph with what is asked of it again and again; edges that lead nowhere or to themselves are left out."""

    def __init__(self, graph: Graph) -> None:
        nodes = sorted(graph.nodes, key=lambda node: natural(node.key))
        self.labels = {node.key: node.label.strip().lower() for node in nodes}
        self.groups = {node.key: node.group for node in nodes}
        self.heads, self.tails = linked(self.labels, graph.edges)
        self.order = topological(self.labels, graph.edges)
        self.meets = self._meeting_points()

    def _meeting_points(self) -> frozenset[str]:
        """Return the nodes that every path from a first to a last node passes; none where there is a cycle.

        In upstream-first order such a node is one that no edge leads past, counting an edge from before the whole
        to each first node and one from each last node to behind it.
        """
        place = {key: index for index, key in enumerate(self.order)}
        if any(place[key] > place[head] for key, heads in self.heads.items() for head in heads):
            return frozenset()
        reach = max((place[key] for key, tails in self.tails.items() if not tails), default=0)
        points: set[str] = set()
        for index, key in enumerate(self.order):
            if reach <= index:
                points.add(key)
            reach = max(reach, *(place[head] for head in self.heads[key])) if self.heads[key] else len(self.order)
        return frozenset(points)

    def zone_starts(self) -> list[int]:
        """Return the places in the order at which a zone begins, [] where none is told apart."""
        for marker in MARKERS:
            found = [index for index, key in enumerate(self.order) if self.labels[key] == marker]
            if found and all(self.order[index] in self.meets for index in found):
                return found
        return []

    def last_end(self, starts: Sequence[int]) -> int:
        """Return where the last zone ends: after the node that ended the zone before, else where zones are spoken of
        for the last time.
        """
        ends = [index for index in range(starts[-1], len(self.order)) if self.order[index] in self.meets]
        words = {index: self.labels[self.order[index]] for index in ends}
        if len(starts) > 1:
            closing = self.labels[self.order[starts[-1] - 1]]
            alike = [index for index in ends if words[index] == closing]
            if alike:
                return alike[0] + 1
        zoned = [index for index in ends if "zone" in words[index]]
        return zoned[-1] + 1 if zoned[-1] != starts[-1] else len(self.order)

    def lanes(self, keys: Sequence[str]) -> tuple[Lane, ...]:
        """Return the lanes between two meeting points where there are several and each is about one server."""
        lanes: list[Lane] = []
        for stretch in self._stretches(keys):
            found = self._connected(stretch)
            names = [{self.groups[key] for key in part} for part in found]
            is_told = all(len(name) == 1 and "" not in name for name in names)
            if len(found) > 1 and is_told and min(len(part) for part in found) > 1:
                lanes += [Lane(self.groups[part[0]], tuple(part)) for part in found]
        return tuple(lanes)

    def _stretches(self, keys: Sequence[str]) -> Iterator[list[str]]:
        stretch: list[str] = []
        for key in keys:
            if key not in self.meets:
                stretch.append(key)
            elif stretch:
                yield stretch
                stretch = []
        if stretch:
            yield stretch

    def _connected(self, keys: Sequence[str]) -> list[list[str]]:
        left = dict.fromkeys(keys)
        parts: list[list[str]] = []
        while left:
            stack = [next(iter(left))]
            part: set[str] = set()
            while stack:
                key = stack.pop()
                if key in left:
                    del left[key]
                    part.add(key)
                    stack += self.heads[key] | self.tails[key]
            parts.append([key for key in keys if key in part])
        return parts

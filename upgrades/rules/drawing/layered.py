"""A layered drawing of boxes of given sizes: layers from the top down, edges with bends, parts side by side.

The steps are those of Sugiyama: break cycles, rank, put bends where an edge passes a layer, order, place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from math import sqrt

from upgrades.rules.drawing.columns import columns
from upgrades.rules.drawing.ordering import reorder
from upgrades.rules.drawing.ranks import Edge, components, rank, without_cycles

Point = tuple[int, int]
Size = tuple[int, int]
GAP_X = 18
GAP_STRAIGHT = 14
GAP_FAN = 28
GAP_PARTS = 40
_BEND_WIDTH = 6
_LARGE = 2000
_BENDS_AT_MOST = 20_000
_SHAPE = 1.6


@dataclass(slots=True)
class Placement:
    """Where everything stands: the upper left corner of each item and the bends of each edge, in pixels."""

    width: int
    height: int
    corners: dict[int, Point]
    routes: dict[Edge, tuple[Point, ...]]


def place(sizes: Sequence[Size], edges: Sequence[Edge]) -> Placement:
    """Return the drawing of items 0..n-1 with these sizes. edges: pairs of items, none to itself, none twice."""
    acyclic = without_cycles(len(sizes), edges)
    parts = [_place_part(part, sizes, acyclic) for part in components(len(sizes), acyclic)]
    whole = _side_by_side(parts)
    for source, target in edges:
        if (source, target) not in whole.routes:
            whole.routes[source, target] = whole.routes[target, source][::-1]
    wanted = set(edges)
    whole.routes = {edge: points for edge, points in whole.routes.items() if edge in wanted}
    return whole


def _side_by_side(parts: Sequence[Placement]) -> Placement:
    """Put the parts in rows, each row about as long as the whole is wide."""
    area = sum((part.width + GAP_PARTS) * (part.height + GAP_PARTS) for part in parts)
    limit = max([int(sqrt(area) * _SHAPE), *(part.width for part in parts)], default=0)
    whole = Placement(0, 0, {}, {})
    x = y = row = 0
    for part in parts:
        if x and x + part.width > limit:
            x, y, row = 0, y + row + GAP_PARTS, 0
        whole.corners.update({item: (left + x, top + y) for item, (left, top) in part.corners.items()})
        for edge, points in part.routes.items():
            whole.routes[edge] = tuple((left + x, top + y) for left, top in points)
        whole.width, whole.height = max(whole.width, x + part.width), max(whole.height, y + part.height)
        x, row = x + part.width + GAP_PARTS, max(row, part.height)
    return whole


class _Part:
    """One connected part while it is drawn: own numbers for its items, then numbers for the bends of long edges."""

    def __init__(self, items: Sequence[int], sizes: Sequence[Size], edges: Sequence[Edge]) -> None:
        self.items = items
        self.sizes = [sizes[item] for item in items]
        number = {item: place for place, item in enumerate(items)}
        self.edges = [(number[source], number[target]) for source, target in edges if source in number]
        self.ranks = rank(len(items), self.edges)
        self.layers: list[list[int]] = [[] for _ in range(max(self.ranks) + 1)]
        self.up: list[list[int]] = [[] for _ in items]
        self.down: list[list[int]] = [[] for _ in items]
        self.chains = {edge: self._chain(edge) for edge in self.edges}
        self._fill_layers()

    def _chain(self, edge: Edge) -> list[int]:
        """Return the vertices that the edge passes, its ends included, with a new bend in each layer between.

        When all bends are used up an edge goes straight through: the data of another must not exhaust us.
        """
        if len(self.ranks) + self.ranks[edge[1]] - self.ranks[edge[0]] > len(self.items) + _BENDS_AT_MOST:
            return [*edge]
        chain = [edge[0]]
        for own in range(self.ranks[edge[0]] + 1, self.ranks[edge[1]]):
            chain.append(len(self.ranks))
            self.ranks.append(own)
            self.up.append([])
            self.down.append([])
        chain.append(edge[1])
        for above, below in pairwise(chain):
            self.down[above].append(below)
            self.up[below].append(above)
        return chain

    def _fill_layers(self) -> None:
        """Put the vertices into their layers in the order of a walk down the edges, a good order to begin with."""
        seen = [False] * len(self.ranks)
        roots = [vertex for vertex in range(len(self.items)) if not self.up[vertex]]
        stack = roots[::-1]
        while stack:
            vertex = stack.pop()
            if not seen[vertex]:
                seen[vertex] = True
                self.layers[self.ranks[vertex]].append(vertex)
                stack.extend(reversed(self.down[vertex]))


def _place_part(items: Sequence[int], sizes: Sequence[Size], edges: Sequence[Edge]) -> Placement:
    members = set(items)
    part = _Part(items, sizes, [edge for edge in edges if edge[0] in members])
    is_large = len(part.ranks) > _LARGE
    part.layers = reorder(part.layers, part.up, part.down, sweeps=16 if is_large else 24)
    real = len(items)
    widths = [size[0] for size in part.sizes] + [_BEND_WIDTH] * (len(part.ranks) - real)
    centres = columns(part.layers, part.up, part.down, widths, GAP_X, real, sweeps=6 if is_large else 12)
    tops, bottoms = _rows(part, centres)
    return _drawn(part, centres, widths, tops, bottoms)


def _rows(part: _Part, centres: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return top and bottom of each layer; where edges fan out the gap is larger."""
    tops, bottoms, y = [], [], 0
    for layer in part.layers:
        height = max((part.sizes[vertex][1] for vertex in layer if vertex < len(part.items)), default=0)
        tops.append(y)
        bottoms.append(y + height)
        slants = [abs(centres[vertex] - centres[below]) for vertex in layer for below in part.down[vertex]]
        y += height + (GAP_FAN + min(80, max(slants) // 12) if any(slants) else GAP_STRAIGHT)
    return tops, bottoms


def _drawn(
    part: _Part, centres: Sequence[int], widths: Sequence[int], tops: Sequence[int], bottoms: Sequence[int]
) -> Placement:
    corners = {item: (centres[own] - widths[own] // 2, tops[part.ranks[own]]) for own, item in enumerate(part.items)}
    elbowed = [_may_elbow(layer, part.down, centres) for layer in part.layers]
    routes: dict[Edge, tuple[Point, ...]] = {}
    for (source, target), chain in part.chains.items():
        points = [(centres[source], tops[part.ranks[source]] + part.sizes[source][1])]
        for above, below in pairwise(chain):
            start, end = bottoms[part.ranks[above]], tops[part.ranks[below]]
            middle = (start + end) // 2
            points.append((centres[above], start))
            if elbowed[part.ranks[above]]:
                points += [(centres[above], middle), (centres[below], middle)]
            points.append((centres[below], end))
        routes[part.items[source], part.items[target]] = _simplified(points)
    right = max(centres[vertex] + (widths[vertex] + 1) // 2 for layer in part.layers for vertex in layer)
    return Placement(right, bottoms[-1], corners, routes)


def _may_elbow(layer: Sequence[int], down: Sequence[Sequence[int]], centres: Sequence[int]) -> bool:
    """Whether right-angled edges below this layer stay readable: they overlap only at a common end."""
    spans = sorted(
        (min(centres[above], centres[below]), max(centres[above], centres[below]), above, below)
        for above in layer
        for below in down[above]
        if centres[above] != centres[below]
    )
    # The edges that reach as far as the next one begins, those that end first in front; how many of them each end has.
    reaching: list[tuple[int, int, int]] = []
    above_count: Counter[int] = Counter()
    below_count: Counter[int] = Counter()
    for left, right, above, below in spans:
        while reaching and reaching[0][0] < left:
            _right, gone_above, gone_below = heappop(reaching)
            above_count[gone_above] -= 1
            below_count[gone_below] -= 1
        if above_count[above] + below_count[below] < len(reaching):
            return False
        heappush(reaching, (right, above, below))
        above_count[above] += 1
        below_count[below] += 1
    return True


def _simplified(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return the points without those that stand twice or in the middle of a straight line."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        while len(kept) > 1 and _is_straight(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return tuple(kept)


def _is_straight(first: Point, second: Point, third: Point) -> bool:
    return (second[0] - first[0]) * (third[1] - first[1]) == (third[0] - first[0]) * (second[1] - first[1])

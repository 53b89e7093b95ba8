"""Items that follow each other: across in one row, or flowing in rows like words, a tall box in a row of its own."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from upgrades.rules.drawing.layered import GAP_FAN, Point, Size

GAP = 40
ROW_WIDTH = 1000
_PORT = 33
_CORNER = 20

Arranged = tuple[Size, dict[str, Point], dict[tuple[str, str], tuple[Point, ...]]]


def chain(items: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[str] | None:
    """Return the items in order where the edges make one line of them all, else None."""
    following = dict(edges)
    first = set(items) - set(following.values())
    if len(edges) != len(items) - 1 or len(following) != len(edges) or len(first) != 1:
        return None
    order = [first.pop()]
    while order[-1] in following:
        order.append(following[order[-1]])
    return order if len(order) == len(items) else None


def across(order: Sequence[str], sizes: Mapping[str, Size]) -> Arranged:
    """Return the items side by side, tops level, joined by level lines."""
    port = min([_PORT, *(sizes[item][1] // 2 for item in order)])
    corners: dict[str, Point] = {}
    x = 0
    for item in order:
        corners[item] = (x, 0)
        x += sizes[item][0] + GAP
    routes: dict[tuple[str, str], tuple[Point, ...]] = {}
    for left, right in pairwise(order):
        routes[left, right] = ((corners[left][0] + sizes[left][0], port), (corners[right][0], port))
    return (x - GAP, max(sizes[item][1] for item in order)), corners, routes


def flow(order: Sequence[str], sizes: Mapping[str, Size], tall: Collection[str]) -> Arranged:
    """Return the items in rows of ROW_WIDTH or the widest item; each of `tall` has its own row."""
    limit = max([ROW_WIDTH, *(sizes[item][0] for item in order)])
    lines: list[list[str]] = []
    for item in order:
        room = limit - sum(sizes[other][0] + GAP for other in lines[-1]) if lines else 0
        if not lines or item in tall or lines[-1][-1] in tall or sizes[item][0] > room:
            lines.append([])
        lines[-1].append(item)
    corners: dict[str, Point] = {}
    routes: dict[tuple[str, str], tuple[Point, ...]] = {}
    y = width = 0
    for index, row in enumerate(lines):
        size, places, joins = across(row, sizes)
        corners |= {item: (x, y) for item, (x, _) in places.items()}
        routes |= {pair: tuple((x, top + y) for x, top in points) for pair, points in joins.items()}
        if index:
            routes[lines[index - 1][-1], row[0]] = _down(lines[index - 1][-1], row[0], corners, sizes, y)
        y, width = y + size[1] + GAP_FAN, max(width, size[0])
    return (width, y - GAP_FAN), corners, routes


def _down(
    upper: str, lower: str, corners: Mapping[str, Point], sizes: Mapping[str, Size], top: int
) -> tuple[Point, ...]:
    """Return the line from the end of a row to the head of the next: straight down where it can be."""
    left, bottom = corners[upper][0], corners[upper][1] + sizes[upper][1]
    start, end = left + sizes[upper][0] // 2, corners[lower][0] + sizes[lower][0] // 2
    if corners[lower][0] + _CORNER <= start <= corners[lower][0] + sizes[lower][0] - _CORNER:
        end = start
    elif left + _CORNER <= end <= left + sizes[upper][0] - _CORNER:
        start = end
    if start == end:
        return ((start, bottom), (end, top))
    middle = top - GAP_FAN // 2
    return ((start, bottom), (start, middle), (end, middle), (end, top))

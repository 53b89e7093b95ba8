"""How often the lines of a drawing cross: what a layout is judged by."""

from __future__ import annotations

from itertools import combinations, pairwise, product

Edge = tuple[str, str]
Curve = list[tuple[float, float]]
CELL = 400.0


def crossings(curves: dict[Edge, Curve]) -> int:
    """Return how many pairs of edges without a common end cross."""
    cells: dict[tuple[int, int], list[tuple[Edge, Curve]]] = {}
    for edge, curve in curves.items():
        for start, end in pairwise(curve):
            for cell in product(_cells(start[0], end[0]), _cells(start[1], end[1])):
                cells.setdefault(cell, []).append((edge, [start, end]))
    return len(
        {
            frozenset((edge, other))
            for parts in cells.values()
            for (edge, first), (other, second) in combinations(parts, 2)
            if not set(edge) & set(other) and _cross(first, second)
        }
    )


def _cells(start: float, end: float) -> range:
    return range(int(min(start, end) // CELL), int(max(start, end) // CELL) + 1)


def _cross(first: Curve, second: Curve) -> bool:
    return _side(first, second[0]) * _side(first, second[1]) < 0 and (
        _side(second, first[0]) * _side(second, first[1]) < 0
    )


def _side(line: Curve, point: tuple[float, float]) -> float:
    (x, y), (right, bottom) = line
    return (right - x) * (point[1] - y) - (bottom - y) * (point[0] - x)

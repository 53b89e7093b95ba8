"""Layout of 60, 500 and 2,000 nodes: CPU time and crossings, beside Graphviz' dot where it is on PATH.

Run from the root: python -m bench.layout
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
from itertools import combinations, pairwise, product
from statistics import median
from time import process_time

from bench.record import record
from tests.rules.graphs import any_dag
from upgrades.rules.dag import Graph, layout

Edge = tuple[str, str]
Curve = list[tuple[float, float]]
RUNS = {60: 15, 500: 7, 2000: 3}
SEEDS = (1, 2, 3)
INCH = 72
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


def dot(graph: Graph) -> tuple[float, dict[Edge, Curve]]:
    """Return the seconds of CPU that dot took and the curves of its edges."""
    sizes = {node.key: node.width for node in layout(graph).nodes}
    lines = [
        f'"{key}" [shape=box, fixedsize=true, width={width / INCH:.2f}, height=0.55]' for key, width in sizes.items()
    ]
    lines += [f'"{source}" -> "{target}"' for source, target in graph.edges]
    text = "digraph { " + "\n".join(lines) + " }"
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(["dot", "-Tjson"], input=text, capture_output=True, text=True, check=True)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime
    drawn = json.loads(done.stdout)
    names = {item["_gvid"]: item["name"] for item in drawn["objects"]}
    return seconds, {(names[edge["tail"]], names[edge["head"]]): _curve(edge["pos"]) for edge in drawn["edges"]}


def _curve(position: str) -> Curve:
    """Return the points of dot's spline, eight to a piece."""
    points = [
        (float(x), float(y))
        for x, y in (part.split(",")[-2:] for part in position.split() if not part.startswith(("e,", "s,")))
    ]
    curve = [points[0]]
    for index in range(0, len(points) - 3, 3):
        piece = points[index : index + 4]
        curve += [_bezier(piece, step / 8) for step in range(1, 9)]
    return curve


def _bezier(piece: Curve, t: float) -> tuple[float, float]:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    return (
        sum(weight * point[0] for weight, point in zip(weights, piece, strict=True)),
        sum(weight * point[1] for weight, point in zip(weights, piece, strict=True)),
    )


def main() -> None:
    """Print and keep the figures; crossings are summed over three graphs."""
    has_dot = shutil.which("dot") is not None
    for count, runs in RUNS.items():
        graphs = [any_dag(count, seed) for seed in SEEDS]
        times = sorted(_timed(graphs[0]) for _ in range(runs))
        own = sum(crossings({(e.source, e.target): list(e.points) for e in layout(graph).edges}) for graph in graphs)
        drawn = [dot(graph) for graph in graphs] if has_dot else []
        record("layout", f"{count} nodes, ms of CPU", median(times) * 1000, drawn[0][0] * 1000 if drawn else None)
        record("layout", f"{count} nodes, crossings", own, sum(crossings(c) for _, c in drawn) if drawn else None)


def _timed(graph: Graph) -> float:
    begun = process_time()
    layout(graph)
    return process_time() - begun


if __name__ == "__main__":
    main()

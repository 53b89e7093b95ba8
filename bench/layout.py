"""Layout of 60, 500 and 2,000 nodes: CPU time and crossings, beside Graphviz' dot where it is on PATH.

Run from the root: python -m bench.layout
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
from statistics import median
from time import process_time

from bench.record import record
from tests.rules.crossings import Curve, Edge, crossings
from tests.rules.graphs import any_dag
from upgrades.rules.dag import Graph, layout

RUNS = {60: 15, 500: 7, 2000: 3}
SEEDS = (1, 2, 3)
INCH = 72


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

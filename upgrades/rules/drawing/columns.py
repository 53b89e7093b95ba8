"""Where a vertex stands inside its layer, left to right, so that edges run straight and nothing overlaps."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

Links = Sequence[Sequence[int]]

# An edge between two bends should be straight before anything else, one at a bend next.
_WEIGHT = (1, 2, 8)


def columns(
    layers: Sequence[Sequence[int]], up: Links, down: Links, widths: Sequence[int], gap: int, real: int, sweeps: int
) -> list[int]:
    """Return the centre of each vertex, whole numbers, the leftmost edge at 0.

    widths and gap in pixels; vertices from `real` on are bends of edges. Sweeps lead down and up in turn, the last
    one up, which puts a vertex over its downstreams.
    """
    centres = [0.0] * len(up)
    for layer in layers:
        reach = 0.0
        for vertex in layer:
            centres[vertex] = reach + widths[vertex] / 2
            reach += widths[vertex] + gap
    for sweep in range(2 * ((sweeps + 1) // 2)):
        is_downward = sweep % 2 == 0
        for layer in layers[1:] if is_downward else layers[-2::-1]:
            _settle(layer, up if is_downward else down, centres, widths, gap, real)
    left = min((centres[v] - widths[v] / 2 for layer in layers for v in layer), default=0.0)
    return [floor(centre - left + 0.5) for centre in centres]


def _settle(
    layer: Sequence[int], links: Links, centres: list[float], widths: Sequence[int], gap: int, real: int
) -> None:
    """Put each vertex as near its neighbours as the order and the gaps allow (isotonic regression, exact)."""
    offsets: list[float] = []
    reach = 0.0
    blocks: list[tuple[float, float, int]] = []
    for vertex in layer:
        reach += widths[vertex] / 2
        offsets.append(reach)
        wish, weight = _wish(vertex, links[vertex], centres, real)
        block = (weight * (wish - reach), weight, 1)
        while blocks and blocks[-1][0] * block[1] >= block[0] * blocks[-1][1]:
            last = blocks.pop()
            block = (last[0] + block[0], last[1] + block[1], last[2] + block[2])
        blocks.append(block)
        reach += widths[vertex] / 2 + gap
    place = 0
    for total, weight, size in blocks:
        for _ in range(size):
            centres[layer[place]] = total / weight + offsets[place]
            place += 1


def _wish(vertex: int, others: Sequence[int], centres: Sequence[float], real: int) -> tuple[float, float]:
    """Return where the vertex would like to stand, and how much."""
    if not others:
        return centres[vertex], 0.1
    if len(others) == 1:
        other = others[0]
        return centres[other], _WEIGHT[(vertex >= real) + (other >= real)]
    total = weight = 0.0
    for other in others:
        own = _WEIGHT[(vertex >= real) + (other >= real)]
        total += own * centres[other]
        weight += own
    return total / weight, weight

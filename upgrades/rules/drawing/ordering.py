"""The order of vertices inside each layer, with few crossings: weighted median, transpose, sifting.

After Gansner, Koutsofios, North and Vo, "A technique for drawing directed graphs" (1993).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Sequence

Layers = list[list[int]]
Links = Sequence[Sequence[int]]

_PATIENCE = 8
_ROUNDS = 4
_SMALL = 300
# Comparisons of two vertices that one attempt may take: the data of another must not exhaust us.
_WORK = 400_000
_STRIDE, _MODULUS = 2_654_435, 4_194_301


def reorder(layers: Layers, up: Links, down: Links, sweeps: int) -> Layers:
    """Return the layers, each in an order with few crossings.

    up and down: for each vertex its neighbours in the layer above and below. sweeps: how often to try at most. A
    small graph is also tried from other orders to begin with.
    """
    fewest, best = _attempt(layers, up, down, sweeps)
    if fewest and len(up) <= _SMALL:
        mirrored = [layer[::-1] if place % 2 else layer for place, layer in enumerate(best)]
        scattered = [sorted(layer, key=lambda vertex: vertex * _STRIDE % _MODULUS) for layer in best]
        for beginning in (scattered, mirrored):
            found, order = _attempt(beginning, up, down, sweeps)
            if found < fewest:
                fewest, best = found, order
    return best


def _attempt(layers: Layers, up: Links, down: Links, sweeps: int) -> tuple[int, Layers]:
    layers = [list(layer) for layer in layers]
    position = [0] * len(up)
    _note(layers, position)
    best, fewest, stale = [list(layer) for layer in layers], crossings(layers, down, position), 0
    size = len(up) + sum(map(len, down))
    for sweep in range(min(sweeps, _WORK // (_ROUNDS * size + 1))):
        if not fewest or stale >= _PATIENCE:
            break
        is_downward, is_turned = sweep % 2 == 0, sweep // 2 % 2 == 1
        for layer in layers[1:] if is_downward else layers[-2::-1]:
            _sort_by_median(layer, up if is_downward else down, position, is_turned=is_turned)
        _transpose(layers, up, down, position, is_turned=is_turned)
        found = crossings(layers, down, position)
        stale += 1
        if found < fewest:
            best, fewest, stale = [list(layer) for layer in layers], found, 0
    if fewest:
        _note(best, position)
        fewest -= _sift(best, up, down, position)
    return fewest, best


def crossings(layers: Layers, down: Links, position: Sequence[int]) -> int:
    """Return how many pairs of edges between neighbouring layers cross."""
    total = 0
    for layer in layers:
        seen: list[int] = []
        for vertex in layer:
            below = sorted(position[other] for other in down[vertex])
            for place in below:
                total += len(seen) - bisect_right(seen, place)
            for place in below:
                insort(seen, place)
    return total


def _note(layers: Iterable[Sequence[int]], position: list[int]) -> None:
    for layer in layers:
        for place, vertex in enumerate(layer):
            position[vertex] = place


def _sort_by_median(layer: list[int], links: Links, position: list[int], *, is_turned: bool) -> None:
    """Sort by the median place of the neighbours; who has none stays where it is. is_turned: equals change order."""
    keys = {vertex: _median([position[other] for other in links[vertex]], position[vertex]) for vertex in layer}
    if is_turned:
        layer.reverse()
    layer.sort(key=keys.__getitem__)
    for place, vertex in enumerate(layer):
        position[vertex] = place


def _median(places: list[int], fallback: int) -> float:
    count = len(places)
    if count == 1:
        return places[0]
    if not count:
        return fallback
    if count == 2:
        return (places[0] + places[1]) / 2
    places.sort()
    middle = count // 2
    if count % 2:
        return places[middle]
    left, right = places[middle - 1] - places[0], places[-1] - places[middle]
    if left + right == 0:
        return (places[middle - 1] + places[middle]) / 2
    return (places[middle - 1] * right + places[middle] * left) / (left + right)


def _transpose(layers: Layers, up: Links, down: Links, position: list[int], *, is_turned: bool) -> None:
    """Exchange neighbours as long as that takes crossings away, a few rounds at most.

    is_turned: in the first round exchange those too to whom it makes no difference, to get out of a rut.
    """
    for attempt in range(_ROUNDS):
        least = 0 if is_turned and not attempt else 1
        if not sum(_transpose_layer(layer, up, down, position, least) for layer in layers):
            return


def _transpose_layer(layer: list[int], up: Links, down: Links, position: list[int], least: int) -> int:
    """Return how many crossings went away."""
    if len(layer) < 2:
        return 0
    above, below = _places(layer, up, position), _places(layer, down, position)
    total = 0
    for place in range(len(layer) - 1):
        left, right = layer[place], layer[place + 1]
        gain = _gain(above[left], above[right]) + _gain(below[left], below[right])
        if gain >= least:
            layer[place], layer[place + 1] = right, left
            position[left], position[right] = place + 1, place
            total += gain
    return total


def _sift(layers: Layers, up: Links, down: Links, position: list[int]) -> int:
    """Move each vertex to the best place of its layer, a few rounds at most. Return how many crossings went away.

    Once the work is used up, the layers left over stay as they are.
    """
    total, work = 0, _WORK
    for attempt in range(_ROUNDS):
        gained = 0
        for layer in layers if attempt % 2 == 0 else layers[::-1]:
            cost = len(layer) * sum(1 + len(up[vertex]) + len(down[vertex]) for vertex in layer)
            if len(layer) > 1 and cost <= work:
                work -= cost
                gained += _sift_layer(layer, up, down, position)
        total += gained
        if not gained:
            break
    return total


def _sift_layer(layer: list[int], up: Links, down: Links, position: list[int]) -> int:
    above, below = _places(layer, up, position), _places(layer, down, position)
    total = 0
    for vertex in tuple(layer):
        start = layer.index(vertex)
        best, goal = 0, start
        for step in (-1, 1):
            gain = 0
            for place in range(start + step, len(layer) if step > 0 else -1, step):
                left, right = (layer[place], vertex) if step < 0 else (vertex, layer[place])
                gain += _gain(above[left], above[right]) + _gain(below[left], below[right])
                if gain > best:
                    best, goal = gain, place
        layer.insert(goal, layer.pop(start))
        total += best
    _note([layer], position)
    return total


def _places(layer: Sequence[int], links: Links, position: Sequence[int]) -> dict[int, list[int]]:
    places = {}
    for vertex in layer:
        found = [position[other] for other in links[vertex]]
        if len(found) > 1:
            found.sort()
        places[vertex] = found
    return places


def _gain(left: list[int], right: list[int]) -> int:
    """Return how many crossings fewer the two would have the other way round. Both are sorted."""
    if not left or not right:
        return 0
    if len(left) == 1 == len(right):
        return (left[0] > right[0]) - (left[0] < right[0])
    if left[-1] < right[0]:
        return -len(left) * len(right)
    return sum(bisect_left(right, first) + bisect_right(right, first) - len(right) for first in left)

"""Which layer a vertex stands in. Vertices are 0..n-1, edges are pairs; every answer depends on these alone."""

from __future__ import annotations

from collections.abc import Sequence

Edge = tuple[int, int]
_ROUNDS = 6
_LARGEST_GROUP = 60


def without_cycles(count: int, edges: Sequence[Edge]) -> list[Edge]:
    """Return the edges, those that close a cycle turned round. Needed since OCP's data may be wrong."""
    heads: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        heads[source].append(target)
    fresh, open_, done = 0, 1, 2
    state = [fresh] * count
    closing: set[Edge] = set()
    for root in range(count):
        stack = [(root, 0)] if state[root] == fresh else []
        while stack:
            vertex, place = stack.pop()
            state[vertex] = open_
            if place == len(heads[vertex]):
                state[vertex] = done
                continue
            stack.append((vertex, place + 1))
            head = heads[vertex][place]
            if state[head] == fresh:
                stack.append((head, 0))
            elif state[head] == open_:
                closing.add((vertex, head))
    turned = [(target, source) if (source, target) in closing else (source, target) for source, target in edges]
    return list(dict.fromkeys(turned))


def components(count: int, edges: Sequence[Edge]) -> list[list[int]]:
    """Return the connected parts, each sorted, in the order of their first vertices."""
    parent = list(range(count))

    def root(vertex: int) -> int:
        while parent[vertex] != vertex:
            parent[vertex] = parent[parent[vertex]]
            vertex = parent[vertex]
        return vertex

    for source, target in edges:
        low, high = sorted((root(source), root(target)))
        parent[high] = low
    parts: dict[int, list[int]] = {}
    for vertex in range(count):
        parts.setdefault(root(vertex), []).append(vertex)
    return list(parts.values())


def rank(count: int, edges: Sequence[Edge]) -> list[int]:
    """Return each vertex's layer, 0 at the top, every edge leading down. The edges have no cycle.

    Longest path from the sources; then whoever has more downstreams than upstreams is pulled down to them, so that
    a late source does not hang at the top by a long edge; then groups are moved to where their edges are shortest.
    """
    heads: list[list[int]] = [[] for _ in range(count)]
    tails = [0] * count
    for source, target in edges:
        heads[source].append(target)
        tails[target] += 1
    order = _topological(heads, list(tails))
    ranks = [0] * count
    for vertex in order:
        for head in heads[vertex]:
            ranks[head] = max(ranks[head], ranks[vertex] + 1)
    for vertex in reversed(order):
        if len(heads[vertex]) > tails[vertex]:
            ranks[vertex] = min(ranks[head] for head in heads[vertex]) - 1
    _tighten(ranks, heads)
    top = min(ranks, default=0)
    return [own - top for own in ranks]


def _tighten(ranks: list[int], heads: Sequence[Sequence[int]]) -> None:
    """Move small groups up or down as long as that makes the edges shorter in sum.

    A group is a vertex with all that it would push: those that an edge of the least length joins to it.
    """
    tails: list[list[int]] = [[] for _ in heads]
    for vertex, own in enumerate(heads):
        for head in own:
            tails[head].append(vertex)
    for _ in range(_ROUNDS):
        moved = [
            _moved(vertex, ranks, ahead, behind, step)
            for ahead, behind, step in ((heads, tails, 1), (tails, heads, -1))
            for vertex in range(len(heads))
        ]
        if not any(moved):
            return


def _moved(
    vertex: int, ranks: list[int], ahead: Sequence[Sequence[int]], behind: Sequence[Sequence[int]], step: int
) -> bool:
    group = {vertex}
    stack = [vertex]
    while stack:
        own = stack.pop()
        for other in ahead[own]:
            if other not in group and step * (ranks[other] - ranks[own]) == 1:
                if len(group) == _LARGEST_GROUP:
                    return False
                group.add(other)
                stack.append(other)
    shorter = [step * (ranks[other] - ranks[own]) - 1 for own in group for other in ahead[own] if other not in group]
    inside = sum(len(ahead[own]) for own in group) - len(shorter)
    # One vertex may have thousands behind it, and would be asked for by each of them: they are counted, not visited.
    if len(shorter) <= sum(len(behind[own]) for own in group) - inside:
        return False
    for own in group:
        ranks[own] += step * min(shorter)
    return True


def _topological(heads: Sequence[Sequence[int]], missing: list[int]) -> list[int]:
    order = [vertex for vertex, tails in enumerate(missing) if not tails]
    for vertex in order:
        for head in heads[vertex]:
            missing[head] -= 1
            if not missing[head]:
                order.append(head)
    return order

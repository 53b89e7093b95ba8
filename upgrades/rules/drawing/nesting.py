"""Which item stands in which box, and which edge is drawn where: between the two items that stand side by side."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from upgrades.rules.drawing.graph import Box, Graph, Pair, natural, topological


@dataclass(frozen=True, slots=True)
class Nest:
    """The tree of boxes; "" is the whole. Items are nodes and boxes, by key.

    items and edges: what each open box holds directly, upstreams first. inner_first: the open boxes, the whole
    last. members: all nodes of a box. reading_order: every item, outer before inner.
    """

    boxes: Mapping[str, Box]
    folded: frozenset[str]
    items: Mapping[str, tuple[str, ...]]
    edges: Mapping[str, tuple[Pair, ...]]
    inner_first: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]]
    reading_order: tuple[str, ...]
    dropped_edges: tuple[Pair, ...]


def nest(graph: Graph, folded: Collection[str]) -> Nest:
    """Return the tree. Boxes without nodes are left out, so is what stands inside a folded box."""
    boxes = {box.key: box for box in graph.boxes}
    keys = {node.key for node in graph.nodes}
    trails = {key: _trail(graph.homes.get(key, ""), boxes) for key in keys}
    members: dict[str, list[str]] = {}
    for key in sorted(keys, key=natural):
        for box_key in trails[key]:
            members.setdefault(box_key, []).append(key)
    boxes = {key: box for key, box in boxes.items() if key in members and key not in keys}
    trails |= {key: _trail(boxes[key].parent, boxes) for key in boxes}
    closed = frozenset(key for key in boxes if key in folded)
    shown = {key: trail for key, trail in trails.items() if not closed & set(trail)}
    items: dict[str, list[str]] = {key: [] for key in ("", *boxes) if key in shown or not key}
    items = {key: found for key, found in items.items() if key not in closed}
    for key in sorted(shown, key=lambda key: (natural(members[key][0] if key in boxes else key), key)):
        items[(shown[key] or ("",))[-1]].append(key)
    edges, dropped = _edges(graph, trails, closed, items)
    items = {key: topological(found, edges[key]) for key, found in items.items()}
    depth = {key: len(trails[key]) + 1 if key else 0 for key in items}
    return Nest(
        boxes=boxes,
        folded=closed,
        items={key: tuple(found) for key, found in items.items()},
        edges=edges,
        inner_first=tuple(sorted(items, key=lambda key: -depth[key])),
        members={key: tuple(members[key]) for key in boxes},
        reading_order=tuple(_walk(items)),
        dropped_edges=dropped,
    )


def _trail(key: str, boxes: Mapping[str, Box]) -> tuple[str, ...]:
    """Return the boxes round a place, outermost first."""
    trail: list[str] = []
    while key in boxes:
        trail.append(key)
        key = boxes[key].parent
    return tuple(reversed(trail))


def _edges(
    graph: Graph, trails: Mapping[str, tuple[str, ...]], closed: frozenset[str], items: Mapping[str, list[str]]
) -> tuple[dict[str, tuple[Pair, ...]], tuple[Pair, ...]]:
    drawn: dict[str, dict[Pair, None]] = {key: {} for key in items}
    dropped: list[Pair] = []
    for source, target in sorted(set(graph.edges), key=lambda edge: (natural(edge[0]), natural(edge[1]))):
        if source not in trails or target not in trails or source == target:
            dropped.append((source, target))
            continue
        level, pair = _common(_visible(source, trails, closed), _visible(target, trails, closed))
        if pair:
            drawn[level][pair] = None
    return {key: tuple(found) for key, found in drawn.items()}, tuple(dropped)


def _visible(key: str, trails: Mapping[str, tuple[str, ...]], closed: frozenset[str]) -> tuple[str, ...]:
    """Return the way from the whole to what is drawn for the key: itself, or the folded box it is in."""
    way = (*trails[key], key)
    ends = [index for index, step in enumerate(way) if step in closed]
    return way[: ends[0] + 1] if ends else way


def _common(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, Pair | None]:
    """Return the innermost box round both, and the two items in it; no items where one holds the other."""
    depth = 0
    while depth < min(len(first), len(second)) and first[depth] == second[depth]:
        depth += 1
    level = first[depth - 1] if depth else ""
    if depth in (len(first), len(second)):
        return level, None
    return level, (first[depth], second[depth])


def _walk(items: Mapping[str, list[str]]) -> list[str]:
    order: list[str] = []
    stack = [*reversed(items[""])]
    while stack:
        key = stack.pop()
        order.append(key)
        stack += reversed(items.get(key, []))
    return order

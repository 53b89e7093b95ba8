"""A run's task instances as one graph: each child in place of the subtask that waits for it, its zones as boxes.

The door to drawing/, which makes coordinates of it. Nothing here knows a status or a colour.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from upgrades.rules.drawing import sections
from upgrades.rules.drawing.graph import Box, Graph, Node, natural, topological
from upgrades.rules.drawing.layout import Drawing, PlacedBox, PlacedEdge, PlacedNode, layout, reading_order

__all__ = [
    "Box",
    "Drawing",
    "Graph",
    "Links",
    "Node",
    "PlacedBox",
    "PlacedEdge",
    "PlacedNode",
    "compose",
    "graph_of",
    "layout",
    "reading_order",
    "topology_hash",
    "waits",
]

_WAIT_LABEL = "wait dag success"


@dataclass(frozen=True, slots=True)
class Links:
    """A node with the keys of its upstreams and downstreams, as OCP lists them for a subtask."""

    node: Node
    upstreams: tuple[str, ...] = ()
    downstreams: tuple[str, ...] = ()


def graph_of(links: Iterable[Links]) -> Graph:
    """Return the graph of a task instance: each edge once, named from either end or both.

    OCP's order of subtasks is unstable (express, TaskGraph.tsx), so nothing depends on it. Of two nodes with the
    same key the first stands.
    """
    nodes: dict[str, Node] = {}
    edges: set[tuple[str, str]] = set()
    for link in links:
        key = nodes.setdefault(link.node.key, link.node).key
        edges |= {(upstream, key) for upstream in link.upstreams}
        edges |= {(key, downstream) for downstream in link.downstreams}
    ordered = sorted(nodes.values(), key=lambda node: natural(node.key))
    return Graph(tuple(ordered), tuple(sorted(edges)))


def compose(parent: Graph, children: Mapping[str, Graph]) -> Graph:
    """Return parent and children as one graph.

    children: by the key of the parent's "Wait dag success" subtask, whose key becomes that of the hop's box. A hop
    whose child is not known stays the pair of subtasks it is; so does one whose child repeats a key.
    """
    nodes, edges = {node.key: node for node in parent.nodes}, [*parent.edges]
    taken = set(nodes)
    order = topological(sorted(nodes, key=natural), parent.edges)
    waits = [key for key in order if _is_wait(nodes[key]) or key in children]
    boxes: list[Box] = []
    homes: dict[str, str] = {}
    for number, wait in enumerate(waits, 1):
        child = children.get(wait)
        keys = {node.key for node in child.nodes} if child else set()
        if child is None or not keys or keys & taken:
            continue
        taken |= keys
        del nodes[wait]
        nodes |= {node.key: node for node in child.nodes}
        edges += child.edges
        boxes.append(Box(wait, "hop", number, len(waits)))
        inner, inner_homes = _sectioned(child, wait)
        boxes += inner
        homes |= inner_homes
    return Graph(tuple(nodes.values()), tuple(edges), tuple(boxes), MappingProxyType(homes), is_flow=True)


def waits(parent: Graph) -> list[str]:
    """Return the keys of the subtasks of a parent that wait for a child, upstreams first: one for each hop."""
    keys = sorted((node.key for node in parent.nodes), key=natural)
    labels = {node.key: node for node in parent.nodes}
    return [key for key in topological(keys, parent.edges) if _is_wait(labels[key])]


def topology_hash(graph: Graph) -> str:
    """Return 64 hexadecimal digits that change with any id, label, edge or box, and with nothing else."""
    parts = [
        sorted([node.key, node.label, node.sub_label, node.group] for node in graph.nodes),
        sorted(set(graph.edges)),
        sorted([box.key, box.kind, box.number, box.count, box.label, box.parent] for box in graph.boxes),
        sorted(graph.homes.items()),
        graph.is_flow,
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def _is_wait(node: Node) -> bool:
    return node.label.strip().lower() == _WAIT_LABEL


def _sectioned(child: Graph, wait: str) -> tuple[list[Box], dict[str, str]]:
    """Return the boxes inside a hop, and the box of each node of the child."""
    homes = {node.key: wait for node in child.nodes}
    boxes: list[Box] = []
    for section in sections.split(child):
        home = wait
        if section.kind:
            home = f"{wait}/{section.kind}{section.number or ''}"
            boxes.append(Box(home, section.kind, section.number, section.count, parent=wait))
        homes |= dict.fromkeys(section.keys, home)
        for lane in section.lanes:
            box = Box(f"{home}/{lane.label}/{lane.keys[0]}", "server", label=lane.label, parent=home)
            boxes.append(box)
            homes |= dict.fromkeys(lane.keys, box.key)
    return boxes, homes

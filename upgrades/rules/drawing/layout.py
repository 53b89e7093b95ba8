"""Coordinates of a graph: nodes, edges and nested boxes. Hops follow in rows, zones stand across, steps lead down.

Whole pixels from the upper left corner. Deterministic: the order of nodes and edges does not matter, and nothing here
knows a status, a colour or a language (a box says its kind and number, not a sentence).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from upgrades.rules.drawing import layered, rows, texts
from upgrades.rules.drawing.graph import Box, Graph, Node
from upgrades.rules.drawing.nesting import Nest, nest

NODE_HEIGHT = 40
NODE_LEAST, NODE_MOST = 168, 320
TEXT_LEFT, TEXT_RIGHT = 33, 12
HEADERS = {"hop": 40, "server": 28}
HEADER = 36
PAD = 14
PADS_ABOVE = {"hop": 16, "server": 4}
PAD_ABOVE = 8
LEAST_WIDTHS = {"hop": 460, "server": 180}
# A zone of ten of eleven steps, ten of them failed, tells that beside its name.
LEAST_WIDTH = 268
FOLDED = {"hop": (250, 40), "server": (180, 40)}
FOLDED_SECTION = (112, 66)


@dataclass(frozen=True, slots=True)
class PlacedNode:
    """A subtask's rectangle. label and sub_label are cut to fit; the whole text is the caller's."""

    key: str
    x: int
    y: int
    width: int
    height: int
    label: str
    sub_label: str


@dataclass(frozen=True, slots=True)
class PlacedEdge:
    """A line from bottom or right of the source to top or left of the target; either may be a box."""

    source: str
    target: str
    points: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A frame, outer before inner; header is the height of its head. kind, number, count and label as in Box.

    node_keys: the nodes inside, also when it is folded and they are not drawn.
    """

    key: str
    kind: str
    number: int
    count: int
    label: str
    node_keys: tuple[str, ...]
    is_folded: bool
    x: int
    y: int
    width: int
    height: int
    header: int


@dataclass(frozen=True, slots=True)
class Drawing:
    """All of it, in reading order. dropped_edges lead to a node that does not exist, or to where they come from."""

    width: int
    height: int
    nodes: tuple[PlacedNode, ...]
    edges: tuple[PlacedEdge, ...]
    boxes: tuple[PlacedBox, ...]
    dropped_edges: tuple[tuple[str, str], ...]


def layout(graph: Graph, folded: Collection[str] = frozenset()) -> Drawing:
    """Return the drawing of the graph. folded: keys of boxes to be drawn as one card."""
    return _Drawer(graph, nest(graph, folded)).drawing()


def reading_order(graph: Graph) -> tuple[str, ...]:
    """Return the keys of all nodes as a person reads the drawing. Cheap: nothing is placed."""
    keys = {node.key for node in graph.nodes}
    return tuple(key for key in nest(graph, ()).reading_order if key in keys)


@dataclass(slots=True)
class _Inside:
    """What a box holds, relative to the upper left corner of its content."""

    size: layered.Size
    corners: dict[str, layered.Point]
    routes: dict[tuple[str, str], tuple[layered.Point, ...]]


class _Drawer:
    """Sizes from the inside out, then places from the outside in."""

    def __init__(self, graph: Graph, tree: Nest) -> None:
        self.graph, self.tree = graph, tree
        self.nodes: dict[str, Node] = {node.key: node for node in graph.nodes}
        self.sizes: dict[str, layered.Size] = {}
        self.insides: dict[str, _Inside] = {}
        for key in tree.inner_first:
            self._measure(key)

    def drawing(self) -> Drawing:
        """Return the whole, placed."""
        nodes: list[PlacedNode] = []
        edges: list[PlacedEdge] = []
        boxes: list[PlacedBox] = []
        stack: list[tuple[str, int, int]] = [("", 0, 0)]
        while stack:
            key, x, y = stack.pop()
            inside = self.insides[key]
            for (source, target), points in inside.routes.items():
                edges.append(PlacedEdge(source, target, tuple((left + x, top + y) for left, top in points)))
            for item, (left, top) in reversed(inside.corners.items()):
                if item in self.nodes:
                    nodes.append(self._placed_node(item, left + x, top + y))
                    continue
                boxes.append(self._placed_box(self.tree.boxes[item], left + x, top + y))
                if item in self.insides:
                    shift = (self.sizes[item][0] - self.insides[item].size[0]) // 2
                    stack.append((item, left + x + shift, top + y + _top(self.tree.boxes[item])))
        width, height = self.insides[""].size
        place = {key: index for index, key in enumerate(self.tree.reading_order)}
        return Drawing(
            width,
            height,
            tuple(sorted(nodes, key=lambda node: place[node.key])),
            tuple(sorted(edges, key=lambda edge: (place[edge.source], place[edge.target]))),
            tuple(sorted(boxes, key=lambda box: place[box.key])),
            self.tree.dropped_edges,
        )

    def _measure(self, key: str) -> None:
        items, edges = self.tree.items[key], self.tree.edges[key]
        widest = max((self._node_width(item) for item in items if item in self.nodes), default=0)
        for item in items:
            if item in self.nodes:
                self.sizes[item] = (widest if key else self._node_width(item), NODE_HEIGHT)
            elif item in self.tree.folded:
                self.sizes[item] = FOLDED.get(self.tree.boxes[item].kind, FOLDED_SECTION)
        self.insides[key] = self._arranged(key, items, edges)
        if key:
            box = self.tree.boxes[key]
            width, height = self.insides[key].size
            least = LEAST_WIDTHS.get(box.kind, LEAST_WIDTH)
            self.sizes[key] = (max(least, width + 2 * PAD), height + _top(box) + PAD)

    def _arranged(self, key: str, items: Sequence[str], edges: Sequence[tuple[str, str]]) -> _Inside:
        is_row = self.graph.is_flow if not key else self.tree.boxes[key].kind == "hop"
        chain = rows.chain(items, edges) if is_row and (not key or self._has_boxes(items)) else None
        if chain is not None:
            sizes = {item: self.sizes[item] for item in chain}
            placed = rows.flow(chain, sizes, self._tall(chain)) if not key else rows.across(chain, sizes)
            return _Inside(*placed)
        number = {item: index for index, item in enumerate(items)}
        pairs = [(number[source], number[target]) for source, target in edges]
        placement = layered.place([self.sizes[item] for item in items], pairs)
        corners = {items[index]: corner for index, corner in placement.corners.items()}
        routes = {(items[source], items[target]): points for (source, target), points in placement.routes.items()}
        return _Inside((placement.width, placement.height), corners, routes)

    def _tall(self, chain: Sequence[str]) -> frozenset[str]:
        return frozenset(item for item in chain if item in self.insides)

    def _has_boxes(self, items: Sequence[str]) -> bool:
        return any(item not in self.nodes for item in items)

    def _node_width(self, key: str) -> int:
        node = self.nodes[key]
        text = max(texts.width(node.label), texts.width(node.sub_label, 11))
        wanted = TEXT_LEFT + text + TEXT_RIGHT
        return min(NODE_MOST, max(NODE_LEAST, wanted + wanted % 2))

    def _placed_node(self, key: str, x: int, y: int) -> PlacedNode:
        node, (width, height) = self.nodes[key], self.sizes[key]
        room = width - TEXT_LEFT - TEXT_RIGHT
        labels = texts.fitted(node.label, room), texts.fitted(node.sub_label, room, 11)
        return PlacedNode(key, x, y, width, height, *labels)

    def _placed_box(self, box: Box, x: int, y: int) -> PlacedBox:
        width, height = self.sizes[box.key]
        is_folded = box.key in self.tree.folded
        return PlacedBox(
            key=box.key,
            kind=box.kind,
            number=box.number,
            count=box.count,
            label=box.label,
            node_keys=self.tree.members[box.key],
            is_folded=is_folded,
            x=x,
            y=y,
            width=width,
            height=height,
            header=height if is_folded else _header(box),
        )


def _header(box: Box) -> int:
    return HEADERS.get(box.kind, HEADER)


def _top(box: Box) -> int:
    """Return how far below the box's upper edge its content begins."""
    return _header(box) + PADS_ABOVE.get(box.kind, PAD_ABOVE)

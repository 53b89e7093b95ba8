"""What fixed graphs are drawn like, as lines of text: python -m tests.rules.drawn keeps them in drawn.txt.

A line each for the drawing, its boxes, nodes and edges. Whoever changes the drawing on purpose looks at the graphs in
a browser, keeps the file anew, and shows the difference in the commit.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

from tests.rules.graphs import any_dag, child, parent, wait_keys
from upgrades.rules.dag import Box, Drawing, Graph, Node, compose, layout

KEPT = Path(__file__).with_name("drawn.txt")
# Each a list of "source target": what people draw when they ask whether a layout is any good.
SMALL = {
    "diamond": "a b,a c,b d,c d",
    "crossing": "a d,a e,b d,c d,b f,c e",
    "long way": "a b,b c,c d,d e,a e,b e,a d",
    "two parts": "a b,b c,d e,f e",
    "circle": "a b,b c,c a,c d,d e,e c",
    "fan": "a b,a c,a d,a e,a f,b g,c g,d g,e g,f g,b h,f h",
    "late source": "a b,b c,c d,d e,f e,g f,h c",
    "ladder": "a c,b d,c e,d f,a d,b c,c f,d e,e g,f g,a g",
}


def graphs() -> Iterator[tuple[str, Graph, frozenset[str]]]:
    """Name, graph and what of it is folded."""
    task = parent(2)
    waits = wait_keys(task)
    graph = compose(task, {wait: child(servers=3, prefix=f"c{number}") for number, wait in enumerate(waits)})
    yield "two hops", graph, frozenset()
    yield "one hop and a zone folded", graph, frozenset({waits[0], f"{waits[1]}/zone2"})
    yield "servers without names", compose(parent(), {waits[0]: child(are_servers_named=False)}), frozenset()
    yield "parent alone", parent(3), frozenset()
    yield "texts", texts(), frozenset()
    for name, edges in SMALL.items():
        pairs = tuple(tuple(edge.split()) for edge in edges.split(","))
        keys = sorted({key for pair in pairs for key in pair})
        yield name, Graph(tuple(Node(key, key) for key in keys), pairs), frozenset()
    for count, seed, reach in ((24, 1, 4), (40, 2, 8), (60, 3, 16)):
        yield f"any {count}", any_dag(count, seed, reach), frozenset()
    for seed in range(4):
        yield f"tangle {seed}", tangle(seed), frozenset()


def tangle(seed: int) -> Graph:
    """Six layers of five to eight steps, each behind one to five of the layer above, or of the one above that."""
    random = Random(seed)  # noqa: S311 a fixed graph, not a secret
    layers = [[f"{layer}{step}" for step in "abcdefgh"[: random.randint(5, 8)]] for layer in range(6)]
    edges = set()
    for number, layer in enumerate(layers[1:], 1):
        for key in layer:
            above = layers[number - 1] if number < 2 or random.random() < 0.8 else layers[number - 2]
            edges |= {(source, key) for source in random.sample(above, random.randint(1, 5))}
    return Graph(tuple(Node(key, key) for layer in layers for key in layer), tuple(sorted(edges)))


def texts() -> Graph:
    """Labels short, long, wide and Chinese, in boxes of every kind, one of them empty."""
    labels = ("", "i", "W" * 60, "升级前检查", "Wait 10.24.1.1 等待节点恢复 " * 4, "a" * 41)
    nodes = tuple(Node(f"t{place}", label, label[::-1]) for place, label in enumerate(labels))
    kinds = ("hop", "prepare", "zone", "finish", "server", "hop")
    boxes = tuple(Box(f"b{place}", kind, place, len(kinds), kind[:3]) for place, kind in enumerate(kinds))
    homes = {node.key: box.key for node, box in zip(nodes, boxes[:5], strict=False)}
    return Graph(nodes, (("t0", "t1"), ("b1", "b2"), ("t2", "b3"), ("t5", "t5"), ("t4", "gone")), boxes, homes)


def lines(name: str, drawing: Drawing) -> Iterator[str]:
    """The drawing in its own order."""
    yield f"# {name}: {drawing.width} x {drawing.height}, dropped {drawing.dropped_edges}"
    for box in drawing.boxes:
        folded = f"folded over {len(box.node_keys)}" if box.is_folded else f"round {len(box.node_keys)}"
        what = f"{box.kind} {box.number}/{box.count} {box.label}".rstrip()
        yield f"box {box.key} ({what}) {box.x},{box.y} {box.width}x{box.height} header {box.header} {folded}"
    for node in drawing.nodes:
        yield f"node {node.key} {node.x},{node.y} {node.width}x{node.height} {node.label!r} {node.sub_label!r}"
    for edge in drawing.edges:
        yield f"edge {edge.source} {edge.target} {' '.join(f'{x},{y}' for x, y in edge.points)}"


def drawn() -> str:
    """All of it."""
    return "".join(f"{line}\n" for name, graph, folded in graphs() for line in lines(name, layout(graph, folded)))


if __name__ == "__main__":
    KEPT.write_text(drawn(), encoding="utf-8")

"""Coordinates: nothing overlaps, the drawing holds all of it, and the same graph is always drawn the same."""

from cProfile import Profile
from dataclasses import replace
from itertools import combinations, pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.crossings import crossings
from tests.rules.graphs import any_dag, child, parent, wait_keys
from upgrades.rules.dag import Box, Graph, Node, compose, layout, reading_order
from upgrades.rules.drawing import texts
from upgrades.rules.drawing.layered import place


def corners(thing):
    return thing.x, thing.y, thing.x + thing.width, thing.y + thing.height


def overlap(first, second):
    left, right = corners(first), corners(second)
    return left[0] < right[2] and right[0] < left[2] and left[1] < right[3] and right[1] < left[3]


def holds(outer, inner):
    out, own = corners(outer), corners(inner)
    return out[0] <= own[0] and out[1] <= own[1] and own[2] <= out[2] and own[3] <= out[3]


def passes(points, thing):
    """Whether a line with these points passes the inside of a node."""
    left, top, right, bottom = corners(thing)
    for (x, y), (far, low) in pairwise(points):
        for step in range(1, 40):
            along, down = x + (far - x) * step / 40, y + (low - y) * step / 40
            if left < along < right and top < down < bottom:
                return True
    return False


def check(drawing, *, are_edges_checked=True):
    """Assert what must hold for every drawing."""
    for node in (*drawing.nodes, *drawing.boxes):
        assert all(type(number) is int for number in corners(node))
        assert node.x >= 0
        assert node.y >= 0
        assert node.x + node.width <= drawing.width
        assert node.y + node.height <= drawing.height
    for first, second in combinations(drawing.nodes, 2):
        assert not overlap(first, second), (first, second)
    for first, second in combinations(drawing.boxes, 2):
        assert not overlap(first, second) or holds(first, second), (first, second)
    for edge in drawing.edges:
        assert len(edge.points) > 1
        assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in edge.points)
        ends = {edge.source, edge.target}
        if are_edges_checked:
            assert not any(passes(edge.points, node) for node in drawing.nodes if node.key not in ends)


def whole(hops=2, **over):
    task = parent(hops)
    waits = wait_keys(task)
    return compose(task, {wait: child(prefix=f"c{number}", **over) for number, wait in enumerate(waits)}), waits


@pytest.mark.parametrize("servers", [1, 2, 5])
def test_upgrade_is_drawn_with_zones_across_and_steps_down(servers):
    graph, waits = whole(servers=servers)
    drawing = layout(graph)
    check(drawing)
    boxes = {box.key: box for box in drawing.boxes}
    zones = [boxes[f"{waits[0]}/zone{number}"] for number in (1, 2, 3)]
    assert len({zone.y for zone in zones}) == 1
    assert zones[0].x < zones[1].x < zones[2].x
    assert all(holds(boxes[waits[0]], zone) for zone in zones)
    assert boxes[waits[0]].y + boxes[waits[0]].height < boxes[waits[1]].y
    steps = [node for node in drawing.nodes if node.key in zones[0].node_keys]
    assert steps[0].label == "Set zone context"
    assert steps[0].y == min(step.y for step in steps)
    assert all(holds(zones[0], step) for step in steps)


def test_the_head_of_a_zone_has_room_for_its_name_and_what_failed_in_it():
    """As templates/upgrades/runs/_graph.html sets them: 36 px in front, 14 between, 28 for the sign that folds."""
    graph, waits = whole(hops=1, servers=1)
    zone = next(box for box in layout(graph).boxes if box.key == f"{waits[0]}/zone1")
    name, counts = texts.width("Zone 1 of 3", 13), texts.width("10 of 11 · 10 failed", 12)
    assert 36 + name + 14 + counts + 28 <= zone.width


def test_steps_that_follow_each_other_stand_under_each_other():
    graph, _ = whole(servers=3)
    drawing = layout(graph)
    for edge in drawing.edges:
        assert len(edge.points) == 2 or len(edge.points) == 4
        assert all(x == far or y == low for (x, y), (far, low) in pairwise(edge.points)), edge


def test_edge_between_boxes_is_drawn_once_from_frame_to_frame():
    graph, waits = whole(hops=1)
    pairs = [(edge.source, edge.target) for edge in layout(graph).edges]
    assert (f"{waits[0]}/zone1", f"{waits[0]}/zone2") in pairs
    assert len(set(pairs)) == len(pairs)


def test_folded_box_is_one_card_and_hides_what_it_holds():
    graph, waits = whole()
    folded = [waits[0], f"{waits[1]}/zone1", f"{waits[1]}/prepare"]
    drawing = layout(graph, folded)
    check(drawing)
    boxes = {box.key: box for box in drawing.boxes}
    assert boxes[waits[0]].is_folded
    assert len(boxes[waits[0]].node_keys) == len(child().nodes)
    assert not any(box.key.startswith(f"{waits[0]}/") for box in drawing.boxes)
    assert not any(node.key.startswith("c0:") for node in drawing.nodes)
    assert not drawing.dropped_edges
    assert drawing.height < layout(graph).height


def test_parent_alone_flows_in_rows():
    drawing = layout(compose(parent(3), {}))
    check(drawing)
    assert len({node.y for node in drawing.nodes}) > 1
    assert [node.label for node in drawing.nodes[:2]] == ["Start node", "Prepare upgrade cluster"]
    assert drawing.width <= 1000


def test_nodes_and_boxes_come_in_reading_order():
    graph, _ = whole(hops=1)
    drawing = layout(graph)
    labels = [node.label for node in drawing.nodes]
    assert labels.index("Start node") < labels.index("Execute upgrade checker") < labels.index("Set zone context")
    assert labels[-1] == "Update OB cluster status"
    assert [box.kind for box in drawing.boxes][:3] == ["hop", "prepare", "zone"]
    assert tuple(node.key for node in drawing.nodes) == reading_order(graph)


def test_dangling_edges_and_loops_are_dropped_and_reported():
    graph = Graph((Node("a", "A"), Node("b", "B")), (("a", "b"), ("a", "gone"), ("gone", "b"), ("a", "a"), ("a", "b")))
    drawing = layout(graph)
    assert [(edge.source, edge.target) for edge in drawing.edges] == [("a", "b")]
    assert set(drawing.dropped_edges) == {("a", "gone"), ("gone", "b"), ("a", "a")}


def test_empty_graph_is_an_empty_drawing():
    drawing = layout(Graph((), ()))
    assert (drawing.width, drawing.height, drawing.nodes, drawing.edges) == (0, 0, (), ())


def test_parts_without_an_edge_between_them_stand_side_by_side():
    drawing = layout(Graph(tuple(Node(key, "A step") for key in "abcdef"), (("a", "b"), ("c", "d"))))
    check(drawing)
    assert len({node.x for node in drawing.nodes}) > 1


def test_late_source_is_pulled_down_to_what_needs_it():
    nodes = tuple(Node(key, "A step") for key in "abcdz")
    edges = (("a", "b"), ("b", "c"), ("c", "d"), ("z", "d"))
    by_key = {node.key: node for node in layout(Graph(nodes, edges)).nodes}
    assert by_key["z"].y == by_key["c"].y


def test_empty_box_is_left_out_and_an_unknown_one_is_none():
    nodes = (Node("a", "A"), Node("b", "B"))
    boxes = (Box("x", "zone"), Box("empty", "zone"))
    drawing = layout(Graph(nodes, (("a", "b"),), boxes, {"a": "x", "b": "nowhere"}))
    check(drawing)
    assert [box.key for box in drawing.boxes] == ["x"]
    assert [(edge.source, edge.target) for edge in drawing.edges] == [("x", "b")]


def test_width_comes_from_the_text_and_a_long_one_is_cut():
    short, long = layout(Graph((Node("a", "Wait node"), Node("b", "W" * 300)), ())).nodes
    assert short.width < long.width <= 320
    assert short.label == "Wait node"
    assert long.label.endswith("…")
    assert texts.width(long.label) <= long.width
    assert texts.width("变更请求") > texts.width("abcd")


def test_more_bends_than_there_is_room_for_do_not_exhaust_us():
    count = 700
    edges = [(place, place + 1) for place in range(count - 1)] + [(0, place) for place in range(2, count)]
    placement = place([(170, 40)] * count, edges)
    assert len(placement.routes) == len(edges)


HUB = [(0, place) for place in range(1, 1500)]
DENSE = list(product(range(60), range(60, 120)))
COMPLETE = list(combinations(range(60), 2))
TANGLED = [(place * place % 599, 600 + place * place * place % 593) for place in range(1800)]


@pytest.mark.parametrize(
    ("edges", "most"),
    [(HUB, 800_000), (DENSE, 5_000_000), (COMPLETE, 6_000_000), (TANGLED, 7_000_000)],
    ids=["hub", "dense", "complete", "tangled"],
)
def test_no_graph_exhausts_us(edges, most):
    numbers = sorted({number for edge in edges for number in edge})
    pairs = tuple((str(source), str(target)) for source, target in edges)
    graph = Graph(tuple(Node(str(number), "Step") for number in numbers), pairs)
    with Profile() as profile:
        drawing = layout(graph)
    assert len(drawing.edges) == len(set(pairs))
    assert sum(entry.callcount for entry in profile.getstats()) < most


@pytest.mark.parametrize("seed", range(3))
def test_random_dag_of_60_nodes_is_drawn_without_touching(seed):
    check(layout(any_dag(60, seed)))


# Crossings that Graphviz' dot left on the same graphs (bench/results/layout.json, commit 4120058).
DOT = {60: 18, 500: 390}


@pytest.mark.parametrize("count", sorted(DOT))
def test_lines_cross_little_more_often_than_dots(count):
    found = 0
    for seed in (1, 2, 3):
        edges = layout(any_dag(count, seed)).edges
        found += crossings({(edge.source, edge.target): list(edge.points) for edge in edges})
    assert found <= 1.5 * DOT[count]


@pytest.mark.parametrize("count", [500, 900])
def test_large_dag_is_drawn(count):
    drawing = layout(any_dag(count))
    check(drawing, are_edges_checked=False)
    assert len(drawing.nodes) == count


keys = st.integers(0, 14).map(str)
labels = st.sampled_from(["Wait node", "Set zone context", "x" * 90, "停止", ""])
graphs = st.builds(
    Graph,
    nodes=st.lists(st.builds(Node, keys, labels), max_size=14, unique_by=lambda node: node.key).map(tuple),
    edges=st.lists(st.tuples(keys, keys), max_size=24).map(tuple),
)


@given(graphs)
@settings(max_examples=150)
def test_any_graph_even_with_cycles_is_drawn_without_touching(graph):
    drawing = layout(graph)
    check(drawing)
    known = {node.key for node in graph.nodes}
    drawn = {(edge.source, edge.target) for edge in drawing.edges}
    good = {(s, t) for s, t in graph.edges if s in known and t in known and s != t}
    assert drawn == good
    assert set(drawing.dropped_edges) == set(graph.edges) - good


def with_cycle(count, seed):
    """A DAG of so many nodes with some edges turned back, a node that waits for itself and two for each other."""
    graph = any_dag(count, seed)
    back = tuple((target, source) for source, target in graph.edges[:: count // 6])
    return replace(graph, edges=(*graph.edges, *back, ("n3", "n3"), ("n1", "n2"), ("n2", "n1")))


@pytest.mark.parametrize("seed", range(3))
def test_large_graph_with_cycles_holds_every_bend_and_touches_nothing(seed):
    drawing = layout(with_cycle(40, seed))
    check(drawing)
    assert set(drawing.dropped_edges) == {("n3", "n3")}
    assert {node.key for node in drawing.nodes} == {f"n{number}" for number in range(40)}


@given(graphs, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_same_graph_in_another_order_is_drawn_the_same(graph, shuffler):
    nodes, edges = list(graph.nodes), [*graph.edges, *graph.edges[:2]]
    shuffler.shuffle(nodes)
    shuffler.shuffle(edges)
    assert layout(replace(graph, nodes=tuple(nodes), edges=tuple(edges))) == layout(graph)


@given(graphs, graphs, st.sets(st.sampled_from(["hop", "prepare", "zone1", "zone2", "finish"])))
@settings(max_examples=60)
def test_any_child_is_drawn_inside_its_hop(task, inner, folded):
    inner = replace(
        inner,
        nodes=tuple(replace(node, key=f"c:{node.key}") for node in inner.nodes),
        edges=tuple((f"c:{source}", f"c:{target}") for source, target in inner.edges),
    )
    graph = compose(task, {node.key: inner for node in task.nodes[:1]})
    drawing = layout(graph, {f"{task.nodes[0].key}/{name}" for name in folded} if task.nodes else ())
    check(drawing, are_edges_checked=False)

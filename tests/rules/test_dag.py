"""A run's task instances as one graph: hops, zones and servers, and the hash of its topology."""

from dataclasses import replace

import pytest

from tests.rules.graphs import child, parent, wait_keys
from upgrades.rules.dag import Box, Graph, Links, Node, compose, graph_of, layout, topology_hash, waits


def kinds(graph):
    return [(box.kind, box.number, box.count, box.label) for box in graph.boxes]


def labels_of(graph, box_key):
    return [node.label for node in graph.nodes if graph.homes.get(node.key) == box_key]


def test_edges_are_the_union_of_both_ends_each_once():
    graph = graph_of(
        [
            Links(Node("10", "b"), upstreams=("9",), downstreams=("11",)),
            Links(Node("9", "a"), downstreams=("10",)),
            Links(Node("11", "c")),
            Links(Node("9", "again"), downstreams=("11",)),
            Links(Node("12", "d"), upstreams=("11",)),
        ]
    )
    assert [(node.key, node.label) for node in graph.nodes] == [
        ("9", "a"),
        ("10", "b"),
        ("11", "c"),
        ("12", "d"),
    ]
    assert sorted(graph.edges) == [("10", "11"), ("11", "12"), ("9", "10"), ("9", "11")]


def test_child_stands_in_place_of_the_subtask_that_waits_for_it():
    task = parent()
    (wait,) = wait_keys(task)
    whole = compose(task, {wait: child()})
    assert wait not in {node.key for node in whole.nodes}
    assert whole.boxes[0] == Box(wait, "hop", 1, 1)
    assert len(whole.nodes) == len(task.nodes) - 1 + len(child().nodes)
    assert set(task.edges) <= set(whole.edges)


def test_the_subtasks_that_wait_come_in_the_order_of_the_hops():
    task = parent(3)
    assert waits(task) == wait_keys(task)


def test_zones_and_servers_of_a_child_are_boxes_in_order():
    task = parent()
    (wait,) = wait_keys(task)
    whole = compose(task, {wait: child(zones=2, servers=2)})
    assert kinds(whole) == [
        ("hop", 1, 1, ""),
        ("prepare", 0, 0, ""),
        ("zone", 1, 2, ""),
        ("server", 0, 0, "10.24.1.1"),
        ("server", 0, 0, "10.24.1.2"),
        ("zone", 2, 2, ""),
        ("server", 0, 0, "10.24.2.1"),
        ("server", 0, 0, "10.24.2.2"),
        ("finish", 0, 0, ""),
    ]
    assert labels_of(whole, f"{wait}/prepare")[-1] == "Execute upgrade pre script"
    assert labels_of(whole, f"{wait}/zone1")[0] == "Set zone context"
    assert labels_of(whole, f"{wait}/zone2")[-1] == "Update zone status"
    assert labels_of(whole, f"{wait}/finish")[0] == "Execute upgrade post script"


def test_one_zone_ends_where_zones_are_spoken_of_for_the_last_time():
    task = parent()
    (wait,) = wait_keys(task)
    whole = compose(task, {wait: child(zones=1, servers=1)})
    assert kinds(whole) == [("hop", 1, 1, ""), ("prepare", 0, 0, ""), ("zone", 1, 1, ""), ("finish", 0, 0, "")]
    assert labels_of(whole, f"{wait}/zone1")[-1] == "Update zone status"


def test_servers_without_names_are_no_boxes():
    task = parent()
    (wait,) = wait_keys(task)
    whole = compose(task, {wait: child(are_servers_named=False)})
    assert {box.kind for box in whole.boxes} == {"hop", "prepare", "zone", "finish"}


def test_later_hops_without_a_child_stay_the_pending_pair():
    task = parent(hops=3)
    waits = wait_keys(task)
    whole = compose(task, {waits[0]: child()})
    assert [(box.number, box.count) for box in whole.boxes if box.kind == "hop"] == [(1, 3)]
    assert {waits[1], waits[2]} <= {node.key for node in whole.nodes}


def test_hops_are_numbered_by_the_edges_not_by_the_ids():
    task = parent(hops=2)
    waits = wait_keys(task)
    whole = compose(task, {waits[1]: child(prefix="d"), waits[0]: child(prefix="c")})
    assert [(box.key, box.number) for box in whole.boxes if box.kind == "hop"] == [(waits[0], 1), (waits[1], 2)]


@pytest.mark.parametrize("children", [{}, {"p:404": child()}, {"p:130228": Graph((), ())}])
def test_child_that_has_no_place_or_no_subtask_changes_nothing(children):
    assert compose(parent(), children).nodes == parent().nodes


def test_task_that_is_said_to_be_the_child_of_two_hops_is_drawn_once():
    task = parent(hops=2)
    waits = wait_keys(task)
    whole = compose(task, {waits[0]: child(), waits[1]: child()})
    assert [box.key for box in whole.boxes if box.kind == "hop"] == [waits[0]]
    assert len({node.key for node in whole.nodes}) == len(whole.nodes)


def in_parallel(graph):
    """Return the child with all zones at once: no marker is passed by every path."""
    starts = [node.key for node in graph.nodes if node.label == "Set zone context"]
    cut = [(source, "c:1004") if target in starts else (source, target) for source, target in graph.edges]
    return replace(graph, edges=(*cut, *(("c:1004", start) for start in starts)))


@pytest.mark.parametrize(
    "odd",
    [
        in_parallel(child(zones=3)),
        replace(child(), edges=(*child().edges, ("c:1030", "c:1002"))),
        Graph(tuple(replace(node, label="Step") for node in child().nodes), child().edges),
    ],
    ids=["zones in parallel", "a cycle", "other names"],
)
def test_child_without_zones_one_after_the_other_is_drawn_plainly(odd):
    task = parent()
    (wait,) = wait_keys(task)
    whole = compose(task, {wait: odd})
    assert not {"prepare", "zone", "finish"} & {box.kind for box in whole.boxes}
    assert len(layout(whole).nodes) == len(whole.nodes)


def turned(graph):
    return replace(graph, nodes=graph.nodes[::-1], edges=(*graph.edges[::-1], graph.edges[0]))


def test_topology_hash_does_not_depend_on_the_order_of_the_answer():
    task = parent()
    (wait,) = wait_keys(task)
    first = topology_hash(compose(task, {wait: child()}))
    assert first == topology_hash(compose(turned(task), {wait: turned(child())}))
    assert len(first) == 64


def test_topology_hash_changes_with_every_id_label_and_edge():
    graph = child()
    node, edge = graph.nodes[3], graph.edges[3]
    others = [
        replace(graph, nodes=graph.nodes[:-1]),
        replace(graph, nodes=(*graph.nodes[1:], replace(graph.nodes[0], key="other"))),
        replace(graph, nodes=(*graph.nodes[:3], replace(node, label="Other"), *graph.nodes[4:])),
        replace(graph, edges=graph.edges[:-1]),
        replace(graph, edges=(*graph.edges, (edge[1], edge[0]))),
        replace(graph, boxes=(Box("b", "zone"),)),
        replace(graph, homes={node.key: "b"}),
        compose(parent(), {}),
    ]
    hashes = {topology_hash(other) for other in (graph, *others)}
    assert len(hashes) == len(others) + 1

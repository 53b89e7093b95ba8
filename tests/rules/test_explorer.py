"""Which way leads from one version to another, and where each stop leads, whatever cluster runs it."""

import pytest

from tests.rules.test_paths import package
from upgrades.rules import explorer
from upgrades.rules.stops import graph_of

OLD, NEW = "101000062023110109", "108000022024072217"
ENTRIES = (
    {"version": "3.1.3", "to": ["4.0.0.0"]},
    {"version": "4.0.0.0", "to": ["4.1.0.0", "4.1.0.0", "4.0.0.0"]},
    {
        "version": "4.1.0.0",
        "to": ["4.2.1.1", "4.0.0.0", "4.3.0.0"],
        "require_from_binary": {"value": True, "when_come_from": ["4.0.0.0", "3.1.3"], "when_upgraded_to": ["4.2.1.1"]},
    },
)
GRAPH = graph_of(ENTRIES)
STOCK = (package("4.1.0.0", "5"), package("4.2.1.1", OLD), package("4.2.1.1", NEW), package("9.9.9.9", NEW + "0"))


def test_every_stop_is_told_lowest_first_with_its_edges():
    rows = explorer.rows(GRAPH)
    assert [row.stop.key for row in rows] == ["3.1.3", "4.0.0.0", "4.1.0.0", "4.2.1.1", "4.3.0.0"]
    edges = [[(edge.key, edge.why_not) for edge in row.edges] for row in rows]
    assert edges[0] == [("4.0.0.0", "wall")]
    assert edges[1] == [("4.1.0.0", ""), ("4.0.0.0", "")]
    assert edges[2] == [("4.2.1.1", ""), ("4.0.0.0", "down"), ("4.3.0.0", "wall")]
    assert edges[3:] == [[], []]


def test_a_barrier_tells_from_and_to_which_versions_it_holds():
    row = explorer.rows(GRAPH)[2]
    assert row.conditions == ("3.1.3, 4.0.0.0", "4.2.1.1")
    assert explorer.rows(GRAPH)[0].conditions == ("", "")


def test_a_target_without_a_build_is_any_build_of_it():
    way = explorer.explore(GRAPH, STOCK, "4.0.0.0", "4.2.1.1")
    assert way.reason is None
    assert [(name, step.is_binary) for name, step in way.names] == [("4.1.0.0", True), ("4.2.1.1", True)]
    (shelf,) = way.shelves
    assert [place.version for place in shelf.places] == ["4.1.0.0", "4.2.1.1"]
    assert way.cautions == ()


def test_a_target_with_a_build_keeps_it():
    way = explorer.explore(GRAPH, STOCK, "4.0.0.0", f"4.2.1.1-{OLD}")
    assert way.names[-1][0] == f"4.2.1.1-{OLD}"
    assert way.steps[-1].build == OLD


def test_from_a_build_to_a_newer_one_of_the_same_version():
    newest = explorer.explore(GRAPH, STOCK, f"4.2.1.1-{OLD}", "4.2.1.1")
    assert [step.version for step in newest.steps] == ["4.2.1.1"]
    assert explorer.explore(GRAPH, STOCK, f"4.2.1.1-{NEW}", "4.2.1.1").reason is not None
    # Where the stock holds none yet, a newer build may come.
    assert explorer.explore(GRAPH, STOCK[:1], f"4.2.1.1-{NEW}", "4.2.1.1").reason is None


@pytest.mark.parametrize("stock", [STOCK, ()])
def test_no_way_says_why_and_names_no_build_that_was_not_asked_for(stock):
    way = explorer.explore(GRAPH, stock, "4.1.0.0", "4.0.0.0")
    assert (way.steps, way.shelves, way.cautions) == ((), (), ())
    assert way.reason is not None
    assert not any("999999" in str(value) for value in way.reason.params.values())


def test_a_step_that_the_graph_does_not_know_is_a_caution():
    way = explorer.explore(GRAPH, STOCK, "4.2.1.1", "4.2.1.8")
    assert way.reason is None
    assert way.steps[-1].is_beyond_graph
    assert [reason.code for reason in way.cautions] == ["path.beyond_graph"]

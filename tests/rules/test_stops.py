"""Which builds a stop stands for, and when the binary is replaced there."""

import pytest

from upgrades.rules.stops import Graph, Stop, graph_of, known_graph, rank


@pytest.mark.parametrize(
    ("stop", "version", "build", "is_it"),
    [
        (Stop("4.2.1.1", ""), "4.2.1.1", "7", True),
        (Stop("4.2.1.1", ""), "4.2.1.1", "", True),
        (Stop("4.2.1.1", ""), "4.2.1.2", "7", False),
        (Stop("3.1.2", ""), "3.1.2.0", "7", True),
        (Stop("4.2.1.1", "5"), "4.2.1.1", "", False),
        (Stop("4.2.1.1", "5"), "4.2.1.1", "4", False),
        (Stop("4.2.1.1", "5"), "4.2.1.1", "5", True),
        (Stop("4.2.1.1", "5"), "4.2.1.1", "10", True),
        (Stop("4.2.1.1", "5", is_deprecated=True), "4.2.1.1", "5", True),
        (Stop("4.2.1.1", "5", is_deprecated=True), "4.2.1.1", "6", False),
        (Stop("4.2.1.1", "5"), "4.2.1.2", "7", False),
    ],
)
def test_a_stop_stands_for_its_build_and_later_ones_a_withdrawn_one_for_itself(stop, version, build, is_it):
    assert stop.matches(version, build) is is_it


OLD, NEW = Stop("4.1.0.0", "5"), Stop("4.3.0.0", "")


@pytest.mark.parametrize(
    ("stop", "origin", "is_it"),
    [
        (Stop("4.2.0.0", ""), OLD, False),
        (Stop("4.2.0.0", "", is_barrier=True), OLD, True),
        (Stop("4.2.0.0", "", is_barrier=True, barrier_from=frozenset({"4.1.0.0"})), OLD, True),
        (Stop("4.2.0.0", "", is_barrier=True, barrier_from=frozenset({"4.1.0.0-5"})), OLD, True),
        (Stop("4.2.0.0", "", is_barrier=True, barrier_from=frozenset({"4.1.0.1"})), OLD, False),
        (
            Stop("4.2.0.0", "", is_barrier=True, barrier_from=frozenset({"4.1.0.0"})),
            Stop("4.1.0.0", "5", is_deprecated=True),
            False,
        ),
        (
            Stop("4.2.0.0", "", is_barrier=True, barrier_from=frozenset({"4.1.0.0-5"})),
            Stop("4.1.0.0", "5", is_deprecated=True),
            True,
        ),
        (Stop("4.2.0.0", "", is_barrier=True, barrier_to=frozenset({"4.3.0.0"})), OLD, True),
        (Stop("4.2.0.0", "", is_barrier=True, barrier_to=frozenset({"4.3.0.1"})), OLD, False),
    ],
)
def test_the_binary_is_replaced_where_all_conditions_of_the_stop_hold(stop, origin, is_it):
    assert stop.is_barrier_between(origin, [NEW]) is is_it


def test_a_version_without_a_build_comes_after_all_its_builds():
    stops = [Stop("4.2.1.1", ""), Stop("4.2.1.1", "9"), Stop("4.2.1.2", "1"), Stop("4.2.1.1", "10")]
    assert sorted(stops, key=rank) == [stops[1], stops[3], stops[0], stops[2]]
    assert rank(stops[0])[4] > rank(stops[1])[4]


def test_a_reason_names_the_file_that_it_rests_on_and_none_where_there_is_none():
    assert Graph({}, "own.yml").told("path.none", source="a").params == {"source": "a", "file": "own.yml"}
    assert Graph({}).told("path.none", source="a").params == {"source": "a"}


def test_a_graph_holds_no_version_that_cannot_be_read():
    for version in ("next", "4.2", "4.2.1.1-el7"):
        with pytest.raises(ValueError, match=r"version|build"):
            graph_of([{"version": version, "to": []}])
        with pytest.raises(ValueError, match=r"version|build"):
            graph_of([{"version": "4.2.1.1", "to": [version]}])


def test_the_published_graph_holds_both_ages():
    assert {"2.2.77", "3.1.2", "4.0.0.0", "4.2.1.1"} <= set(known_graph().stops)

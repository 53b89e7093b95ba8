"""Hops of a parent and their children: pairs in running order, windows, and the one candidate that may be bound."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from upgrades.rules.hops import Hop, choose, hops, topological

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Step:
    id: int
    name: str
    status: str = "PENDING"
    upstreams: tuple[int, ...] = ()
    downstreams: tuple[int, ...] = ()
    start_time: datetime | None = None
    finish_time: datetime | None = None


def at(seconds: int) -> datetime:
    return T0 + timedelta(seconds=seconds)


PARENT = (
    Step(5, "wait", upstreams=(2,)),
    Step(2, "submit", upstreams=(7,)),
    Step(7, "wait", "SUCCESSFUL", (9,), start_time=at(2), finish_time=at(50)),
    Step(9, "submit", "SUCCESSFUL", (8,), start_time=at(1), finish_time=at(2)),
    Step(8, "start", "SUCCESSFUL"),
)


def test_hops_follow_the_edges_and_not_the_ids() -> None:
    found = hops(PARENT, submit="submit", wait="wait")
    assert [(hop.index, hop.submit_id, hop.wait_id) for hop in found] == [(0, 9, 7), (1, 2, 5)]


def test_edges_count_from_either_end() -> None:
    steps = (Step(1, "b"), Step(2, "a", downstreams=(1,)))
    assert [step.id for step in topological(steps)] == [2, 1]


def test_a_cycle_ends_and_loses_no_step() -> None:
    steps = (Step(1, "a", upstreams=(2,)), Step(2, "b", upstreams=(1,)), Step(3, "c"))
    assert [step.id for step in topological(steps)] == [3, 1, 2]


def test_an_edge_to_an_unknown_step_is_ignored() -> None:
    assert [step.id for step in topological((Step(1, "a", upstreams=(99,), downstreams=(98,)),))] == [1]


@pytest.mark.parametrize(("seconds", "is_inside"), [(0, False), (1, True), (30, True), (50, True), (51, False)])
def test_a_child_starts_between_its_submit_and_the_end_of_its_wait(seconds: int, is_inside: bool) -> None:
    assert hops(PARENT, submit="submit", wait="wait")[0].is_start_inside(at(seconds)) is is_inside


def test_a_hop_that_has_not_begun_has_no_child() -> None:
    second = hops(PARENT, submit="submit", wait="wait")[1]
    assert (second.opens_at, second.is_start_inside(at(60))) == (None, False)


def test_a_wait_that_runs_again_leaves_the_hop_open() -> None:
    again = (*PARENT[:2], Step(7, "wait", "RUNNING", (9,), start_time=at(60), finish_time=at(50)), *PARENT[3:])
    first = hops(again, submit="submit", wait="wait")[0]
    assert first.closes_at is None
    assert first.is_start_inside(at(70))


@pytest.mark.parametrize(
    ("candidates", "named", "is_submitted", "chosen"),
    [
        ({1}, set(), True, 1),
        ({1}, set(), False, None),
        ({1}, {1}, False, 1),
        ({1, 2}, set(), True, None),
        ({1, 2}, {2, 77}, True, 2),
        ({1, 2}, {1, 2}, True, None),
        (set(), {1}, True, None),
    ],
)
def test_only_an_unambiguous_candidate_is_bound(
    candidates: set[int], named: set[int], is_submitted: bool, chosen: int | None
) -> None:
    hop = Hop(0, 9, 7, opens_at=T0, closes_at=None, is_submitted=is_submitted)
    assert choose(hop, candidates, named) == chosen

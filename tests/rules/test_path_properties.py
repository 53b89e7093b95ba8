"""What holds of every way and every verdict, whatever the graph."""

from collections import deque
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.rules.test_paths import package
from tests.rules.test_routes import builds, entries, versions
from upgrades.rules import Reason
from upgrades.rules.paths import ClusterFacts, eligibility
from upgrades.rules.routes import find_path
from upgrades.rules.stops import graph_of
from upgrades.rules.versions import version_key

ends = st.tuples(versions, builds)


def rank(version: str, build: str) -> tuple[int, ...]:
    """A stop without a build stands for the last builds of its version."""
    key = version_key(version, build)
    return (*key[:4], 0 if build else 1, key[4])


@given(entries, ends, ends)
def test_steps_rise_strictly_and_end_at_the_target(data, source, target):
    found = find_path(graph_of(data), source, target)
    if isinstance(found, Reason):
        return
    *passed, last = [(step.version, step.build) for step in found.steps]
    assert last == target
    assert found.steps[-1].is_binary
    ranks = [rank(*source), *(rank(*stop) for stop in passed)]
    assert all(before < after for before, after in pairwise(ranks))
    assert all(version_key(*stop) <= version_key(*target) for stop in passed)


@given(entries, ends, ends)
def test_every_step_is_an_edge_or_marked_as_beyond_the_graph(data, source, target):
    graph = graph_of(data)
    found = find_path(graph, source, target)
    if isinstance(found, Reason) or version_key(source[0])[:4] == version_key(target[0])[:4]:
        return
    here = {stop.key for stop in graph.candidates(*source)}
    for step in found.steps:
        stops = graph.candidates(step.version, step.build) or graph.of_version(step.version)
        there = {stop.key for stop in stops}
        leads = any(there & set(graph.stops[key].targets) for key in here)
        assert leads or step.is_beyond_graph
        here = there


@given(entries, ends, ends)
def test_no_way_along_the_edges_is_shorter(data, source, target):
    graph = graph_of(data)
    found = find_path(graph, source, target)
    if isinstance(found, Reason) or not graph.candidates(*source):
        return
    steps = fewest(graph, source, target)
    assert steps is None or len(found.steps) <= steps


def fewest(graph, source, target):
    """The fewest edges from source to target, by a search that knows nothing of how ours goes."""
    goals = {stop.key for stop in graph.candidates(*target)}
    start = graph.candidates(*source)[0]
    queue, seen = deque([(start, 0)]), {start.key}
    while queue:
        stop, count = queue.popleft()
        if stop.key in goals:
            return max(count, 1)
        for key in stop.targets:
            other = graph.stops[key]
            is_inside = not other.build or version_key(*source) < version_key(other.version, other.build)
            is_walled = version_key(stop.version) < (4,) <= version_key(other.version) or (
                version_key(stop.version) < (4, 3) <= version_key(other.version) < (4, 4)
            )
            is_up = rank(stop.version, stop.build) < rank(other.version, other.build)
            is_below = version_key(other.version, other.build) <= version_key(*target)
            if key not in seen and is_inside and is_up and is_below and not is_walled:
                seen.add(key)
                queue.append((other, count + 1))
    return None


stock = st.lists(st.builds(package, versions, builds), max_size=12)


@given(entries, ends, ends, stock, stock)
def test_more_packages_never_make_a_possible_upgrade_impossible(data, source, target, some, more):
    graph, goal = graph_of(data), package(*target)
    cluster = ClusterFacts(*source, zone_count=3)
    before = eligibility(cluster, goal, [*some, goal], graph)
    after = eligibility(cluster, goal, [*some, goal, *more], graph)
    assert after.is_possible or not before.is_possible
    assert after.path == before.path
    if before.is_possible:
        assert len(before.hops) == len(before.path.binary_hops)

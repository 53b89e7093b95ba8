"""Ways that people know: the published graph, barriers, walls, builds. One line each."""

import pytest

from upgrades.rules import Reason
from upgrades.rules.path_graph import BINARY_BARRIERS
from upgrades.rules.routes import find_path
from upgrades.rules.stops import graph_of, known_graph
from upgrades.rules.versions import full

NEW = "900000000000000001"
BETA_41 = "100000192023032010"
RC2_42 = "100000152023080109"
RC2_HOTFIX_42 = "100010022023081817"

ALONG_4X = ["4.1.0.0", "4.1.0.1", "4.1.0.2*", "4.2.0.0", "4.2.1.0"]


@pytest.mark.parametrize(
    ("source", "target", "way"),
    [
        # each edge of the published graph
        ("4.0.0.0-1", "4.1.0.0", "4.1.0.0*"),
        ("4.1.0.0-999999999999999999", "4.1.0.1", "4.1.0.1*"),
        ("4.1.0.1-1", "4.1.0.2", "4.1.0.2*"),
        ("4.1.0.2-1", "4.2.0.0", "4.2.0.0*"),
        ("4.2.0.0-999999999999999999", "4.2.1.0", "4.2.1.0*"),
        ("4.2.1.0-1", "4.2.1.1", "4.2.1.1*"),
        ("4.2.1.1-1", "4.2.1.2", "4.2.1.2*"),
        ("4.3.0.0-1", "4.3.0.1", "4.3.0.1*"),
        ("4.3.0.1-1", "4.3.1.0", "4.3.1.0*"),
        ("4.3.1.0-1", "4.3.2.0", "4.3.2.0*"),
        ("4.3.2.0-1", "4.3.3.0", "4.3.3.0*"),
        ("2.2.70-1", "2.2.71", "2.2.71*"),
        ("2.2.76-1", "2.2.77", "2.2.77*"),
        ("2.2.77-1", "2.2.78", "2.2.78*"),
        ("2.2.77-1", "3.1.2", "3.1.2*"),
        ("3.1.1-1", "3.1.2", "3.1.2*"),
        # barriers: always, and by where one comes from
        ("2.2.75-1", "2.2.78", "2.2.76 2.2.77* 2.2.78*"),
        ("2.2.70-1", "3.1.3", "2.2.71 2.2.72 2.2.73 2.2.74 2.2.75 2.2.76 2.2.77* 3.1.2* 3.1.3*"),
        ("3.1.0-1", "3.1.3", "3.1.1 3.1.2* 3.1.3*"),
        ("3.1.2-1", "3.1.3", "3.1.3*"),
        ("4.0.0.0-1", "4.2.0.0", "4.1.0.0 4.1.0.1 4.1.0.2* 4.2.0.0*"),
        (f"4.1.0.0-{BETA_41}", "4.2.0.0", "4.1.0.0 4.1.0.1 4.1.0.2* 4.2.0.0*"),
        ("4.1.0.0-100000202023040520", "4.2.0.0", "4.1.0.1 4.1.0.2 4.2.0.0*"),
        ("4.1.0.1-1", "4.2.1.2", "4.1.0.2 4.2.0.0 4.2.1.0 4.2.1.1* 4.2.1.2*"),
        ("4.2.0.0-999999999999999999", "4.2.1.2", "4.2.1.0 4.2.1.1* 4.2.1.2*"),
        (f"4.2.0.0-{RC2_42}", "4.2.1.2", "4.2.0.0 4.2.1.0 4.2.1.1 4.2.1.2*"),
        ("4.2.1.0-1", "4.2.1.2", "4.2.1.1 4.2.1.2*"),
        ("4.0.0.0-1", "4.2.1.2", " ".join([*ALONG_4X, "4.2.1.1*", "4.2.1.2*"])),
        # within a line, beyond what the graph knows
        ("4.2.1.2-1", "4.2.1.11", "4.2.1.11*?"),
        ("4.2.1.9-1", "4.2.1.10", "4.2.1.10*?"),
        ("4.3.3.0-1", "4.3.3.1", "4.3.3.1*?"),
        ("4.2.5.1-1", "4.2.5.4", "4.2.5.4*?"),
        ("3.2.3.0-1", "3.2.4.0", "path.none"),
        ("2.2.30-1", "2.2.50", "path.none"),
        ("4.1.0.0-100000202023040520", "4.1.0.7", "4.1.0.1 4.1.0.2 4.1.0.7*?"),
        # A.B.C and A.B.C.0 are one version
        ("3.1.0.0-1", "3.1.1", "3.1.1*"),
        ("3.1.0-1", "3.1.1.0", "3.1.1.0*"),
        # walls: into 4.0 from below, into 4.3 from 4.2 and below
        ("1.4.79-1", "4.0.0.0", "path.wall 4.0"),
        ("2.2.77-1", "4.1.0.0", "path.wall 4.0"),
        ("3.1.2-1", "4.0.0.0", "path.wall 4.0"),
        ("3.2.4.5-1", "4.2.1.8", "path.wall 4.0"),
        ("3.2.4.5-1", "4.3.3.0", "path.wall 4.0"),
        ("3.9.9.9-1", "5.0.0.0", "path.wall 4.0"),
        ("4.0.0.0-1", "4.3.0.0", "path.wall 4.3"),
        ("4.1.0.2-1", "4.3.0.1", "path.wall 4.3"),
        ("4.2.1.2-1", "4.3.0.0", "path.wall 4.3"),
        ("4.2.5.4-1", "4.3.5.0", "path.wall 4.3"),
        ("4.2.99.99-1", "4.3.0.0", "path.wall 4.3"),
        # upward only, and something newer
        ("4.2.1.2-1", "4.2.1.1", "path.not_upward"),
        ("4.3.0.0-1", "4.2.1.8", "path.not_upward"),
        ("4.2.1.10-1", "4.2.1.9", "path.not_upward"),
        (f"4.2.1.1-{NEW}", f"4.2.1.1-{NEW}", "path.already_there"),
        (f"3.1.2-{NEW}", f"3.1.2.0-{NEW}", "path.already_there"),
        (f"4.2.1.1-{NEW}", "4.2.1.1-899999999999999999", "path.not_upward"),
        # the same version with a newer build is one hop
        ("4.2.1.1-1", "4.2.1.1", "4.2.1.1*"),
        ("3.1.2-9", "3.1.2-10", "3.1.2-10*"),
        (f"4.1.0.0-{BETA_41}", "4.1.0.0", "4.1.0.0*"),
        ("4.2.1.1-", "4.2.1.1", "path.build_unknown"),
        # withdrawn builds: where one starts, never where one ends
        ("4.0.0.0-1", f"4.1.0.0-{BETA_41}", "path.target_deprecated"),
        ("4.1.0.2-1", f"4.2.0.0-{RC2_42}", "path.target_deprecated"),
        ("4.1.0.2-1", f"4.2.0.0-{RC2_HOTFIX_42}", "path.target_deprecated"),
        (f"4.2.0.0-{RC2_42}", f"4.2.0.0-{RC2_HOTFIX_42}", "path.target_deprecated"),
        ("4.1.0.2-1", "4.2.0.0-100010022023081818", "4.2.0.0-100010022023081818*"),
        (f"4.2.0.0-{RC2_HOTFIX_42}", "4.2.1.0", "4.2.0.0 4.2.1.0*"),
        # a build that is not known matters where the graph tells builds apart
        ("4.1.0.0-", "4.1.0.2", "path.build_unknown"),
        ("4.2.0.0-", "4.2.1.0", "path.build_unknown"),
        ("4.0.0.0-", "4.1.0.2", "4.1.0.0 4.1.0.1 4.1.0.2*"),
        ("2.2.73-", "2.2.75", "2.2.74 2.2.75*"),
        # other lines, that no edge reaches
        ("2.2.78-1", "3.1.2", "path.none"),
        ("4.2.1.2-1", "4.2.2.0", "path.none"),
        ("4.3.3.0-1", "4.3.5.0", "path.none"),
        ("4.3.3.0-1", "4.4.0.0", "path.none"),
        ("4.2-1", "4.2.1.1", "version.unreadable"),
        ("4.2.1.1-el7", "4.2.1.2", "version.unreadable"),
        ("4.2.1.1-1", "latest", "version.unreadable"),
    ],
)
def test_known_ways(source: str, target: str, way: str) -> None:
    assert shown(source, target) == way


def shown(source: str, target: str, graph=None) -> str:
    """The way as text: * replaces observers, ? the graph does not know. A target without a build gets one."""
    (version, _, build), (goal, _, goal_build) = source.partition("-"), target.partition("-")
    found = find_path(graph or known_graph(), (version, build), (goal, goal_build or NEW))
    if isinstance(found, Reason):
        return f"{found.code} {found.params.get('wall', '')}".strip()
    ends = {full(goal, NEW): goal} if not goal_build else {}
    names = [ends.get(full(step.version, step.build), full(step.version, step.build)) for step in found.steps]
    marks = ["*" * step.is_binary + "?" * step.is_beyond_graph for step in found.steps]
    return " ".join(name + mark for name, mark in zip(names, marks, strict=True))


@pytest.mark.parametrize("barrier", BINARY_BARRIERS)
def test_every_barrier_of_the_manual_replaces_the_binary(barrier: str) -> None:
    entries = [{"version": "1.0.0", "to": [barrier]}, {"version": barrier, "to": ["3.9.0"]}]
    assert shown("1.0.0-1", "3.9.0", graph_of(entries, BINARY_BARRIERS)) == f"{barrier}* 3.9.0*"
    at_least = [{"version": "1.0.0", "to": [f"{barrier}-7"]}, {"version": f"{barrier}-7", "to": ["3.9.0"]}]
    assert shown("1.0.0-1", "3.9.0", graph_of(at_least, BINARY_BARRIERS)) == f"{barrier}-7* 3.9.0*"
    entries[1]["require_from_binary"] = False
    assert shown("1.0.0-1", "3.9.0", graph_of(entries, BINARY_BARRIERS)) == f"{barrier} 3.9.0*"


@pytest.mark.parametrize(("goal", "way"), [("4.5.2.0", "4.5.1.0 4.5.2.0*"), ("4.5.3.0", "4.5.1.0* 4.5.2.0 4.5.3.0*")])
def test_barrier_may_hold_only_on_the_way_to_named_versions(goal: str, way: str) -> None:
    rule = {"value": True, "when_upgraded_to": ["4.5.3.0"]}
    entries = [
        {"version": "4.5.0.0", "to": ["4.5.1.0"]},
        {"version": "4.5.1.0", "to": ["4.5.2.0"], "require_from_binary": rule},
        {"version": "4.5.2.0", "to": ["4.5.3.0"]},
    ]
    assert shown("4.5.0.0-1", goal, graph_of(entries)) == way


MINIMUM = graph_of(
    [
        {"version": "4.5.0.0", "to": ["4.5.1.0-50", "4.5.1.0"]},
        {"version": "4.5.1.0-50", "to": ["4.5.1.0", "4.5.2.0"], "require_from_binary": True},
        {"version": "4.5.1.0", "to": ["4.5.2.0"]},
    ]
)


@pytest.mark.parametrize(
    ("source", "target", "way"),
    [
        ("4.5.0.0-1", "4.5.2.0", "4.5.1.0-50* 4.5.2.0*"),
        ("4.5.0.0-1", "4.5.1.0-49", "4.5.1.0-49*"),
        ("4.5.0.0-1", "4.5.1.0-50", "4.5.1.0-50*"),
        ("4.5.0.0-1", "4.5.1.0-51", "4.5.1.0-51*"),
        ("4.5.1.0-49", "4.5.2.0", "4.5.2.0*"),
        ("4.5.1.0-50", "4.5.2.0", "4.5.2.0*"),
    ],
)
def test_build_of_a_stop_is_the_least_one(source: str, target: str, way: str) -> None:
    assert shown(source, target, MINIMUM) == way


def test_way_never_passes_a_later_build_of_the_target() -> None:
    graph = graph_of([{"version": "4.5.0.0", "to": ["4.5.1.0-50"]}, {"version": "4.5.1.0-50", "to": ["4.5.1.0"]}])
    assert shown("4.5.0.0-1", "4.5.1.0-49", graph) == "path.none"


def test_way_never_passes_an_earlier_build_of_the_source() -> None:
    entries = [
        {"version": "4.5.0.0-5", "to": ["4.5.0.0-6"]},
        {"version": "4.5.0.0-6", "to": ["4.5.1.0"], "deprecated": True},
    ]
    assert shown("4.5.0.0-7", "4.5.1.0", graph_of(entries)) == "path.none"

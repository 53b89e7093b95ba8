"""Verdicts that people know: names, order, barriers, walls, builds, mixes of packages. One line each."""

from dataclasses import replace

import pytest

from tests.rules.test_paths import CLUSTER, package
from upgrades.rules import Reason
from upgrades.rules.path_graph import BINARY_BARRIERS
from upgrades.rules.paths import ClusterFacts, eligibility
from upgrades.rules.routes import find_path
from upgrades.rules.stops import graph_of, known_graph
from upgrades.rules.versions import full, parse_file_name, version_key

NEW = "900000000000000001"
BETA_41 = "100000192023032010"
RC2_42 = "100000152023080109"
RC2_HOTFIX_42 = "100010022023081817"


@pytest.mark.parametrize(
    ("text", "name", "version", "build"),
    [
        ("oceanbase-3-4.2.1.8-1.el7.x86_64.rpm", "oceanbase-3", "4.2.1.8", "1"),
        ("oceanbase-ce-libs-4.2.1.8-1.el8.aarch64.rpm", "oceanbase-ce-libs", "4.2.1.8", "1"),
        ("t-oceanbase-ocp-agent-2.4.0-1884049.alios7.x86_64.rpm", "t-oceanbase-ocp-agent", "2.4.0", "1884049"),
        ("a-1-2-3.4.5-6.el7.x86_64.rpm", "a-1-2", "3.4.5", "6"),
        ("oceanbase-4.2.1.8-00000000000000000001.el7.x86_64.rpm", "oceanbase", "4.2.1.8", "0" * 19 + "1"),
        ("oceanbase--4.2.1.8-1.el7.x86_64.rpm", "oceanbase-", "4.2.1.8", "1"),
        ("oceanbase-004.2.1.8-1.el7.x86_64.rpm", "oceanbase", "004.2.1.8", "1"),
    ],
)
def test_odd_names_are_read_from_the_right(text: str, name: str, version: str, build: str) -> None:
    found = parse_file_name(text)
    assert (found.name, found.version, found.build) == (name, version, build)


@pytest.mark.parametrize(
    "text",
    [
        "4.2.1.8-1.el7.x86_64.rpm",
        "-4.2.1.8-1.el7.x86_64.rpm",
        "oceanbase-4.2.1.8-1-4.2.1.9-2.el7.x86_64.rpm",
        "oceanbase-4.2.1.8.9-1.el7.x86_64.rpm",
        "oceanbase-4.2.1.8-1.x86_64.rpm",
        "oceanbase-4.2.1.8-1.el7.i386.rpm",
        "oceanbase-4.2.1.8-1.el7.x86_64.RPM",
        "oceanbase-4.2.1.8-1.el7.x86_64.rpm.sig",
        " oceanbase-4.2.1.8-1.el7.x86_64.rpm",
        "oceanbase-4.2.1.8-1.el7.x86_64.rpm\x00",
        "oceanbase-4.2.1.8-1.\u202eel7.x86_64.rpm",
        "oceanbase-4.2.1.8-" + "1" * 21 + ".el7.x86_64.rpm",
        "oceanbase_4.2.1.8-1.el7.x86_64.rpm",
        "océanbase-4.2.1.8-1.el7.x86_64.rpm",
    ],
)
def test_texts_that_are_no_name_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Not the file name"):
        parse_file_name(text)


ORDERED = [
    ("1.4.79", "9"),
    ("2.1.31", ""),
    ("2.2.1", "1"),
    ("2.2.9", "1"),
    ("2.2.50", "1"),
    ("2.2.77", "9"),
    ("2.2.77", "10"),
    ("2.2.77", "20210219154519"),
    ("3.1.0", "1"),
    ("3.1.2", ""),
    ("3.1.2", "0"),
    ("3.1.2.1", ""),
    ("4.0.0.0", "1"),
    ("4.1.0.0", BETA_41),
    ("4.1.0.0", "100000202023040520"),
    ("4.2.1.2", "1"),
    ("4.2.1.9", "1"),
    ("4.2.1.10", "1"),
    ("4.2.10.0", "1"),
    ("4.10.0.0", "1"),
    ("10.0.0", ""),
]


def test_versions_stand_in_the_known_order() -> None:
    by_text = sorted(ORDERED)
    assert by_text != ORDERED
    assert sorted(by_text, key=lambda pair: version_key(*pair)) == ORDERED


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


FULL = (package("4.1.0.2"), package("4.2.1.1"), package("4.2.1.8"))
ARM = {"architecture": "aarch64"}
EL8 = {"operating_system": "el8"}
CE = {"name": "oceanbase-ce"}


@pytest.mark.parametrize(
    ("cluster", "target", "stock", "codes"),
    [
        ({}, {}, FULL, []),
        ({}, {}, FULL[1:], ["path.package_missing 4.1.0.2"]),
        ({}, {}, (FULL[0], FULL[2]), ["path.package_missing 4.2.1.1"]),
        ({}, {}, FULL[2:], ["path.package_missing 4.1.0.2", "path.package_missing 4.2.1.1"]),
        ({}, {}, (package("4.1.0.2", **ARM), *FULL[1:]), ["path.package_missing 4.1.0.2"]),
        ({}, {}, (package("4.1.0.2", **EL8), *FULL[1:]), ["path.package_missing 4.1.0.2"]),
        ({}, {}, (package("4.1.0.2", **CE), *FULL[1:]), ["path.package_missing 4.1.0.2"]),
        ({}, {}, (package("4.1.0.2", type="OTHER"), *FULL[1:]), ["path.package_missing 4.1.0.2"]),
        ({}, {}, (package("4.1.0.2", ""), *FULL[1:]), ["path.package_missing 4.1.0.2"]),
        ({}, {}, (package("4.1.0.2", "el7"), *FULL[1:]), ["path.package_missing 4.1.0.2"]),
        ({}, {}, (package("4.1.0.2", sha1=""), *FULL[1:]), ["package.sha1_unknown"]),
        ({}, {"sha1": ""}, FULL, ["package.sha1_unknown"]),
        ({}, ARM, FULL, ["package.other_architecture", *["path.package_missing"] * 2]),
        ({"architecture": "aarch64"}, {}, FULL, ["package.other_architecture"]),
        ({"operating_system": "el8"}, {}, FULL, ["package.other_operating_system"]),
        ({"product": "oceanbase-ce"}, {}, FULL, ["package.other_product"]),
        ({"architecture": ""}, ARM, (package("4.1.0.2", **ARM), package("4.2.1.1", **ARM)), []),
        ({"operating_system": ""}, EL8, (package("4.1.0.2", **EL8), package("4.2.1.1", **EL8)), []),
        ({"product": ""}, CE, (package("4.1.0.2", **CE), package("4.2.1.1", **CE)), []),
        ({"product": ""}, {"name": "obproxy"}, FULL, ["package.unknown_product", *["path.package_missing"] * 2]),
        ({}, {"type": "OBPROXY_INSTALL_PACKAGE", **ARM}, FULL, ["package.wrong_type"]),
        ({"build": "", "server_versions": ()}, {}, FULL, []),
        ({"zone_count": 1}, {}, FULL, []),
    ],
)
def test_known_verdicts(cluster: dict, target: dict, stock: tuple, codes: list[str]) -> None:
    goal = package("4.2.1.8", **target)
    verdict = eligibility(replace(CLUSTER, **cluster), goal, (*stock, goal))
    found = [f"{reason.code} {reason.params.get('version', '')}".strip() for reason in verdict.reasons]
    assert [code if " " in wanted else code.split()[0] for code, wanted in zip(found, codes, strict=True)] == codes
    assert verdict.is_possible == (not codes)


def test_withdrawn_build_is_not_chosen_for_a_hop() -> None:
    entries = [
        {"version": "4.5.0.0", "to": ["4.5.1.0"]},
        {"version": "4.5.1.0", "to": ["4.5.2.0"], "require_from_binary": True},
        {"version": "4.5.1.0-9", "to": ["4.5.1.0"], "deprecated": True},
    ]
    source, goal = ClusterFacts("4.5.0.0", "1", zone_count=3), package("4.5.2.0")
    withdrawn, sound = package("4.5.1.0", "9"), package("4.5.1.0", "8")
    (missing,) = eligibility(source, goal, (withdrawn, goal), graph_of(entries)).reasons
    assert missing.code == "path.package_missing"
    assert eligibility(source, goal, (withdrawn, sound, goal), graph_of(entries)).hops[0].build == "8"


def test_hop_takes_the_least_build_that_the_graph_asks_for() -> None:
    source, goal = ClusterFacts("4.5.0.0", "1", zone_count=3), package("4.5.2.0")
    (missing,) = eligibility(source, goal, (package("4.5.1.0", "49"), goal), MINIMUM).reasons
    assert missing.params["version"] == "4.5.1.0-50"
    assert eligibility(source, goal, (package("4.5.1.0", "51"), goal), MINIMUM).hops[0].build == "51"


def test_package_may_write_a_version_with_three_or_four_numbers() -> None:
    source = ClusterFacts("3.1.0", "1", zone_count=3)
    verdict = eligibility(source, package("3.1.3"), (package("3.1.2.0"), package("3.1.3")))
    assert [hop.version for hop in verdict.hops] == ["3.1.2.0", "3.1.3"]

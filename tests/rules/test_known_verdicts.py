"""Verdicts that people know: mixes of packages, architectures, OCPs. One line each."""

from dataclasses import replace

import pytest

from tests.rules.test_known_ways import MINIMUM
from tests.rules.test_paths import CLUSTER, package
from upgrades.rules import sources
from upgrades.rules.compatibility import ocp_needed
from upgrades.rules.paths import ClusterFacts, eligibility
from upgrades.rules.stops import graph_of

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


@pytest.mark.parametrize(
    ("ocp", "source", "target", "needed"),
    [
        # the table of OCP's manual, and both sides of each of its limits
        ("2.5.0-SNAPSHOT", "2.2.77", "3.1.2", ""),
        ("", "2.2.77", "3.1.2", ""),
        ("3.3.5", "4.0.0.0", "4.0.0.0", "4.0.0"),
        ("4.0.0", "4.0.0.0", "4.0.0.0", ""),
        ("4.0.2", "4.0.0.0", "4.1.0.0", "4.0.3"),
        ("4.0.2", "4.1.0.0", "4.1.0.2", "4.0.3"),
        ("4.0.3", "4.0.0.0", "4.1.0.2", ""),
        ("4.0.3", "4.1.0.2", "4.2.0.0", "4.2.0"),
        ("4.2.0", "4.1.0.2", "4.2.0.0", ""),
        ("4.10", "4.2.1.1", "4.3.5.0", ""),
        ("", "4.2.1.1", "4.2.1.8", None),
        ("SNAPSHOT", "4.2.1.1", "4.2.1.8", None),
        ("4.2.2", "", "odd", ""),
    ],
)
def test_known_ocps(ocp: str, source: str, target: str, needed: str | None) -> None:
    assert ocp_needed(ocp, source, target) == needed


def test_ocp_that_is_too_old_is_a_refusal_with_its_source() -> None:
    (reason,) = eligibility(replace(CLUSTER, ocp_version="4.1.0"), FULL[2], FULL).reasons
    assert reason.code == "path.ocp_too_old"
    assert (reason.params["ocp"], reason.params["needed"]) == ("4.1.0", "4.2.0")
    assert sources.source_of(reason) == "ocp_best_practices"


def test_ocp_that_tells_no_version_is_a_caution() -> None:
    verdict = eligibility(replace(CLUSTER, ocp_version=""), FULL[2], FULL)
    assert verdict.is_possible
    assert "path.ocp_version_unknown" in [caution.code for caution in verdict.cautions]


def test_each_architecture_of_a_mixed_cluster_needs_its_package_at_each_hop() -> None:
    mixed = replace(CLUSTER, architecture="x86_64,aarch64")
    arm = [package(version, **ARM) for version in ("4.1.0.2", "4.2.1.1", "4.2.1.8")]
    lacking = eligibility(mixed, FULL[2], (*FULL, arm[0])).reasons
    assert [reason.code for reason in lacking] == ["cluster.architectures_differ", *["path.package_missing"] * 2]
    assert [reason.params["architecture"] for reason in lacking[1:]] == ["aarch64"] * 2
    # A plan binds one package a hop, so that even a whole repository does not make it possible.
    assert [reason.code for reason in eligibility(mixed, FULL[2], (*FULL, *arm)).reasons] == [
        "cluster.architectures_differ"
    ]


def test_verdict_by_an_uploaded_file_names_it_as_its_source() -> None:
    entries = [{"version": "4.5.0.0", "to": []}, {"version": "4.5.3.0", "to": []}]
    graph = replace(graph_of(entries), file="oceanbase_upgrade_dep.yml 3f2a")
    source = ClusterFacts("4.5.0.0", "1", zone_count=3, ocp_version="4.2.2")
    (beyond,) = [why for why in eligibility(source, package("4.5.0.1"), (), graph).cautions if "beyond" in why.code]
    (none,) = eligibility(source, package("4.6.0.0"), (), graph).reasons
    for reason in (beyond, none):
        assert sources.source_of(reason) == "path_file:oceanbase_upgrade_dep.yml 3f2a"
    assert beyond.code == "path.beyond_file"
    assert sources.source_of(eligibility(source, package("4.6.0.0"), (), graph_of(entries)).reasons[0]) == (
        "ocp_error:OBE11063"
    )

"""May this cluster take that package, and if not, why not."""

from dataclasses import replace

import pytest

from upgrades.rules import paths
from upgrades.rules.paths import ClusterFacts, Hop, PackageFacts, eligibility


def package(version, build="900000000000000001", **over):
    facts = {"name": "oceanbase", "operating_system": "el7", "architecture": "x86_64", "sha1": f"sha1 of {version}"}
    facts |= {"type": "OB_SERVER_INSTALL_PACKAGE"} | over
    file_name = f"{facts['name']}-{version}-{build}.{facts['operating_system']}.{facts['architecture']}.rpm"
    return PackageFacts(version=version, build=build, file_name=file_name, **facts)


CLUSTER = ClusterFacts(
    version="4.0.0.0",
    build="100",
    architecture="x86_64",
    operating_system="el7",
    product="oceanbase",
    server_versions=(("4.0.0.0", "100"),) * 3,
    zone_count=3,
    ocp_version="4.2.2-20240315150922",
)
TARGET = package("4.2.1.8")
REPOSITORY = (package("4.1.0.2"), package("4.2.1.1"), TARGET)


def codes(cluster=CLUSTER, target=TARGET, packages=REPOSITORY):
    return [reason.code for reason in eligibility(cluster, target, packages).reasons]


def cautions(cluster=CLUSTER, target=TARGET):
    return [reason.code for reason in eligibility(cluster, target, REPOSITORY).cautions]


def test_cluster_may_take_a_newer_package_with_a_package_for_each_hop():
    verdict = eligibility(CLUSTER, TARGET, REPOSITORY)
    assert verdict.is_possible
    assert verdict.reasons == ()
    assert [hop.version for hop in verdict.hops] == ["4.1.0.2", "4.2.1.1", "4.2.1.8"]
    assert verdict.hops[-1] == Hop("4.2.1.8", TARGET.build, TARGET.file_name, "sha1 of 4.2.1.8")
    assert [reason.code for reason in verdict.cautions] == ["path.beyond_graph"]


def test_package_of_another_kind_is_refused_alone():
    agent = replace(TARGET, type="OCP_AGENT_INSTALL_PACKAGE", architecture="aarch64")
    assert codes(target=agent) == ["package.wrong_type"]


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"name": "oceanbase-ce"}, "package.other_product"),
        ({"architecture": "aarch64"}, "package.other_architecture"),
        ({"operating_system": "el8"}, "package.other_operating_system"),
        ({"sha1": ""}, "package.sha1_unknown"),
    ],
)
def test_package_that_does_not_fit_is_refused(over, code):
    target = package("4.0.0.0", **over)
    assert codes(target=target) == [code]


def test_unknown_package_version_is_refused():
    assert codes(target=replace(TARGET, version="latest")) == ["package.unreadable"]
    assert codes(target=replace(TARGET, build="")) == ["path.build_unknown"]


def test_every_reason_is_told_not_only_the_first():
    target = package("4.2.1.8", architecture="aarch64", operating_system="el8")
    assert codes(target=target) == [
        "package.other_architecture",
        "package.other_operating_system",
        "path.package_missing",
        "path.package_missing",
    ]


def test_missing_package_of_a_hop_is_named():
    verdict = eligibility(CLUSTER, TARGET, (package("4.2.1.1"), package("4.1.0.2", architecture="aarch64"), TARGET))
    assert not verdict.is_possible
    (reason,) = verdict.reasons
    assert reason.code == "path.package_missing"
    assert reason.params == {"version": "4.1.0.2", "architecture": "x86_64", "operating_system": "el7"}


def test_newest_build_is_chosen_for_a_hop_by_number():
    older, newer = package("4.1.0.2", "99"), package("4.1.0.2", "100")
    for order in ((older, newer), (newer, older)):
        hops = eligibility(CLUSTER, TARGET, (*order, package("4.2.1.1"), TARGET)).hops
        assert hops[0].file_name == newer.file_name


@pytest.mark.parametrize(
    ("over", "expected"),
    [
        ({"version": "", "build": ""}, ["cluster.version_unknown"]),
        ({"version": "4.2", "server_versions": ()}, ["cluster.version_unreadable"]),
        ({"build": "", "server_versions": (("4.0.0.0", "el7"),)}, ["cluster.version_unreadable"]),
        ({"server_versions": (("4.0.0.0", "100"), ("", ""))}, ["cluster.server_version_unknown"]),
        ({"server_versions": (("4.0.0.0", "100"), ("4.1.0.2", "1"))}, ["cluster.versions_differ"]),
        ({"server_versions": (("4.0.0.0", "100"), ("4.0.0.0", "101"))}, ["cluster.versions_differ"]),
        ({"server_versions": (("4.0.0.0", "101"),)}, ["cluster.version_disagrees"]),
        ({"server_versions": (("4.1.0.0", "100"),)}, ["cluster.version_disagrees"]),
    ],
)
def test_cluster_whose_version_is_in_doubt_is_refused(over, expected):
    assert codes(replace(CLUSTER, **over)) == expected


def test_mixed_versions_are_named_once_and_in_order():
    servers = (("4.1.0.2", "1"), ("4.0.0.0", "100"), ("4.1.0.2", "1"))
    (reason,) = eligibility(replace(CLUSTER, server_versions=servers), TARGET, REPOSITORY).reasons
    assert reason.params == {"versions": ("4.0.0.0-100", "4.1.0.2-1")}


def test_build_is_taken_from_the_servers_where_the_list_shows_none():
    cluster = replace(CLUSTER, version="4.2.1.8", build="", server_versions=(("4.2.1.8", "7"),) * 3)
    assert paths.running_build(cluster) == "7"
    assert codes(cluster) == []


def test_unknown_build_is_refused_where_it_decides_and_else_told():
    unknown = replace(CLUSTER, build="", server_versions=(("4.0.0.0", ""),) * 3)
    assert codes(unknown) == []
    assert "cluster.build_unknown" in cautions(unknown)
    same = replace(unknown, version="4.2.1.8", server_versions=(("4.2.1.8", ""),) * 3)
    assert codes(same) == ["path.build_unknown"]


def test_what_is_not_known_of_the_cluster_is_told_and_refuses_nothing():
    bare = ClusterFacts(version="4.0.0.0", build="100", zone_count=1)
    assert codes(bare) == []
    assert cautions(bare) == [
        "path.ocp_version_unknown",
        "cluster.product_unknown",
        "cluster.architecture_unknown",
        "cluster.operating_system_unknown",
        "cluster.servers_unread",
        "cluster.few_zones",
        "path.beyond_graph",
    ]


def test_unknown_product_takes_only_the_known_products():
    bare = replace(CLUSTER, product="")
    assert codes(bare) == []
    assert "package.unknown_product" in codes(bare, package("4.2.1.8", name="oceanbase-lab"))


def test_older_package_and_walls_are_refused():
    assert codes(replace(CLUSTER, version="4.2.1.9", server_versions=())) == ["path.not_upward"]
    assert codes(target=package("4.3.0.0")) == ["path.wall"]

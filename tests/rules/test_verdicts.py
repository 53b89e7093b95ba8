"""Verdicts of a whole fleet are those of the rules, asked once for each different question."""

from dataclasses import replace

import pytest

from tests.rules.test_paths import CLUSTER, REPOSITORY, TARGET, package
from upgrades.rules import paths, verdicts
from upgrades.rules.verdicts import Stock, cautions_of, standing_of, stock_of


def test_a_stock_says_what_the_rules_say_for_every_package() -> None:
    stock = stock_of(tuple(REPOSITORY))
    for cluster in (CLUSTER, replace(CLUSTER, architecture="aarch64"), replace(CLUSTER, version="")):
        for target in (*REPOSITORY, TARGET):
            assert stock.eligibility(cluster, target) == paths.eligibility(cluster, target, REPOSITORY)


def test_the_same_question_is_answered_once_and_other_packages_make_it_another_question() -> None:
    stock = stock_of(tuple(REPOSITORY))
    assert stock.eligibility(CLUSTER, TARGET) is stock_of(tuple(REPOSITORY)).eligibility(CLUSTER, TARGET)
    less = stock_of((TARGET,))
    assert less is not stock
    assert less.eligibility(CLUSTER, TARGET) == paths.eligibility(CLUSTER, TARGET, (TARGET,))


# The graph ends before the target.
NEAR = REPOSITORY[1]
ARM = package("4.2.1.8", architecture="aarch64")


@pytest.mark.parametrize(
    ("cluster", "target", "packages", "standing"),
    [
        ({}, NEAR, REPOSITORY, "possible"),
        # OCP tells these two of no cluster.
        ({"product": "", "operating_system": ""}, NEAR, REPOSITORY, "possible"),
        ({}, TARGET, REPOSITORY, "cautioned"),
        ({"zone_count": 2}, NEAR, REPOSITORY, "cautioned"),
        ({}, TARGET, REPOSITORY[1:], "lacking"),
        ({}, replace(TARGET, sha1=""), REPOSITORY[1:], "lacking"),
        ({"version": "4.2"}, TARGET, REPOSITORY, "cannot"),
        ({}, ARM, REPOSITORY, "beside"),
        ({"server_versions": (("4.2.1.8", TARGET.build),) * 3} | {"version": "4.2.1.8", "build": TARGET.build},
         TARGET, REPOSITORY, "beside"),
    ],
)  # fmt: skip
def test_a_verdict_comes_to_one_word(cluster, target, packages, standing) -> None:
    verdict = paths.eligibility(replace(CLUSTER, **cluster), target, packages)
    assert standing_of(verdict) == standing


def test_a_caution_that_holds_for_all_clusters_is_not_told() -> None:
    verdict = paths.eligibility(replace(CLUSTER, product="", zone_count=2), NEAR, REPOSITORY)
    assert {caution.code for caution in verdict.cautions} == {"cluster.product_unknown", "cluster.few_zones"}
    assert [caution.code for caution in cautions_of(verdict)] == ["cluster.few_zones"]


def test_a_stock_tells_each_package_by_its_file_name() -> None:
    stock = Stock((*REPOSITORY, ARM))
    found = stock.standings(CLUSTER)
    assert list(found) == [row.file_name for row in (*REPOSITORY, ARM)]
    assert list(found.values()) == ["possible", "possible", "cautioned", "beside"]
    assert stock.standings(replace(CLUSTER)) is found


def test_a_stock_keeps_no_more_answers_than_it_may(monkeypatch) -> None:
    monkeypatch.setattr(verdicts, "_ANSWERS", 8)
    stock = Stock(REPOSITORY)
    fleet = [replace(CLUSTER, zone_count=count) for count in range(3, 10)]
    kept = []
    for cluster in fleet:
        assert stock.standings(cluster) == stock.standings(cluster)
        kept.append((len(stock._known), len(stock._standings)))
    assert kept == [(3, 1), (6, 2), (1, 3), (4, 1), (7, 2), (2, 3), (5, 1)]

"""Verdicts of a whole fleet are those of the rules, asked once for each different question."""

from dataclasses import replace

from tests.rules.test_paths import CLUSTER, REPOSITORY, TARGET
from upgrades.rules import paths
from upgrades.rules.verdicts import stock_of


def test_a_stock_says_what_the_rules_say_for_every_package() -> None:
    stock = stock_of(tuple(REPOSITORY))
    for cluster in (CLUSTER, replace(CLUSTER, architecture="aarch64"), replace(CLUSTER, version="")):
        for package in (*REPOSITORY, TARGET):
            assert stock.eligibility(cluster, package) == paths.eligibility(cluster, package, REPOSITORY)


def test_the_same_question_is_answered_once_and_other_packages_make_it_another_question() -> None:
    stock = stock_of(tuple(REPOSITORY))
    assert stock.eligibility(CLUSTER, TARGET) is stock_of(tuple(REPOSITORY)).eligibility(CLUSTER, TARGET)
    less = stock_of((TARGET,))
    assert less is not stock
    assert less.eligibility(CLUSTER, TARGET) == paths.eligibility(CLUSTER, TARGET, (TARGET,))

"""Verdicts for a whole fleet: what is asked of `paths` for many clusters at once, each different question once.

Kept are answers of pure rules, under everything that they depend on: they are never out of date.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from upgrades.rules import Reason, paths
from upgrades.rules.stops import Graph, known_graph

# Repositories kept, and answers for each: some thousands of clusters come in some hundreds of kinds.
_STOCKS = 32
_ANSWERS = 50_000

# Reasons that say no more than that a package is for somebody else, or not newer.
BESIDE_THE_POINT = frozenset(
    {
        "path.already_there",
        "path.not_upward",
        "package.other_product",
        "package.unknown_product",
        "package.other_architecture",
        "package.other_operating_system",
    }
)
# What the repository lacks: somebody uploads it, and the way is free.
LACKING = frozenset({"path.package_missing", "package.sha1_unknown"})
# OCP tells these of no cluster (API reference, "Query clusters"): a caution that holds for all sets none apart.
NEVER_TOLD = frozenset({"cluster.product_unknown", "cluster.operating_system_unknown"})


class Standing(StrEnum):
    """What a package means for a cluster, the best first."""

    POSSIBLE = "possible"
    CAUTIONED = "cautioned"
    LACKING = "lacking"
    CANNOT = "cannot"
    BESIDE = "beside"


def standing_of(verdict: paths.Eligibility) -> Standing:
    """Return what a verdict comes to; LACKING is for want of packages alone."""
    codes = {reason.code for reason in verdict.reasons}
    if verdict.is_possible:
        return Standing.CAUTIONED if cautions_of(verdict) else Standing.POSSIBLE
    if codes & BESIDE_THE_POINT:
        return Standing.BESIDE
    return Standing.LACKING if codes <= LACKING else Standing.CANNOT


def cautions_of(verdict: paths.Eligibility) -> tuple[Reason, ...]:
    """Return the cautions that do not hold for every cluster alike."""
    return tuple(caution for caution in verdict.cautions if caution.code not in NEVER_TOLD)


class Stock:
    """The packages of one endpoint and the graph that holds there. Get one by stock_of()."""

    def __init__(self, packages: tuple[paths.PackageFacts, ...], graph: Graph | None = None) -> None:
        self.packages = packages
        self.graph = graph or known_graph()
        self._known: dict[tuple[paths.ClusterFacts, paths.PackageFacts], paths.Eligibility] = {}
        self._standings: dict[paths.ClusterFacts, dict[str, Standing]] = {}

    def eligibility(self, cluster: paths.ClusterFacts, target: paths.PackageFacts) -> paths.Eligibility:
        """What paths.eligibility() says of the two, with all packages of this stock."""
        key = (cluster, target)
        verdict = self._known.get(key)
        if verdict is None:
            if len(self._known) >= _ANSWERS:
                self._known.clear()
            verdict = self._known[key] = paths.eligibility(cluster, target, self.packages, self.graph)
        return verdict

    def standings(self, cluster: paths.ClusterFacts) -> Mapping[str, Standing]:
        """What each package of this stock means for a cluster, by file name."""
        found = self._standings.get(cluster)
        if found is None:
            if len(self._standings) * len(self.packages) >= _ANSWERS:
                self._standings.clear()
            found = {package.file_name: standing_of(self.eligibility(cluster, package)) for package in self.packages}
            self._standings[cluster] = found
        return found


@lru_cache(maxsize=_STOCKS)
def stock_of(packages: tuple[paths.PackageFacts, ...], graph: Graph | None = None) -> Stock:
    """The stock of these packages on this graph, with the answers already found for it."""
    return Stock(packages, graph)

"""Verdicts for a whole fleet: what is asked of `paths` for many clusters at once, each different question once.

Kept are answers of pure rules, under everything that they depend on: they are never out of date.
"""

from __future__ import annotations

from functools import lru_cache

from upgrades.rules import paths
from upgrades.rules.stops import Graph

# Repositories kept, and answers for each: some thousands of clusters come in some hundreds of kinds.
_STOCKS = 32
_ANSWERS = 50_000


class Stock:
    """The packages of one endpoint and the graph that holds there. Get one by stock_of()."""

    def __init__(self, packages: tuple[paths.PackageFacts, ...], graph: Graph | None = None) -> None:
        self.packages = packages
        self._graph = graph
        self._known: dict[tuple[paths.ClusterFacts, paths.PackageFacts], paths.Eligibility] = {}

    def eligibility(self, cluster: paths.ClusterFacts, target: paths.PackageFacts) -> paths.Eligibility:
        """What paths.eligibility() says of the two, with all packages of this stock."""
        key = (cluster, target)
        verdict = self._known.get(key)
        if verdict is None:
            if len(self._known) >= _ANSWERS:
                self._known.clear()
            verdict = self._known[key] = paths.eligibility(cluster, target, self.packages, self._graph)
        return verdict


@lru_cache(maxsize=_STOCKS)
def stock_of(packages: tuple[paths.PackageFacts, ...], graph: Graph | None = None) -> Stock:
    """The stock of these packages on this graph, with the answers already found for it."""
    return Stock(packages, graph)

"""What is drawn: nodes, edges, and boxes round nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from types import MappingProxyType

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Node:
    """A subtask to be drawn. The key is the caller's, unique over all task instances of a run.

    label and sub_label are texts that do not change while it runs; group names what it works on (a server).
    """

    key: str
    label: str
    sub_label: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """A frame round nodes. kind: hop, prepare, zone, finish or server; number of count where it is one of several;
    label a server's name, else ""; parent the key of the box it stands in, "" for none, never its own descendant.
    """

    key: str
    kind: str
    number: int = 0
    count: int = 0
    label: str = ""
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges (source key, target key), in any order. An edge may name a box instead of a node.

    homes: the box of a node, by the node's key. is_flow: the outermost nodes follow each other in rows.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Pair, ...]
    boxes: tuple[Box, ...] = ()
    homes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    is_flow: bool = False


def natural(key: str) -> tuple[int, str]:
    """Return what keys are ordered by: OCP's ids grow longer as they grow."""
    return (len(key), key)


def linked(keys: Iterable[str], edges: Iterable[Pair]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """Return downstreams and upstreams of each key, without edges that lead nowhere or to themselves."""
    heads: dict[str, set[str]] = {key: set() for key in keys}
    tails: dict[str, set[str]] = {key: set() for key in heads}
    for source, target in edges:
        if source in heads and target in heads and source != target:
            heads[source].add(target)
            tails[target].add(source)
    return heads, tails


def topological(keys: Iterable[str], edges: Iterable[Pair]) -> list[str]:
    """Return the keys, upstreams first, ties in the order given. Keys on a cycle, and below one, come last."""
    place = {key: index for index, key in enumerate(keys)}
    heads, tails = linked(place, edges)
    missing = {key: len(found) for key, found in tails.items()}
    ready = [(place[key], key) for key, count in missing.items() if not count]
    heapify(ready)
    order: dict[str, None] = {}
    while ready:
        key = heappop(ready)[1]
        order[key] = None
        for head in heads[key]:
            missing[head] -= 1
            if not missing[head]:
                heappush(ready, (place[head], head))
    return [*order, *(key for key in place if key not in order)]

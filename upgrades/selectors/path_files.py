"""The graph that holds at an endpoint: of the file in force there, or the published one."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from upgrades.models import PathFile
from upgrades.models.path_files import path_file_name
from upgrades.rules import Reason, path_files
from upgrades.rules.stops import Graph, graph_of, known_graph

logger = logging.getLogger(__name__)


def path_graph(endpoint_id: int) -> Graph:
    """The graph of one endpoint, by one query."""
    return path_graphs([endpoint_id])[endpoint_id]


def path_graphs(endpoint_ids: Iterable[int]) -> dict[int, Graph]:
    """The graph of each endpoint, by one query whatever their number."""
    ids = list(endpoint_ids)
    rows = PathFile.objects.filter(endpoint__in=ids, is_active=True).order_by()
    found = {endpoint_id: graph_of_sha256(sha256) for endpoint_id, sha256 in rows.values_list("endpoint", "sha256")}
    return {endpoint_id: found.get(endpoint_id) or known_graph() for endpoint_id in ids}


@lru_cache(maxsize=64)
def graph_of_sha256(sha256: str) -> Graph:
    """The graph of a kept file. Each is read once in a process: another content has another hash.

    A file that this release cannot read any more leads nowhere: nothing may go by a guess.
    """
    text = PathFile.objects.filter(sha256=sha256).order_by().values_list("text", flat=True)[0]
    graph = path_files.graph_of_file(text)
    if isinstance(graph, Reason):
        logger.error("path file unreadable", extra={"sha256": sha256, "code": graph.code})
        graph = graph_of(())
    return replace(graph, file=path_file_name(sha256))


def path_file_in_force(endpoint_id: int) -> PathFile | None:
    """The file in force at an endpoint; None where the published graph holds."""
    return PathFile.objects.filter(endpoint=endpoint_id, is_active=True).select_related("activated_by").first()

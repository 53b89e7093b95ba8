"""Reads used twice, a module a noun."""

from upgrades.selectors.audit import audit_list
from upgrades.selectors.change_requests import change_request_detail, change_request_list
from upgrades.selectors.clock import database_now, observation
from upgrades.selectors.clusters import cluster_list, mixed_clusters, taking_requests, version_counts
from upgrades.selectors.graphs import RunGraph, Step, run_graph
from upgrades.selectors.inbox import Inbox, inbox, inbox_count
from upgrades.selectors.runs import run_detail, run_list
from upgrades.selectors.snapshots import Mark, run_mark, run_snapshot

__all__ = [
    "Inbox",
    "Mark",
    "RunGraph",
    "Step",
    "audit_list",
    "change_request_detail",
    "change_request_list",
    "cluster_list",
    "database_now",
    "inbox",
    "inbox_count",
    "mixed_clusters",
    "observation",
    "run_detail",
    "run_graph",
    "run_list",
    "run_mark",
    "run_snapshot",
    "taking_requests",
    "version_counts",
]

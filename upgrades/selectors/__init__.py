"""Reads used twice, a module a noun."""

from upgrades.selectors.audit import audit_list, event_behind, newest_event
from upgrades.selectors.change_requests import change_request_detail, change_request_list
from upgrades.selectors.clock import database_now, observation
from upgrades.selectors.clusters import (
    Kind,
    census,
    cluster_list,
    cluster_order,
    newest_first,
    owners_and_labels,
    server_versions,
    taking_requests,
    version_counts,
)
from upgrades.selectors.graphs import RunGraph, Step, run_graph
from upgrades.selectors.heartbeats import silent_parts
from upgrades.selectors.inbox import Inbox, inbox, inbox_count
from upgrades.selectors.packages import package_list
from upgrades.selectors.path_files import graph_of_sha256, path_file_in_force, path_graph, path_graphs
from upgrades.selectors.runs import run_detail, run_list, runs_before
from upgrades.selectors.seals import Chain, Loose, chain, head_of_chain, links, loose_events, seal_hash, unsealed
from upgrades.selectors.snapshots import Mark, run_mark, run_snapshot
from upgrades.selectors.timelines import Event, RunMove, Timeline, run_timeline

__all__ = [
    "Chain",
    "Event",
    "Inbox",
    "Kind",
    "Loose",
    "Mark",
    "RunGraph",
    "RunMove",
    "Step",
    "Timeline",
    "audit_list",
    "census",
    "chain",
    "change_request_detail",
    "change_request_list",
    "cluster_list",
    "cluster_order",
    "database_now",
    "event_behind",
    "graph_of_sha256",
    "head_of_chain",
    "inbox",
    "inbox_count",
    "links",
    "loose_events",
    "newest_event",
    "newest_first",
    "observation",
    "owners_and_labels",
    "package_list",
    "path_file_in_force",
    "path_graph",
    "path_graphs",
    "run_detail",
    "run_graph",
    "run_list",
    "run_mark",
    "run_snapshot",
    "run_timeline",
    "runs_before",
    "seal_hash",
    "server_versions",
    "silent_parts",
    "taking_requests",
    "unsealed",
    "version_counts",
]

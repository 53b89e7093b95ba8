"""Rows: fields, constraints and facts about one row. Nothing here decides or writes status."""

from upgrades.models.audit import AuditEvent
from upgrades.models.change_requests import ChangeRequest, Editor, Revision, Vote
from upgrades.models.clusters import Cluster, Server, Zone
from upgrades.models.decisions import Decision
from upgrades.models.endpoints import CredentialsKind, Endpoint, Heartbeat
from upgrades.models.packages import Package
from upgrades.models.path_files import PathFile
from upgrades.models.run_actions import RunAction
from upgrades.models.runs import ClusterHold, UpgradeRun
from upgrades.models.saved_views import SavedView
from upgrades.models.task_instances import Subtask, SubtaskEvent, SubtaskLog, TaskInstance
from upgrades.models.users import Environment, Grant, Role, User

__all__ = [
    "AuditEvent",
    "ChangeRequest",
    "Cluster",
    "ClusterHold",
    "CredentialsKind",
    "Decision",
    "Editor",
    "Endpoint",
    "Environment",
    "Grant",
    "Heartbeat",
    "Package",
    "PathFile",
    "Revision",
    "Role",
    "RunAction",
    "SavedView",
    "Server",
    "Subtask",
    "SubtaskEvent",
    "SubtaskLog",
    "TaskInstance",
    "UpgradeRun",
    "User",
    "Vote",
    "Zone",
]

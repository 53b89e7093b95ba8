"""Rows: fields, constraints and facts about one row. Nothing here decides or writes status."""

from upgrades.models.attachments import Attachment
from upgrades.models.audit import AuditEvent, AuditSeal, ChainState
from upgrades.models.change_requests import ChangeRequest, Editor, Revision, Vote
from upgrades.models.clusters import Cluster, Server, Zone
from upgrades.models.comments import Comment, Mention
from upgrades.models.decisions import Decision
from upgrades.models.endpoints import CredentialsKind, Endpoint, Heartbeat
from upgrades.models.halts import Epoch, Halt
from upgrades.models.packages import Package
from upgrades.models.path_files import PathFile
from upgrades.models.run_actions import RunAction
from upgrades.models.runs import ClusterHold, UpgradeRun
from upgrades.models.saved_views import SavedView
from upgrades.models.task_instances import Subtask, SubtaskEvent, SubtaskLog, TaskInstance
from upgrades.models.tokens import ApiToken, KeptAnswer, Scope
from upgrades.models.users import Environment, Grant, Role, User

__all__ = [
    "ApiToken",
    "Attachment",
    "AuditEvent",
    "AuditSeal",
    "ChainState",
    "ChangeRequest",
    "Cluster",
    "ClusterHold",
    "Comment",
    "CredentialsKind",
    "Decision",
    "Editor",
    "Endpoint",
    "Environment",
    "Epoch",
    "Grant",
    "Halt",
    "Heartbeat",
    "KeptAnswer",
    "Mention",
    "Package",
    "PathFile",
    "Revision",
    "Role",
    "RunAction",
    "SavedView",
    "Scope",
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

"""What the look-alike keeps: plain records, stored as JSON by store.py.

Moments ending `_at` are wall time in epoch seconds; `due` and `begun` are engine seconds.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Server:
    """One observer. `version` and `build` are what its process runs, not what is installed."""

    id: int
    host_id: int
    ip: str
    cluster_id: int
    zone: str
    version: str
    build: str
    started_at: float
    updated_at: float
    port: int = 2882
    sql_port: int = 2881
    status: str = "RUNNING"
    inner_status: str = "ACTIVE"
    has_rootserver: bool = False
    raw_version: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Zone:
    """One zone of a cluster, in one data centre of one region."""

    name: str
    region: str
    idc: str
    idc_id: int
    created_at: float
    updated_at: float
    status: str = "RUNNING"
    inner_status: str = "ACTIVE"


@dataclass(slots=True)
class Cluster:
    """One OceanBase cluster. `listed_version` is what OCP last synchronised, so it lags the servers."""

    id: int
    name: str
    ob_cluster_id: int
    listed_version: str
    architecture: str
    operating_system: str
    tenant_count: int
    created_at: float
    updated_at: float
    zones: list[Zone]
    servers: list[Server]
    status: str = "RUNNING"
    primary_id: int = 0
    standby_ids: list[int] = field(default_factory=list)
    lying_server_id: int = 0
    # What its backups show in place of the demo's: values of the `overview`, and of the `newest` data backup.
    backup: dict[str, dict[str, Any]] = field(default_factory=dict)

    def servers_of(self, zone: str) -> list[Server]:
        """Return the servers of one zone, in the order of their addresses."""
        return [server for server in self.servers if server.zone == zone]


@dataclass(slots=True)
class Package:
    """One RPM in OCP's repository."""

    id: int
    name: str
    version: str
    build: str
    operating_system: str
    architecture: str
    type: str
    size: int
    sha1: str
    created_at: float

    @property
    def file_name(self) -> str:
        """Return the name that an upgrade request gives as rpmFileName."""
        return f"{self.name}-{self.version}-{self.build}.{self.operating_system}.{self.architecture}.rpm"


@dataclass(slots=True)
class Attempt:
    """One run of a subtask: a block of its log. `begun`, `ended` and its length `planned` are engine seconds."""

    operation: str
    started_at: float
    begun: float
    planned: float = 0.0
    ended: float = 0.0
    finished_at: float = 0.0
    outcome: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Subtask:
    """One node of a task's DAG."""

    id: int
    name: str
    description: str
    timeout: int
    series_id: int
    created_at: float
    upstreams: list[int] = field(default_factory=list)
    downstreams: list[int] = field(default_factory=list)
    status: str = "PENDING"
    operation: str = "EXECUTE"
    run_time: int = 1
    parallel_idx: int = -1
    prohibit_rollback: bool = False
    hop: int = 0
    server_ids: list[int] = field(default_factory=list)
    zones: list[str] = field(default_factory=list)
    work: float = 1.0
    due: float | None = None
    is_doomed: bool = False
    started_at: float = 0.0
    finished_at: float = 0.0
    executor: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    log_override: str = ""


@dataclass(slots=True)
class Task:
    """One task instance with its DAG. `kind` is ours: parent, child or foreign."""

    id: int
    kind: str
    name: str
    cluster_id: int
    creator_id: int
    creator_name: str
    created_at: float
    started_at: float
    subtasks: list[Subtask]
    type: str = "MANUAL"
    status: str = "RUNNING"
    operation: str = "EXECUTE"
    finished_at: float = 0.0
    prohibit_rollback: bool = False
    executor: str = ""
    strings: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    parent_id: int = 0
    children: list[int] = field(default_factory=list)

    def subtask(self, subtask_id: int) -> Subtask | None:
        """Return the subtask with that id, if it belongs to this task."""
        return next((subtask for subtask in self.subtasks if subtask.id == subtask_id), None)

    @property
    def cluster_ids(self) -> list[int]:
        """Return the OCP ids of every cluster this task works on, the primary first."""
        return [int(number) for number in self.lists.get("cluster_ids", [])] or [self.cluster_id]


@dataclass(slots=True)
class Account:
    """One user of OCP. A role is the name of one of OCP's, or a right as rights.py writes it."""

    id: int
    name: str
    password: str
    roles: list[str] = field(default_factory=list)
    access_key: str = ""
    secret_key: str = ""


@dataclass(slots=True)
class Post:
    """One upgrade POST that reached the look-alike, whatever became of it."""

    n: int
    at: float
    cluster_id: int
    account: str
    body: str
    handled: str = "dropped"
    task_id: int | None = None
    code: str | None = None
    is_answered: bool = False
    client: str = ""


@dataclass(slots=True)
class Alarm:
    """One alarm about a cluster; `level` falls in gravity from 1 to 5."""

    id: int
    cluster_id: int
    kind: str
    level: int
    summary: str
    active_at: float
    status: str = "Active"
    resolved_at: float = 0.0


@dataclass(slots=True)
class AuditEvent:
    """One entry of OCP's own record of who did what. `info` is JSON as text."""

    id: int
    event: str
    operator_id: int
    operator_name: str
    resource_type: str
    resource_id: int
    resource_name: str
    info: str
    client: str
    at: float
    status: str


@dataclass(slots=True)
class AnswerPlan:
    """How the next upgrade POSTs are treated. `count` None means all of them; `seconds` are wall seconds."""

    mode: str
    cluster_id: int | None = None
    count: int | None = 1
    delay: float = 5.0
    code: str = "OBE11063"
    is_accepted: bool = False


@dataclass(slots=True)
class FailRule:
    """The next `times` runs of the step with that name fail."""

    step: str
    times: int
    cluster_id: int | None = None


@dataclass(slots=True)
class LatePost:
    """A POST whose connection was closed and which is handled at the wall moment `at`."""

    at: float
    post_n: int

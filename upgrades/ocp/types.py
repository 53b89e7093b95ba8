"""What OCP's answers become. Missing optional values are None, missing words "", missing lists ().

Words such as statuses are OCP's own, unknown ones too. Times are aware and in UTC.
Ids of OCP are 64-bit integers; other numbers fit 32 bits, `Package.size` (bytes) excepted.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Info:
    name: str
    group: str
    artifact: str
    build_version: str
    build_time: datetime | None


@dataclass(frozen=True, slots=True)
class Server:
    """One observer. `raw_version` is OCP's long form; version and build are read from it, "" where they cannot be."""

    id: int
    ip: str
    port: int | None
    zone_name: str
    status: str
    version: str
    build: str
    raw_version: str
    has_root_server: bool | None


@dataclass(frozen=True, slots=True)
class Zone:
    name: str
    region: str
    idc: str
    status: str
    servers: tuple[Server, ...]


@dataclass(frozen=True, slots=True)
class Cluster:
    """`id` is OCP's, `ob_cluster_id` OceanBase's own. `build` is "" where OCP shows the version alone."""

    id: int
    name: str
    ob_cluster_id: int | None
    version: str
    build: str
    status: str
    type: str
    architecture: str
    primary_id: int | None
    standby_ids: tuple[int, ...]
    server_count: int | None
    zone_names: tuple[str, ...]
    region_names: tuple[str, ...]
    create_time: datetime | None


@dataclass(frozen=True, slots=True)
class Parameter:
    """`values`: the distinct values on the servers; `by_server`: (ip:port, value) of each, where OCP tells them apart.

    Not in the repr: a value may be a secret (backup_dest).
    """

    name: str
    values: tuple[str, ...] = field(repr=False)
    default: str | None = field(repr=False)
    by_server: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Package:
    """An RPM in OCP's repository; `size` in bytes, `sha1` in lower case."""

    id: int
    name: str
    file_name: str
    version: str
    build: str
    operating_system: str
    architecture: str
    sha1: str
    size: int | None
    type: str
    create_time: datetime | None


@dataclass(frozen=True, slots=True)
class Subtask:
    """One step of a task instance. `timeout` in seconds; `run_time` counts the attempts."""

    id: int
    name: str
    description: str
    status: str
    operation: str
    upstreams: tuple[int, ...]
    downstreams: tuple[int, ...]
    run_time: int | None
    timeout: int | None
    start_time: datetime | None
    finish_time: datetime | None
    create_time: datetime | None
    executor: str
    series_id: int | None
    parallel_idx: int | None
    prohibit_rollback: bool | None
    node_type: str


@dataclass(frozen=True, slots=True)
class TaskInstance:
    """`operation` and `type` are "" in the shape of the task list, whose subtasks show no edges and no times."""

    id: int
    name: str
    status: str
    operation: str
    type: str
    creator_id: int | None
    creator_name: str
    cluster_id: int | None
    cluster_name: str
    ob_cluster_id: int | None
    create_time: datetime | None
    start_time: datetime | None
    finish_time: datetime | None
    prohibit_rollback: bool | None
    subtasks: tuple[Subtask, ...]


@dataclass(frozen=True, slots=True)
class TaskPage:
    """One page, newest first. `number` counts from 1; `total` is None where OCP did not say."""

    items: tuple[TaskInstance, ...]
    total: int | None
    number: int
    size: int

    @property
    def is_last(self) -> bool:
        """Whether OCP has no further page."""
        if self.total is None:
            return len(self.items) < self.size
        return self.number * self.size >= self.total


@dataclass(frozen=True, slots=True)
class SubtaskLog:
    """`text` is the log's tail where `is_cut`, else all of it."""

    text: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class UpgradeAnswer:
    """The answer to the upgrade POST. Take the id from `task`, then read the task: other fields may be missing."""

    task: TaskInstance
    trace_id: str | None
    http_status: int


@dataclass(frozen=True, slots=True)
class ActionAnswer:
    """OCP took a retry, skip or cancel. What it did of it is read from the task: the manual's answers disagree."""

    trace_id: str | None
    http_status: int


@dataclass(frozen=True, slots=True)
class FirstPage(Generic[T]):
    """The beginning of a list that is never read to its end; `total` is None where OCP did not say."""

    items: tuple[T, ...]
    total: int | None


@dataclass(frozen=True, slots=True)
class Alarm:
    """`level` falls in gravity from 1 (Stopped) to 5 (Reminder)."""

    id: int
    type: str
    app_type: str
    level: int | None
    status: str
    scope: str
    target: str
    summary: str
    description: str
    active_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class BackupOverview:
    """How a cluster's backup stands. `log_delay_seconds`: how far the backup of its log is behind."""

    status: str
    schedule_status: str
    compaction_status: str
    last_data_backup_time: datetime | None
    latest_log_checkpoint: datetime | None
    log_delay_seconds: int | None


@dataclass(frozen=True, slots=True)
class DataBackupTask:
    """One backup of data. Where it lies is left out: such an address may hold keys."""

    id: int
    type: str
    status: str
    backup_set_id: int | None
    start_time: datetime | None
    finish_time: datetime | None


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """One entry of OCP's own audit: who asked what of which thing. Its parameters are left out, they may be secret."""

    id: int
    event_type: str
    operation: str
    status: str
    operator_id: int | None
    operator_name: str
    client_ip: str
    resource_type: str
    resource_id: int | None
    resource_name: str
    start_time: datetime | None
    end_time: datetime | None

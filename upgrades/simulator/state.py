"""The world of the look-alike: every record, and which of them changed since they were last stored."""

import random
import threading
from typing import NamedTuple

from upgrades.simulator.errors import Refusal
from upgrades.simulator.records import (
    Account,
    Alarm,
    AnswerPlan,
    AuditEvent,
    Cluster,
    FailRule,
    LatePost,
    Package,
    Post,
    Server,
    Task,
)

_FIRST_TASK_ID = 1_004_100
_FIRST_SUBTASK_ID = 13_000_300
# Requests of one user by the length of a window in seconds. OCP's own numbers are not documented; these let a
# demo through and show in the headers.
_LIMITS = {"10": 10_000}

Record = Account | Alarm | AuditEvent | Cluster | Package | Post | Task


class Kind(NamedTuple):
    """What a record is called in the state file, which field tells one from another, and where a world keeps it."""

    name: str
    key: str
    kept: str


KINDS: dict[type, Kind] = {
    Account: Kind("account", "name", "accounts"),
    Alarm: Kind("alarm", "id", "alarms"),
    AuditEvent: Kind("audit", "id", "audit"),
    Cluster: Kind("cluster", "id", "clusters"),
    Package: Kind("package", "file_name", "packages"),
    Post: Kind("post", "n", "posts"),
    Task: Kind("task", "id", "tasks"),
}
META = ("meta", "world")


class World:
    """All state of one look-alike. Hold `lock` while reading or changing anything in it."""

    def __init__(self, seed: int) -> None:
        self.lock = threading.RLock()
        self.seed = seed
        self.clusters: dict[int, Cluster] = {}
        self.packages: dict[str, Package] = {}
        self.tasks: dict[int, Task] = {}
        self.accounts: dict[str, Account] = {}
        self.limits: dict[str, int] = dict(_LIMITS)
        self.alarms: dict[int, Alarm] = {}
        self.audit: dict[int, AuditEvent] = {}
        self.posts: dict[int, Post] = {}
        self.plans: list[AnswerPlan] = []
        self.fails: list[FailRule] = []
        self.lies: set[int] = set()
        self.late: list[LatePost] = []
        self.engine_at = 0.0
        self.last_task_id = _FIRST_TASK_ID
        self.last_subtask_id = _FIRST_SUBTASK_ID
        self.touched: set[tuple[str, int | str]] = set()
        self.list_texts: dict[int, str] = {}
        self.cluster_texts: dict[int, str] = {}

    def dice(self, *key: object) -> random.Random:
        """Return a generator that gives the same numbers for the same seed and key."""
        return random.Random(f"{self.seed}:{key}")  # noqa: S311 - lengths of steps, not secrets

    def next_task_id(self) -> int:
        """Return a task id that was never used; ids have gaps, as a busy OCP's have."""
        self.last_task_id += self.dice("task id", self.last_task_id).randint(1, 9)
        return self.last_task_id

    def next_subtask_ids(self, count: int) -> list[int]:
        """Return `count` new subtask ids, ascending."""
        first = self.last_subtask_id + 1
        self.last_subtask_id += count
        return list(range(first, first + count))

    def touch(self, record: Record) -> None:
        """Note that a record changed: it is stored, and its cached JSON forgotten."""
        kind = KINDS[type(record)]
        self.touched.add((kind.name, getattr(record, kind.key)))
        if isinstance(record, Task):
            self.list_texts.pop(record.id, None)
        if isinstance(record, Cluster):
            for cluster_id in (record.id, record.primary_id, *record.standby_ids):
                self.cluster_texts.pop(cluster_id, None)

    def touch_rules(self) -> None:
        """Note that plans, failures to come, lies or late posts changed."""
        self.touched.add(META)

    def add_task(self, task: Task) -> None:
        """Take in a new task."""
        self.tasks[task.id] = task
        self.touch(task)

    def drop_task(self, task_id: int) -> None:
        """Forget a task, as an OCP restored from an older backup has."""
        self.tasks.pop(task_id)
        self.list_texts.pop(task_id, None)
        self.touched.add((KINDS[Task].name, task_id))

    def cluster(self, cluster_id: int) -> Cluster:
        """Return a cluster, or refuse with OBE11001."""
        try:
            return self.clusters[cluster_id]
        except KeyError:
            raise Refusal("OBE11001", cluster_id) from None

    def task(self, task_id: int) -> Task:
        """Return a task, or refuse with TSK10001."""
        try:
            return self.tasks[task_id]
        except KeyError:
            raise Refusal("TSK10001", task_id) from None

    def pair(self, cluster: Cluster) -> list[Cluster]:
        """Return the cluster with its primary or standbys, the primary first."""
        primary = self.clusters[cluster.primary_id] if cluster.primary_id else cluster
        return [primary, *(self.clusters[standby_id] for standby_id in primary.standby_ids)]

    def server(self, ip: str) -> tuple[Cluster, Server]:
        """Return the server with that address and its cluster, or refuse with COM10002."""
        for cluster in self.clusters.values():
            for server in cluster.servers:
                if server.ip == ip:
                    return cluster, server
        raise Refusal("COM10002", "server", ip)

    def servers_of(self, task: Task, server_ids: list[int]) -> list[Server]:
        """Return the servers with those ids among the clusters a task works on."""
        wanted = set(server_ids)
        clusters = (self.clusters[cluster_id] for cluster_id in task.cluster_ids if cluster_id in self.clusters)
        return [server for cluster in clusters for server in cluster.servers if server.id in wanted]

    def takes_failure(self, step: str, cluster_id: int) -> bool:
        """Say whether this run of a step is to fail, and count it."""
        for rule in self.fails:
            if rule.step == step and rule.cluster_id in (None, cluster_id):
                rule.times -= 1
                self.fails = [kept for kept in self.fails if kept.times > 0]
                self.touch_rules()
                return True
        return False

    def takes_plan(self, cluster_id: int) -> AnswerPlan:
        """Return how the upgrade POST that just came for a cluster is treated, and count it."""
        for plan in self.plans:
            if plan.cluster_id not in (None, cluster_id):
                continue
            if plan.count is not None:
                plan.count -= 1
                self.plans = [kept for kept in self.plans if kept.count is None or kept.count > 0]
                self.touch_rules()
            return plan
        return AnswerPlan("plain")

"""The part of the control port that stands for other people: OCP's console, foreign tasks, broken facts."""

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from upgrades.simulator import alarms, audit_trail, dag, fleet, operations, submit
from upgrades.simulator.auth import ADMIN, creator
from upgrades.simulator.engine import Engine
from upgrades.simulator.errors import Refusal
from upgrades.simulator.packages import OBSERVER
from upgrades.simulator.records import Cluster, Package, Task

Json = dict[str, Any]
Found = Sequence[str]
Route = tuple[str, str, Callable[[Json, Found], Any]]

_MOMENTS = ("created_at", "started_at", "finished_at")
_CREATOR = ("creator_id", "creator_name")
_TASK_FIELDS = frozenset(
    ("name", "status", "operation", "type", "cluster_id", "prohibit_rollback", *_CREATOR, *_MOMENTS)
)
_SUBTASK_FIELDS = frozenset(
    ("name", "description", "status", "operation", "run_time", "log_override", "started_at", "work", "timeout")
)
_CLUSTER_FIELDS = frozenset(
    ("name", "status", "listed_version", "architecture", "operating_system", "ob_cluster_id", "backup")
)
# Where people sit who use OCP's console.
_CONSOLE = "10.24.0.2"
_SERVER_FIELDS = frozenset(("status", "inner_status", "version", "build", "raw_version"))


class Console:
    """What other people do. Calls need the world's lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._world = engine.world

    def routes(self) -> list[Route]:
        """Return method, path pattern and function of every call."""
        task = r"/tasks/(\d+)"
        return [
            ("POST", "/foreign", self._foreign),
            ("POST", r"/foreign/(\d+)/finish", self._finish_foreign),
            ("POST", "/foreign-upgrade", self._foreign_upgrade),
            ("POST", task + "/retry", self._retry),
            ("POST", task + "/rollback", self._rollback),
            ("POST", task + r"/subtasks/(\d+)/(retry|skip|cancel)", self._subtask),
            ("POST", task + "/set", self._set_task),
            ("DELETE", task, self._drop_task),
            ("POST", task + r"/subtasks/(\d+)/set", self._set_subtask),
            ("POST", r"/clusters/(\d+)/set", self._set_cluster),
            ("POST", r"/servers/([\d.]+)/set", self._set_server),
            ("POST", "/alarms", self._raise_alarm),
            ("POST", r"/alarms/(\d+)/end", self._end_alarm),
            ("POST", "/packages", self._add_package),
            ("POST", "/packages/([^/]+)/replace", self._replace_package),
            ("DELETE", "/packages/([^/]+)", self._drop_package),
        ]

    def _foreign(self, body: Json, _found: Found) -> Json:
        cluster = self._world.cluster(int(body["cluster_id"]))
        at = self._engine.now()
        name = str(body.get("name", "Modify OB cluster parameters"))
        seconds = float(body.get("seconds", 900))
        task = dag.foreign(self._world, cluster.id, name, seconds, self._creator(body), at.wall)
        task.type = str(body.get("type", "MANUAL"))
        self._engine.begin(task, at)
        return {"task_id": task.id}

    def _finish_foreign(self, body: Json, found: Found) -> Json:
        return _moved(operations.end_foreign(self._engine, int(found[0]), str(body.get("status", "SUCCESSFUL"))))

    def _foreign_upgrade(self, body: Json, _found: Found) -> Json:
        user, at = self._creator(body), self._engine.clock.wall_now()
        task = submit.accept(self._engine, int(body["cluster_id"]), body, user)
        rpm = str(body.get("rpmFileName"))
        audit_trail.upgraded(self._world, user, task.cluster_id, rpm, at, client=_CONSOLE, is_ok=True)
        return {"task_id": task.id}

    def _raise_alarm(self, body: Json, _found: Found) -> Json:
        cluster = self._world.cluster(int(body["cluster_id"]))
        kind, summary = str(body.get("type", "ob_cluster_status_abnormal")), str(body.get("summary", "Not well."))
        at = self._engine.clock.wall_now()
        level, status = int(body.get("level", 2)), str(body.get("status", "Active"))
        return {"id": alarms.add(self._world, cluster, kind, level, summary, at, status).id}

    def _end_alarm(self, _body: Json, found: Found) -> Json:
        alarm = self._world.alarms[int(found[0])]
        alarm.status, alarm.resolved_at = "Inactive", self._engine.clock.wall_now()
        self._world.touch(alarm)
        return {}

    def _retry(self, body: Json, found: Found) -> Json:
        task = operations.retry(self._engine, int(found[0]))
        return self._done(body, "RETRY_TASK", task)

    def _rollback(self, body: Json, found: Found) -> Json:
        task = operations.rollback(self._engine, int(found[0]))
        return self._done(body, "ROLLBACK_TASK", task)

    def _subtask(self, body: Json, found: Found) -> Json:
        calls = {"retry": operations.retry_subtask, "skip": operations.skip, "cancel": operations.cancel}
        calls[found[2]](self._engine, int(found[0]), int(found[1]))
        return self._done(body, f"{found[2].upper()}_SUBTASK", self._world.task(int(found[0])))

    def _done(self, body: Json, event: str, task: Task) -> Json:
        at = self._engine.clock.wall_now()
        audit_trail.acted(self._world, event, self._creator(body), task.id, at, client=_CONSOLE, is_ok=True)
        return _moved(task)

    def _set_task(self, body: Json, found: Found) -> Json:
        task = self._world.task(int(found[0]))
        _assign(task, body, _TASK_FIELDS)
        self._world.touch(task)
        return _moved(task)

    def _drop_task(self, _body: Json, found: Found) -> Json:
        self._world.drop_task(self._world.task(int(found[0])).id)
        return {}

    def _set_subtask(self, body: Json, found: Found) -> Json:
        task = self._world.task(int(found[0]))
        subtask = task.subtask(int(found[1]))
        if subtask is None:
            raise Refusal("TSK10001", found[1])
        _assign(subtask, body, _SUBTASK_FIELDS)
        self._world.touch(task)
        return _moved(task)

    def _set_cluster(self, body: Json, found: Found) -> Json:
        cluster = self._world.cluster(int(found[0]))
        for server in cluster.servers:
            server.parameters.update(body.get("parameters", {}))
        _assign(cluster, body, _CLUSTER_FIELDS)
        self._world.list_texts.clear()
        self._world.touch(cluster)
        return cluster_in_short(cluster)

    def _set_server(self, body: Json, found: Found) -> Json:
        cluster, server = self._world.server(found[0])
        server.parameters.update(body.get("parameters", {}))
        if "version" in body or "build" in body:
            fleet.run_version(server, body.get("version", server.version), body.get("build", server.build))
        _assign(server, body, _SERVER_FIELDS)
        self._world.touch(cluster)
        return cluster_in_short(cluster)

    def _add_package(self, body: Json, _found: Found) -> Json:
        package_id = 2 + max((package.id for package in self._world.packages.values()), default=8)
        given = {"operating_system": "el7", "architecture": "x86_64", "type": OBSERVER, "name": "oceanbase"} | body
        digest = hashlib.sha1(str(sorted(given.items())).encode(), usedforsecurity=False).hexdigest()
        package = Package(
            id=package_id, sha1=digest, size=48_000_000, created_at=self._engine.clock.wall_now(), **given
        )
        self._world.packages[package.file_name] = package
        self._world.touch(package)
        return {"file_name": package.file_name}

    def _replace_package(self, _body: Json, found: Found) -> Json:
        package = self._package(found[0])
        package.sha1 = hashlib.sha1(package.sha1.encode(), usedforsecurity=False).hexdigest()
        package.created_at = self._engine.clock.wall_now()
        self._world.touch(package)
        return {"sha1": package.sha1}

    def _drop_package(self, _body: Json, found: Found) -> Json:
        package = self._package(found[0])
        self._world.touch(package)
        del self._world.packages[package.file_name]
        return {}

    def _creator(self, body: Json) -> dag.Creator:
        name = str(body.get("creator", ADMIN.name))
        account = self._world.accounts.get(name)
        return creator(account) if account else dag.Creator(2001, name)

    def _package(self, file_name: str) -> Package:
        try:
            return self._world.packages[file_name]
        except KeyError:
            raise Refusal("PKG10014", file_name) from None


def cluster_in_short(cluster: Cluster) -> Json:
    """Return what a test wants to know of a cluster."""
    return {
        "id": cluster.id,
        "name": cluster.name,
        "status": cluster.status,
        "version": cluster.listed_version,
        "servers": {server.ip: f"{server.version}-{server.build}" for server in cluster.servers},
        "parameters": {server.ip: server.parameters for server in cluster.servers},
    }


def task_in_short(task: Task) -> Json:
    """Return what a test wants to know of a task."""
    return {
        "id": task.id,
        "name": task.name,
        "kind": task.kind,
        "parent_id": task.parent_id,
        "children": [child_id for child_id in task.children if child_id],
        "cluster_id": task.cluster_id,
        "creator": task.creator_name,
        "status": task.status,
        "operation": task.operation,
        "subtasks": dict(Counter(subtask.status for subtask in task.subtasks)),
        "failed": _named(task, "FAILED"),
        "running": _named(task, "RUNNING"),
    }


def _named(task: Task, status: str) -> list[Json]:
    return [{"id": subtask.id, "name": subtask.name} for subtask in task.subtasks if subtask.status == status]


def _moved(task: Task) -> Json:
    return {"task_id": task.id, "status": task.status, "operation": task.operation}


def _assign(record: object, values: Json, allowed: frozenset[str]) -> None:
    unknown = set(values) - allowed - {"parameters"}
    if unknown:
        raise ValueError(f"cannot set {', '.join(sorted(unknown))}; can set {', '.join(sorted(allowed))}")
    for name, value in values.items():
        if name in allowed:
            setattr(record, name, value)

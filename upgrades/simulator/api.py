"""OCP's calls: which function answers which path."""

import re
import time
from collections.abc import Callable, Sequence

from upgrades.simulator import envelope, logs, operations, shapes, task_shapes
from upgrades.simulator.auth import Doorman
from upgrades.simulator.clock import iso
from upgrades.simulator.dag import Creator
from upgrades.simulator.engine import Engine
from upgrades.simulator.envelope import Reply
from upgrades.simulator.errors import Refusal
from upgrades.simulator.listing import Query, page_text
from upgrades.simulator.posts import Posts
from upgrades.simulator.records import Cluster, Package, Task
from upgrades.simulator.web import Request

_INFO = {
    "artifact": "ocp-server",
    "buildVersion": "4.2.2-20240315150922",
    "buildJavaVersion": "1.8",
    "buildTime": "2024-03-15T15:09:22.644+08:00",
    "name": "ocp-server",
    "springBootVersion": "2.7.18",
    "group": "com.oceanbase",
}
_OPEN_TO_ALL = ("/api/v2/time", "/api/status")
_CLUSTER_KEYS: dict[str, Callable[[Cluster], object]] = {
    "id": lambda record: record.id,
    "name": lambda record: record.name,
    "createTime": lambda record: record.created_at,
    "status": lambda record: record.status,
}
_PACKAGE_KEYS: dict[str, Callable[[Package], object]] = {
    "id": lambda record: record.id,
    "name": lambda record: record.name,
    "createTime": lambda record: record.created_at,
}
_TASK_KEYS: dict[str, Callable[[Task], object]] = {
    "id": lambda record: record.id,
    "name": lambda record: record.name,
    "startTime": lambda record: record.started_at,
    "finishTime": lambda record: record.finished_at,
    "status": lambda record: record.status,
}

_Numbers = Sequence[str]
_Answer = str | Reply | None


class Api:
    """Answers OCP's port. `answer` needs the world's lock."""

    def __init__(self, engine: Engine, posts: Posts, site_url: Callable[[], str]) -> None:
        self._engine = engine
        self._world = engine.world
        self._posts = posts
        self._site_url = site_url
        self._doorman = Doorman()
        cluster = r"/api/v2/ob/clusters/(\d{1,18})"
        task = r"/api/v2/tasks/instances/(\d{1,18})"
        routes: list[tuple[str, str, Callable[[Query, _Numbers], _Answer]]] = [
            ("GET", r"/api/status", lambda query, found: envelope.plain_text("okay")),
            ("GET", r"/api/v2/time", lambda query, found: envelope.plain_text(iso(time.time()))),
            ("GET", r"/api/v2/info", lambda query, found: envelope.bare(_INFO)),
            ("GET", r"/api/v2/ob/clusters", self._clusters),
            ("GET", cluster, self._cluster),
            ("GET", cluster + "/zones", self._zones),
            ("GET", cluster + "/servers", self._servers),
            ("GET", cluster + "/zones/([^/]+)/servers", self._zone_servers),
            ("GET", cluster + "/parameters", self._parameters),
            ("GET", r"/api/v2/software-packages", self._packages),
            ("GET", r"/api/v2/tasks/instances", self._tasks),
            ("GET", task, self._task),
            ("GET", r"/api/v2/tasks/(\d{1,18})", self._task),
            ("GET", task + r"/subtasks/(\d{1,18})/log", self._log),
            ("POST", task + "/retry", self._retry),
            ("POST", task + "/rollback", self._rollback),
            ("POST", task + r"/subtasks/(\d{1,18})/retry", self._retry_subtask),
            ("POST", task + r"/subtasks/(\d{1,18})/skip", self._skip),
            ("POST", task + r"/subtasks/(\d{1,18})/cancel", self._cancel),
        ]
        self._routes = [(method, re.compile(pattern), answer) for method, pattern, answer in routes]

    def answer(self, request: Request) -> Reply:
        """Return the answer to a request, refusals included."""
        began_at = time.time()
        try:
            return self._route(request, began_at)
        except Refusal as refusal:
            self._posts.refuse(request, refusal.code)
            return envelope.refused(refusal, began_at, time.time())

    def _route(self, request: Request, began_at: float) -> Reply:
        path = request.path.rstrip("/")
        user = Creator(0, "")
        if path not in _OPEN_TO_ALL:
            user = self._doorman.enter(request.headers.get("authorization", ""))
        if request.post_n:
            return self._posts.answer(request, user, began_at)
        for method, pattern, answer in self._routes:
            match = pattern.fullmatch(path)
            if method == request.method and match:
                result = answer(Query(request.query), match.groups())
                return _reply(result, began_at)
        raise Refusal("COM10001", f"URL {path}")

    def _clusters(self, query: Query, _found: _Numbers) -> str:
        name, statuses = query.word("name").lower(), query.words("status")
        rows = [
            record
            for record in self._world.clusters.values()
            if name in record.name.lower() and (not statuses or record.status in statuses)
        ]
        return page_text(rows, query, _CLUSTER_KEYS, lambda row: envelope.dumps(shapes.cluster(self._world, row)))

    def _cluster(self, _query: Query, found: _Numbers) -> str:
        return envelope.dumps(shapes.cluster(self._world, self._world.cluster(int(found[0]))))

    def _zones(self, _query: Query, found: _Numbers) -> str:
        record = self._world.cluster(int(found[0]))
        return _contents([shapes.zone(record, zone) for zone in record.zones])

    def _servers(self, query: Query, found: _Numbers) -> str:
        record = self._world.cluster(int(found[0]))
        region, idc = query.word("regionName"), query.word("idcName")
        zones = {zone.name for zone in record.zones if region in ("", zone.region) and idc in ("", zone.idc)}
        return _contents([shapes.server(server) for server in record.servers if server.zone in zones])

    def _zone_servers(self, _query: Query, found: _Numbers) -> str:
        servers = self._world.cluster(int(found[0])).servers_of(found[1])
        if not servers:
            raise Refusal("COM10002", "zone", found[1])
        return _contents([shapes.server(server) for server in servers])

    def _parameters(self, _query: Query, found: _Numbers) -> str:
        return _contents(shapes.parameters(self._world.cluster(int(found[0]))))

    def _packages(self, query: Query, _found: _Numbers) -> str:
        wanted = {name: query.words(name) for name in ("type", "version", "operatingSystem", "architecture")}
        keyword = query.word("keyword").lower()
        rows = []
        for record in reversed(list(self._world.packages.values())):
            facts = (record.type, record.version, record.operating_system, record.architecture)
            fits = all(not words or fact in words for fact, words in zip(facts, wanted.values(), strict=True))
            if fits and keyword in record.file_name.lower():
                rows.append(record)
        site_url = self._site_url()
        return page_text(rows, query, _PACKAGE_KEYS, lambda row: envelope.dumps(shapes.package(row, site_url)))

    def _tasks(self, query: Query, _found: _Numbers) -> str:
        name, statuses, types = query.word("name").lower(), query.words("status"), query.words("type")
        cluster_id = query.whole("clusterId", 0, 0, 10**18)
        cluster_name = query.word("cluterName") or query.word("clusterName")
        rows = [
            record
            for record in reversed(self._world.tasks.values())
            if name in record.name.lower()
            and (not statuses or record.status in statuses)
            and (not types or record.type in types)
            and cluster_id in (0, record.cluster_id)
            and (not cluster_name or self._cluster_name(record) == cluster_name)
        ]
        return page_text(rows, query, _TASK_KEYS, lambda row: task_shapes.list_text(self._world, row))

    def _cluster_name(self, record: Task) -> str:
        cluster = self._world.clusters.get(record.cluster_id)
        return cluster.name if cluster else ""

    def _task(self, _query: Query, found: _Numbers) -> str:
        return envelope.dumps(task_shapes.detail(self._world, self._world.task(int(found[0]))))

    def _log(self, _query: Query, found: _Numbers) -> str:
        task = self._world.task(int(found[0]))
        subtask = task.subtask(int(found[1]))
        if subtask is None:
            raise Refusal("TSK10001", found[1])
        return envelope.dumps({"log": logs.render(self._world, self._engine.clock, task, subtask)})

    def _retry(self, _query: Query, found: _Numbers) -> str:
        return envelope.dumps(task_shapes.detail(self._world, operations.retry(self._engine, int(found[0]))))

    def _rollback(self, _query: Query, found: _Numbers) -> str:
        return envelope.dumps(task_shapes.detail(self._world, operations.rollback(self._engine, int(found[0]))))

    def _retry_subtask(self, _query: Query, found: _Numbers) -> str:
        subtask = operations.retry_subtask(self._engine, int(found[0]), int(found[1]))
        return envelope.dumps(task_shapes.subtask_detail(subtask))

    def _skip(self, _query: Query, found: _Numbers) -> None:
        operations.skip(self._engine, int(found[0]), int(found[1]))

    def _cancel(self, _query: Query, found: _Numbers) -> None:
        operations.cancel(self._engine, int(found[0]), int(found[1]))


def _contents(rows: list[shapes.Json]) -> str:
    return envelope.dumps({"contents": rows})


def _reply(result: _Answer, began_at: float) -> Reply:
    if isinstance(result, Reply):
        return result
    if result is None:
        return envelope.nothing(began_at, time.time())
    return envelope.raw(result, began_at, time.time())

"""OCP's calls about tasks."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from upgrades.simulator import audit_trail, auth, logs, operations, task_shapes
from upgrades.simulator.engine import Engine
from upgrades.simulator.envelope import dumps
from upgrades.simulator.errors import Refusal
from upgrades.simulator.listing import page_text
from upgrades.simulator.records import Task
from upgrades.simulator.routes import SUBTASK, TASK, Call, Route

T = TypeVar("T")

_KEYS: dict[str, Callable[[Task], object]] = {
    "id": lambda record: record.id,
    "name": lambda record: record.name,
    "startTime": lambda record: record.started_at,
    "finishTime": lambda record: record.finished_at,
    "status": lambda record: record.status,
}
_READ, _UPDATE = "TASK:{0}:READ", "TASK:{0}:UPDATE"


class TaskCalls:
    """Answers from the engine's tasks. Calls need the world's lock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._world = engine.world

    def routes(self) -> list[Route]:
        """Return every call; the second path of a task's detail is not documented, public clients use it."""
        return [
            Route("GET", "/api/v2/tasks/instances", "TASK:*:READ", self._tasks),
            Route("GET", TASK, _READ, self._task),
            Route("GET", r"/api/v2/tasks/(\d{1,18})", _READ, self._task),
            Route("GET", SUBTASK + "/log", _READ, self._log),
            Route("POST", TASK + "/retry", _UPDATE, self._retry),
            Route("POST", TASK + "/rollback", _UPDATE, self._rollback),
            Route("POST", SUBTASK + "/retry", _UPDATE, self._retry_subtask),
            Route("POST", SUBTASK + "/skip", _UPDATE, self._skip),
            Route("POST", SUBTASK + "/cancel", _UPDATE, self._cancel),
        ]

    def _tasks(self, call: Call) -> str:
        query = call.query
        name, statuses, types = query.word("name").lower(), query.words("status"), query.words("type")
        cluster_id = query.whole("clusterId", 0, 0, 10**18)
        cluster_name = query.word("cluterName") or query.word("clusterName")
        rows = [
            record
            for record in reversed(self._world.tasks.values())
            if (not statuses or record.status in statuses)
            and name in record.name.lower()
            and (not types or record.type in types)
            and cluster_id in (0, record.cluster_id)
            and (not cluster_name or self._cluster_name(record) == cluster_name)
        ]
        return page_text(rows, query, _KEYS, lambda row: task_shapes.list_text(self._world, row))

    def _cluster_name(self, record: Task) -> str:
        cluster = self._world.clusters.get(record.cluster_id)
        return cluster.name if cluster else ""

    def _task(self, call: Call) -> str:
        return dumps(task_shapes.detail(self._world, self._world.task(call.id)))

    def _log(self, call: Call) -> str:
        task = self._world.task(call.id)
        subtask = task.subtask(int(call.found[1]))
        if subtask is None:
            raise Refusal("TSK10001", call.found[1])
        return dumps({"log": logs.render(self._world, self._engine.clock, task, subtask)})

    def _retry(self, call: Call) -> str:
        task = self._noted(call, "RETRY_TASK", lambda: operations.retry(self._engine, call.id))
        return dumps(task_shapes.detail(self._world, task))

    def _rollback(self, call: Call) -> str:
        task = self._noted(call, "ROLLBACK_TASK", lambda: operations.rollback(self._engine, call.id))
        return dumps(task_shapes.detail(self._world, task))

    def _retry_subtask(self, call: Call) -> str:
        subtask_id = int(call.found[1])
        retry = partial(operations.retry_subtask, self._engine, call.id, subtask_id)
        subtask = self._noted(call, "RETRY_SUBTASK", retry)
        return dumps(task_shapes.subtask_detail(self._world.task(call.id), subtask))

    def _skip(self, call: Call) -> None:
        self._noted(call, "SKIP_SUBTASK", lambda: operations.skip(self._engine, call.id, int(call.found[1])))

    def _cancel(self, call: Call) -> None:
        self._noted(call, "CANCEL_SUBTASK", lambda: operations.cancel(self._engine, call.id, int(call.found[1])))

    def _noted(self, call: Call, event: str, act: Callable[[], T]) -> T:
        """Do something to a task and record it in OCP's audit, refused or not."""
        is_ok = False
        try:
            result = act()
            is_ok = True
        finally:
            at = self._engine.clock.wall_now()
            audit_trail.acted(
                self._world, event, auth.creator(call.account), call.id, at, client=call.client, is_ok=is_ok
            )
        return result

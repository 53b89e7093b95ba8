"""OCP's calls about alarms, backups and its own record of what was done."""

from collections.abc import Callable
from datetime import datetime

from upgrades.simulator import alarms, audit_trail, backups
from upgrades.simulator.clock import Clock
from upgrades.simulator.envelope import dumps
from upgrades.simulator.errors import Refusal
from upgrades.simulator.listing import page_text
from upgrades.simulator.records import Alarm, AuditEvent
from upgrades.simulator.routes import CLUSTER, Call, Route
from upgrades.simulator.shapes import Json
from upgrades.simulator.state import World

_LARGEST_ALARM_PAGE = 200
_ALARM_KEYS: dict[str, Callable[[Alarm], object]] = {
    "id": lambda record: record.id,
    "level": lambda record: record.level,
    "activeAt": lambda record: record.active_at,
    "status": lambda record: record.status,
}
_AUDIT_KEYS: dict[str, Callable[[AuditEvent], object]] = {
    "id": lambda record: record.id,
    "startTime": lambda record: record.at,
}
_TASK_KEYS: dict[str, Callable[[Json], object]] = {
    "taskId": lambda row: row["taskId"],
    "startTime": lambda row: row["startTime"],
}
_READ = "CLUSTER:{0}:READ"


class RecordCalls:
    """Answers from what OCP watches and notes. Calls need the world's lock."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return every call. That reading backups needs no more than the cluster's READ is our choice."""
        backup = CLUSTER + "/backup"
        return [
            Route("GET", "/api/v2/alarm/alarms", "ALARM:*:READ", self._alarms),
            Route("GET", r"/api/v2/alarm/alarms/(\d{1,18})", "ALARM:{0}:READ", self._alarm),
            Route("GET", "/api/v2/audit/events", "AUDIT:*:READ", self._audit),
            Route("GET", backup + "/overview", _READ, self._overview),
            Route("GET", backup + "/task/dataBackupTasks", _READ, self._data_tasks),
            Route("GET", backup + "/task/(logBackupTasks|restoreTasks)", _READ, self._no_tasks),
        ]

    def _alarms(self, call: Call) -> str:
        query = call.query
        query.whole("size", 10, 1, _LARGEST_ALARM_PAGE)
        statuses, levels, name = query.words("status"), query.words("level"), query.word("obCluster")
        is_other_app = query.word("appType") not in ("", "OB")
        rows = [
            alarm
            for alarm in alarms.every(self._world)
            if not is_other_app
            and (not statuses or alarm.status in statuses)
            and (not levels or str(alarm.level) in levels)
            and (not name or alarms.cluster_name(self._world, alarm) == name)
        ]
        return page_text(rows, query, _ALARM_KEYS, lambda row: dumps(alarms.shape(self._world, row)))

    def _alarm(self, call: Call) -> str:
        for alarm in alarms.every(self._world):
            if alarm.id == call.id:
                return dumps(alarms.shape(self._world, alarm))
        raise Refusal("COM10002", "alarm", call.id)

    def _audit(self, call: Call) -> str:
        query = call.query
        events, statuses, name = query.words("operationEvent"), query.words("status"), query.word("operatorName")
        first, last = _epoch(query.word("startTime"), 0.0), _epoch(query.word("endTime"), float("inf"))
        rows = [
            record
            for record in reversed(self._world.audit.values())
            if (not events or record.event in events)
            and (not statuses or record.status in statuses)
            and name in ("", record.operator_name)
            and first <= record.at <= last
        ]
        return page_text(rows, query, _AUDIT_KEYS, lambda row: dumps(audit_trail.shape(row)))

    def _overview(self, call: Call) -> str:
        return dumps(backups.overview(self._world, self._world.cluster(call.id), self._clock.wall_now()))

    def _data_tasks(self, call: Call) -> str:
        rows = backups.data_tasks(self._world, self._world.cluster(call.id), self._clock.wall_now())
        return page_text(rows, call.query, _TASK_KEYS, dumps)

    def _no_tasks(self, call: Call) -> str:
        self._world.cluster(call.id)
        return page_text([], call.query, _TASK_KEYS, dumps)


def _epoch(text: str, default: float) -> float:
    """Return a moment of the query, where a `+` may have come as a blank."""
    if not text:
        return default
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise Refusal("COM10001", "time") from None
    if moment.tzinfo is None:
        raise Refusal("COM10001", "time")
    return moment.timestamp()

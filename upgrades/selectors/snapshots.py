"""A run as its open page needs it: its full state in one byte string, the same for every viewer.

Codes and OCP's words only; the page has the words in the reader's language.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from upgrades.models import Subtask, TaskInstance, User
from upgrades.rules import workflow

# Raised where the shape of the body changes, so that no page compares two shapes by their ETag.
FORMAT = 2
# The part of ocpdash that follows runs (services.schedule.beat_heart).
FOLLOWER = "follower"
# A read of OCP that is due for longer than this does not come: then only the run's own last read counts.
LATE_SECONDS = 30

# The run with its endpoint, and one text for each of its logs, another for other contents: a read without news moves
# nothing. As one statement of SQL, since each open page asks for it each second and the ORM would take longer to write
# it than PostgreSQL to answer. Its last line is visible_to's rule, and a test holds the two together.
_MARK = """
SELECT run.change_request_id AS pk, run.version, run.status, run.status_at, run.ocp_word, run.observed_at,
    run.swept_at, run.list_digest, run.unreadable_since, run.alarm_at,
    endpoint.observed_at AS endpoint_observed_at, endpoint.failing_since, endpoint.failure ->> 'code' AS failure,
    endpoint.breaker_opened_at, endpoint.follow_due_at,
    (SELECT max(action.status_at) FROM upgrades_runaction action WHERE action.run_id = run.change_request_id)
        AS acted_at,
    (SELECT heartbeat.at FROM upgrades_heartbeat heartbeat WHERE heartbeat.name = %(follower)s) AS heartbeat_at,
    ARRAY(
        SELECT task.ocp_id || '/' || log.subtask_ocp_id || '=' || left(
            md5(right(log.text, 4096) || length(log.text) || log.is_cut || coalesce(log.failure::text, '')), 8)
        FROM upgrades_subtasklog log JOIN upgrades_taskinstance task ON task.id = log.task_instance_id
        WHERE task.run_id = run.change_request_id ORDER BY log.id
    ) AS logs
FROM upgrades_upgraderun run
JOIN upgrades_endpoint endpoint ON endpoint.id = run.endpoint_id
JOIN upgrades_changerequest request ON request.id = run.change_request_id
JOIN upgrades_cluster cluster ON cluster.id = request.cluster_id
WHERE run.change_request_id = %(pk)s AND (%(user)s IS NULL OR EXISTS (
    SELECT FROM upgrades_grant held WHERE held.user_id = %(user)s AND held.environment IN ('', cluster.environment)))
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells one state of a run from another; `columns` by name, among them `logs` as "task/subtask=digits"."""

    columns: dict[str, Any]

    @property
    def logs(self) -> list[str]:
        return list(self.columns["logs"])

    @property
    def run_id(self) -> int:
        return int(self.columns["pk"])

    @property
    def version(self) -> int:
        return int(self.columns["version"])

    @property
    def etag(self) -> str:
        """Weak: the body also says when it was read, and that moves each second."""
        rest = json.dumps([FORMAT, self.endpoint, self.logs], sort_keys=True)
        return f'W/"{self.version}-{hashlib.sha256(rest.encode()).hexdigest()[:12]}"'

    @property
    def endpoint(self) -> dict[str, Any]:
        """How OCP answers: since when not, why, and whether we stopped asking."""
        return {
            "failing_since": _iso(self.columns["failing_since"]),
            "failure": self.columns["failure"],
            "breaker_opened_at": _iso(self.columns["breaker_opened_at"]),
        }

    @property
    def seen_at(self) -> datetime | None:
        """When what the page shows was true in OCP; None before the first read.

        OCP's list of running tasks tells of every change: while it is read in time and shows none, the run stands as
        it was read (design, section 5).
        """
        row = self.columns
        own: datetime | None = row["observed_at"]
        swept_at: datetime | None = row["swept_at"]
        if row["status"] in workflow.RUN_IN_DOUBT:
            return swept_at or own
        is_listed = row["status"] == workflow.RunStatus.RUNNING and row["list_digest"] and not row["unreadable_since"]
        due_at: datetime | None = row["follow_due_at"]
        read_at: datetime | None = row["endpoint_observed_at"]
        is_late = due_at is None or due_at < timezone.now() - timedelta(seconds=LATE_SECONDS)
        if own is None or not is_listed or is_late or read_at is None:
            return own
        return max(own, read_at)

    @property
    def pulse(self) -> dict[str, Any]:
        """How fresh the state is: what an open page is told even while nothing moves."""
        return {
            "version": self.version,
            "observed_at": _iso(self.seen_at),
            "heartbeat_at": _iso(self.columns["heartbeat_at"]),
            "endpoint": self.endpoint,
        }

    @property
    def headers(self) -> dict[str, str]:
        """What goes with every answer, a 304 too: kept by the client and asked about each time."""
        pulse = self.pulse
        return {
            "ETag": self.etag,
            "Cache-Control": "private, no-cache",
            "Observed-At": pulse["observed_at"] or "",
            "Heartbeat-At": pulse["heartbeat_at"] or "",
        }


def run_mark(pk: int, user: User | None) -> Mark | None:
    """The mark of the run `pk`, or None where it is none that `user` may see; without a user, of any run. One query."""
    if user is not None and not user.is_active:
        return None
    given: dict[str, Any] = {"pk": pk, "follower": FOLLOWER, "user": user.pk if user else None}
    with connection.cursor() as cursor:
        cursor.execute(_MARK, given)
        row = cursor.fetchone()
        names = [column.name for column in cursor.description or ()]
    return None if row is None else Mark(dict(zip(names, row, strict=True)))


def run_snapshot(mark: Mark) -> bytes:
    """The whole state of the run of `mark`, as JSON. Two queries, however many subtasks there are."""
    drawn = TaskInstance.objects.filter(run=mark.run_id).exclude(kind=TaskInstance.Kind.POSSIBLE)
    tasks = list(drawn.values("ocp_id", "kind", "hop", "status", "operation", "topology_hash"))
    columns = ("task_instance__ocp_id", "ocp_id", "status", "operation", "run_time", "started_at", "finished_at")
    rows = Subtask.objects.filter(task_instance__in=drawn).order_by("task_instance_id", "ocp_id").values_list(*columns)
    row = mark.columns
    state = {
        "run": str(mark.run_id),
        **mark.pulse,
        "status": row["status"],
        "status_at": _iso(row["status_at"]),
        "ocp_word": row["ocp_word"],
        "unreadable_since": _iso(row["unreadable_since"]),
        "alarm_at": _iso(row["alarm_at"]),
        "acted_at": _iso(row["acted_at"]),
        "topology": topology(tasks),
        "tasks": {str(task["ocp_id"]): {"status": task["status"], "operation": task["operation"]} for task in tasks},
        "subtasks": {
            f"{task_id}/{subtask_id}": {
                "status": status,
                "operation": operation,
                "runTime": run_time,
                "startedAt": _iso(started_at),
                "finishedAt": _iso(finished_at),
            }
            for task_id, subtask_id, status, operation, run_time, started_at, finished_at in rows
        },
        "logs": dict(text.split("=", 1) for text in mark.logs),
    }
    return json.dumps(state, separators=(",", ":")).encode()


def topology(tasks: Iterable[Any]) -> str:
    """16 digits that change with any task, subtask or edge of the run's graph, and with nothing else."""
    parts = sorted(
        [task["kind"], task["hop"] if task["hop"] is not None else -1, task["ocp_id"], task["topology_hash"]]
        for task in tasks
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()

"""What the checker judges: the look-alike's own log, the audit trail and the rows, read past the product.

Nothing here goes through Django or the product: plain SQL as the superuser, plain HTTP to the control port.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import psycopg
import requests
from psycopg.rows import dict_row

Row = Mapping[str, Any]

# What each list of Records is read by. No value of anybody's stands in these texts.
_TABLES = {
    "endpoints": "SELECT id, base_url, account_name, is_account_ours FROM upgrades_endpoint",
    "clusters": "SELECT id, endpoint_id, ocp_id, name, environment FROM upgrades_cluster",
    "users": "SELECT id, username, is_active FROM upgrades_user",
    "grants": "SELECT user_id, role, environment FROM upgrades_grant",
    "change_requests": "SELECT * FROM upgrades_changerequest",
    "editors": "SELECT change_request_id, user_id FROM upgrades_editor",
    "votes": "SELECT * FROM upgrades_vote",
    "runs": "SELECT * FROM upgrades_upgraderun",
    "holds": "SELECT * FROM upgrades_clusterhold",
    "children": "SELECT run_id, ocp_id, hop FROM upgrades_taskinstance WHERE kind = 'child'",
    "run_actions": "SELECT * FROM upgrades_runaction",
    "decisions": "SELECT * FROM upgrades_decision",
    "events": "SELECT * FROM upgrades_auditevent ORDER BY id",
    "sealed": """SELECT s.seq, s.event_id, s.prev_hash, s.hash, e.id,
        to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at,
        e.action, e.outcome, e.actor_id, e.actor_name, e.subject_type, e.subject_id, e.subject_name,
        e.change_request_id, e.environment, e.before::text, e.after::text, e.reason::text, e.comment,
        e.request_id, e.trace_id, e.address
        FROM upgrades_auditseal s LEFT JOIN upgrades_auditevent e ON e.id = s.event_id ORDER BY s.seq, s.event_id""",
}
_SECONDS = 30


class Ocp(Protocol):
    """A look-alike: `url` as the endpoints name it, and the control port, which tells what truly happened."""

    @property
    def url(self) -> str: ...
    @property
    def control_url(self) -> str: ...


@dataclass(frozen=True)
class Records:
    """Plain rows, of the database as of one moment.

    `posts` are the upgrade POSTs that had reached OCP before that moment, `later_posts` those after it; `tasks` all
    that OCP has, and `acts` the requests by which it was asked for a retry, skip or cancel. Each says its `address`.
    """

    posts: list[Row] = field(default_factory=list)
    later_posts: list[Row] = field(default_factory=list)
    tasks: list[Row] = field(default_factory=list)
    acts: list[Row] = field(default_factory=list)
    endpoints: list[Row] = field(default_factory=list)
    clusters: list[Row] = field(default_factory=list)
    users: list[Row] = field(default_factory=list)
    grants: list[Row] = field(default_factory=list)
    change_requests: list[Row] = field(default_factory=list)
    editors: list[Row] = field(default_factory=list)
    votes: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    holds: list[Row] = field(default_factory=list)
    children: list[Row] = field(default_factory=list)
    run_actions: list[Row] = field(default_factory=list)
    decisions: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)
    sealed: list[Row] = field(default_factory=list)

    def done(self) -> list[Row]:
        """The audit events of what was really done, oldest first."""
        return [event for event in self.events if event["outcome"] != "refused"]

    def about(self, subject_type: str, subject_id: object) -> list[Row]:
        """The events of what was done to one row, oldest first."""
        wanted = (subject_type, str(subject_id))
        return [event for event in self.done() if (event["subject_type"], event["subject_id"]) == wanted]


def read(database_url: str, look_alikes: Iterable[Ocp]) -> Records:
    """Read all three records. `database_url`: postgresql://, of a role that may read every table."""
    ocps = list(look_alikes)
    known = {(post["address"], post["n"]) for ocp in ocps for post in _told(ocp, "/posts")}
    acts = [request for ocp in ocps for request in _told(ocp, "/requests?since=0") if _is_act(request)]
    rows = _rows(database_url)
    all_posts = [post for ocp in ocps for post in _told(ocp, "/posts")]
    return Records(
        posts=[post for post in all_posts if (post["address"], post["n"]) in known],
        later_posts=[post for post in all_posts if (post["address"], post["n"]) not in known],
        tasks=[task for ocp in ocps for task in _told(ocp, "/state", "tasks")],
        acts=acts,
        **rows,
    )


def _rows(database_url: str) -> dict[str, list[Row]]:
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        return {name: list(connection.execute(query).fetchall()) for name, query in _TABLES.items()}


def _told(ocp: Ocp, path: str, part: str = "") -> list[Row]:
    answer = requests.get(f"{ocp.control_url}{path}", timeout=_SECONDS)
    answer.raise_for_status()
    shown = answer.json()
    return [{**row, "address": ocp.url} for row in (shown[part] if part else shown)]


def _is_act(request: Row) -> bool:
    return request["method"] == "POST" and "/tasks/instances/" in request["path"]

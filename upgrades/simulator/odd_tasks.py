"""Odd JSON, third part: graphs that are none, and what other people may have done meanwhile.

The last ones are worlds that OCP could be in: a package replaced under its name, a task that is gone, somebody
else's upgrade. They change nothing but the answer; console.py does the same to the look-alike's own state.
"""

from collections.abc import Callable
from typing import Any

from upgrades.simulator.oddity import (
    CONTENTS,
    DETAILS,
    TASKS,
    Json,
    Kind,
    Row,
    in_contents,
    in_data,
    in_dicts,
    in_rows,
    in_tasks,
)

_CLUSTERS = r"^/api/v2/ob/clusters"
_CLUSTER_ROWS = r"^/api/v2/ob/clusters(/\d+)?(\?|$)"
_SERVERS = r"^/api/v2/ob/clusters/\d+/(zones|servers)"
_PACKAGES = r"^/api/v2/software-packages"
_TASK_LIST = r"^/api/v2/tasks/instances(\?|$)"
_GONE = {
    "duration": 1, "error": {"code": "TSK10001", "message": "Task does not exist."}, "server": "a83ad33525",
    "status": 404, "successful": False, "timestamp": "2026-11-23T09:00:00+08:00", "traceId": "0a4a965ff3f344c3",
}  # fmt: skip  # fmt: skip
_MANY = 5_000


def _edges(link: Callable[[list[Any], int], tuple[Any, Any]]) -> Callable[[Json], Json]:
    """Return a change that gives the n-th subtask of each task the upstreams and downstreams of `link(ids, n)`."""

    def relink(task: Row) -> Row:
        ids = [subtask.get("id") for subtask in task["subtasks"]]
        subtasks = []
        for position, subtask in enumerate(task["subtasks"]):
            upstreams, downstreams = link(ids, position)
            subtasks.append(subtask | {"upstreams": upstreams, "downstreams": downstreams})
        return task | {"subtasks": subtasks}

    return lambda answer: in_tasks(answer, relink)


def _subtasks(change: Callable[[list[Row]], Any]) -> Callable[[Json], Json]:
    return lambda answer: in_tasks(answer, lambda task: task | {"subtasks": change(task["subtasks"])})


def _each_subtask(change: Callable[[Row], Row]) -> Callable[[Json], Json]:
    return _subtasks(lambda subtasks: [change(subtask) for subtask in subtasks])


def _renamed_subtasks(task: Row) -> Row:
    return {"tasks" if key == "subtasks" else key: value for key, value in task.items()}


def _without_subtasks(task: Row) -> Row:
    return {key: value for key, value in task.items() if key != "subtasks"}


def _many(subtasks: list[Row]) -> list[Row]:
    return [subtask | {"id": number} for number in range(1, _MANY + 1) for subtask in subtasks[:1]]


def _vanish(answer: Json) -> Json:
    emptied = in_contents(answer, lambda _rows: [])
    return _GONE if emptied is answer else emptied


def _jump_back(task: Row) -> Row:
    """Every subtask waits again, as after OCP's database was restored from a backup."""
    again = {"status": "PENDING", "operation": "EXECUTE"}
    fresh = [subtask | again for subtask in task["subtasks"]]
    return {key: value for key, value in task.items() if key != "finishTime"} | {"status": "RUNNING", "subtasks": fresh}


def _retry(task: Row) -> Row:
    """Somebody pressed Retry in OCP's console."""
    retried = [subtask | {"status": "RUNNING", "operation": "RETRY"} for subtask in task["subtasks"]]
    return task | {"status": "RUNNING", "operation": "RETRY", "subtasks": retried}


def _roll_back(task: Row) -> Row:
    undone = [subtask | {"status": "PENDING", "operation": "ROLLBACK"} for subtask in task["subtasks"]]
    return task | {"status": "SUCCESSFUL", "operation": "ROLLBACK", "subtasks": undone}


def _of_another(row: Row) -> Row:
    other = {"id": 1_999_999, "name": "another", "obClusterId": 999, "type": "PRIMARY"}
    return row | {"cluster": other} if "subtasks" in row else row | {"id": 1_999_999}


def _born_later(task: Row) -> Row:
    return task | {"createTime": "2026-11-23T12:00:00+08:00", "startTime": "2026-11-23T12:00:01.5+08:00"}


def _foreign_upgrade(answer: Json) -> Json:
    def more(rows: list[Row]) -> list[Row]:
        parts = ("Start node", "Submit cluster upgrade task", "Wait dag success")
        steps = [
            {"description": name, "id": 99_000_001 + n, "name": name, "operation": "EXECUTE", "status": "RUNNING"}
            for n, name in enumerate(parts)
        ]
        cluster = next((row["cluster"] for row in rows if "cluster" in row), {"id": 1_000_001, "name": "trade_core"})
        foreign = {
            "cluster": cluster,
            "creator": {"id": 2001, "name": "li.si"},
            "id": 99_000_000,
            "name": "Submit upgrade OB cluster dag",
            "startTime": "2026-11-23T12:00:00.5+08:00",
            "status": "RUNNING",
            "subtasks": steps,
        }
        return [foreign, *rows]

    return in_contents(answer, more)


def _set(**values: Any) -> Callable[[Json], Json]:
    """Return a change that sets values where a row has such keys."""
    return lambda answer: in_data(
        answer,
        lambda data: in_dicts(data, lambda row: row | {key: values[key] for key in values if key in row}),
    )


KINDS = (
    Kind(
        "edges_cyclic",
        "subtasks wait for each other in a ring",
        DETAILS,
        _edges(lambda ids, n: ([ids[n - 1]], [ids[(n + 1) % len(ids)]])),
    ),
    Kind("edges_to_itself", "every subtask waits for itself", DETAILS, _edges(lambda ids, n: ([ids[n]], [ids[n]]))),
    Kind(
        "edges_dangling", "edges lead to subtasks that are not there", DETAILS, _edges(lambda _ids, n: ([n + 1], [-5]))
    ),
    Kind("edges_everywhere", "every subtask waits for every other", DETAILS, _edges(lambda ids, _n: (ids, ids))),
    Kind(
        "edges_repeated",
        "every edge stands there 200 times",
        DETAILS,
        _edges(lambda ids, n: (ids[n - 1 : n] * 200, ids[n + 1 : n + 2] * 200)),
    ),
    Kind("edges_one_sided", "edges are told by one end alone", DETAILS, _edges(lambda ids, n: (ids[n - 1 : n], []))),
    Kind("edges_missing", "there are no edges", DETAILS, _edges(lambda _ids, _n: ([], []))),
    Kind("edges_null", "edges are null", DETAILS, _edges(lambda _ids, _n: (None, [None]))),
    Kind("edges_text", "edges are texts and objects", DETAILS, _edges(lambda ids, n: (f"{ids[n]}", [{"id": ids[n]}]))),
    Kind("subtasks_missing", "tasks have no subtasks", TASKS, lambda a: in_tasks(a, _without_subtasks)),
    Kind("subtasks_null", "subtasks are null", TASKS, _subtasks(lambda _subtasks: None)),
    Kind("subtasks_empty", "the list of subtasks is empty", TASKS, _subtasks(lambda _subtasks: [])),
    Kind("subtasks_renamed", "subtasks are called tasks", TASKS, lambda a: in_tasks(a, _renamed_subtasks)),
    Kind("subtasks_twice", "every subtask stands there twice", TASKS, _subtasks(lambda subtasks: subtasks * 2)),
    Kind("subtasks_of_null", "every subtask is null", TASKS, _subtasks(lambda subtasks: [None] * len(subtasks))),
    Kind("subtasks_of_numbers", "subtasks are their ids alone", TASKS, _subtasks(lambda s: [x.get("id") for x in s])),
    Kind("subtasks_one_id", "all subtasks have one id", TASKS, _each_subtask(lambda subtask: subtask | {"id": 5})),
    Kind("subtasks_many", "a task has 5,000 subtasks", DETAILS, _subtasks(_many)),
    Kind(
        "subtasks_nested",
        "subtasks hold tasks",
        TASKS,
        _each_subtask(lambda subtask: subtask | {"subtasks": [subtask]}),
    ),
    Kind(
        "subtasks_contradict",
        "every subtask FAILED, the task goes on",
        TASKS,
        _each_subtask(lambda subtask: subtask | {"status": "FAILED"}),
    ),
    Kind("subtasks_reversed", "subtasks come in another order", TASKS, _subtasks(lambda s: s[1:] + s[:1])),
    Kind("task_vanishes", "the task is gone", TASKS, _vanish),
    Kind("task_jumps_back", "every subtask waits again", TASKS, lambda a: in_tasks(a, _jump_back)),
    Kind("task_of_another_cluster", "the task belongs to another cluster", TASKS, lambda a: in_tasks(a, _of_another)),
    Kind("task_born_later", "under its id stands a task that began later", DETAILS, lambda a: in_tasks(a, _born_later)),
    Kind(
        "task_of_somebody_else",
        "the task has another creator",
        TASKS,
        lambda a: in_tasks(a, lambda task: task | {"creator": {"id": 2001, "name": "li.si"}}),
    ),
    Kind("console_retry", "somebody retried in the console", TASKS, lambda a: in_tasks(a, _retry)),
    Kind("console_rollback", "somebody rolled back in the console", TASKS, lambda a: in_tasks(a, _roll_back)),
    Kind("foreign_upgrade", "somebody else's upgrade runs", _TASK_LIST, _foreign_upgrade),
    Kind("rows_vanish", "the first row is gone", CONTENTS, lambda a: in_contents(a, lambda rows: rows[1:])),
    Kind("cluster_is_another", "every cluster has another id", _CLUSTER_ROWS, lambda a: in_rows(a, _of_another)),
    Kind("cluster_operating", "every cluster is under maintenance", _CLUSTER_ROWS, _set(status="OPERATING")),
    Kind(
        "cluster_follows_nobody",
        "every cluster is a standby of one that is not there",
        _CLUSTER_ROWS,
        lambda a: in_rows(
            a,
            lambda row: (
                row | {"type": "STANDBY", "primaryCluster": {"id": 7, "name": "nobody"}, "standbyClusters": [None]}
            ),
        ),
    ),
    Kind("version_garbage", "versions are no versions", _CLUSTERS, _set(version="x.y_z", obVersion="four")),
    Kind("version_empty", "versions are empty", _CLUSTERS, _set(version="", obVersion="")),
    Kind(
        "version_older",
        "everything runs an older version",
        _CLUSTERS,
        _set(version="2.1.0_20200101000000-0(Jan  1 2020 00:00:00)", obVersion="2.1.0"),
    ),
    Kind("servers_at_one_address", "all servers have one address", _SERVERS, _set(ip="10.0.0.1", zoneName="zone1")),
    Kind("servers_stopped", "every server is stopped", _SERVERS, _set(status="STOPPED", innerStatus="INACTIVE")),
    Kind("package_replaced", "another package under every name", _PACKAGES, _set(sha1="0" * 40, buildNumber="1")),
    Kind("package_without_hash", "no package has a hash", _PACKAGES, _set(sha1="")),
    Kind(
        "package_of_another_kind",
        "packages are of another system",
        _PACKAGES,
        _set(architecture="riscv", operatingSystem="plan9", type="OBPROXY_INSTALL_PACKAGE"),
    ),
)

"""Answers have the keys that OCP documents, no more and no fewer, but for the extras named here."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from .conftest import COUPON_DEV, ORDER_HISTORY, RPM_312, RPM_4218, TRADE_CORE_SB, Person, document

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?\+08:00")
CLUSTER = f"/api/v2/ob/clusters/{ORDER_HISTORY}"
OPTIONAL = {"executor", "startTime", "finishTime"}


def keys(value: Any) -> set[str]:
    return set(value)


def all_values(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [inner for item in value.values() for inner in all_values(item)]
    if isinstance(value, list):
        return [inner for item in value for inner in all_values(item)]
    return [value]


@pytest.mark.parametrize(
    ("path", "name", "extra"),
    [
        ("/api/v2/ob/clusters", "cluster-list", {"updateTime"}),
        (f"{CLUSTER}/servers", "cluster-servers", set()),
        (f"{CLUSTER}/zones", "cluster-zones", set()),
        ("/api/v2/software-packages", "software-packages-list", set()),
    ],
)
def test_lists_have_the_documented_keys(ocp: Person, path: str, name: str, extra: set[str]) -> None:
    answer, sample = ocp.get(path).json(), document(name)
    assert keys(answer) == keys(sample)
    assert keys(answer["data"]) == keys(sample["data"])
    assert keys(answer["data"].get("page", {})) == keys(sample["data"].get("page", {}))
    row, documented = answer["data"]["contents"][-1], sample["data"]["contents"][0]
    assert keys(row) == keys(documented) | extra
    for name_of_part in ("zones", "servers", "rootServers"):
        if documented.get(name_of_part):
            assert keys(row[name_of_part][0]) == keys(documented[name_of_part][0])


def test_parameters_have_the_documented_keys_and_a_value_for_each_server(ocp: Person) -> None:
    rows = ocp.data(f"{CLUSTER}/parameters")["contents"]
    documented = document("cluster-parameters")["data"]["contents"][1]
    version = next(row for row in rows if row["name"] == "min_observer_version")
    assert {"min_observer_version", "compatible", "enable_upgrade_mode"} <= {row["name"] for row in rows}
    assert keys(version) == keys(documented)
    assert keys(version["currentValue"]) == keys(documented["currentValue"])
    assert keys(version["currentValue"]["obParameters"][0]) == keys(documented["currentValue"]["obParameters"][0])
    assert len(version["currentValue"]["obParameters"]) == 12
    assert version["currentValue"]["values"] == ["3.1.0"]


def test_upgrade_answer_has_exactly_the_documented_keys(ocp: Person) -> None:
    answer = ocp.upgrade(ORDER_HISTORY, RPM_312).json()
    sample = document("cluster-upgrade")
    assert keys(answer) == keys(sample)
    assert keys(answer["data"]) == keys(sample["data"])
    assert keys(answer["data"]["cluster"]) == keys(sample["data"]["cluster"])
    assert keys(answer["data"]["creator"]) == keys(sample["data"]["creator"])
    for task in answer["data"]["tasks"]:
        assert keys(task) == keys(sample["data"]["tasks"][0])
    assert sorted(task["name"] for task in answer["data"]["tasks"]) == sorted(
        task["name"] for task in sample["data"]["tasks"]
    )
    first = next(task for task in answer["data"]["tasks"] if not task["upstreams"])
    assert (first["name"], first["status"]) == ("Start node", "RUNNING")


def test_context_of_the_upgrade_answer_is_the_string_that_java_prints(ocp: Person) -> None:
    context = ocp.upgrade(ORDER_HISTORY, RPM_312).json()["data"]["context"]
    documented = document("cluster-upgrade")["data"]["context"]
    words = re.compile(r"(\w+)=")
    assert words.findall(context) == words.findall(documented)
    assert "binary_upgrade_versions=[3.1.2-20220106162311]" in context
    assert "upgrade_versions=[3.1.1, 3.1.2-20220106162311]" in context


def test_list_shows_no_edges_no_subtask_times_and_no_operation_of_the_task(ocp: Person) -> None:
    parent_id = ocp.upgraded(ORDER_HISTORY, RPM_312)
    ocp.advance()
    rows = ocp.data("/api/v2/tasks/instances", size=50)["contents"]
    row = next(row for row in rows if row["id"] == parent_id)
    documented = document("task-list")["data"]["contents"][1]
    assert keys(row) == keys(documented)
    assert keys(row["cluster"]) == keys(documented["cluster"])
    assert all(keys(subtask) == keys(documented["subtasks"][0]) for subtask in row["subtasks"])


def test_detail_has_every_documented_key_and_the_cluster(ocp: Person) -> None:
    parent_id = ocp.upgraded(ORDER_HISTORY, RPM_312)
    ocp.advance()
    documented = document("task-detail")["data"]
    task = ocp.task(parent_id)
    assert keys(task) == keys(documented) | {"cluster"}
    for subtask in task["subtasks"]:
        assert keys(subtask) == keys(documented["subtasks"][0])


def test_what_is_not_yet_known_is_absent_rather_than_null(ocp: Person) -> None:
    parent_id = ocp.upgraded(ORDER_HISTORY, RPM_312)
    task = ocp.task(parent_id)
    documented = document("task-detail")["data"]
    assert "finishTime" not in task
    waiting = next(subtask for subtask in task["subtasks"] if subtask["status"] == "PENDING")
    assert keys(waiting) == keys(documented["subtasks"][0]) - OPTIONAL
    assert None not in all_values(task)
    assert "finishTime" not in ocp.data("/api/v2/tasks/instances", status="RUNNING")["contents"][0]


def test_a_task_without_a_cluster_shows_none(ocp: Person) -> None:
    rows = ocp.data("/api/v2/tasks/instances", name="reinstall")["contents"]
    assert len(rows) == 1
    assert "cluster" not in rows[0]
    assert keys(ocp.task(rows[0]["id"])) == keys(document("task-detail")["data"])


def test_detail_has_an_alias(ocp: Person) -> None:
    parent_id = ocp.upgraded(ORDER_HISTORY, RPM_312)
    assert ocp.data(f"/api/v2/tasks/{parent_id}") == ocp.task(parent_id)


def test_log_answer_has_the_documented_keys(ocp: Person) -> None:
    parent_id = ocp.upgraded(ORDER_HISTORY, RPM_312)
    ocp.advance(60)
    subtask = ocp.subtasks(parent_id, "Start node")[0]
    answer = ocp.get(f"/api/v2/tasks/instances/{parent_id}/subtasks/{subtask['id']}/log").json()
    assert keys(answer) == keys(document("subtask-log"))
    assert keys(answer["data"]) == {"log"}


def test_skip_and_cancel_answer_without_data(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    subtask = ocp.subtasks(parent_id, "Start node")[0]
    path = f"/api/v2/tasks/instances/{parent_id}/subtasks/{subtask['id']}"
    assert keys(ocp.post(f"{path}/cancel").json()) == keys(document("subtask-cancel"))
    ocp.advance(10)
    assert keys(ocp.post(f"{path}/skip").json()) == keys(document("subtask-skip"))


def test_times_carry_the_offset_and_no_trailing_zeros(ocp: Person) -> None:
    parent_id = ocp.upgraded(ORDER_HISTORY, RPM_312)
    ocp.advance()
    task = ocp.task(parent_id)
    moments = [task["createTime"], task["startTime"], task["finishTime"]]
    moments += [subtask[name] for subtask in task["subtasks"] for name in ("createTime", *OPTIONAL - {"executor"})]
    assert all(MOMENT.fullmatch(moment) for moment in moments)


def test_info_and_time_come_without_an_envelope(ocp: Person) -> None:
    assert keys(ocp.get("/api/v2/info").json()) == keys(document("info"))
    answer = ocp.get("/api/v2/time")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert MOMENT.fullmatch(answer.text)
    assert ocp.get("/api/status").text == "okay"


def test_standby_names_its_primary(ocp: Person) -> None:
    standby = ocp.data(f"/api/v2/ob/clusters/{TRADE_CORE_SB}")
    assert (standby["type"], standby["primaryCluster"]["name"]) == ("STANDBY", "trade_core")
    primary = ocp.data(f"/api/v2/ob/clusters/{standby['primaryCluster']['id']}")
    assert [cluster["id"] for cluster in primary["standbyClusters"]] == [TRADE_CORE_SB]


def test_too_many_requests_are_answered_as_documented(ocp: Person) -> None:
    ocp.control("POST", "/faults", method="GET", path="/clusters", action="status", status=429)
    answer, sample = ocp.get("/api/v2/ob/clusters"), document("rate-limit-429")
    assert answer.status_code == 429
    assert keys(answer.json()) == keys(sample)
    assert answer.json()["error"] == sample["error"]
    assert answer.json()["traceId"] == ""
    assert int(answer.headers["RateLimit-Reset"]) > 0


def test_moments_have_three_to_six_digits_alike_in_parent_and_child_and_keep_their_order(ocp: Person) -> None:
    lengths = set()
    for cluster_id in range(1_000_001, 1_000_013):
        answer = ocp.upgrade(cluster_id, RPM_4218 if cluster_id == COUPON_DEV else RPM_312)
        if answer.status_code != 200:
            continue
        parent_id = answer.json()["data"]["id"]
        ocp.advance()
        tasks = [ocp.task(task_id) for task_id in (parent_id, *ocp.children(parent_id))]
        moments = [subtask["startTime"] for task in tasks for subtask in task["subtasks"]]
        digits = {len(moment.partition(".")[2].partition("+")[0]) for moment in moments}
        assert max(digits) <= 3 + parent_id % 4
        lengths |= digits
        for task in tasks:
            assert all(subtask["startTime"][:19] <= subtask["finishTime"][:19] for subtask in task["subtasks"])
    assert len(lengths) > 1


def test_wrong_clock_of_ocp_shows_in_every_moment(ocp: Person) -> None:
    ocp.control("POST", "/clock", skew=-86_400 * 365)
    answer = ocp.upgrade(COUPON_DEV, RPM_4218).json()
    moments = (answer["timestamp"], ocp.get("/api/v2/time").text, ocp.task(answer["data"]["id"])["startTime"])
    for moment in moments:
        behind = datetime.now(UTC) - datetime.fromisoformat(moment)
        assert 364 < behind.total_seconds() / 86_400 < 366

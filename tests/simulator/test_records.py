"""Alarms, backups and OCP's own record: keys as documented, filters, and what changes them."""

import json
import re
from typing import Any

import pytest

from .conftest import COUPON_DEV, ORDER_HISTORY, REPORT_AP, RPM_4218, TRADE_CORE, Person, document

ALARMS = "/api/v2/alarm/alarms"
AUDIT = "/api/v2/audit/events"
TASKS = "/api/v2/tasks/instances"
UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{0,5}[1-9])?Z")
SHORT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0800")


def backup(cluster_id: int, part: str) -> str:
    return f"/api/v2/ob/clusters/{cluster_id}/backup/{part}"


def ids(ocp: Person, path: str, **query: Any) -> list[int]:
    return [row["id"] for row in ocp.data(path, **query)["contents"]]


def test_alarms_have_the_documented_keys(ocp: Person) -> None:
    answer, sample = ocp.get(ALARMS, size=50).json(), document("alarm-list")
    assert set(answer) == set(sample)
    assert set(answer["data"]["page"]) == set(sample["data"]["page"])
    by_status = {row["status"]: set(row) for row in sample["data"]["contents"]}
    labels = set(sample["data"]["contents"][1]["labels"])
    for row in answer["data"]["contents"]:
        assert set(row) == by_status["Inactive" if row["status"] == "Inactive" else "Active"]
        assert set(row["labels"]) - labels == {"ob_cluster", "ob_cluster_id"}
        assert UTC.fullmatch(row["activeAt"])
        assert UTC.fullmatch(row["gmtModified"])


def test_alarms_are_found_by_every_filter(ocp: Person) -> None:
    raised = ocp.control("POST", "/alarms", cluster_id=COUPON_DEV, level=1, type="ob_cluster_no_leader")["id"]
    for query in (
        {"obCluster": "coupon_dev", "appType": "OB"},
        {"level": "1"},
        {"obCluster": "coupon_dev", "level": "1,2", "status": "Active,Silenced"},
    ):
        assert ids(ocp, ALARMS, **query) == [raised]
    assert ids(ocp, ALARMS, obCluster="coupon_dev", status="Inactive") == []
    assert ids(ocp, ALARMS, appType="HOST") == []
    assert ocp.data(f"{ALARMS}/{raised}")["alarmType"] == "ob_cluster_no_leader"
    assert ocp.get(f"{ALARMS}/7").status_code == 404


def test_alarm_that_ended_says_when(ocp: Person) -> None:
    raised = ocp.control("POST", "/alarms", cluster_id=COUPON_DEV)["id"]
    ocp.control("POST", f"/alarms/{raised}/end")
    row = ocp.data(f"{ALARMS}/{raised}")
    assert row["status"] == row["labels"]["alarm_status"] == "Inactive"
    assert row["resolvedAt"] >= row["activeAt"]


def test_alarm_pages_end_at_two_hundred(ocp: Person) -> None:
    assert ocp.get(ALARMS, size=200).status_code == 200
    assert ocp.get(ALARMS, size=201).json()["error"]["code"] == "COM10001"


def test_some_clusters_of_the_demo_have_active_alarms_and_most_have_none(ocp: Person) -> None:
    rows = ocp.data(ALARMS, status="Active", level="1,2")["contents"]
    assert [row["labels"]["ob_cluster"] for row in rows] == ["report_ap"]
    assert ocp.data(f"/api/v2/ob/clusters/{REPORT_AP}")["name"] == "report_ap"


def test_ocp_tells_of_an_upgrade_by_an_alarm_until_it_is_over(ocp: Person) -> None:
    ocp.upgraded(COUPON_DEV, RPM_4218)
    (row,) = ocp.data(ALARMS, obCluster="coupon_dev")["contents"]
    assert (row["alarmType"], row["level"], row["status"]) == ("ob_cluster_operation_info", 5, "Active")
    ocp.advance()
    (row,) = ocp.data(ALARMS, obCluster="coupon_dev")["contents"]
    assert (row["status"], "resolvedAt" in row) == ("Inactive", True)


def test_audit_has_the_documented_keys(ocp: Person) -> None:
    answer, sample = ocp.get(AUDIT).json(), document("audit-events")
    assert set(answer) == set(sample)
    assert set(answer["data"]["page"]) == set(sample["data"]["page"])
    row = answer["data"]["contents"][0]
    assert set(row) == set(sample["data"]["contents"][0])
    assert row["operationEvent"] == sample["data"]["contents"][0]["operationEvent"]


def test_audit_tells_who_asked_for_an_upgrade_and_what_came_of_it(ocp: Person) -> None:
    ocp.upgraded(COUPON_DEV, RPM_4218)
    ocp.upgrade(COUPON_DEV, RPM_4218)
    ocp.control("POST", "/foreign-upgrade", cluster_id=TRADE_CORE, rpmFileName=_trade(), creator="li.si")
    rows = ocp.data(AUDIT, operationEvent="UPGRADE_OB_CLUSTER", sort="id,desc")["contents"]
    seen = [(row["operatorName"], row["resourceName"], row["status"], row["clientIp"]) for row in rows]
    assert seen == [
        ("li.si", "trade_core", "SUCCESSFUL", "10.24.0.2"),
        ("ocpdash", "coupon_dev", "FAILED", "127.0.0.1"),
        ("ocpdash", "coupon_dev", "SUCCESSFUL", "127.0.0.1"),
    ]
    assert json.loads(rows[-1]["eventInfo"]) == {"clusterId": COUPON_DEV, "rpmFileName": RPM_4218}


def _trade() -> str:
    return "oceanbase-2.2.75-20210108170301.el7.x86_64.rpm"


def test_audit_tells_what_was_done_to_tasks(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    (start,) = ocp.subtasks(parent_id, "Start node")
    for call in ("retry", f"subtasks/{start['id']}/cancel"):
        ocp.post(f"{TASKS}/{parent_id}/{call}")
    ocp.advance(10)
    ocp.control("POST", f"/tasks/{parent_id}/retry", creator="li.si")
    rows = ocp.data(AUDIT)["contents"][:3]
    assert [(row["operationEvent"], row["status"], row["operatorName"]) for row in rows] == [
        ("RETRY_TASK", "SUCCESSFUL", "li.si"),
        ("CANCEL_SUBTASK", "SUCCESSFUL", "ocpdash"),
        ("RETRY_TASK", "FAILED", "ocpdash"),
    ]


def test_audit_is_found_by_person_status_and_time_and_needs_its_right(ocp: Person) -> None:
    ocp.upgrade(7, RPM_4218)
    (failed,) = ocp.data(AUDIT, operatorName="ocpdash")["contents"]
    assert ids(ocp, AUDIT, status="FAILED", startTime=failed["startTime"]) == [failed["id"]]
    assert ids(ocp, AUDIT, endTime="2020-01-01T00:00:00+08:00") == []
    assert ocp.get(AUDIT, startTime="yesterday").status_code == 400
    assert ocp.get(AUDIT, startTime="2020-01-01T00:00:00").status_code == 400
    reader = Person(ocp.url, ocp.control_url, ("ocpdash_reader", "reader-demo"))
    assert reader.get(AUDIT).status_code == 403


def test_backups_have_the_documented_keys(ocp: Person) -> None:
    answer, sample = ocp.get(backup(TRADE_CORE, "overview")).json(), document("backup-overview")
    assert set(answer) == set(sample)
    assert set(answer["data"]) == set(sample["data"])
    assert set(answer["data"]["obBackupAbility"]) == set(sample["data"]["obBackupAbility"])
    assert SHORT.fullmatch(answer["data"]["lastDataBackupTime"])
    answer, sample = ocp.get(backup(TRADE_CORE, "task/dataBackupTasks")).json(), document("backup-data-tasks")
    assert set(answer["data"]["page"]) == set(sample["data"]["page"])
    rows = answer["data"]["contents"]
    assert set(rows[0]) == set(sample["data"]["contents"][0])
    assert all(SHORT.fullmatch(row["startTime"]) and row["startTime"] < row["finishTime"] for row in rows)
    assert [row["taskId"] for row in rows] == sorted((row["taskId"] for row in rows), reverse=True)


def test_last_backup_of_the_overview_is_the_newest_task(ocp: Person) -> None:
    newest = ocp.data(backup(ORDER_HISTORY, "task/dataBackupTasks"), page=1, size=1)["contents"][0]
    assert ocp.data(backup(ORDER_HISTORY, "overview"))["lastDataBackupTime"] == newest["startTime"]


def test_cluster_without_a_strategy_has_no_backup_and_no_times_of_one(ocp: Person) -> None:
    without = [
        cluster["id"]
        for cluster in ocp.data("/api/v2/ob/clusters", size=50)["contents"]
        if ocp.data(backup(cluster["id"], "overview"))["obClusterBackupStatus"] == "NO_BACKUP_STRATEGY"
    ]
    assert len(without) == 2
    overview = ocp.data(backup(without[0], "overview"))
    assert overview["backupScheduleStatus"] == "NONE"
    assert {"lastDataBackupTime", "latestLogBackupCheckpoint", "logBackupDelaySeconds"}.isdisjoint(overview)
    assert ocp.data(backup(without[0], "task/dataBackupTasks"))["contents"] == []


def test_backup_that_runs_can_be_shown(ocp: Person) -> None:
    shown = {"overview": {"compactionStatus": "COMPACTING"}, "newest": {"status": "DOING"}}
    ocp.control("POST", f"/clusters/{TRADE_CORE}/set", backup=shown)
    assert ocp.data(backup(TRADE_CORE, "overview"))["compactionStatus"] == "COMPACTING"
    assert ocp.data(backup(TRADE_CORE, "task/dataBackupTasks"))["contents"][0]["status"] == "DOING"
    assert ocp.data(backup(TRADE_CORE, "task/restoreTasks"))["contents"] == []
    assert ocp.get(backup(7, "task/logBackupTasks")).status_code == 404


@pytest.mark.parametrize("path", [ALARMS, AUDIT, backup(TRADE_CORE, "task/dataBackupTasks")])
def test_pages_and_sorting_make_sense_or_are_refused(ocp: Person, path: str) -> None:
    assert ocp.data(path, page=1, size=1)["page"]["size"] == 1
    assert ocp.get(path, sort="nothing,asc").status_code == 400
    assert ocp.get(path, size=0).status_code == 400

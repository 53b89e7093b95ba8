"""Somebody else at OCP's console, and facts set by hand."""

import pytest
import requests

from .conftest import COUPON_DEV, LEDGER_OLD, RPM_312, RPM_4218, SETTLE_BATCH, Person


def newest(ocp: Person) -> int:
    return int(ocp.data("/api/v2/tasks/instances", size=1)["contents"][0]["id"])


def test_foreign_task_runs_its_time_and_leaves_the_cluster_alone(ocp: Person) -> None:
    task_id = ocp.control("POST", "/foreign", cluster_id=COUPON_DEV, name="Add replicas", seconds=100)["task_id"]
    ocp.advance(50)
    task = ocp.task(task_id)
    assert (task["name"], task["status"], task["creator"]) == ("Add replicas", "RUNNING", {"id": 100, "name": "admin"})
    assert ocp.status(COUPON_DEV) == "RUNNING"
    ocp.advance(60)
    assert ocp.task(task_id)["status"] == "SUCCESSFUL"


@pytest.mark.parametrize("status", ["SUCCESSFUL", "FAILED"])
def test_foreign_task_can_be_ended_at_once(ocp: Person, status: str) -> None:
    task_id = ocp.control("POST", "/foreign", cluster_id=COUPON_DEV)["task_id"]
    ocp.control("POST", f"/foreign/{task_id}/finish", status=status)
    task = ocp.task(task_id)
    assert task["status"] == status
    assert "finishTime" in task
    ocp.advance()
    assert ocp.task(task_id)["status"] == status


def test_foreign_upgrade_is_a_whole_upgrade_by_somebody_else(ocp: Person) -> None:
    task_id = ocp.control("POST", "/foreign-upgrade", cluster_id=COUPON_DEV, rpmFileName=RPM_4218)["task_id"]
    ocp.advance()
    assert ocp.posts() == []
    assert ocp.task(task_id)["creator"]["name"] == "admin"
    assert (ocp.task(task_id)["status"], ocp.status(COUPON_DEV)) == ("SUCCESSFUL", "RUNNING")
    ours = ocp.control("POST", "/foreign-upgrade", cluster_id=LEDGER_OLD, rpmFileName=RPM_312, creator="ocpdash")
    assert ocp.task(ours["task_id"])["creator"] == {"id": 1001, "name": "ocpdash"}


def test_foreign_upgrade_is_checked_as_any_other(ocp: Person) -> None:
    body = {"cluster_id": COUPON_DEV, "rpmFileName": "none.rpm"}
    answer = requests.post(f"{ocp.control_url}/foreign-upgrade", json=body, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (404, "PKG10014")


def test_console_retries_a_child_and_its_parent(ocp: Person) -> None:
    ocp.control("POST", "/fail", step="Stop zone")
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    ocp.advance()
    (child_id,) = ocp.children(parent_id)
    for task_id in (child_id, parent_id):
        moved = ocp.control("POST", f"/tasks/{task_id}/retry")
        assert moved == {"task_id": task_id, "status": "RUNNING", "operation": "RETRY"}
        ocp.advance()
    assert ocp.task(parent_id)["status"] == "SUCCESSFUL"


def test_console_cancels_skips_and_rolls_back(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    (start,) = ocp.subtasks(parent_id, "Start node")
    path = f"/tasks/{parent_id}"
    ocp.control("POST", f"{path}/subtasks/{start['id']}/cancel")
    ocp.advance(10)
    ocp.control("POST", f"{path}/subtasks/{start['id']}/skip")
    ocp.advance(3)
    assert ocp.subtasks(parent_id, "Start node")[0]["operation"] == "SKIP"
    (prepare,) = ocp.subtasks(parent_id, "Prepare upgrade cluster")
    ocp.control("POST", f"{path}/subtasks/{prepare['id']}/cancel")
    ocp.advance(10)
    ocp.control("POST", f"{path}/rollback")
    ocp.advance()
    assert ocp.task(parent_id)["operation"] == "ROLLBACK"
    assert ocp.status(COUPON_DEV) == "RUNNING"


def test_lie_ends_successful_with_one_server_on_the_old_version(ocp: Person) -> None:
    ocp.control("POST", "/lie", cluster_id=SETTLE_BATCH)
    parent_id = ocp.upgraded(SETTLE_BATCH, RPM_312)
    ocp.advance()
    assert (ocp.task(parent_id)["status"], ocp.status(SETTLE_BATCH)) == ("SUCCESSFUL", "RUNNING")
    versions = sorted(version.split("_")[0] for version in ocp.versions(SETTLE_BATCH))
    assert versions == ["2.2.76", "3.1.2", "3.1.2"]
    assert {server["status"] for server in ocp.servers(SETTLE_BATCH)} == {"RUNNING"}


def test_facts_can_be_set(ocp: Person) -> None:
    server = ocp.servers(COUPON_DEV)[0]
    ocp.control("POST", f"/servers/{server['ip']}/set", version="4.2.1.8", build="108000022024072217", status="STOPPED")
    ocp.control("POST", f"/servers/{server['ip']}/set", parameters={"min_observer_version": "4.2.1.0"})
    ocp.control("POST", f"/clusters/{COUPON_DEV}/set", name="<b>coupon</b>", status="UPGRADING")
    changed = ocp.servers(COUPON_DEV)[0]
    assert changed["version"].startswith("4.2.1.8_108000022024072217-")
    assert changed["status"] == "STOPPED"
    assert sorted(ocp.values(COUPON_DEV, "min_observer_version")) == ["4.2.1.0", "4.2.1.2"]
    cluster = ocp.data(f"/api/v2/ob/clusters/{COUPON_DEV}")
    assert (cluster["name"], cluster["status"]) == ("<b>coupon</b>", "UPGRADING")


def test_tasks_and_subtasks_can_be_set_and_vanish(ocp: Person) -> None:
    task_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    subtask_id = ocp.task(task_id)["subtasks"][0]["id"]
    ocp.control("POST", f"/tasks/{task_id}/set", status="FAILED", cluster_id=LEDGER_OLD, created_at=1_600_000_000)
    ocp.control("POST", f"/tasks/{task_id}/subtasks/{subtask_id}/set", name="<script>", log_override="a\nb")
    task = ocp.task(task_id)
    assert (task["status"], task["cluster"]["id"], task["createTime"][:4]) == ("FAILED", LEDGER_OLD, "2020")
    assert ocp.log(task_id, subtask_id) == "a\nb"
    assert "<script>" in {s["name"] for s in ocp.data("/api/v2/tasks/instances", size=1)["contents"][0]["subtasks"]}
    ocp.control("DELETE", f"/tasks/{task_id}")
    assert ocp.get(f"/api/v2/tasks/instances/{task_id}").status_code == 404
    ocp.advance()
    assert newest(ocp) != task_id


def test_packages_can_be_added_replaced_and_dropped(ocp: Person) -> None:
    def sha1() -> str:
        return str(ocp.data("/api/v2/software-packages", keyword=RPM_4218)["contents"][0]["sha1"])

    before = sha1()
    ocp.control("POST", f"/packages/{RPM_4218}/replace")
    assert sha1() != before
    ocp.control("DELETE", f"/packages/{RPM_4218}")
    assert ocp.upgrade(COUPON_DEV, RPM_4218).json()["error"]["code"] == "PKG10014"
    added = ocp.control("POST", "/packages", version="4.2.1.9", build="109000012024080112")
    ocp.upgraded(COUPON_DEV, added["file_name"])


def test_what_cannot_be_set_is_refused(ocp: Person) -> None:
    answer = requests.post(f"{ocp.control_url}/clusters/{COUPON_DEV}/set", json={"id": 3}, timeout=10)
    assert (answer.status_code, "cannot set id" in answer.json()["error"]) == (400, True)


def test_unknown_control_call_is_not_found(ocp: Person) -> None:
    assert requests.get(f"{ocp.control_url}/nothing", timeout=10).status_code == 404
    assert ocp.control("GET", "/healthz") == {"status": "ok"}

"""What happens when a step fails, and what retry, skip, cancel and rollback do, as OCP's engine does."""

from typing import Any

from .conftest import COUPON_DEV, RPM_4218, USER_CENTER, Person

NEW_COUPON = "4.2.1.8_108000022024072217"
OLD_COUPON = "4.2.1.2_102000042023120514"


def failed(ocp: Person, step: str, cluster_id: int = COUPON_DEV, file_name: str = RPM_4218) -> tuple[int, int]:
    """Let an upgrade fail at a step of its child; returns the ids of parent and child."""
    ocp.control("POST", "/fail", step=step, times=1, cluster_id=cluster_id)
    parent_id = ocp.upgraded(cluster_id, file_name)
    ocp.advance()
    (child_id,) = ocp.children(parent_id)
    assert (ocp.task(parent_id)["status"], ocp.task(child_id)["status"]) == ("FAILED", "FAILED")
    return parent_id, child_id


def path_of(task_id: int) -> str:
    return f"/api/v2/tasks/instances/{task_id}"


def by_id(task: Any) -> dict[int, Any]:
    return {subtask["id"]: subtask for subtask in task["subtasks"]}


def test_failure_fails_child_and_parent_and_leaves_the_cluster_operating(ocp: Person) -> None:
    parent_id, child_id = failed(ocp, "Wait observer active")
    assert ocp.status(COUPON_DEV) == "OPERATING"
    (wait,) = ocp.subtasks(parent_id, "Wait dag success")
    assert wait["status"] == "FAILED"
    assert f"task_instance_id={child_id}, status=FAILED" in ocp.log(parent_id, wait["id"])
    assert "finishTime" in ocp.task(child_id)


def test_siblings_of_a_failed_subtask_finish_and_nothing_new_begins(ocp: Person) -> None:
    ocp.control("POST", "/fail", step="Replace observer binary", times=1)
    parent_id = ocp.upgraded(USER_CENTER, RPM_4218)
    ocp.advance(60)
    (child_id,) = ocp.children(parent_id)
    ocp.advance_until(
        lambda: any(s["status"] == "FAILED" for s in ocp.subtasks(child_id, "Replace observer binary")), step=1
    )
    assert ocp.task(child_id)["status"] == "RUNNING"
    ocp.advance()
    outcomes = sorted(s["status"] for s in ocp.subtasks(child_id, "Replace observer binary"))
    assert outcomes == ["FAILED", *["PENDING"] * 6, "SUCCESSFUL", "SUCCESSFUL"]
    assert {s["status"] for s in ocp.subtasks(child_id, "Start observer process")} == {"PENDING"}
    assert ocp.task(child_id)["status"] == "FAILED"


def test_retry_of_child_then_parent_goes_on_to_the_end(ocp: Person) -> None:
    parent_id, child_id = failed(ocp, "Install rpm")
    before = ocp.subtasks(child_id, "Install rpm")[0]
    answer = ocp.post(f"{path_of(child_id)}/retry").json()["data"]
    assert (answer["status"], answer["operation"]) == ("RUNNING", "RETRY")
    assert "finishTime" not in answer
    retried = ocp.subtasks(child_id, "Install rpm")[0]
    assert (retried["status"], retried["operation"]) == ("READY", "RETRY")
    assert retried["runTime"] == before["runTime"] + 1
    ocp.advance()
    assert ocp.task(child_id)["status"] == "SUCCESSFUL"
    assert ocp.task(parent_id)["status"] == "FAILED"
    ocp.post(f"{path_of(parent_id)}/retry")
    ocp.advance()
    assert (ocp.task(parent_id)["status"], ocp.status(COUPON_DEV)) == ("SUCCESSFUL", "RUNNING")


def test_each_attempt_appends_its_block_to_the_log(ocp: Person) -> None:
    _, child_id = failed(ocp, "Install rpm")
    subtask = ocp.subtasks(child_id, "Install rpm")[0]
    first = ocp.log(child_id, subtask["id"])
    assert "Cannot allocate memory" in first
    ocp.post(f"{path_of(child_id)}/subtasks/{subtask['id']}/retry")
    ocp.advance()
    log = ocp.log(child_id, subtask["id"])
    assert log.startswith(first)
    assert log.count("############{EXECUTE}{") == log.count("############{RETRY}{") == 1
    assert log.rstrip().endswith("current state: RUNNING, new state: SUCCESSFUL")


def test_parent_retried_while_the_child_has_not_recovered_fails_again(ocp: Person) -> None:
    parent_id, _ = failed(ocp, "Stop zone")
    ocp.post(f"{path_of(parent_id)}/retry")
    ocp.advance()
    assert ocp.task(parent_id)["status"] == "FAILED"


def test_parent_retried_while_the_child_runs_waits_for_it(ocp: Person) -> None:
    parent_id, child_id = failed(ocp, "Stop zone")
    ocp.post(f"{path_of(child_id)}/retry")
    ocp.post(f"{path_of(parent_id)}/retry")
    ocp.advance()
    assert ocp.task(parent_id)["status"] == "SUCCESSFUL"


def test_a_step_fails_as_often_as_it_was_told_to(ocp: Person) -> None:
    ocp.control("POST", "/fail", step="Execute upgrade checker", times=2)
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    ocp.advance()
    (child_id,) = ocp.children(parent_id)
    outcomes = []
    for _ in range(2):
        outcomes.append(ocp.task(child_id)["status"])
        ocp.post(f"{path_of(child_id)}/retry")
        ocp.advance()
    assert [*outcomes, ocp.task(child_id)["status"]] == ["FAILED", "FAILED", "SUCCESSFUL"]
    assert ocp.subtasks(child_id, "Execute upgrade checker")[0]["runTime"] == 3


def test_skip_leaves_the_work_undone(ocp: Person) -> None:
    _, child_id = failed(ocp, "Start observer process")
    (broken,) = [s for s in ocp.subtasks(child_id, "Start observer process") if s["status"] == "FAILED"]
    ocp.post(f"{path_of(child_id)}/subtasks/{broken['id']}/skip")
    ocp.advance()
    skipped = by_id(ocp.task(child_id))[broken["id"]]
    assert (skipped["status"], skipped["operation"]) == ("SUCCESSFUL", "SKIP")
    assert ocp.task(child_id)["status"] == "SUCCESSFUL"
    assert sorted(ocp.versions(COUPON_DEV)) == [OLD_COUPON, NEW_COUPON, NEW_COUPON]


def test_cancel_ends_failed_by_way_of_canceling(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    (start,) = ocp.subtasks(parent_id, "Start node")
    ocp.post(f"{path_of(parent_id)}/subtasks/{start['id']}/cancel")
    assert ocp.subtasks(parent_id, "Start node")[0]["status"] == "CANCELING"
    ocp.advance(10)
    ended = ocp.subtasks(parent_id, "Start node")[0]
    assert (ended["status"], ended["operation"]) == ("FAILED", "CANCEL")
    assert ocp.task(parent_id)["status"] == "FAILED"
    assert "current state: CANCELING, new state: FAILED" in ocp.log(parent_id, start["id"])


def test_rollback_before_the_first_zone_ends_successful_with_every_subtask_pending(ocp: Person) -> None:
    parent_id, child_id = failed(ocp, "Execute upgrade pre script")
    for task_id in (child_id, parent_id):
        assert ocp.task(task_id)["prohibitRollback"] is False
        ocp.post(f"{path_of(task_id)}/rollback")
        ocp.advance()
        task = ocp.task(task_id)
        assert (task["status"], task["operation"]) == ("SUCCESSFUL", "ROLLBACK")
        assert {subtask["status"] for subtask in task["subtasks"]} == {"PENDING"}
        undone = [subtask for subtask in task["subtasks"] if subtask["operation"] == "ROLLBACK"]
        assert "Start node" in {subtask["name"] for subtask in undone}
    assert ocp.status(COUPON_DEV) == "RUNNING"
    assert set(ocp.versions(COUPON_DEV)) == {OLD_COUPON}


def test_rollback_walks_from_downstream_to_upstream(ocp: Person) -> None:
    _, child_id = failed(ocp, "Install rpm")
    ocp.post(f"{path_of(child_id)}/rollback")
    undone: list[str] = []

    def is_done() -> bool:
        undone.extend(
            subtask["name"]
            for subtask in ocp.task(child_id)["subtasks"]
            if (subtask["operation"], subtask["status"]) == ("ROLLBACK", "PENDING") and subtask["name"] not in undone
        )
        return bool(ocp.task(child_id)["status"] == "SUCCESSFUL")

    ocp.advance_until(is_done, step=1)
    expected = ["Install rpm", "Backup OB parameters", "Execute upgrade checker", "Prepare upgrade cluster"]
    assert undone == [*expected, "Start node"]


def test_rollback_is_forbidden_once_a_zone_was_begun(ocp: Person) -> None:
    parent_id, child_id = failed(ocp, "Stop zone")
    for task_id in (parent_id, child_id):
        assert ocp.task(task_id)["prohibitRollback"] is True
        answer = ocp.post(f"{path_of(task_id)}/rollback")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "TSK10009")


def test_wrong_states_are_refused_with_their_codes(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    subtask_id = ocp.subtasks(parent_id, "Prepare upgrade cluster")[0]["id"]
    calls = {
        "retry": "TSK10016",
        "rollback": "TSK10016",
        f"subtasks/{subtask_id}/retry": "TSK10017",
        f"subtasks/{subtask_id}/skip": "TSK10010",
        f"subtasks/{subtask_id}/cancel": "TSK10017",
        "subtasks/7/cancel": "TSK10001",
    }
    for call, code in calls.items():
        assert ocp.post(f"{path_of(parent_id)}/{call}").json()["error"]["code"] == code


def test_subtask_that_outruns_its_time_out_fails_and_its_log_says_so(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    (prepare,) = ocp.subtasks(parent_id, "Prepare upgrade cluster")
    ocp.control("POST", f"/tasks/{parent_id}/subtasks/{prepare['id']}/set", timeout=40, work=90.0)
    ocp.advance(42)
    assert ocp.subtasks(parent_id, "Prepare upgrade cluster")[0]["status"] == "RUNNING"
    ocp.advance(8)
    assert (ocp.task(parent_id)["status"], ocp.subtasks(parent_id, "Prepare upgrade cluster")[0]["timeout"]) == (
        "FAILED",
        40,
    )
    assert "TSK10012" in ocp.log(parent_id, prepare["id"])
    ocp.control("POST", f"/tasks/{parent_id}/subtasks/{prepare['id']}/set", timeout=300)
    ocp.post(f"{path_of(parent_id)}/retry")
    ocp.advance(120)
    assert ocp.subtasks(parent_id, "Prepare upgrade cluster")[0]["status"] == "SUCCESSFUL"


def test_retry_of_one_subtask_keeps_its_run_time(ocp: Person) -> None:
    _, child_id = failed(ocp, "Install rpm")
    (broken,) = ocp.subtasks(child_id, "Install rpm")
    answer = ocp.post(f"{path_of(child_id)}/subtasks/{broken['id']}/retry").json()["data"]
    assert (answer["status"], answer["operation"], answer["runTime"]) == ("READY", "RETRY", broken["runTime"])
    ocp.advance()
    assert ocp.task(child_id)["status"] == "SUCCESSFUL"


def test_task_that_was_rolled_back_can_be_neither_retried_nor_rolled_back_again(ocp: Person) -> None:
    parent_id, child_id = failed(ocp, "Execute upgrade pre script")
    ocp.post(f"{path_of(child_id)}/rollback")
    ocp.advance()
    for call in ("retry", "rollback"):
        assert ocp.post(f"{path_of(child_id)}/{call}").json()["error"]["code"] == "TSK10016"
    ocp.control("POST", f"/tasks/{parent_id}/set", operation="ROLLBACK")
    assert ocp.post(f"{path_of(parent_id)}/retry").json()["error"]["code"] == "TSK10007"


def test_skip_while_rolling_back_leaves_the_subtask_pending(ocp: Person) -> None:
    _, child_id = failed(ocp, "Install rpm")
    (broken,) = ocp.subtasks(child_id, "Install rpm")
    ocp.control("POST", f"/tasks/{child_id}/set", operation="ROLLBACK")
    ocp.post(f"{path_of(child_id)}/subtasks/{broken['id']}/skip")
    ocp.advance(3)
    assert by_id(ocp.task(child_id))[broken["id"]]["operation"] == "ROLLBACK_SKIP"
    ocp.advance()
    task = ocp.task(child_id)
    assert (task["status"], {subtask["status"] for subtask in task["subtasks"]}) == ("SUCCESSFUL", {"PENDING"})


def test_order_of_subtasks_changes_as_the_task_moves_and_not_between(ocp: Person) -> None:
    parent_id = ocp.upgraded(USER_CENTER, RPM_4218)
    ocp.advance(60)
    (child_id,) = ocp.children(parent_id)

    def order() -> list[int]:
        return [subtask["id"] for subtask in ocp.task(child_id)["subtasks"]]

    before = order()
    assert order() == before
    ocp.advance(300)
    assert order() != before
    assert sorted(order()) == sorted(before)

"""How an upgrade runs: one child a hop, zone by zone, versions server by server; and what people may do to it."""

from itertools import pairwise
from typing import Any

import pytest

from upgrades.simulator.server import LookAlike

from .conftest import (
    COUPON_DEV,
    LEDGER_OLD,
    LOG_ARCHIVE,
    ORDER_HISTORY,
    RPM_312,
    RPM_313,
    RPM_4218,
    SETTLE_BATCH,
    TRADE_CORE,
    TRADE_CORE_SB,
    USER_CENTER,
    Person,
    person_at,
)

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


def test_plain_upgrade_ends_successful_with_every_server_on_the_new_version(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    ocp.advance()
    assert ocp.task(parent_id)["status"] == "SUCCESSFUL"
    assert {subtask["status"] for subtask in ocp.task(parent_id)["subtasks"]} == {"SUCCESSFUL"}
    assert set(ocp.versions(COUPON_DEV)) == {NEW_COUPON}
    cluster = ocp.data(f"/api/v2/ob/clusters/{COUPON_DEV}")
    assert (cluster["status"], cluster["obVersion"]) == ("RUNNING", "4.2.1.8")
    assert {zone["status"] for zone in cluster["zones"]} == {"RUNNING"}
    assert ocp.values(COUPON_DEV, "min_observer_version") == ocp.values(COUPON_DEV, "compatible") == ["4.2.1.8"]
    assert ocp.values(COUPON_DEV, "enable_upgrade_mode") == ["False"]


@pytest.mark.parametrize(
    ("cluster_id", "file_name"),
    [
        (COUPON_DEV, RPM_4218),
        (USER_CENTER, RPM_4218),
        (ORDER_HISTORY, RPM_312),
        (LOG_ARCHIVE, "oceanbase-2.2.75-20210108170301.el7.x86_64.rpm"),
        (TRADE_CORE, "oceanbase-2.2.75-20210108170301.el7.x86_64.rpm"),
    ],
)
def test_child_has_forty_to_sixty_subtasks_with_edges_both_ways_and_one_end(
    ocp: Person, cluster_id: int, file_name: str
) -> None:
    parent_id = ocp.upgraded(cluster_id, file_name)
    ocp.advance(60)
    (child_id,) = ocp.children(parent_id)
    nodes = by_id(ocp.task(child_id))
    assert 40 <= len(nodes) <= 60
    for number, node in nodes.items():
        assert all(number in nodes[other]["downstreams"] for other in node["upstreams"])
        assert all(number in nodes[other]["upstreams"] for other in node["downstreams"])
    assert [node["name"] for node in nodes.values() if not node["upstreams"]] == ["Start node"]
    assert [node["name"] for node in nodes.values() if not node["downstreams"]] == ["Update OB cluster status"]


def test_three_hops_run_one_after_another_and_each_submits_its_own_child(ocp: Person) -> None:
    parent_id = ocp.upgraded(SETTLE_BATCH, RPM_313)
    ocp.advance()
    children = [ocp.task(child_id) for child_id in ocp.children(parent_id)]
    assert len(children) == 3
    for before, after in pairwise(children):
        assert before["finishTime"] <= after["startTime"]
    assert {version.split("_")[0] for version in ocp.versions(SETTLE_BATCH)} == {"3.1.3"}
    assert all(child["cluster"]["id"] == SETTLE_BATCH and child["creator"]["id"] == 1001 for child in children)


def test_log_of_the_submit_subtask_names_the_child(ocp: Person) -> None:
    parent_id = ocp.upgraded(SETTLE_BATCH, RPM_313)
    ocp.advance()
    submits = ocp.subtasks(parent_id, "Submit cluster upgrade task")
    logs = [ocp.log(parent_id, submit["id"]) for submit in submits]
    for child_id in ocp.children(parent_id):
        assert sum(f"task_instance_id={child_id}" in log for log in logs) == 1


def test_cluster_is_operating_while_the_upgrade_runs_and_its_listed_version_lags(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    assert ocp.status(COUPON_DEV) == "OPERATING"
    ocp.advance_until(lambda: set(ocp.versions(COUPON_DEV)) == {NEW_COUPON}, step=10)
    cluster = ocp.data(f"/api/v2/ob/clusters/{COUPON_DEV}")
    assert (cluster["status"], cluster["obVersion"]) == ("OPERATING", "4.2.1.2")
    assert ocp.values(COUPON_DEV, "enable_upgrade_mode") == ["True"]
    assert ocp.values(COUPON_DEV, "min_observer_version") == ["4.2.1.2"]
    assert ocp.task(parent_id)["status"] == "RUNNING"


def test_versions_change_server_by_server_and_zone_by_zone(ocp: Person) -> None:
    ocp.upgraded(COUPON_DEV, RPM_4218)
    seen: list[tuple[str, ...]] = []

    def is_done() -> bool:
        now = tuple(ocp.versions(COUPON_DEV))
        if not seen or seen[-1] != now:
            seen.append(now)
        return set(now) == {NEW_COUPON}

    ocp.advance_until(is_done, step=5)
    assert seen == [(NEW_COUPON,) * done + (OLD_COUPON,) * (3 - done) for done in range(4)]


def test_next_zone_is_stopped_only_after_the_one_before_is_back(ocp: Person) -> None:
    ocp.upgraded(USER_CENTER, RPM_4218)
    most_away = 0

    def is_done() -> bool:
        nonlocal most_away
        zones = {server["zoneName"] for server in ocp.servers(USER_CENTER) if server["status"] != "RUNNING"}
        most_away = max(most_away, len(zones))
        return ocp.status(USER_CENTER) == "RUNNING"

    ocp.advance_until(is_done, step=10)
    assert most_away == 1


def test_servers_of_one_zone_run_in_parallel_with_their_index(ocp: Person) -> None:
    parent_id = ocp.upgraded(USER_CENTER, RPM_4218)
    ocp.advance(60)
    (child_id,) = ocp.children(parent_id)
    starts = ocp.subtasks(child_id, "Start observer process")
    assert sorted(subtask["parallelIdx"] for subtask in starts) == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    ocp.advance_until(
        lambda: any(s["status"] == "RUNNING" for s in ocp.subtasks(child_id, "Replace observer binary")), step=1
    )
    running = [s for s in ocp.subtasks(child_id, "Replace observer binary") if s["status"] in ("READY", "RUNNING")]
    assert len(running) == 3


def test_standby_is_upgraded_by_the_same_task_whichever_id_was_posted_to(ocp: Person) -> None:
    answer = ocp.upgrade(TRADE_CORE_SB, RPM_312).json()["data"]
    assert answer["cluster"]["id"] == TRADE_CORE
    assert f"cluster_ids=[{TRADE_CORE}, {TRADE_CORE_SB}]" in answer["context"]
    assert ocp.status(TRADE_CORE) == ocp.status(TRADE_CORE_SB) == "OPERATING"
    ocp.advance()
    assert len(ocp.children(answer["id"])) == 2
    for cluster_id in (TRADE_CORE, TRADE_CORE_SB):
        assert {version.split("_")[0] for version in ocp.versions(cluster_id)} == {"3.1.2"}
        assert ocp.status(cluster_id) == "RUNNING"
    assert ocp.data("/api/v2/tasks/instances", clusterId=TRADE_CORE_SB)["contents"] == []


def test_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    def run(seed: int) -> Any:
        sim = LookAlike(speed=0, seed=seed)
        sim.start()
        ocp = person_at(sim)
        parent_id = ocp.upgraded(LEDGER_OLD, RPM_312)
        ocp.advance(900)
        tasks = ocp.control("GET", "/state")["tasks"]
        edges = [(s["id"], s["upstreams"]) for s in ocp.task(ocp.children(parent_id)[0])["subtasks"]]
        sim.stop()
        return tasks, edges

    first = run(seed=1)
    assert run(seed=1) == first
    assert run(seed=2) != first


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


def test_freeze_and_order_of_zones_are_heeded(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218, freezeServer=True, zoneOrder=["zone3", "zone1", "zone2"])
    ocp.advance(60)
    (child_id,) = ocp.children(parent_id)
    assert len(ocp.subtasks(child_id, "Minor freeze")) == 3
    ocp.advance_until(lambda: NEW_COUPON in ocp.versions(COUPON_DEV), step=10)
    assert ocp.versions(COUPON_DEV) == [OLD_COUPON, OLD_COUPON, NEW_COUPON]

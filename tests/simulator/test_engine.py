"""How an upgrade runs: one child a hop, zone by zone, versions server by server."""

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


def test_a_zone_is_shown_stopped_while_its_observers_are_replaced(ocp: Person) -> None:
    ocp.upgraded(COUPON_DEV, RPM_4218)
    seen: list[str] = []

    def is_back() -> bool:
        zone = ocp.data(f"/api/v2/ob/clusters/{COUPON_DEV}/zones")["contents"][0]
        state = f"{zone['status']} {zone['innerStatus']}"
        if not seen or seen[-1] != state:
            seen.append(state)
        return len(seen) > 1 and zone["status"] == "RUNNING"

    ocp.advance_until(is_back, step=1)
    assert seen[0] == seen[-1] == "RUNNING ACTIVE"
    assert "STOPPED INACTIVE" in seen


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


def test_freeze_and_order_of_zones_are_heeded(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218, freezeServer=True, zoneOrder=["zone3", "zone1", "zone2"])
    ocp.advance(60)
    (child_id,) = ocp.children(parent_id)
    assert len(ocp.subtasks(child_id, "Minor freeze")) == 3
    ocp.advance_until(lambda: NEW_COUPON in ocp.versions(COUPON_DEV), step=10)
    assert ocp.versions(COUPON_DEV) == [OLD_COUPON, OLD_COUPON, NEW_COUPON]

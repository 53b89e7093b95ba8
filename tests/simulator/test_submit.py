"""What OCP checks before it starts an upgrade, in its order."""

from typing import Any

import pytest

from upgrades.simulator import graph

from .conftest import (
    COUPON_DEV,
    EDGE_ARM,
    LEDGER_OLD,
    REPORT_AP,
    RPM_312,
    RPM_313,
    RPM_4212,
    RPM_4218,
    SETTLE_BATCH,
    TRADE_CORE,
    TRADE_CORE_SB,
    USER_CENTER,
    WALLET_DEV,
    Person,
    wait_for,
)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


@pytest.mark.parametrize(
    ("cluster_id", "file_name", "status", "expected"),
    [
        (7, RPM_4218, 404, "OBE11001"),
        (COUPON_DEV, "", 400, "OBE11013"),
        (COUPON_DEV, "oceanbase-9.9.9-1.el7.x86_64.rpm", 404, "PKG10014"),
        (COUPON_DEV, "obproxy-4.2.1.0-2023092816.el7.x86_64.rpm", 400, "PKG10013"),
        (COUPON_DEV, "oceanbase-ce-4.2.1.1-101000062023110109.el7.x86_64.rpm", 400, "PKG10013"),
        (COUPON_DEV, RPM_4212, 400, "OBE11082"),
        (LEDGER_OLD, RPM_4218, 400, "OBE11063"),
        (USER_CENTER, "oceanbase-4.3.3.0-100000142024101215.el7.x86_64.rpm", 400, "OBE11063"),
        (REPORT_AP, RPM_4218, 400, "OBE11082"),
        (EDGE_ARM, "oceanbase-4.2.1.2-102000042023120514.el7.aarch64.rpm", 400, "OBE11067"),
        (EDGE_ARM, RPM_4218, 400, "OBE11067"),
        (COUPON_DEV, "oceanbase-4.2.1.8-108000022024072217.el8.x86_64.rpm", 400, "OBE11067"),
    ],
)
def test_refusal_has_its_code(ocp: Person, cluster_id: int, file_name: str, status: int, expected: str) -> None:
    assert code(ocp.upgrade(cluster_id, file_name)) == (status, expected)
    wait_for(lambda: bool(ocp.posts()[-1]["is_answered"]))
    post = ocp.posts()[-1]
    assert (post["handled"], post["code"], post["task_id"], post["is_answered"]) == ("refused", expected, None, True)


def test_state_is_checked_before_other_tasks_and_they_before_the_version(ocp: Person) -> None:
    task_id = ocp.control("POST", "/foreign", cluster_id=COUPON_DEV)["task_id"]
    ocp.control("POST", f"/clusters/{COUPON_DEV}/set", status="OPERATING")
    assert code(ocp.upgrade(COUPON_DEV, RPM_4212)) == (400, "OBE11007")
    ocp.control("POST", f"/clusters/{COUPON_DEV}/set", status="STOPPED")
    assert code(ocp.upgrade(COUPON_DEV, RPM_4212)) == (400, "OBE11008")
    ocp.control("POST", f"/clusters/{COUPON_DEV}/set", status="RUNNING")
    assert code(ocp.upgrade(COUPON_DEV, RPM_4212)) == (409, "OBE11020")
    ocp.control("POST", f"/foreign/{task_id}/finish", status="FAILED")
    assert code(ocp.upgrade(COUPON_DEV, RPM_4212)) == (400, "OBE11082")


def test_a_scheduled_task_does_not_block(ocp: Person) -> None:
    ocp.control("POST", "/foreign", cluster_id=COUPON_DEV, type="SYS_SCHEDULED")
    ocp.upgraded(COUPON_DEV, RPM_4218)


def test_second_upgrade_of_a_pair_is_refused_on_either_id(ocp: Person) -> None:
    ocp.upgraded(TRADE_CORE, RPM_312)
    assert code(ocp.upgrade(TRADE_CORE, RPM_312)) == (400, "OBE11007")
    assert code(ocp.upgrade(TRADE_CORE_SB, RPM_312)) == (400, "OBE11007")


@pytest.mark.parametrize(
    ("cluster_id", "file_name", "hops"),
    [
        (COUPON_DEV, RPM_4218, ["4.2.1.8"]),
        (WALLET_DEV, RPM_4218, ["4.2.1.1", "4.2.1.8"]),
        (SETTLE_BATCH, RPM_313, ["2.2.77", "3.1.2", "3.1.3"]),
        (LEDGER_OLD, "oceanbase-2.2.77-20220412152309.el7.x86_64.rpm", ["2.2.77"]),
        (REPORT_AP, "oceanbase-4.3.3.0-100000142024101215.el7.x86_64.rpm", ["4.3.3.0"]),
        (EDGE_ARM, "oceanbase-4.2.0.0-100010032023083021.el7.aarch64.rpm", ["4.2.0.0"]),
    ],
)
def test_parent_has_three_subtasks_and_two_for_each_binary_hop(
    ocp: Person, cluster_id: int, file_name: str, hops: list[str]
) -> None:
    answer = ocp.upgrade(cluster_id, file_name).json()["data"]
    binary = answer["context"].split("binary_upgrade_versions=[")[1].split("]")[0].split(", ")
    assert [version.split("-")[0] for version in binary] == hops
    assert len(answer["tasks"]) == 3 + 2 * len(hops)


def test_a_body_that_is_no_object_is_refused(ocp: Person) -> None:
    answer = ocp.post(f"/api/v2/ob/clusters/{COUPON_DEV}/upgrade", ["rpmFileName"])
    assert code(answer) == (400, "COM10001")


def test_unknown_fields_of_a_later_version_are_ignored(ocp: Person) -> None:
    ocp.upgraded(COUPON_DEV, RPM_4218, upgradeMode="ROLLING", destVersion="4.2.1.8", operatingSystem="el7")


def test_accepted_post_is_logged_with_account_body_and_task(ocp: Person) -> None:
    task_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    # The last byte reaches us before the server has noted that it left.
    wait_for(lambda: bool(ocp.posts()[0]["is_answered"]))
    (post,) = ocp.posts()
    assert post["body"] == f'{{"rpmFileName": "{RPM_4218}"}}'
    assert (post["n"], post["cluster_id"], post["account"]) == (1, COUPON_DEV, "ocpdash")
    assert (post["handled"], post["task_id"], post["code"], post["is_answered"]) == ("accepted", task_id, None, True)
    assert ocp.task(task_id)["creator"] == {"id": 1001, "name": "ocpdash"}


def test_binary_is_replaced_by_the_version_that_runs_by_then() -> None:
    """4.2.1.1 asks for it of whoever comes from 4.1.0.2, and that runs since the stop before it."""
    stops = graph.find_path("4.0.0.0", "100000272022110114", "4.2.1.8", "108000022024072217")
    assert [stop.version for stop in stops if stop.is_binary] == ["4.1.0.2", "4.2.1.1", "4.2.1.8"]

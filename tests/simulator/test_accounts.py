"""Accounts, their rights, the lock-out and the limit on requests."""

import json
from pathlib import Path

import pytest
import requests

from upgrades.simulator import rights
from upgrades.simulator.server import LookAlike

from .conftest import COUPON_DEV, RPM_4218, TRADE_CORE, Person, document, person_at, wait_for

READER = ("ocpdash_reader", "reader-demo")
CLUSTER = f"/api/v2/ob/clusters/{COUPON_DEV}"
TASKS = "/api/v2/tasks/instances"


def test_roles_are_those_of_the_manual() -> None:
    assert {name: list(held) for name, held in rights.ROLES.items()} == document("default-roles")["roles"]


@pytest.mark.parametrize(
    ("roles", "needed", "has"),
    [
        (["ADMIN"], "AUDIT:*:READ", True),
        (["CLUSTER_MANAGER"], "CLUSTER:7:UPDATE", True),
        (["CLUSTER_MANAGER"], "CLUSTER:7:BACKUP:1:READ", True),
        (["CLUSTER_MANAGER"], "AUDIT:*:READ", False),
        (["CLUSTER_VIEWER"], "CLUSTER:7:READ", True),
        (["CLUSTER_VIEWER"], "CLUSTER:7:UPDATE", False),
        (["TENANT_MANAGER"], "CLUSTER:7:UPDATE", False),
        (["TENANT_MANAGER"], "CLUSTER:7:TENANT:3:UPDATE", True),
        (["TASK_MANAGER"], "CLUSTER:*:READ", False),
        (["CLUSTER:7:*", "TASK:*:READ"], "CLUSTER:7:UPDATE", True),
        (["CLUSTER:7:*"], "CLUSTER:8:UPDATE", False),
        ([], "TASK:*:READ", False),
        (["NO_SUCH_ROLE"], "TASK:*:READ", False),
    ],
)
def test_roles_give_what_they_say(roles: list[str], needed: str, has: bool) -> None:
    assert rights.allows(roles, needed) is has


def code_of(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def test_reader_sees_everything_and_moves_nothing(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    reader = Person(ocp.url, ocp.control_url, READER)
    for path in (
        "/api/v2/info",
        "/api/v2/ob/clusters",
        CLUSTER,
        f"{CLUSTER}/parameters",
        TASKS,
        f"{TASKS}/{parent_id}",
    ):
        assert reader.get(path).status_code == 200
    assert code_of(reader.upgrade(TRADE_CORE, RPM_4218)) == (403, "OBE11065")
    assert ocp.posts()[-1]["code"] == "OBE11065"
    for call in ("retry", "rollback", "subtasks/7/skip"):
        answer = reader.post(f"{TASKS}/{parent_id}/{call}")
        assert code_of(answer) == (403, "IAM11000")
        assert "data" not in answer.json()


def test_right_may_end_at_one_cluster(ocp: Person) -> None:
    ocp.control("POST", "/accounts", name="one", password="p", roles=[f"CLUSTER:{COUPON_DEV}:*"])
    one = Person(ocp.url, ocp.control_url, ("one", "p"))
    assert one.get(CLUSTER).status_code == 200
    assert code_of(one.get(f"/api/v2/ob/clusters/{TRADE_CORE}")) == (403, "IAM11000")
    assert code_of(one.get(TASKS)) == (403, "IAM11000")
    assert one.upgrade(COUPON_DEV, RPM_4218).status_code == 200
    assert one.upgrade(TRADE_CORE, RPM_4218).status_code == 403


def test_rights_and_password_of_an_account_change_while_it_runs(ocp: Person) -> None:
    ocp.control("POST", "/accounts", name="ocpdash", roles=["PACKAGE_VIEWER"])
    assert ocp.get("/api/v2/software-packages").status_code == 200
    assert ocp.get(TASKS).status_code == 403
    ocp.control("POST", "/accounts", name="ocpdash", password="new")
    assert ocp.get("/api/v2/software-packages").status_code == 401


def wrong(ocp: Person, name: str) -> str:
    answer = requests.get(f"{ocp.url}/api/v2/info", auth=(name, "wrong"), timeout=10)
    return str(answer.json()["error"]["code"])


def test_address_is_locked_after_twenty_wrong_passwords_whoever_they_were_for(ocp: Person) -> None:
    assert {wrong(ocp, f"nobody{number}") for number in range(20)} == {"IAM10004"}
    assert wrong(ocp, "nobody") == "IAM10014"
    assert code_of(ocp.get("/api/v2/info")) == (403, "IAM10014")
    ocp.control("DELETE", "/locks")
    assert ocp.get("/api/v2/info").status_code == 200


def test_right_password_forgets_the_wrong_ones(ocp: Person) -> None:
    for _ in range(3):
        assert {wrong(ocp, "ocpdash") for _ in range(12)} == {"IAM10004"}
        assert ocp.get("/api/v2/info").status_code == 200


def test_every_answer_tells_what_is_left(ocp: Person) -> None:
    ocp.control("POST", "/rate-limit", **{"60": 50, "3600": 10})
    left = [int(ocp.get("/api/v2/info").headers["RateLimit-Remaining"]) for _ in range(3)]
    assert left == [9, 8, 7]
    answer = ocp.get("/api/v2/ob/clusters/7")
    assert (answer.status_code, answer.headers["RateLimit-Limit"], answer.headers["RateLimit-Remaining"]) == (
        404,
        "10",
        "6",
    )
    assert 3590 < int(answer.headers["RateLimit-Reset"]) <= 3600


def test_too_many_requests_are_refused_until_the_window_ends(ocp: Person) -> None:
    ocp.control("POST", "/rate-limit", **{"1000": 3})
    answers = [ocp.get("/api/v2/info") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].headers["RateLimit-Remaining"] == "0"
    assert answers[-1].json()["error"] == document("rate-limit-429")["error"]
    assert set(answers[-1].json()) == set(document("rate-limit-429"))
    assert answers[-1].json()["traceId"] == ""
    assert ocp.upgrade(COUPON_DEV, RPM_4218).status_code == 429
    assert (ocp.posts()[-1]["handled"], ocp.posts()[-1]["task_id"]) == ("refused", None)


def test_limit_is_each_accounts_own(ocp: Person) -> None:
    ocp.control("POST", "/rate-limit", **{"1000": 1})
    reader = Person(ocp.url, ocp.control_url, READER)
    assert [ocp.get("/api/v2/info").status_code, reader.get("/api/v2/info").status_code] == [200, 200]
    assert [ocp.get("/api/v2/info").status_code, reader.get("/api/v2/info").status_code] == [429, 429]
    assert requests.get(f"{ocp.url}/api/v2/time", timeout=10).status_code == 200


def test_window_that_ended_begins_anew(ocp: Person) -> None:
    ocp.control("POST", "/rate-limit", **{"1": 1})
    assert {ocp.get("/api/v2/info").status_code for _ in range(2)} == {200, 429}
    wait_for(lambda: ocp.get("/api/v2/info").status_code == 200)


@pytest.mark.parametrize("body", [{"x": 1}, {"10": "many"}, {"10": None}])
def test_a_limit_that_makes_no_sense_is_refused(ocp: Person, body: dict[str, object]) -> None:
    answer = requests.post(f"{ocp.control_url}/rate-limit", data=json.dumps(body), timeout=10)
    assert answer.status_code == 400


def test_accounts_and_limits_outlive_the_process(tmp_path: Path) -> None:
    for is_first in (True, False):
        sim = LookAlike(speed=0, state_file=tmp_path / "ocp.db")
        sim.start()
        try:
            if is_first:
                person_at(sim).control("POST", "/accounts", name="kept", password="p", roles=["TASK_MANAGER"])
                person_at(sim).control("POST", "/rate-limit", **{"1000": 9})
            answer = Person(sim.url, sim.control_url, ("kept", "p")).get(TASKS)
            assert (answer.status_code, answer.headers["RateLimit-Limit"]) == (200, "9")
        finally:
            sim.stop()

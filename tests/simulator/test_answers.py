"""Every way an upgrade POST can be treated, and what the log of POSTs says of it."""

import time

import pytest
import requests

from .conftest import COUPON_DEV, LEDGER_OLD, RPM_312, RPM_4218, Person, wait_for


def running(ocp: Person, name: str = "") -> list[int]:
    return [task["id"] for task in ocp.data("/api/v2/tasks/instances", status="RUNNING", name=name)["contents"]]


def test_lost_answer_is_an_accepted_upgrade_without_an_answer(ocp: Person) -> None:
    ocp.control("POST", "/answer", mode="lost")
    with pytest.raises(requests.ConnectionError):
        ocp.upgrade(COUPON_DEV, RPM_4218)
    (post,) = ocp.posts()
    assert (post["handled"], post["is_answered"]) == ("accepted", False)
    assert running(ocp) == [post["task_id"]]


def test_late_upgrade_begins_after_its_delay(ocp: Person) -> None:
    ocp.control("POST", "/answer", mode="late", delay=0.3)
    with pytest.raises(requests.ConnectionError):
        ocp.upgrade(COUPON_DEV, RPM_4218)
    assert running(ocp) == []
    assert (ocp.posts()[0]["handled"], ocp.posts()[0]["task_id"]) == ("late", None)
    wait_for(lambda: bool(running(ocp)))
    (post,) = ocp.posts()
    assert (post["handled"], post["task_id"], post["is_answered"]) == ("late", running(ocp)[0], False)
    assert ocp.task(post["task_id"])["creator"]["name"] == "ocpdash"


def test_busy_refuses_and_shows_somebody_elses_unfinished_task(ocp: Person) -> None:
    ocp.control("POST", "/answer", mode="busy")
    answer = ocp.upgrade(COUPON_DEV, RPM_4218)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "OBE11020")
    (foreign_id,) = running(ocp)
    task = ocp.task(foreign_id)
    assert (task["type"], task["creator"]["name"], task["cluster"]["id"]) == ("MANUAL", "admin", COUPON_DEV)
    assert (ocp.posts()[0]["handled"], ocp.posts()[0]["code"]) == ("refused", "OBE11020")
    ocp.advance()
    assert running(ocp) == []
    ocp.upgraded(COUPON_DEV, RPM_4218)


def test_refuse_answers_with_the_code_it_was_given(ocp: Person) -> None:
    ocp.control("POST", "/answer", mode="refuse", code="OBE11065")
    answer = ocp.upgrade(COUPON_DEV, RPM_4218)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "OBE11065")
    assert ocp.posts()[0]["code"] == "OBE11065"


@pytest.mark.parametrize(("mode", "status"), [("500", 500), ("401", 401), ("403", 403), ("429", 429)])
@pytest.mark.parametrize("is_accepted", [False, True])
def test_failures_come_in_the_envelope_accepted_or_not(ocp: Person, mode: str, status: int, is_accepted: bool) -> None:
    ocp.control("POST", "/answer", mode=mode, is_accepted=is_accepted)
    answer = ocp.upgrade(COUPON_DEV, RPM_4218)
    assert (answer.status_code, answer.json()["successful"]) == (status, False)
    assert bool(running(ocp)) is is_accepted
    assert ocp.posts()[0]["handled"] == ("accepted" if is_accepted else "refused")


def test_redirect_leads_elsewhere(ocp: Person) -> None:
    ocp.control("POST", "/answer", mode="redirect")
    answer = ocp.session.post(
        f"{ocp.url}/api/v2/ob/clusters/{COUPON_DEV}/upgrade", json={}, allow_redirects=False, timeout=10
    )
    assert answer.status_code == 307
    assert "elsewhere" in answer.headers["Location"]


@pytest.mark.parametrize(("mode", "handled"), [("cut", "accepted"), ("reset", "accepted"), ("drop", "dropped")])
def test_connection_ends_before_a_whole_answer(ocp: Person, mode: str, handled: str) -> None:
    ocp.control("POST", "/answer", mode=mode)
    with pytest.raises(requests.RequestException):
        ocp.upgrade(COUPON_DEV, RPM_4218).json()
    (post,) = ocp.posts()
    assert (post["handled"], post["is_answered"]) == (handled, False)
    assert len(running(ocp)) == (handled == "accepted")


def test_a_plan_counts_and_may_be_for_one_cluster(ocp: Person) -> None:
    ocp.control("POST", "/answer", mode="refuse", cluster_id=COUPON_DEV, count=2)
    ocp.upgraded(LEDGER_OLD, RPM_312)
    codes = [ocp.upgrade(COUPON_DEV, RPM_4218).status_code for _ in range(3)]
    assert codes == [400, 400, 200]


def test_plain_takes_plans_back(ocp: Person) -> None:
    ocp.control("POST", "/answer", mode="refuse", count=None)
    ocp.control("POST", "/answer", mode="plain")
    ocp.upgraded(COUPON_DEV, RPM_4218)


def test_a_plan_that_is_none_is_refused(ocp: Person) -> None:
    answer = requests.post(f"{ocp.control_url}/answer", json={"mode": "nonsense"}, timeout=10)
    assert answer.status_code == 400
    assert "mode must be one of" in answer.json()["error"]


def test_post_without_an_account_is_logged_and_refused(ocp: Person) -> None:
    requests.post(f"{ocp.url}/api/v2/ob/clusters/{COUPON_DEV}/upgrade", data=b"\xff{", timeout=10)
    (post,) = ocp.posts()
    assert (post["account"], post["handled"], post["code"]) == ("", "refused", "IAM10000")


def test_posts_are_numbered_oldest_first_with_the_wall_time(ocp: Person) -> None:
    began_at = time.time()
    for cluster_id in (7, 8, 9):
        ocp.upgrade(cluster_id, RPM_4218)
    posts = ocp.posts()
    assert [(post["n"], post["cluster_id"]) for post in posts] == [(1, 7), (2, 8), (3, 9)]
    assert began_at <= posts[0]["at"] <= posts[2]["at"] <= time.time()

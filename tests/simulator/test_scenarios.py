"""Scripts that go wrong with every upgrade, and the engine running by itself."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from upgrades.simulator.scenario import NAMES
from upgrades.simulator.server import LookAlike

from .conftest import COUPON_DEV, RPM_4218, SETTLE_BATCH, Person, person_at, wait_for


@contextmanager
def playing(scenario: str, speed: float = 0) -> Iterator[Person]:
    sim = LookAlike(speed=speed, scenario=scenario)
    sim.start()
    try:
        yield person_at(sim)
    finally:
        sim.stop()


def test_engine_runs_by_itself_with_nobody_asking() -> None:
    with playing("plain", speed=20_000) as ocp:
        parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
        asked = len(ocp.control("GET", "/requests"))
        wait_for(lambda: _task(ocp, parent_id)["status"] == "SUCCESSFUL")
        assert len(ocp.control("GET", "/requests")) == asked


def _task(ocp: Person, task_id: int) -> dict[str, object]:
    tasks = ocp.control("GET", "/state")["tasks"]
    return next(task for task in tasks if task["id"] == task_id)


def test_times_on_the_wire_are_wall_times() -> None:
    with playing("plain", speed=2_000) as ocp:
        began_at = time.time()
        parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
        wait_for(lambda: ocp.task(parent_id)["status"] == "SUCCESSFUL")
        ended_at = time.time()
        (child_id,) = ocp.children(parent_id)
        child = ocp.task(child_id)
        moments = [subtask[name] for subtask in child["subtasks"] for name in ("startTime", "finishTime")]
        earliest, latest = (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t + 28_800)) for t in (began_at, ended_at))
        assert earliest <= min(moments)[:19]
        assert max(moments)[:19] <= latest
        assert len(set(moments)) > len(moments) / 3


@pytest.mark.parametrize("scenario", ["lost", "late"])
def test_every_upgrade_goes_unanswered(scenario: str) -> None:
    with playing(scenario) as ocp:
        for cluster_id in (COUPON_DEV, SETTLE_BATCH):
            with pytest.raises(requests.ConnectionError):
                ocp.upgrade(cluster_id, RPM_4218)
        expected = {"lost": ["accepted", "refused"], "late": ["late", "late"]}[scenario]
        assert [post["handled"] for post in ocp.posts()] == expected


def test_busy_refuses_every_upgrade() -> None:
    with playing("busy") as ocp:
        assert [ocp.upgrade(COUPON_DEV, RPM_4218).status_code for _ in range(2)] == [409, 409]


def test_fail_fails_one_step_of_each_upgrade() -> None:
    with playing("fail") as ocp:
        parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
        ocp.advance()
        (child_id,) = ocp.children(parent_id)
        assert ocp.task(child_id)["status"] == "FAILED"
        for task_id in (child_id, parent_id):
            ocp.control("POST", f"/tasks/{task_id}/retry")
            ocp.advance()
        assert ocp.task(parent_id)["status"] == "SUCCESSFUL"


def test_lying_leaves_one_server_behind_each_time() -> None:
    with playing("lying") as ocp:
        parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
        ocp.advance()
        assert (ocp.task(parent_id)["status"], len(set(ocp.versions(COUPON_DEV)))) == ("SUCCESSFUL", 2)


def test_silence_falls_when_the_first_observer_is_replaced() -> None:
    with playing("silence") as ocp:
        ocp.upgraded(COUPON_DEV, RPM_4218)
        ocp.control("POST", "/advance", seconds=3000)
        (fault,) = ocp.control("GET", "/faults")
        assert (fault["action"], fault["seconds"]) == ("silent", 100)


def test_scenario_can_be_changed_at_the_control_port() -> None:
    with playing("busy") as ocp:
        ocp.control("POST", "/scenario", scenario="plain")
        ocp.upgraded(COUPON_DEV, RPM_4218)
        answer = requests.post(f"{ocp.control_url}/scenario", json={"scenario": "nothing"}, timeout=10)
        assert answer.status_code == 400
    assert set(NAMES) == {"plain", "lost", "late", "busy", "fail", "lying", "silence"}


def test_speed_can_be_changed_while_it_runs() -> None:
    with playing("plain", speed=0) as ocp:
        parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
        ocp.control("POST", "/speed", speed=20_000)
        wait_for(lambda: ocp.task(parent_id)["status"] == "SUCCESSFUL")

"""A look-alike killed in the middle goes on from its state file. Real processes, real kills."""

import base64
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from upgrades.simulator.server import LookAlike
from upgrades.simulator.state import World
from upgrades.simulator.store import Store
from upgrades.simulator.web import Request

from .conftest import COUPON_DEV, RPM_4218, TRADE_CORE, Person, wait_for

ROOT = Path(__file__).parent.parent.parent
SIGN_IN = "Sign in (Basic): ocpdash / ocpdash-demo, or admin / admin-demo"


class Running:
    """`manage.py simulate_ocp` as a process of its own."""

    def __init__(self, state: Path, *options: str) -> None:
        command = [sys.executable, str(ROOT / "manage.py"), "simulate_ocp", "--port", "0", "--control-port", "0"]
        environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [*command, "--state", str(state), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=environment,
        )
        assert self.process.stdout is not None
        first = self.process.stdout.readline()
        match = re.fullmatch(r"OCP look-alike at (\S+), control port at (\S+)\n", first)
        assert match, first + (self.process.stdout.read() if self.process.poll() is not None else "")
        self.ocp = Person(match[1], match[2])
        self.second_line = self.process.stdout.readline().strip()

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ocp.db"


@pytest.fixture
def started(state: Path) -> Iterator[list[Running]]:
    processes = [Running(state, "--speed", "0")]
    yield processes
    for running in processes:
        if running.process.poll() is None:
            running.end(signal.SIGKILL)


def test_killed_in_the_middle_it_goes_on_with_the_same_tasks_clusters_and_posts(
    state: Path, started: list[Running]
) -> None:
    ocp = started[0].ocp
    parent_id = ocp.upgraded(TRADE_CORE, RPM_4218.replace("4.2.1.8-108000022024072217", "2.2.75-20210108170301"))
    ocp.control("POST", "/answer", mode="lost", count=2)
    with pytest.raises(requests.ConnectionError):
        ocp.upgrade(COUPON_DEV, RPM_4218)
    ocp.advance(600)
    before = ocp.control("GET", "/state"), ocp.posts(), ocp.versions(TRADE_CORE)
    details = [ocp.task(task_id) for task_id in (parent_id, *ocp.children(parent_id))]
    assert started[0].end(signal.SIGKILL) == -signal.SIGKILL

    started.append(Running(state, "--speed", "0"))
    ocp = started[1].ocp
    assert (ocp.control("GET", "/state"), ocp.posts(), ocp.versions(TRADE_CORE)) == before
    assert [ocp.task(task["id"]) for task in details] == details
    with pytest.raises(requests.ConnectionError):
        ocp.upgrade(COUPON_DEV, RPM_4218)
    assert len(ocp.posts()) == 3
    ocp.advance()
    assert ocp.task(parent_id)["status"] == "SUCCESSFUL"
    assert {version.split("_")[0] for version in ocp.versions(TRADE_CORE)} == {"2.2.75"}


def test_accepted_upgrade_is_stored_before_it_is_answered(state: Path) -> None:
    sim = LookAlike(speed=0, state_file=state)
    signed = {"authorization": "Basic " + base64.b64encode(b"ocpdash:ocpdash-demo").decode()}
    body = f'{{"rpmFileName": "{RPM_4218}"}}'.encode()
    reply = sim.answer(Request("POST", f"/api/v2/ob/clusters/{COUPON_DEV}/upgrade", "", signed, body))
    stored = World(seed=1)
    assert Store(state).load(stored)
    assert reply.status == 200
    assert stored.posts[0].handled == "accepted"
    assert stored.tasks[stored.posts[0].task_id or 0].status == "RUNNING"
    assert stored.clusters[COUPON_DEV].status == "OPERATING"
    sim.stop()


def test_a_post_is_stored_when_it_comes_whatever_becomes_of_it(state: Path) -> None:
    sim = LookAlike(speed=0, state_file=state)
    sim.faults.add("drop", method="POST")
    sim.answer(Request("POST", f"/api/v2/ob/clusters/{COUPON_DEV}/upgrade", "", {}, b"{}"))
    stored = World(seed=1)
    assert Store(state).load(stored)
    assert [(post.cluster_id, post.handled) for post in stored.posts] == [(COUPON_DEV, "dropped")]
    sim.stop()


def test_a_late_post_survives_a_kill(state: Path, started: list[Running]) -> None:
    ocp = started[0].ocp
    ocp.control("POST", "/answer", mode="late", delay=0.5)
    with pytest.raises(requests.ConnectionError):
        ocp.upgrade(COUPON_DEV, RPM_4218)
    started[0].end(signal.SIGKILL)
    started.append(Running(state, "--speed", "0"))
    ocp = started[1].ocp
    wait_for(lambda: bool(ocp.posts()[0]["task_id"]))
    assert ocp.status(COUPON_DEV) == "OPERATING"


def test_sigterm_ends_it_cleanly_and_it_says_how_to_sign_in(started: list[Running]) -> None:
    assert started[0].second_line == SIGN_IN
    assert started[0].end(signal.SIGTERM) == 0


def test_a_taken_port_is_one_sentence(started: list[Running]) -> None:
    port = started[0].ocp.url.rsplit(":", 1)[1]
    command = [sys.executable, "manage.py", "simulate_ocp", "--port", port, "--control-port", "0"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert f"Cannot listen on port {port}" in ended.stderr
    assert "Traceback" not in ended.stderr

"""A look-alike killed in the middle goes on from its state file. Real processes, real kills."""

import base64
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from upgrades.simulator.server import LookAlike
from upgrades.simulator.state import World
from upgrades.simulator.store import Store
from upgrades.simulator.web import Request

from . import process
from .conftest import COUPON_DEV, RPM_4218, TRADE_CORE, wait_for
from .process import Running

SIGN_IN = "Sign in (Basic): ocpdash / ocpdash-demo, or admin / admin-demo"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state" / "ocp.db"


@pytest.fixture
def started(state: Path) -> Iterator[list[Running]]:
    processes = [Running("--state", str(state), "--speed", "0")]
    yield processes
    for running in processes:
        running.__exit__()


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

    started.append(Running("--state", str(state), "--speed", "0"))
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
    assert stored.posts[1].handled == "accepted"
    assert stored.tasks[stored.posts[1].task_id or 0].status == "RUNNING"
    assert stored.clusters[COUPON_DEV].status == "OPERATING"
    sim.stop()


def test_a_post_is_stored_when_it_comes_whatever_becomes_of_it(state: Path) -> None:
    sim = LookAlike(speed=0, state_file=state)
    sim.faults.add("drop", method="POST")
    sim.answer(Request("POST", f"/api/v2/ob/clusters/{COUPON_DEV}/upgrade", "", {}, b"{}"))
    stored = World(seed=1)
    assert Store(state).load(stored)
    assert [(post.cluster_id, post.handled) for post in stored.posts.values()] == [(COUPON_DEV, "dropped")]
    sim.stop()


def test_a_late_post_survives_a_kill(state: Path, started: list[Running]) -> None:
    ocp = started[0].ocp
    ocp.control("POST", "/answer", mode="late", delay=0.5)
    with pytest.raises(requests.ConnectionError):
        ocp.upgrade(COUPON_DEV, RPM_4218)
    started[0].end(signal.SIGKILL)
    started.append(Running("--state", str(state), "--speed", "0"))
    ocp = started[1].ocp
    wait_for(lambda: bool(ocp.posts()[0]["task_id"]))
    assert ocp.status(COUPON_DEV) == "OPERATING"


def test_sigterm_ends_it_cleanly_and_it_says_how_to_sign_in(started: list[Running]) -> None:
    assert started[0].second_line == SIGN_IN
    assert started[0].end(signal.SIGTERM) == 0


def test_a_taken_port_is_one_sentence(started: list[Running]) -> None:
    port = started[0].ocp.url.rsplit(":", 1)[1]
    ended = process.run("--port", port)
    assert ended.returncode == 1
    assert f"Cannot listen on port {port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_state_file_of_another_format_is_one_sentence(state: Path, started: list[Running]) -> None:
    started[0].end(signal.SIGTERM)
    with sqlite3.connect(state) as file:
        file.execute("PRAGMA user_version=0")
    file.close()
    _ends_with_one_sentence(state)
    state.write_text('{"clusters": []}')
    _ends_with_one_sentence(state)


def _ends_with_one_sentence(state: Path) -> None:
    ended = process.run("--state", str(state))
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith(
        f"{state} was not written by this version: remove it, or start the demo with --reset."
    )
    assert "Traceback" not in ended.stderr


def test_one_that_does_not_say_where_it_listens_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = [sys.executable, "-c", "import time; print('Hello', flush=True); time.sleep(60)"]
    monkeypatch.setattr(process, "command", lambda *_options: silent)
    begun = time.monotonic()
    with pytest.raises(AssertionError, match="'Hello'"):
        Running()
    assert time.monotonic() - begun < 20

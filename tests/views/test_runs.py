"""Runs: the list, the live page in every status, the snapshot and its freshness; nothing OCP writes gets out of its text."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import client_of, in_review, mirror, queries, refused, run_of
from upgrades.models import Endpoint, Heartbeat, Subtask, SubtaskEvent, SubtaskLog, TaskInstance, UpgradeRun
from upgrades.rules import workflow

pytestmark = pytest.mark.django_db

HOSTILE = "</text><script>alert(1)</script>\"'&\u202e"


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return Cast()


@pytest.fixture
def client(cast: Cast) -> Client:
    return client_of(cast.olga)


def make_run(cast: Cast, status: str = "running", **over: Any) -> UpgradeRun:
    """A run that was read a moment ago, by a worker that lives."""
    Heartbeat.objects.update_or_create(name="follower", defaults={"at": timezone.now()})
    run = run_of(in_review(cast), status, **{"observed_at": timezone.now(), "sent_at": timezone.now()} | over)
    Endpoint.objects.filter(pk=run.endpoint_id).update(follow_due_at=timezone.now())
    return run


def make_task(run: UpgradeRun, count: int = 5, *, name: str = "Step", **over: Any) -> TaskInstance:
    """The parent of `run`: a line of subtasks, the first done, the second at work, the rest to come."""
    values: dict[str, Any] = {"ocp_id": run.ocp_task_id, "kind": "parent", "status": "RUNNING", "operation": "EXECUTE"}
    task = TaskInstance.objects.create(run=run, observed_at=timezone.now(), topology_hash=f"{count}{name}"[:64], **values)
    now = timezone.now()
    Subtask.objects.bulk_create(
        Subtask(
            task_instance=task,
            ocp_id=100 + number,
            name=f"{name} {number}",
            status=("SUCCESSFUL", "RUNNING")[number] if number < 2 else "PENDING",
            operation="EXECUTE",
            upstreams=[99 + number] if number else [],
            run_time=1,
            timeout=1800,
            started_at=now - timedelta(seconds=90) if number < 2 else None,
            finished_at=now - timedelta(seconds=20) if not number else None,
        )
        for number in range(count)
    )
    for row in task.subtasks.filter(**over) if over else ():
        assert row
    return task


def page_of(run: UpgradeRun, rest: str = "") -> str:
    return f"/runs/{run.pk}/{rest}"


def test_stranger_sees_no_run_and_nobody_is_told_that_it_exists(cast: Cast) -> None:
    run = make_run(cast)
    for person in (make_user("dev.only", ("viewer", "dev")), make_user("nobody")):
        for rest in ("", "snapshot/", "graph/", "log/?node=1/2"):
            assert client_of(person).get(page_of(run, rest)).status_code == 404, rest
        assert "trade_core" not in client_of(person).get("/runs/").text


def test_who_is_not_signed_in_is_sent_to_sign_in(cast: Cast) -> None:
    run = make_run(cast)
    assert Client().get(page_of(run)).status_code == 302
    assert Client().get(page_of(run, "snapshot/"), headers={"Sec-Fetch-Dest": "empty"}).status_code == 401


def test_viewer_watches_and_may_not_ask_for_a_look(cast: Cast) -> None:
    run = make_run(cast, "disagrees")
    viewer = make_user("vera", "viewer")
    assert client_of(viewer).get(page_of(run)).status_code == 200
    assert client_of(viewer).post(page_of(run, "look-again/")).status_code == 403
    assert refused("run.look_again", viewer) == 1


def test_operator_asks_for_a_look(client: Client, cast: Cast) -> None:
    run = make_run(cast, "disagrees", verify_due_at=timezone.now() + timedelta(minutes=5))
    assert client.post(page_of(run, "look-again/")).status_code == 302
    run.refresh_from_db()
    assert run.verify_due_at is not None
    assert run.verify_due_at <= timezone.now()


def test_look_at_a_verified_run_comes_too_late(client: Client, cast: Cast) -> None:
    assert client.post(page_of(make_run(cast, "verified"), "look-again/")).status_code == 409


@pytest.mark.parametrize("status", list(workflow.RunStatus))
@pytest.mark.parametrize("view", ["graph", "table", "events"])
def test_every_status_has_its_page(client: Client, cast: Cast, status: str, view: str) -> None:
    run = make_run(cast, status)
    if run.ocp_task_id is not None:
        make_task(run)
    text = client.get(page_of(run, f"?view={view}")).text
    assert "trade_core" in text
    assert f'data-run-status="{status}"' in text
    if status not in ("running",):
        assert f'data-banner="{status}"' in text

"""The snapshot that an open run page asks for: the whole state, the same bytes for everybody."""

import time
from datetime import datetime, timedelta

import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone

from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import client_of
from tests.views.run_rows import make_run, make_task, page_of
from upgrades import live, selectors
from upgrades.models import Endpoint, Role, SubtaskLog, UpgradeRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


@pytest.fixture
def client(cast: Cast) -> Client:
    return client_of(cast.olga)


@pytest.mark.parametrize("environment", ["", "dev", "staging", "production"])
@pytest.mark.parametrize("role", Role.values)
def test_mark_of_a_run_is_for_those_who_may_see_the_run(cast: Cast, role: str, environment: str) -> None:
    run = make_run(cast)
    person, stranger = make_user("vera", (role, environment)), make_user("nobody")
    gone = make_user("gone", role)
    gone.is_active = False
    for user in (person, stranger, gone):
        is_visible = UpgradeRun.objects.visible_to(user).filter(pk=run.pk).exists()
        assert (selectors.run_mark(run.pk, user) is not None) == is_visible
    assert selectors.run_mark(run.pk, person) is None or environment in {"", "production"}


def test_snapshot_holds_the_whole_state_and_ids_are_texts(client: Client, cast: Cast) -> None:
    run = make_run(cast)
    task = make_task(run)
    SubtaskLog.objects.create(task_instance=task, subtask_ocp_id=101, text="one line", observed_at=timezone.now())
    state = client.get(page_of(run, "snapshot/")).json()
    key = f"{run.ocp_task_id}/101"
    assert state["run"] == str(run.pk)
    assert state["status"] == "running"
    assert state["tasks"] == {str(run.ocp_task_id): {"status": "RUNNING", "operation": "EXECUTE"}}
    assert set(state["subtasks"][key]) == {"status", "operation", "runTime", "startedAt", "finishedAt"}
    assert state["subtasks"][key]["status"] == "RUNNING"
    assert set(state["logs"]) == {key}
    assert state["endpoint"] == {"failing_since": None, "failure": None, "breaker_opened_at": None}
    assert state["observed_at"]
    assert state["heartbeat_at"]


def test_snapshot_is_the_same_bytes_for_every_viewer(client: Client, cast: Cast) -> None:
    run = make_run(cast)
    make_task(run)
    other = client_of(cast.uma).get(page_of(run, "snapshot/"), headers={"Accept-Language": "zh-hans"})
    assert client.get(page_of(run, "snapshot/")).content == other.content


def test_snapshot_answers_304_until_something_moves(client: Client, cast: Cast) -> None:
    run = make_run(cast)
    task = make_task(run)
    first = client.get(page_of(run, "snapshot/"))
    # Kept by the browser and asked about each time: a 304 needs something to stand for.
    assert first.headers["Cache-Control"] == "private, no-cache"

    def again() -> int:
        answer = client.get(page_of(run, "snapshot/"), headers={"If-None-Match": first.headers["ETag"]})
        assert datetime.fromisoformat(answer.headers["Observed-At"])
        assert datetime.fromisoformat(answer.headers["Heartbeat-At"])
        return answer.status_code

    assert again() == 304
    seen = timezone.now() + timedelta(seconds=1)
    UpgradeRun.objects.filter(pk=run.pk).update(observed_at=seen)
    assert again() == 304
    answer = client.get(page_of(run, "snapshot/"), headers={"If-None-Match": first.headers["ETag"]})
    assert datetime.fromisoformat(answer.headers["Observed-At"]) == seen
    SubtaskLog.objects.create(task_instance=task, subtask_ocp_id=101, text="a line", observed_at=timezone.now())
    assert again() == 200
    SubtaskLog.objects.all().delete()
    assert again() == 304
    Endpoint.objects.update(failing_since=timezone.now())
    assert again() == 200
    Endpoint.objects.update(failing_since=None)
    UpgradeRun.objects.filter(pk=run.pk).update(version=F("version") + 1)
    assert again() == 200


def test_read_of_the_list_keeps_a_running_run_fresh_and_only_while_it_comes_in_time(client: Client, cast: Cast) -> None:
    own, listed = timezone.now() - timedelta(minutes=5), timezone.now() - timedelta(seconds=2)
    run = make_run(cast, observed_at=own, list_digest="x")
    Endpoint.objects.update(observed_at=listed)

    def seen() -> datetime:
        return datetime.fromisoformat(client.get(page_of(run, "snapshot/")).headers["Observed-At"])

    assert seen() == listed
    Endpoint.objects.update(follow_due_at=timezone.now() - timedelta(minutes=1))
    assert seen() == own
    Endpoint.objects.update(follow_due_at=timezone.now())
    UpgradeRun.objects.update(unreadable_since=timezone.now())
    assert seen() == own


def test_looking_is_noted_with_the_chosen_subtask(client: Client, cast: Cast) -> None:
    run = make_run(cast)
    client.get(page_of(run, "snapshot/?node=12/34"))
    client.get(page_of(run, "snapshot/?node=<script>"))
    assert live.watched(now=time.time()) == {run.pk: {"12/34"}}

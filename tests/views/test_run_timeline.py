"""What happened when: events of subtasks and the run's own moves, and a bar for each attempt."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.scenes import Cast
from tests.views.acting import client_of, in_review, mirror, queries, run_of
from tests.views.run_rows import make_run, make_task, page_of
from upgrades import audit
from upgrades.models import Subtask, SubtaskEvent, UpgradeRun
from upgrades.rules import Reason
from upgrades.views.run_events import PAGE

pytestmark = pytest.mark.django_db

START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


@pytest.fixture
def run(cast: Cast) -> UpgradeRun:
    run = make_run(cast)
    make_task(run)
    return run


@pytest.fixture
def client(cast: Cast) -> Client:
    return client_of(cast.olga)


def saw(run: UpgradeRun, minute: int, status: str, **over: Any) -> None:
    values = {"subtask_ocp_id": 101, "name": "Step 1", "operation_after": "EXECUTE", "run_time": 1, **over}
    at = START + timedelta(minutes=minute)
    SubtaskEvent.objects.create(run=run, task_ocp_id=run.ocp_task_id, seen_at=at, status_after=status, **values)


def retried(run: UpgradeRun) -> None:
    """The second subtask failed, and is tried again."""
    saw(run, 1, "RUNNING")
    saw(run, 4, "FAILED", status_before="RUNNING")
    saw(run, 9, "RUNNING", status_before="FAILED", operation_after="RETRY", run_time=2)
    Subtask.objects.filter(ocp_id=101).update(
        operation="RETRY", run_time=2, started_at=START + timedelta(minutes=8), finished_at=None
    )


def plain(page: str) -> list[str]:
    """The lines of the events, each without markup."""
    found = re.findall(r"<li data-status=.*?</li>", page, re.DOTALL)
    return [re.sub(r"\s+", " ", re.sub("<.*?>", " ", line)).strip() for line in found]


def test_events_are_listed_newest_or_oldest_first_with_the_runs_own_moves(client: Client, run: UpgradeRun) -> None:
    retried(run)
    audit.record("run.fail", subject=run, reason=Reason("run.ocp_says", {"status": "FAILED", "operation": "EXECUTE"}))
    newest = plain(client.get(page_of(run, "?view=events")).text)
    assert "saw OCP's task fail: OCP says FAILED, operation EXECUTE." in newest[0].replace("&#x27;", "'")
    assert "Step 1 : FAILED → RUNNING by RETRY · attempt 2" in newest[1]
    page = client.get(page_of(run, "?view=events&order=oldest")).text
    assert plain(page) == newest[::-1]
    assert "The run as a whole" in page


def test_failures_alone_can_be_asked_for(client: Client, run: UpgradeRun) -> None:
    assert "Nothing has failed" in client.get(page_of(run, "?view=events&only=failed")).text
    retried(run)
    audit.record("run.doubt", subject=run)
    audit.record("run.adopt", subject=run)
    lines = plain(client.get(page_of(run, "?view=events&only=failed")).text)
    assert len(lines) == 2
    assert "called the run unconfirmed" in lines[0]
    assert "RUNNING → FAILED" in lines[1]


def test_events_stand_under_their_hop(client: Client, run: UpgradeRun) -> None:
    child = run.task_instances.create(
        ocp_id=7, kind="child", hop=0, observed_at=timezone.now(), topology_hash="c", status="RUNNING"
    )
    names = {100: "Submit cluster upgrade task", 101: "Wait dag success"}
    for number, name in names.items():
        Subtask.objects.filter(ocp_id=number).update(name=name)
    child.subtasks.create(ocp_id=1, name="Install rpm", status="RUNNING", started_at=timezone.now())
    saw(run, 1, "RUNNING")
    saw(run, 2, "RUNNING", subtask_ocp_id=1, name="Install rpm")
    SubtaskEvent.objects.filter(subtask_ocp_id=1).update(task_ocp_id=7)
    page = client.get(page_of(run, "?view=events&order=oldest")).text
    heads = re.findall(r'<h3 class="evhead">(.*?) <', page)
    assert heads == ["The run as a whole", "Hop 1 of 1 · to 4.2.1.8"]


def test_many_events_come_in_pages(client: Client, run: UpgradeRun) -> None:
    SubtaskEvent.objects.bulk_create(
        SubtaskEvent(run=run, task_ocp_id=1, subtask_ocp_id=n, name=f"Step {n}", seen_at=START + timedelta(seconds=n))
        for n in range(PAGE + 3)
    )
    page = client.get(page_of(run, "?view=events")).text
    assert len(plain(page)) == PAGE
    assert "Page 1 of 2" in page
    assert len(plain(client.get(page_of(run, "?view=events&page=2")).text)) == 3


def test_each_attempt_has_a_bar_and_the_same_in_words(client: Client, run: UpgradeRun) -> None:
    retried(run)
    page = client.get(page_of(run, "?view=timeline")).text
    rows = [row for row in re.findall(r"<tr data-status=.*?</tr>", page, re.DOTALL) if "Step 1" in row]
    assert [re.findall(r'data-status="(\w+)"', row)[0] for row in rows] == ["failed", "running"]
    assert "02:01:00 +00" in rows[0]
    assert "02:04:00 +00</time> *" in rows[0]
    assert "3:00" in rows[0]
    assert "02:08:00 +00</time></td>" in rows[1]
    assert "not yet" in rows[1]
    for row in rows:
        (left,), (width,) = re.findall(r'x="([0-9.]+)%" y="3"', row), re.findall(r'width="([0-9.]+)%" height="12"', row)
        assert float(left) + float(width) <= 100.01
    assert "3 subtasks have not begun" in page


def test_timeline_before_anything_began_says_so(client: Client, cast: Cast) -> None:
    run = make_run(cast)
    make_task(run)
    Subtask.objects.update(status="PENDING", started_at=None, finished_at=None)
    assert "Nothing has begun yet" in client.get(page_of(run, "?view=timeline")).text


@pytest.mark.parametrize("view", ["events", "timeline"])
def test_what_happened_costs_the_same_for_many_subtasks(cast: Cast, view: str) -> None:
    few, many = make_run(cast), run_of(in_review(cast, mirror("user_center")), "running", observed_at=timezone.now())
    make_task(few, 5)
    make_task(many, 60)
    for number in range(60):
        saw(many, number, "RUNNING", subtask_ocp_id=100 + number)
    client = client_of(cast.olga)
    assert queries(client, page_of(few, f"?view={view}")) == queries(client, page_of(many, f"?view={view}"))

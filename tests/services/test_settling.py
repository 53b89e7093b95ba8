"""T2: what OCP's answer to the POST makes of the run, and of a run that has moved on meanwhile."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_change_request, make_cluster, make_run
from upgrades.models import AuditEvent, ChangeRequest, ClusterHold, Endpoint, UpgradeRun
from upgrades.rules.submission import Answer
from upgrades.services import holds, sending

pytestmark = pytest.mark.django_db

TASK = 4711


@pytest.fixture
def run():
    """A run that was sent a moment ago; no read is due for an hour."""
    request = make_change_request(status="in_progress")
    run = make_run(request, "submitting", sent_at=timezone.now(), baseline=[3])
    holds.take(run, [request.cluster])
    later = timezone.now() + timedelta(hours=1)
    Endpoint.objects.update(follow_due_at=later, sweep_due_at=later)
    return run


def taken(run, **over):
    facts = {"http_status": 200, "has_envelope": True, "task_id": TASK, "cluster_id": run.cluster_ocp_id}
    return Answer(**facts | over)


def settle(run, answer):
    sending.settle(run, answer, trace_id="t-9")
    return UpgradeRun.objects.get(pk=run.pk)


def hastened():
    """Which reads are due now."""
    row, now = Endpoint.objects.get(), timezone.now()
    return [kind for kind in ("follow", "sweep") if getattr(row, f"{kind}_due_at") <= now]


def rings(redis, capture, call, *args):
    """What the call returns, and how often it rang after its commit."""
    before = redis.llen("tick")
    with capture(execute=True):
        found = call(*args)
    return found, redis.llen("tick") - before


@pytest.mark.parametrize("status", ["submitting", "unconfirmed"])
def test_a_task_that_ocp_names_is_followed_at_once(run, redis, django_capture_on_commit_callbacks, status):
    UpgradeRun.objects.update(status=status)
    run.refresh_from_db()
    run, count = rings(redis, django_capture_on_commit_callbacks, settle, run, taken(run))
    assert (run.status, run.ocp_task_id, run.ocp_task_cluster_id) == ("running", TASK, run.cluster_ocp_id)
    assert run.detail_due_at is not None
    assert run.answered_at is not None
    assert run.answer == {
        "is_sent": True, "http_status": 200, "code": None, "task_id": TASK, "cluster_id": run.cluster_ocp_id,
    }  # fmt: skip
    assert (hastened(), count) == (["follow"], 1)
    event = AuditEvent.objects.get(action="run.accept")
    assert event.trace_id == "t-9"
    assert run.late_evidence == []
    assert ClusterHold.objects.filter(run=run).exists()


def test_a_no_ends_run_and_request_and_gives_the_cluster_back(run):
    run = settle(run, Answer(http_status=403, has_envelope=True, code="IAM11000"))
    assert (run.status, run.status_reason["code"]) == ("refused", "submit.no_right")
    assert (run.answer["http_status"], run.answer["code"], run.answer["task_id"]) == (403, "IAM11000", None)
    assert run.answered_at is not None
    assert ChangeRequest.objects.get().outcome == "refused"
    assert not ClusterHold.objects.exists()
    assert AuditEvent.objects.get(action="run.refuse").trace_id == "t-9"
    assert hastened() == []


@pytest.mark.parametrize(
    ("facts", "code", "is_busy"),
    [
        ({"http_status": None, "task_id": None}, "submit.no_answer", False),
        ({"http_status": 409, "code": "OBE11020", "task_id": None}, "submit.busy", True),
        ({"http_status": 503, "task_id": None}, "submit.odd_answer", False),
        ({"task_id": 3}, "submit.old_task", False),
        ({"task_id": None}, "submit.no_task", False),
        ({"cluster_id": 1}, "submit.other_cluster", False),
    ],
)
def test_what_proves_nothing_leaves_doubt_and_a_search_at_once(
    run, redis, django_capture_on_commit_callbacks, facts, code, is_busy
):
    run, count = rings(redis, django_capture_on_commit_callbacks, settle, run, taken(run, **facts))
    assert (run.status, run.status_reason["code"], run.ocp_task_id) == ("unconfirmed", code, None)
    assert (run.busy_seen_at is not None) == is_busy
    assert run.answered_at is not None
    assert (hastened(), count, run.late_evidence) == (["sweep"], 1, [])
    assert AuditEvent.objects.get(action="run.doubt").trace_id == "t-9"
    assert ClusterHold.objects.filter(run=run).exists()


def test_a_task_that_another_run_has_is_not_ours(run):
    other = make_run(make_change_request(make_cluster(run.endpoint)), "running", ocp_task_id=TASK)
    run = settle(run, taken(run))
    assert (run.status, run.status_reason["code"]) == ("unconfirmed", "submit.old_task")
    assert other.endpoint == run.endpoint


def test_doubt_about_a_run_in_doubt_is_kept_as_evidence(run):
    UpgradeRun.objects.update(status="unconfirmed", status_reason={"code": "submit.worker_lost", "params": {}})
    run = settle(run, taken(run, http_status=503, task_id=None))
    assert (run.status, run.status_reason["code"]) == ("unconfirmed", "submit.worker_lost")
    assert (run.answer["http_status"], run.answered_at is not None) == (503, True)
    assert run.late_evidence[-1] == {"kind": "answer", **run.answer}
    assert AuditEvent.objects.get(action="run.late_evidence").trace_id == "t-9"
    assert not AuditEvent.objects.filter(action="run.doubt").exists()


@pytest.mark.parametrize("status", ["abandoned", "refused"])
@pytest.mark.parametrize(
    ("facts", "is_alarming"),
    [
        ({}, True),
        ({"http_status": 503, "task_id": None}, False),
        ({"http_status": 403, "task_id": None}, False),
        ({"cluster_id": 1}, True),
    ],
)
def test_an_answer_to_a_run_that_is_over_is_evidence_and_a_task_of_it_an_alarm(run, status, facts, is_alarming):
    UpgradeRun.objects.update(status=status)
    run = settle(run, taken(run, **facts))
    assert (run.status, run.ocp_task_id, run.answered_at) == (status, None, None)
    assert run.late_evidence[-1]["kind"] == "answer"
    assert AuditEvent.objects.get(action="run.late_evidence").trace_id == "t-9"
    assert (run.alarm is not None) == is_alarming
    if is_alarming:
        assert (run.alarm["code"], run.alarm["params"]) == ("alarm.other_task", {"task_id": TASK})


def test_the_answer_that_names_the_task_which_was_adopted_is_no_alarm(run):
    UpgradeRun.objects.update(status="running", ocp_task_id=TASK)
    run.refresh_from_db()
    run = settle(run, taken(run))
    assert (run.status, run.alarm, len(run.late_evidence)) == ("running", None, 1)

"""Between the intent and the POST: what changes while the second pre-read is under way stops it."""

import time
from contextlib import contextmanager
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from tests import scenes
from tests.followed import fresh, in_thread, wait_until
from tests.scenes import Cast, control, posts
from upgrades.models import AuditEvent, ChangeRequest, ClusterHold, Endpoint, Halt, UpgradeRun
from upgrades.rules import Reason
from upgrades.services import preread, sending, submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def change_request(look_alike, settings, transactional_db):
    scenes.connect(look_alike, settings)
    return scenes.starting(Cast())


@contextmanager
def between(look_alike, change_request):
    """The run, while the worker's second pre-read waits for OCP's time."""
    control(look_alike, "POST", "/faults", method="GET", path="/api/v2/time", action="hold", count=1, skip=1)
    worker = in_thread(submission.submit, change_request.pk)
    wait_until(lambda: control(look_alike, "GET", "/faults")[0]["holding"])
    yield UpgradeRun.objects.get(pk=change_request.pk)
    control(look_alike, "DELETE", "/faults")
    worker.join(20)
    assert not worker.is_alive()


def is_refused(run, look_alike, code):
    run, request = fresh(run), ChangeRequest.objects.get(pk=run.pk)
    assert (run.status, run.status_reason["code"], run.sent_at) == ("refused", code, None)
    assert (run.answer["is_sent"], request.status, request.outcome) == (False, "done", "refused")
    assert run.late_evidence == []
    assert not ClusterHold.objects.exists()
    return posts(look_alike) == []


def test_the_wait_alone_refuses_nothing(look_alike, change_request):
    with between(look_alike, change_request) as run:
        pass
    assert (fresh(run).status, len(posts(look_alike))) == ("running", 1)


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", f"/packages/{scenes.TARGET}/replace", {}, "plan.package_replaced"),
        ("DELETE", f"/packages/{scenes.TARGET}", {}, "package.unknown"),
        ("POST", "/clusters/{cluster}/set", {"status": "OPERATING"}, "start.cluster_not_running"),
    ],
)
def test_what_changes_in_ocp_after_the_intent_is_not_sent(look_alike, change_request, method, path, body, code):
    with between(look_alike, change_request) as run:
        control(look_alike, method, path.format(cluster=run.cluster_ocp_id), **body)
    assert is_refused(run, look_alike, code)


def test_an_endpoint_that_is_switched_off_after_the_intent_is_sent_nothing(look_alike, change_request):
    with between(look_alike, change_request) as run:
        Endpoint.objects.update(is_active=False)
    assert is_refused(run, look_alike, "endpoint.is_off")


def test_a_worker_that_lost_the_key_to_the_password_sends_nothing(look_alike, change_request, settings):
    with between(look_alike, change_request) as run:
        settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
    assert is_refused(run, look_alike, "endpoint.credentials_unreadable")


def test_a_halt_after_the_intent_stops_the_post(look_alike, change_request):
    with between(look_alike, change_request) as run:
        Halt.objects.create(kind="restored", reason={})
    assert is_refused(run, look_alike, "halt.in_force")


@pytest.fixture
def intended(look_alike, change_request):
    """A run whose intent was written a moment ago, as its worker holds it."""
    assert submission.claim(change_request.pk)
    return submission._intend(change_request, preread.read(change_request, seconds=30))


def now():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def test_what_was_intended_is_sent_once_with_its_event(look_alike, intended):
    sending.send(intended, now() + 30)
    sending.send(intended, now() + 30)
    assert [post["body"] for post in posts(look_alike)] == [intended.body]
    assert AuditEvent.objects.get(action="run.send").after == {"body": intended.body}
    assert fresh(intended).status == "running"


def test_a_worker_whose_time_is_over_sends_nothing(look_alike, intended):
    sending.send(intended, now() - 1)
    assert is_refused(intended, look_alike, "submit.took_too_long")


def test_a_worker_whose_intent_is_too_old_sends_nothing(look_alike, intended, settings):
    late = timezone.now() - timedelta(seconds=settings.SUBMIT_BUDGET_SECONDS + 1)
    UpgradeRun.objects.filter(pk=intended.pk).update(intent_at=late)
    sending.send(intended, now() + 30)
    assert is_refused(intended, look_alike, "submit.took_too_long")


def test_that_it_sends_is_said_in_no_wider_transaction(intended):
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        sending._why_not_taken(intended)


def test_a_halt_of_this_very_moment_takes_no_turn_and_is_named(look_alike, intended):
    Halt.objects.create(kind="restored", reason={})
    assert sending._why_not_taken(intended) == Reason("halt.in_force")
    assert fresh(intended).sent_at is None
    assert not AuditEvent.objects.filter(action="run.send").exists()


@pytest.mark.parametrize(
    ("mode", "status", "is_open"), [("401", "refused", True), ("403", "refused", False), ("500", "unconfirmed", False)]
)
def test_a_password_that_ocp_refuses_opens_the_breaker_and_nothing_else_does(
    look_alike, intended, mode, status, is_open
):
    control(look_alike, "POST", "/answer", mode=mode)
    sending.send(intended, now() + 30)
    run, endpoint = fresh(intended), Endpoint.objects.get()
    assert (run.status, run.answer["http_status"]) == (status, int(mode))
    assert (endpoint.breaker_opened_at is not None) == is_open
    assert (endpoint.failing_since is not None) == is_open


def test_a_worker_that_has_said_that_it_sends_does_not_say_so_again(look_alike, change_request):
    with between(look_alike, change_request) as run:
        UpgradeRun.objects.filter(pk=run.pk).update(sent_at=Now())
    assert posts(look_alike) == []
    assert not AuditEvent.objects.filter(action="run.send").exists()


def test_a_run_that_was_called_unconfirmed_is_refused_by_the_worker_that_knows_better(look_alike, change_request):
    with between(look_alike, change_request) as run:
        UpgradeRun.objects.filter(pk=run.pk).update(status="unconfirmed")
        control(look_alike, "POST", f"/packages/{scenes.TARGET}/replace")
    assert is_refused(run, look_alike, "plan.package_replaced")


@pytest.mark.parametrize("columns", [{"worker_token": "another"}, {"status": "abandoned"}])
def test_who_does_not_hold_the_run_any_more_sends_nothing_and_keeps_that_as_evidence(
    look_alike, change_request, columns
):
    with between(look_alike, change_request) as run:
        UpgradeRun.objects.filter(pk=run.pk).update(**columns)
        control(look_alike, "POST", f"/packages/{scenes.TARGET}/replace")
    run = fresh(run)
    assert (posts(look_alike), run.alarm) == ([], None)
    assert {name: getattr(run, name) for name in columns} == columns
    assert (run.late_evidence[-1]["kind"], run.late_evidence[-1]["reason"]["code"]) == (
        "not_sent",
        "plan.package_replaced",
    )


def test_a_run_that_was_adopted_while_its_worker_did_not_send_raises_the_alarm(look_alike, change_request):
    with between(look_alike, change_request) as run:
        UpgradeRun.objects.filter(pk=run.pk).update(status="running", ocp_task_id=99)
        control(look_alike, "POST", f"/packages/{scenes.TARGET}/replace")
    run = fresh(run)
    assert (posts(look_alike), run.status) == ([], "running")
    assert (run.alarm["code"], run.alarm["params"]) == ("alarm.adopted_but_not_sent", {"task_id": 99})

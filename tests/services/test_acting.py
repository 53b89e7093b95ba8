"""What stands between an action that was asked during a run and its POST: whatever is no longer so stops it."""

import time
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from tests import followed
from tests.followed import fresh
from tests.scenes import control
from tests.services.acting import act, acts, ask, child_step
from upgrades.models import AuditEvent, Endpoint, Grant, Halt, RunAction, UpgradeRun
from upgrades.rules import Reason
from upgrades.services import acting, endpoints, moves

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(look_alike, cast):
    """A retry of the child's failed subtask that olga asked for."""
    run = followed.to_failure(look_alike, followed.posted(cast))
    return ask(run, child_step(run), cast.olga)


def intend(action):
    """The intent on the rows as they stand: the action as its worker holds it then."""
    assert try_intent(action) is None
    action.refresh_from_db()
    return action


def try_intent(action):
    with transaction.atomic():
        return acting._intend(action)


def send(action):
    acting._send(action, endpoints.client(action.run.endpoint), time.clock_gettime(time.CLOCK_BOOTTIME) + 30)
    action.refresh_from_db()
    return action.status, action.status_reason and action.status_reason["code"]


def test_what_is_asked_is_sent_once(look_alike, asked):
    assert send(intend(asked)) == ("done", None)
    assert len(acts(look_alike)) == 1
    assert AuditEvent.objects.filter(action="run_action.post").count() == 1


def test_a_halt_keeps_it_waiting(look_alike, asked):
    Halt.objects.create(kind="restored", reason={}, settled_at=timezone.now())
    assert act(asked).status == "asked"
    assert acts(look_alike) == []
    Halt.objects.update(lifted_at=timezone.now())
    assert act(asked).status == "done"


@pytest.mark.parametrize("is_deactivated", [True, False])
def test_who_asked_and_may_no_longer_stops_it(look_alike, asked, cast, is_deactivated):
    if is_deactivated:
        type(cast.olga).objects.filter(pk=cast.olga.pk).update(is_active=False)
    else:
        Grant.objects.filter(user=cast.olga).delete()
    action = act(asked)
    code = "person.inactive" if is_deactivated else "move.not_permitted"
    assert (action.status, action.status_reason["code"], acts(look_alike)) == ("refused", code, [])


def test_an_endpoint_that_is_switched_off_keeps_it_waiting_and_is_not_asked(look_alike, asked):
    Endpoint.objects.update(is_active=False)
    before = len(followed.requests_of(look_alike))
    assert act(asked).status == "asked"
    assert len(followed.requests_of(look_alike)) == before
    assert acting.due() == []


def test_rows_that_were_read_too_long_ago_are_none_to_act_on(asked):
    UpgradeRun.objects.filter(pk=asked.run_id).update(observed_at=timezone.now() - timedelta(seconds=31))
    with pytest.raises(moves.TooLate) as refused:
        try_intent(asked)
    assert refused.value.reason.code == "start.rows_too_old"
    UpgradeRun.objects.filter(pk=asked.run_id).update(observed_at=None)
    with pytest.raises(moves.TooLate):
        try_intent(asked)


def test_a_subtask_that_was_retried_meanwhile_is_another_one(asked):
    RunAction.objects.filter(pk=asked.pk).update(before={"1": ["FAILED"]})
    asked.refresh_from_db()
    assert try_intent(asked).code == "decision.evidence_moved"


def test_a_halt_after_the_intent_stops_the_post(look_alike, asked):
    action = intend(asked)
    Halt.objects.create(kind="restored", reason={}, settled_at=timezone.now())
    assert send(action) == ("refused", "halt.in_force")
    assert (action.sent_at, acts(look_alike)) == (None, [])


def test_a_restore_that_is_found_after_the_intent_leaves_doubt_and_no_post(look_alike, asked):
    action = intend(asked)
    Halt.objects.create(kind="restored", reason={})
    assert send(action) == ("unconfirmed", "halt.voided")
    assert (action.sent_at, acts(look_alike)) == (None, [])


def test_a_halt_of_this_very_moment_takes_no_turn_and_is_named(asked):
    action = intend(asked)
    Halt.objects.create(kind="restored", reason={})
    assert acting._why_not_taken(action) == Reason("halt.in_force")
    action.refresh_from_db()
    assert action.sent_at is None


def test_a_worker_that_stood_still_longer_than_its_budget_sends_nothing(look_alike, asked, settings):
    action = intend(asked)
    RunAction.objects.filter(pk=action.pk).update(
        intent_at=timezone.now() - timedelta(seconds=settings.SUBMIT_BUDGET_SECONDS + 1)
    )
    assert send(action) == ("refused", "run_action.took_too_long")
    assert acts(look_alike) == []


@pytest.mark.parametrize("columns", [{"worker_token": "another"}, {"sent_at": timezone.now()}])
def test_who_does_not_hold_it_any_more_sends_nothing(look_alike, asked, columns):
    action = intend(asked)
    RunAction.objects.filter(pk=action.pk).update(**columns)
    send(action)
    assert acts(look_alike) == []
    assert not AuditEvent.objects.filter(action="run_action.post").exists()


def test_one_that_was_called_unconfirmed_meanwhile_is_not_sent(look_alike, asked):
    action = intend(asked)
    RunAction.objects.filter(pk=action.pk).update(status="unconfirmed")
    assert send(action) == ("unconfirmed", None)
    assert acts(look_alike) == []


def test_a_401_to_the_post_opens_the_breaker_and_refuses_the_action(look_alike, asked):
    control(look_alike, "POST", "/faults", method="POST", path="/subtasks/", action="status", status=401, count=1)
    status, _code = send(intend(asked))
    assert status == "refused"
    assert Endpoint.objects.get().breaker_opened_at is not None


def test_an_answer_that_comes_after_the_clock_called_it_unconfirmed_is_kept(look_alike, asked):
    action = intend(asked)
    control(look_alike, "POST", "/faults", method="POST", path="/subtasks/", action="hold", count=1, stage="after")
    worker = followed.in_thread(send, action)
    followed.wait_until(lambda: any(row["holding"] for row in control(look_alike, "GET", "/faults")), 30)
    RunAction.objects.filter(pk=action.pk).update(status="unconfirmed")
    control(look_alike, "DELETE", "/faults")
    worker.join(30)
    action.refresh_from_db()
    assert action.answer["http_status"] == 200
    assert action.status in ("unconfirmed", "done")
    assert (act(action).status, len(acts(look_alike))) == ("done", 1)


def test_one_in_doubt_lapses_where_its_run_is_over(look_alike, asked, settings):
    intend(asked)
    settings.ACTION_LAPSE_SECONDS = 0
    RunAction.objects.filter(pk=asked.pk).update(status="unconfirmed")
    acting.turn_unconfirmed()
    asked.refresh_from_db()
    assert asked.status == "unconfirmed"
    UpgradeRun.objects.filter(pk=asked.run_id).update(status="closed")
    acting.turn_unconfirmed()
    asked.refresh_from_db()
    assert (asked.status, asked.status_reason["code"]) == ("lapsed", "run_action.run_over")
    assert fresh(asked.run).status == "closed"


def test_it_is_looked_for_each_second_at_first_and_later_less_often(asked):
    now = timezone.now()
    acting._put_off(asked)
    asked.refresh_from_db()
    assert 0 < (asked.due_at - now).total_seconds() < 5
    asked.asked_at = now - timedelta(seconds=61)
    acting._put_off(asked)
    asked.refresh_from_db()
    assert 5 < (asked.due_at - now).total_seconds() < 15

"""Retry, skip and cancel against the look-alike, whose POSTs are counted: sent once, and believed when OCP shows it."""

import pytest
from django.utils import timezone

from tests import followed
from tests.followed import child_of, follow, fresh, posted
from tests.scenes import control
from tests.services.acting import act, acts, ask, child_step, confirm, propose, states, wait_step
from tests.services.deciding import refusal
from upgrades import tasks
from upgrades.models import Decision, Endpoint, RunAction, SubtaskEvent, SubtaskLog, User
from upgrades.services import (
    acting,
    endpoints,
    expiring,
    following,
    moves,
    run_actions,
    schedule,
    steps,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(look_alike, cast):
    """A run whose child failed, and with it the parent that waits."""
    return followed.to_failure(look_alike, posted(cast))


# --- A retry --------------------------------------------------------------------------------------------------


def test_a_failing_child_is_retried_then_its_parent_and_the_run_is_verified(look_alike, cast, run):
    wait = wait_step(run)
    assert refusal(ask, run, wait, cast.olga) == (moves.TooLate, "run_action.child_first")
    action = act(ask(run, child_step(run), cast.olga))
    assert (action.status, states(action)) == ("done", ["ask", "send", "post", "finish"])
    action = act(ask(run, wait, cast.omar))
    assert action.status == "done"
    assert acts(look_alike) == [
        f"/api/v2/tasks/instances/{task_id}/subtasks/{subtask_id}/retry"
        for task_id, subtask_id in (child_step_of(run), wait)
    ]
    followed.advance(look_alike, followed.TO_THE_END)
    following.refresh(fresh(run), endpoints.client(run.endpoint))
    assert fresh(run).status == "verifying"
    assert followed.verify(run).status == "verified"
    assert set(SubtaskEvent.objects.exclude(act="").values_list("action__kind", flat=True)) == {"retry"}


def child_step_of(run):
    event = SubtaskEvent.objects.filter(act="RETRY", task_ocp_id=child_of(run).ocp_id).get()
    return event.task_ocp_id, event.subtask_ocp_id


def test_a_whole_task_is_retried_with_every_failed_subtask_of_it(look_alike, cast, run):
    task_id = child_of(run).ocp_id
    action = act(ask(run, (task_id, None), cast.olga, "retry_task"))
    assert (action.status, acts(look_alike)) == ("done", [f"/api/v2/tasks/instances/{task_id}/retry"])


def test_a_double_click_is_one_row_and_one_post(look_alike, cast, run):
    step = child_step(run)
    action = ask(run, step, cast.olga)
    assert refusal(ask, run, step, cast.olga) == (moves.TooLate, "run_action.another_open")
    for _worker in range(3):
        act(action)
    assert (action.status, len(acts(look_alike)), RunAction.objects.count()) == ("done", 1, 1)


def test_a_retry_asked_while_ocp_has_moved_on_is_refused_and_nothing_is_posted(look_alike, cast, run):
    step = child_step(run)
    action = ask(run, step, cast.olga)
    control(look_alike, "POST", f"/tasks/{step[0]}/subtasks/{step[1]}/retry")
    action = act(action)
    assert (action.status, action.status_reason["code"]) == ("refused", "run_action.other_state")
    assert acts(look_alike) == []
    event = SubtaskEvent.objects.get(act="RETRY")
    assert (event.subtask_ocp_id, event.action) == (step[1], None)


def test_an_old_page_cannot_ask_for_what_it_no_longer_shows(look_alike, cast, run):
    step = child_step(run)
    shown = run_actions.shown_hash(run, "retry", *step)
    control(look_alike, "POST", f"/tasks/{step[0]}/subtasks/{step[1]}/set", run_time=9)
    following.refresh(run, endpoints.client(run.endpoint))
    stale = {"run": fresh(run), "kind": "retry", "task_id": step[0], "subtask_id": step[1], "shown": shown}
    assert refusal(run_actions.ask, **stale, actor=cast.olga) == (moves.TooLate, "decision.evidence_moved")


def test_a_task_that_vanished_in_ocp_gets_no_post(look_alike, cast, run):
    action = ask(run, child_step(run), cast.olga)
    control(
        look_alike, "POST", "/faults", method="GET", path=f"/instances/{run.ocp_task_id}", action="status", status=404
    )
    action = act(action)
    assert (action.status, action.status_reason["code"]) == ("refused", "run_action.unreadable")
    assert acts(look_alike) == []


def test_what_waits_too_long_for_ocp_is_refused_and_never_sent(look_alike, cast, run, settings):
    action = ask(run, child_step(run), cast.olga)
    assert ("upgrades.act", action.pk) in schedule.due()
    control(look_alike, "POST", "/faults", method="GET", action="status", status=500)
    assert act(action).status == "asked"
    Endpoint.objects.update(failing_since=timezone.now(), failure={"code": "ocp.deadline_passed", "params": {}})
    RunAction.objects.update(due_at=timezone.now())
    assert ("upgrades.act", action.pk) not in schedule.due()
    settings.ACTION_LAPSE_SECONDS = 0
    tasks.expire_all()
    control(look_alike, "DELETE", "/faults")
    action = act(action)
    assert (action.status, action.status_reason["code"]) == ("refused", "run_action.waited_too_long")
    assert acts(look_alike) == []


# --- Crashes and lost answers -------------------------------------------------------------------------------------


def left_sending(action, **over):
    """The row as a worker leaves it that dies after the intent."""
    step = fresh(action.run).task_instances.get(ocp_id=action.task_ocp_id).subtasks.get(ocp_id=action.subtask_ocp_id)
    before = {str(step.ocp_id): steps.step_of(step).mark}
    given = {"intent_at": timezone.now(), "worker_token": "gone", "before": before} | over
    RunAction.objects.filter(pk=action.pk).update(status="sending", **given)
    action.refresh_from_db()


def test_a_worker_that_dies_between_intent_and_post_leaves_doubt_that_lapses_without_a_post(
    look_alike, cast, run, settings
):
    action = ask(run, child_step(run), cast.olga)
    left_sending(action)
    assert act(action).status == "sending"
    settings.UNCONFIRMED_AFTER_SECONDS = 0
    acting.turn_unconfirmed()
    assert act(action).status == "unconfirmed"
    settings.ACTION_LAPSE_SECONDS = 0
    assert act(action).status == "lapsed"
    assert acts(look_alike) == []
    settings.ACTION_LAPSE_SECONDS = 600
    assert act(ask(run, child_step(run), cast.omar)).status == "done"
    assert len(acts(look_alike)) == 1


def test_a_worker_that_dies_after_the_post_is_found_done_by_reading(look_alike, cast, run, settings):
    action = ask(run, child_step(run), cast.olga)
    left_sending(action, sent_at=timezone.now())
    endpoints.client(run.endpoint).retry_subtask(action.task_ocp_id, action.subtask_ocp_id)
    settings.UNCONFIRMED_AFTER_SECONDS = 0
    acting.turn_unconfirmed()
    assert (act(action).status, len(acts(look_alike))) == ("done", 1)
    assert SubtaskEvent.objects.get(act="RETRY").action == action


def test_a_worker_that_stood_still_after_the_intent_sends_nothing(look_alike, cast, run, settings):
    action = ask(run, child_step(run), cast.olga)
    settings.SUBMIT_BUDGET_SECONDS = 0
    action = act(action)
    assert (action.status, action.status_reason["code"]) == ("refused", "run_action.took_too_long")
    assert (action.sent_at, acts(look_alike)) == (None, [])


def test_an_answer_lost_after_ocp_took_it_is_doubt_until_ocp_is_read(look_alike, cast, run):
    action = ask(run, child_step(run), cast.olga)
    control(look_alike, "POST", "/faults", method="POST", path="/subtasks/", action="lost", count=1)
    # Reads after the POST fail too, so that only a later tick can tell.
    control(look_alike, "POST", "/faults", method="GET", path=f"/instances/{run.ocp_task_id}$", action="status", skip=1)
    action = act(action)
    assert (action.status, action.status_reason["code"]) == ("unconfirmed", "run_action.no_answer")
    control(look_alike, "DELETE", "/faults")
    Endpoint.objects.update(failing_since=None)
    follow(run)
    assert (act(action).status, len(acts(look_alike))) == ("done", 1)
    assert SubtaskEvent.objects.get(act="RETRY").action == action


@pytest.mark.parametrize(
    ("meanwhile", "body", "ends", "why"),
    [
        ("retry", {}, "done", "run_action.seen_though_refused"),
        ("set", {"operation": "ROLLBACK"}, "refused", "run_action.refused_by_ocp"),
    ],
)
def test_a_no_of_ocp_to_a_post_that_was_overtaken_on_its_way_is_checked_by_reading(
    look_alike, cast, run, meanwhile, body, ends, why
):
    task_id, subtask_id = child_step(run)
    action = ask(run, (task_id, subtask_id), cast.olga)
    control(look_alike, "POST", "/faults", method="POST", path="/subtasks/", action="hold", count=1, stage="before")
    worker = followed.in_thread(lambda _run: acting.act(action.pk), run)
    followed.wait_until(lambda: any(row["holding"] for row in control(look_alike, "GET", "/faults")), 30)
    control(look_alike, "POST", f"/tasks/{task_id}/subtasks/{subtask_id}/{meanwhile}", **body)
    control(look_alike, "DELETE", "/faults")
    worker.join(30)
    action.refresh_from_db()
    assert (action.status, action.status_reason["code"], action.answer["code"]) == (ends, why, "TSK10017")
    assert SubtaskEvent.objects.exclude(act="").get().action is None
    assert len(acts(look_alike)) == 1


# --- Skip and cancel ----------------------------------------------------------------------------------------------


def test_a_skip_is_refused_to_one_person_alone_and_done_by_two(look_alike, cast, run):
    step = child_step(run)
    decision = propose(run, "skip", step, cast.olga)
    assert refusal(confirm, decision, cast.olga) == (moves.Forbidden, "decision.is_proposer")
    assert refusal(confirm, decision, cast.uma)[0] is moves.Forbidden
    assert refusal(confirm, decision, cast.amir, is_read=False) == (moves.Invalid, "form.evidence_not_read")
    assert refusal(confirm, decision, cast.amir, cluster_name="other") == (moves.Invalid, "form.cluster_name_differs")
    assert acts(look_alike) == []
    action = act(confirm(decision, cast.amir))
    decision.refresh_from_db()
    assert (action.status, decision.status) == ("done", "done")
    assert acts(look_alike) == [f"/api/v2/tasks/instances/{step[0]}/subtasks/{step[1]}/skip"]
    follow(run)
    assert SubtaskEvent.objects.get(act="SKIP").action == action


@pytest.mark.parametrize("what", ["state", "log"])
def test_evidence_that_moved_after_the_confirm_overtakes_the_decision_and_nothing_is_posted(
    look_alike, cast, run, what
):
    step = child_step(run)
    SubtaskLog.objects.create(
        task_instance=child_of(run),
        subtask_ocp_id=step[1],
        text=log_of(look_alike, run, step),
        observed_at=timezone.now(),
    )
    decision = propose(run, "skip", step, cast.olga)
    action = confirm(decision, cast.amir)
    path = f"/tasks/{step[0]}/subtasks/{step[1]}"
    if what == "state":
        control(look_alike, "POST", f"{path}/retry")
    else:
        control(look_alike, "POST", f"{path}/set", log_override="Something else happened here.")
    action = act(action)
    decision.refresh_from_db()
    assert (action.status, decision.status) == ("refused", "overtaken")
    assert action.status_reason["code"] == "decision.evidence_moved"
    assert acts(look_alike) == []


def log_of(look_alike, run, step):
    return endpoints.client(run.endpoint).subtask_log(*step).text


def test_a_confirmed_skip_whose_time_is_over_or_whose_people_lost_their_right_is_not_sent(look_alike, cast, run):
    decision = propose(run, "skip", child_step(run), cast.olga)
    action = confirm(decision, cast.amir)
    Decision.objects.update(expires_at=timezone.now())
    expiring.expire_all()
    assert act(action).status == "refused"
    decision = propose(run, "skip", child_step(run), cast.olga)
    action = confirm(decision, cast.amir)
    User.objects.filter(pk=cast.olga.pk).update(is_active=False)
    action = act(action)
    assert (action.status, action.status_reason["code"]) == ("refused", "decision.right_gone")
    assert acts(look_alike) == []


def test_two_people_cancel_a_running_subtask_although_others_go_on(look_alike, cast):
    run = posted(cast)
    followed.step(look_alike, run, lambda: child_of(run) and child_of(run).subtasks.filter(status="RUNNING").exists())
    child = child_of(run)
    step = (child.ocp_id, child.subtasks.filter(status="RUNNING").first().ocp_id)
    control(look_alike, "POST", "/speed", speed=0)
    action = act(confirm(propose(run, "cancel", step, cast.amir), cast.olga))
    assert (action.status, acts(look_alike)) == (
        "done",
        [f"/api/v2/tasks/instances/{step[0]}/subtasks/{step[1]}/cancel"],
    )
    assert SubtaskEvent.objects.get(act="CANCEL").action == action


# --- Somebody else, in OCP's console ------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "act_seen"), [("/subtasks/{1}/retry", "RETRY"), ("/subtasks/{1}/skip", "SKIP")])
def test_what_was_done_in_ocps_console_is_an_event_without_an_action_of_ours(look_alike, cast, run, path, act_seen):
    step = child_step(run)
    control(look_alike, "POST", f"/tasks/{step[0]}{path.format(*step)}")
    follow(run)
    followed.advance(look_alike, 5)
    follow(run)
    event = SubtaskEvent.objects.exclude(act="").get()
    assert (event.act, event.action, event.subtask_ocp_id) == (act_seen, None, step[1])

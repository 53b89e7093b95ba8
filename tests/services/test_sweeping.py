"""Runs in doubt: adopted when exactly one task fits, proposed or alarmed otherwise, refused only when proved."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from tests import scenes
from tests.scenes import Cast, control, posts
from upgrades.models import AuditEvent, ClusterHold, Endpoint, UpgradeRun
from upgrades.services import submission, sweeping

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint(look_alike, settings, transactional_db):
    settings.QUIET_PERIOD_SECONDS = 900
    return scenes.connect(look_alike, settings)


@pytest.fixture
def cast(endpoint):
    return Cast()


def in_doubt(look_alike, cast, mode, **over):
    change_request = scenes.starting(cast, **over)
    control(look_alike, "POST", "/answer", mode=mode)
    submission.submit(change_request.pk)
    run = UpgradeRun.objects.get(pk=change_request.pk)
    assert run.status == "unconfirmed"
    return run


def sweep(endpoint, run):
    sweeping.sweep(Endpoint.objects.get(pk=endpoint.pk))
    run.refresh_from_db()
    return run


def age(run, seconds):
    """Let the intent, and all that followed, be `seconds` older, on our clock and on OCP's."""
    earlier = timedelta(seconds=seconds)
    UpgradeRun.objects.filter(pk=run.pk).update(
        intent_at=F("intent_at") - earlier,
        ocp_intent_at=F("ocp_intent_at") - earlier,
        sent_at=F("sent_at") - earlier,
        answered_at=F("answered_at") - earlier,
        status_at=F("status_at") - earlier,
    )
    run.refresh_from_db()


def test_a_lost_answer_is_adopted_and_never_posted_again(look_alike, cast, endpoint):
    run = sweep(endpoint, in_doubt(look_alike, cast, "lost"))
    assert run.status == "running"
    assert run.ocp_task_id == posts(look_alike)[0]["task_id"]
    assert run.ocp_task_created_at is not None
    sweep(endpoint, run)
    assert len(posts(look_alike)) == 1


def test_a_lost_answer_is_adopted_although_its_child_task_has_started(look_alike, cast, endpoint):
    run = in_doubt(look_alike, cast, "lost")
    control(look_alike, "POST", "/advance", seconds=120)
    names = {task["name"] for task in control(look_alike, "GET", "/state")["tasks"]}
    assert "Upgrade OB cluster" in names
    run = sweep(endpoint, run)
    assert run.status == "running"
    assert run.ocp_task_id == posts(look_alike)[0]["task_id"]


def test_adopting_a_task_that_has_failed_takes_the_shortest_path_with_an_event_for_each_move(
    look_alike, cast, endpoint
):
    run = in_doubt(look_alike, cast, "lost")
    task_id = posts(look_alike)[0]["task_id"]
    control(look_alike, "POST", f"/tasks/{task_id}/set", status="FAILED")
    run = sweep(endpoint, run)
    assert run.status == "failed"
    events = AuditEvent.objects.filter(change_request_id=run.pk, action__startswith="run.").order_by("pk")
    assert list(events.values_list("action", flat=True))[-2:] == ["run.adopt", "run.fail"]


def test_a_dropped_post_stays_unconfirmed_and_says_when_ocp_was_last_searched(look_alike, cast, endpoint):
    run = sweep(endpoint, in_doubt(look_alike, cast, "drop"))
    assert run.status == "unconfirmed"
    assert run.swept_at > run.intent_at
    assert run.candidates == []
    age(run, 4000)
    assert sweep(endpoint, run).status == "unconfirmed"
    assert len(posts(look_alike)) == 1


def test_a_run_left_submitting_turns_unconfirmed_after_its_time(look_alike, cast, endpoint, settings):
    run = in_doubt(look_alike, cast, "drop")
    UpgradeRun.objects.filter(pk=run.pk).update(status="submitting")
    sweeping.turn_unconfirmed()
    run.refresh_from_db()
    assert run.status == "submitting"
    age(run, settings.UNCONFIRMED_AFTER_SECONDS + 1)
    sweeping.turn_unconfirmed()
    run.refresh_from_db()
    assert run.status == "unconfirmed"
    assert run.status_reason["code"] == "submit.worker_lost"


def test_two_fitting_tasks_raise_the_alarm_and_none_is_adopted(look_alike, cast, endpoint):
    run = in_doubt(look_alike, cast, "lost")
    control(look_alike, "POST", f"/tasks/{posts(look_alike)[0]['task_id']}/set", status="FAILED")
    control(look_alike, "POST", f"/clusters/{run.cluster_ocp_id}/set", status="RUNNING")
    control(
        look_alike,
        "POST",
        "/foreign-upgrade",
        cluster_id=run.cluster_ocp_id,
        rpmFileName=scenes.TARGET,
        creator="ocpdash",
    )
    run = sweep(endpoint, run)
    assert run.status == "unconfirmed"
    assert len(run.candidates) == 2
    assert run.alarm["code"] == "alarm.several_candidates"


def test_a_task_by_another_account_is_never_adopted(look_alike, cast, endpoint):
    run = in_doubt(look_alike, cast, "drop")
    control(
        look_alike,
        "POST",
        "/foreign-upgrade",
        cluster_id=run.cluster_ocp_id,
        rpmFileName=scenes.TARGET,
        creator="admin",
    )
    run = sweep(endpoint, run)
    assert (run.status, run.candidates) == ("unconfirmed", [])


def test_without_the_word_that_the_account_is_ours_the_sweep_only_proposes(look_alike, cast, endpoint):
    run = in_doubt(look_alike, cast, "lost")
    Endpoint.objects.filter(pk=endpoint.pk).update(is_account_ours=False)
    run = sweep(endpoint, run)
    assert run.status == "unconfirmed"
    assert run.candidates == [posts(look_alike)[0]["task_id"]]


def test_a_task_that_starts_after_the_quiet_period_is_only_proposed(look_alike, cast, endpoint, settings):
    run = in_doubt(look_alike, cast, "lost")
    age(run, settings.QUIET_PERIOD_SECONDS + 60)
    run = sweep(endpoint, run)
    assert run.status == "unconfirmed"
    assert run.candidates == [posts(look_alike)[0]["task_id"]]


def test_busy_ends_in_refused_after_the_quiet_period_by_the_task_that_was_in_the_way(
    look_alike, cast, endpoint, settings
):
    run = in_doubt(look_alike, cast, "busy")
    assert run.busy_seen_at is not None
    assert sweep(endpoint, run).status == "unconfirmed"
    settings.QUIET_PERIOD_SECONDS = 0
    run = sweep(endpoint, run)
    assert run.status == "refused"
    assert run.status_reason["code"] == "submit.busy_with"
    assert not ClusterHold.objects.filter(run=run).exists()
    assert len(posts(look_alike)) == 1


def test_busy_without_a_task_in_the_way_is_left_to_people(look_alike, cast, endpoint, settings):
    run = in_doubt(look_alike, cast, "drop")
    UpgradeRun.objects.filter(pk=run.pk).update(busy_seen_at=F("sent_at"))
    settings.QUIET_PERIOD_SECONDS = 0
    run.refresh_from_db()
    assert sweep(endpoint, run).status == "unconfirmed"


def test_a_late_match_of_an_abandoned_run_raises_the_alarm_and_takes_the_hold(look_alike, cast, endpoint):
    run = in_doubt(look_alike, cast, "lost")
    UpgradeRun.objects.filter(pk=run.pk).update(status="abandoned")
    ClusterHold.objects.filter(run=run).delete()
    run = sweep(endpoint, run)
    assert run.status == "abandoned"
    assert run.alarm["code"] == "alarm.late_match"
    assert ClusterHold.objects.filter(run=run, is_alarm=True).exists()


def over_again(run):
    """Let the request of a run that ended make room for another one on its cluster."""
    run.change_request.refresh_from_db()
    assert run.change_request.status == "done"
    ClusterHold.objects.filter(run=run).delete()


def refused_after_sending(look_alike, cast):
    change_request = scenes.starting(cast)
    control(look_alike, "POST", "/answer", mode="refuse")
    submission.submit(change_request.pk)
    run = UpgradeRun.objects.get(pk=change_request.pk)
    assert (run.status, run.sent_at is None) == ("refused", False)
    return run


def test_the_task_of_the_next_request_is_no_late_match_while_its_answer_is_awaited(look_alike, cast, endpoint):
    earlier = refused_after_sending(look_alike, cast)
    over_again(earlier)
    Endpoint.objects.filter(pk=endpoint.pk).update(is_account_ours=False)
    run = in_doubt(look_alike, cast, "lost")
    assert len(sweep(endpoint, run).candidates) == 1
    earlier.refresh_from_db()
    assert (earlier.alarm, run.alarm) == (None, None)
    assert earlier.swept_at is not None


def abandoned(look_alike, cast, **ages):
    run = in_doubt(look_alike, cast, "drop")
    age(run, 2000)
    UpgradeRun.objects.filter(pk=run.pk).update(status="abandoned", **ages)
    run.change_request.__class__.objects.filter(pk=run.pk).update(status="done", outcome="abandoned")
    over_again(run)
    return run


def test_a_task_that_may_be_a_late_one_of_an_abandoned_run_is_only_proposed(look_alike, cast, endpoint):
    abandoned(look_alike, cast)
    run = sweep(endpoint, in_doubt(look_alike, cast, "lost"))
    assert (run.status, run.candidates) == ("unconfirmed", [posts(look_alike)[-1]["task_id"]])


def test_a_run_abandoned_longer_ago_than_its_watch_hinders_no_adoption(look_alike, cast, endpoint, settings):
    long_ago = timezone.now() - timedelta(seconds=settings.LATE_WATCH_SECONDS + 60)
    abandoned(look_alike, cast, status_at=long_ago)
    assert sweep(endpoint, in_doubt(look_alike, cast, "lost")).status == "running"


def test_a_run_that_cannot_be_looked_for_does_not_hide_the_others(look_alike, cast, endpoint):
    broken = in_doubt(look_alike, cast, "lost")
    other = in_doubt(look_alike, cast, "lost", cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    path = f"tasks/instances.*clusterId={broken.cluster_ocp_id}"
    control(look_alike, "POST", "/faults", method="GET", path=path, action="status", status=500)
    assert sweep(endpoint, other).status == "running"
    broken.refresh_from_db()
    assert (broken.status, broken.swept_at) == ("unconfirmed", None)
    assert Endpoint.objects.get(pk=endpoint.pk).failing_since is None


def test_rows_that_make_no_sense_do_not_hide_the_other_runs(look_alike, cast, endpoint):
    broken = in_doubt(look_alike, cast, "lost")
    other = in_doubt(look_alike, cast, "lost", cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    UpgradeRun.objects.filter(pk=broken.pk).update(affected_ocp_ids=["no number"])
    assert sweep(endpoint, other).status == "running"


def test_a_candidate_whose_detail_cannot_be_read_is_shown_to_people(look_alike, cast, endpoint):
    run = in_doubt(look_alike, cast, "lost")
    task_id = posts(look_alike)[0]["task_id"]
    control(look_alike, "POST", "/faults", method="GET", path=f"/instances/{task_id}", action="status", status=500)
    version = run.version
    run = sweep(endpoint, run)
    assert (run.status, run.candidates) == ("unconfirmed", [task_id])
    assert run.version > version
    control(look_alike, "DELETE", "/faults")
    run = sweep(endpoint, run)
    assert (run.status, run.candidates) == ("running", [])


def test_a_silent_ocp_leaves_the_doubt_as_it_is_and_marks_the_endpoint(look_alike, cast, endpoint):
    run = in_doubt(look_alike, cast, "lost")
    control(look_alike, "POST", "/faults", method="GET", path="/tasks/instances", action="status", status=500)
    run = sweep(endpoint, run)
    assert run.status == "unconfirmed"
    assert Endpoint.objects.get(pk=endpoint.pk).failing_since is not None

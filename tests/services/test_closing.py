"""What two people close or release: read once more before it, unless it could not be read for long."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.scenes import control
from tests.services.deciding import carry_out, confirm, failed_run, propose, refusal, run_of
from upgrades.models import ClusterHold, UpgradeRun
from upgrades.rules import Reason
from upgrades.services import (
    decisions,
    following,
    moves,
    runs,
    verifying,
)
from upgrades.services import endpoints as endpoint_services

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_quiet")]


def test_two_people_close_a_failed_run_after_it_was_read_once_more(look_alike, cast, endpoint):
    run = failed_run(look_alike, cast, endpoint)
    decision = propose(run, "close", cast.olga)
    confirm(decision, cast.amir)
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("done", "closed")
    assert ClusterHold.objects.filter(run=run).exists()


def test_a_task_that_runs_again_overtakes_closing(look_alike, cast, endpoint):
    run = failed_run(look_alike, cast, endpoint)
    decision = propose(run, "close", cast.olga)
    confirm(decision, cast.amir)
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", status="RUNNING")
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("overtaken", "running")


def test_a_running_task_cannot_be_closed(look_alike, cast, endpoint):
    run = run_of(look_alike, cast, "plain")
    following.refresh(run, endpoint_services.client(endpoint))
    run.refresh_from_db()
    assert refusal(propose, run, "close", cast.olga) == (moves.TooLate, "decision.task_running")


def test_a_run_unreadable_for_long_is_closed_without_a_read(look_alike, cast, endpoint, settings):
    run = failed_run(look_alike, cast, endpoint)
    UpgradeRun.objects.filter(pk=run.pk).update(unreadable_since=timezone.now() - timedelta(hours=1))
    run.refresh_from_db()
    control(look_alike, "POST", "/faults", method="GET", path="/tasks/", action="status", status=500)
    decision = propose(run, "close", cast.olga)
    confirm(decision, cast.amir)
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("done", "closed")


def test_two_people_release_a_hold(look_alike, cast, endpoint):
    run = failed_run(look_alike, cast, endpoint)
    confirm(propose(run, "close", cast.olga), cast.amir)
    carry_out(endpoint, run)
    confirm(propose(run, "release", cast.olga), cast.amir)
    decision = carry_out(endpoint, run)
    assert (decision.kind, decision.status) == ("release", "done")
    assert not ClusterHold.objects.filter(run=run).exists()


def test_two_people_release_the_hold_of_an_alarm_on_a_run_that_ended_well(look_alike, cast, endpoint):
    run = run_of(look_alike, cast, "refuse")
    assert decisions.available(run, cast.olga) == []
    runs.raise_alarm(run, Reason("alarm.late_match", {"task_ids": (4711,)}))
    assert decisions.available(run, cast.olga) == [("release", None)]
    confirm(propose(run, "release", cast.olga), cast.amir)
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("done", "refused")
    assert not ClusterHold.objects.filter(run=run).exists()


def test_a_child_not_read_to_its_end_does_not_keep_a_disagreeing_run_open(look_alike, cast, endpoint):
    run = run_of(look_alike, cast, "plain")
    control(look_alike, "POST", "/advance", seconds=100_000)
    following.refresh(run, endpoint_services.client(endpoint))
    UpgradeRun.objects.filter(pk=run.pk).update(status="disagrees")
    child = run.task_instances.get(kind="child")
    run.task_instances.filter(pk=child.pk).update(status="RUNNING")
    run.refresh_from_db()
    decision = propose(run, "close", cast.olga)
    confirm(decision, cast.amir)
    decision = carry_out(endpoint, run)
    assert (decision.status, decision.status_reason["code"]) == ("overtaken", "decision.evidence_moved")
    confirm(propose(run, "close", cast.olga), cast.amir)
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("done", "closed")


def test_a_disagreeing_run_whose_task_cannot_be_read_for_long_is_closed_though_its_servers_can(
    look_alike, cast, endpoint, settings
):
    settings.VERIFY_SECONDS = 0
    run = run_of(look_alike, cast, "plain")
    control(look_alike, "POST", "/lie", cluster_id=run.cluster_ocp_id)
    control(look_alike, "POST", "/advance", seconds=100_000)
    following.refresh(run, endpoint_services.client(endpoint))
    UpgradeRun.objects.filter(pk=run.pk).update(status="disagrees")
    run.refresh_from_db()
    server = run.change_request.cluster.servers.first()
    control(look_alike, "POST", f"/servers/{server.ip}/set", version="4.2.1.2", build="102000042023120514")
    verifying.verify(run)
    control(look_alike, "POST", "/faults", method="GET", path=f"/{run.ocp_task_id}$", action="status", status=500)
    run.refresh_from_db()
    confirm(propose(run, "close", cast.olga), cast.amir)
    assert carry_out(endpoint, run).status == "confirmed"
    verifying.verify(run)
    run.refresh_from_db()
    assert (run.status, run.unreadable_since is not None) == ("disagrees", True)
    UpgradeRun.objects.filter(pk=run.pk).update(unreadable_since=timezone.now() - timedelta(hours=1))
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("done", "closed")

"""Acts that need two people: who, on which evidence, and what a worker does with a confirmed one."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from tests import scenes
from tests.scenes import Cast, control, posts
from upgrades import tasks
from upgrades.models import AuditEvent, ClusterHold, Decision, Endpoint, UpgradeRun
from upgrades.rules import Reason
from upgrades.services import (
    carrying_out,
    credentials,
    decisions,
    expiring,
    following,
    moves,
    runs,
    submission,
    sweeping,
    verifying,
)
from upgrades.services import endpoints as endpoint_services

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint(look_alike, settings, transactional_db):
    settings.QUIET_PERIOD_SECONDS = 0
    return scenes.connect(look_alike, settings)


@pytest.fixture
def cast(endpoint):
    return Cast()


def run_of(look_alike, cast, mode):
    change_request = scenes.starting(cast)
    control(look_alike, "POST", "/answer", mode=mode)
    submission.submit(change_request.pk)
    return UpgradeRun.objects.select_related("endpoint").get(pk=change_request.pk)


def propose(run, kind, person, task_id=None):
    shown = decisions.evidence_hash(decisions.evidence(run, kind, task_id))
    return decisions.propose(
        run=run, kind=kind, purpose="We looked in OCP.", evidence_hash=shown, actor=person, ocp_task_id=task_id
    )


def confirm(decision, person):
    decisions.confirm(decision=decision, evidence_hash=decision.evidence_hash, actor=person)


def carry_out(endpoint, run):
    carrying_out.carry_out_all(Endpoint.objects.get(pk=endpoint.pk))
    run.refresh_from_db()
    return Decision.objects.latest("pk")


def refusal(call, *args, **kwargs):
    with pytest.raises(moves.Refusal) as caught:
        call(*args, **kwargs)
    return type(caught.value), caught.value.reason.code


def swept(run):
    sweeping.sweep(Endpoint.objects.get(pk=run.endpoint_id))
    run.refresh_from_db()
    return run


def test_two_people_abandon_a_run_that_ocp_never_saw_and_nothing_is_posted_again(look_alike, cast, endpoint):
    run = swept(run_of(look_alike, cast, "drop"))
    decision = propose(run, "abandon", cast.olga)
    confirm(decision, cast.omar)
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("done", "abandoned")
    assert run.change_request.status == "done"
    assert len(posts(look_alike)) == 1
    assert ClusterHold.objects.filter(run=run).exists()


def test_the_proposer_cannot_confirm(look_alike, cast, endpoint):
    run = swept(run_of(look_alike, cast, "drop"))
    decision = propose(run, "abandon", cast.olga)
    assert refusal(confirm, decision, cast.olga) == (moves.Forbidden, "decision.is_proposer")
    assert AuditEvent.objects.get(action="decision.confirm").outcome == "refused"


@pytest.mark.parametrize("name", ["uma"])
def test_an_auditor_decides_nothing(look_alike, cast, endpoint, name):
    run = swept(run_of(look_alike, cast, "drop"))
    assert refusal(propose, run, "abandon", getattr(cast, name))[0] is moves.Forbidden


def test_nobody_abandons_before_the_quiet_period_is_over(look_alike, cast, endpoint, settings):
    run = swept(run_of(look_alike, cast, "drop"))
    settings.QUIET_PERIOD_SECONDS = 900
    assert refusal(propose, run, "abandon", cast.olga) == (moves.TooLate, "decision.quiet_period")


def test_nobody_abandons_before_a_complete_read_later_than_the_quiet_period(look_alike, cast, endpoint):
    run = run_of(look_alike, cast, "drop")
    assert refusal(propose, run, "abandon", cast.olga) == (moves.TooLate, "decision.not_swept_yet")


def test_a_task_seen_at_the_last_read_overtakes_abandoning(look_alike, cast, endpoint):
    Endpoint.objects.filter(pk=endpoint.pk).update(is_account_ours=False)
    run = swept(run_of(look_alike, cast, "drop"))
    decision = propose(run, "abandon", cast.olga)
    confirm(decision, cast.omar)
    control(
        look_alike,
        "POST",
        "/foreign-upgrade",
        cluster_id=run.cluster_ocp_id,
        rpmFileName=scenes.TARGET,
        creator="ocpdash",
    )
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("overtaken", "unconfirmed")


def test_an_ocp_unread_for_long_after_the_quiet_period_lets_two_people_abandon(look_alike, cast, endpoint):
    run = run_of(look_alike, cast, "drop")
    long_ago = timezone.now() - timedelta(hours=2)
    UpgradeRun.objects.filter(pk=run.pk).update(intent_at=long_ago)
    Endpoint.objects.filter(pk=endpoint.pk).update(
        breaker_opened_at=timezone.now() - timedelta(hours=1),
        breaker_credentials=credentials.mark(endpoint),
    )
    run = UpgradeRun.objects.select_related("endpoint").get(pk=run.pk)
    decision = propose(run, "abandon", cast.olga)
    confirm(decision, cast.amir)
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("done", "abandoned")


def unread_for_long(run):
    long_ago = timezone.now() - timedelta(hours=2)
    UpgradeRun.objects.filter(pk=run.pk).update(intent_at=long_ago)
    return UpgradeRun.objects.select_related("endpoint").get(pk=run.pk)


def test_a_run_whose_own_reads_fail_for_long_can_be_abandoned_although_others_are_read(look_alike, cast, endpoint):
    run = run_of(look_alike, cast, "drop")
    path = f"tasks/instances.*clusterId={run.cluster_ocp_id}"
    control(look_alike, "POST", "/faults", method="GET", path=path, action="status", status=500)
    run = swept(run)
    assert refusal(propose, run, "abandon", cast.olga) == (moves.TooLate, "decision.not_swept_yet")
    run = unread_for_long(run)
    confirm(propose(run, "abandon", cast.olga), cast.amir)
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("done", "abandoned")


def test_a_run_unread_for_long_is_read_once_more_before_it_is_abandoned(look_alike, cast, endpoint):
    run = unread_for_long(run_of(look_alike, cast, "drop"))
    Endpoint.objects.filter(pk=endpoint.pk).update(is_account_ours=False)
    confirm(propose(run, "abandon", cast.olga), cast.amir)
    control(
        look_alike,
        "POST",
        "/foreign-upgrade",
        cluster_id=run.cluster_ocp_id,
        rpmFileName=scenes.TARGET,
        creator="ocpdash",
    )
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("overtaken", "unconfirmed")


def test_decisions_that_need_no_read_are_carried_out_where_ocp_may_not_be_asked(look_alike, cast, endpoint):
    run = failed_run(look_alike, cast, endpoint)
    UpgradeRun.objects.filter(pk=run.pk).update(unreadable_since=timezone.now() - timedelta(hours=1))
    run.refresh_from_db()
    Endpoint.objects.filter(pk=endpoint.pk).update(
        breaker_opened_at=timezone.now(), breaker_credentials=credentials.mark(endpoint)
    )
    assert endpoint_services.due("sweep") == []
    confirm(propose(run, "close", cast.olga), cast.amir)
    tasks.expire_all()
    run.refresh_from_db()
    assert run.status == "closed"
    confirm(propose(run, "release", cast.olga), cast.amir)
    tasks.expire_all()
    assert not ClusterHold.objects.filter(run=run).exists()


def test_a_candidate_that_vanished_overtakes_adopting(look_alike, cast, endpoint):
    Endpoint.objects.filter(pk=endpoint.pk).update(is_account_ours=False)
    run = swept(run_of(look_alike, cast, "lost"))
    task_id = run.candidates[0]
    confirm(propose(run, "adopt", cast.olga, task_id), cast.bea)
    control(look_alike, "POST", "/faults", method="GET", path=f"/instances/{task_id}", action="status", status=404)
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("overtaken", "unconfirmed")
    assert Endpoint.objects.get(pk=endpoint.pk).failing_since is None


def test_two_people_adopt_one_of_the_candidates(look_alike, cast, endpoint):
    Endpoint.objects.filter(pk=endpoint.pk).update(is_account_ours=False)
    run = swept(run_of(look_alike, cast, "lost"))
    task_id = posts(look_alike)[0]["task_id"]
    assert run.candidates == [task_id]
    assert refusal(propose, run, "adopt", cast.olga, 4711) == (moves.Invalid, "form.task_unknown")
    decision = propose(run, "adopt", cast.olga, task_id)
    confirm(decision, cast.bea)
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status, run.ocp_task_id) == ("done", "running", task_id)


def test_evidence_that_moved_between_the_two_people_refuses_the_second(look_alike, cast, endpoint):
    run = swept(run_of(look_alike, cast, "drop"))
    decision = propose(run, "abandon", cast.olga)
    UpgradeRun.objects.filter(pk=run.pk).update(findings=[{"code": "new"}])
    assert refusal(confirm, decision, cast.omar) == (moves.TooLate, "decision.evidence_moved")


def test_one_decision_is_open_for_a_run(look_alike, cast, endpoint):
    run = swept(run_of(look_alike, cast, "drop"))
    propose(run, "abandon", cast.olga)
    assert refusal(propose, run, "abandon", cast.omar) == (moves.TooLate, "decision.another_open")


def failed_run(look_alike, cast, endpoint):
    run = run_of(look_alike, cast, "plain")
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", status="FAILED")
    following.refresh(run, endpoint_services.client(endpoint))
    run.refresh_from_db()
    assert run.status == "failed"
    return run


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


def test_a_decision_that_breaks_us_does_not_hold_up_the_others(look_alike, cast, endpoint):
    broken = swept(run_of(look_alike, cast, "drop"))
    confirm(propose(broken, "abandon", cast.olga), cast.amir)
    UpgradeRun.objects.filter(pk=broken.pk).update(affected_ocp_ids=["no number"])
    change_request = scenes.starting(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    control(look_alike, "POST", "/answer", mode="drop")
    submission.submit(change_request.pk)
    other = swept(UpgradeRun.objects.select_related("endpoint").get(pk=change_request.pk))
    confirm(propose(other, "abandon", cast.olga), cast.amir)
    carry_out(endpoint, other)
    assert other.status == "abandoned"


def test_a_decision_nobody_confirmed_expires(look_alike, cast, endpoint):
    run = swept(run_of(look_alike, cast, "drop"))
    decision = propose(run, "abandon", cast.olga)
    Decision.objects.filter(pk=decision.pk).update(expires_at=F("proposed_at"))
    expiring.expire_all()
    decision.refresh_from_db()
    assert decision.status == "expired"
    assert refusal(confirm, decision, cast.omar)[0] is moves.TooLate


def test_a_run_that_left_its_status_overtakes_what_was_proposed(look_alike, cast, endpoint, settings):
    settings.QUIET_PERIOD_SECONDS = 900
    Endpoint.objects.filter(pk=endpoint.pk).update(is_account_ours=False)
    run = swept(run_of(look_alike, cast, "lost"))
    decision = propose(run, "adopt", cast.olga, run.candidates[0])
    Endpoint.objects.filter(pk=endpoint.pk).update(is_account_ours=True)
    swept(run)
    expiring.expire_all()
    decision.refresh_from_db()
    assert (run.status, decision.status) == ("running", "overtaken")


def test_a_proposal_can_be_taken_back(look_alike, cast, endpoint):
    run = swept(run_of(look_alike, cast, "drop"))
    decision = propose(run, "abandon", cast.olga)
    decisions.withdraw(decision=decision, actor=cast.olga)
    assert decision.status == "withdrawn"

"""Acts that need two people: who, on which evidence, and what a worker does with a confirmed one."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from tests import scenes
from tests.scenes import control, posts
from tests.services.deciding import carry_out, confirm, failed_run, propose, refusal, run_of, swept
from upgrades import tasks
from upgrades.models import AuditEvent, ClusterHold, Decision, Endpoint, UpgradeRun
from upgrades.services import (
    credentials,
    decisions,
    expiring,
    moves,
    submission,
)
from upgrades.services import endpoints as endpoint_services

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_quiet")]


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

"""When the next read of an endpoint is due."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_change_request, make_cluster, make_endpoint, make_package, make_run, make_user
from tests.followed import requests_of
from tests.scenes import Cast
from tests.views.acting import in_review, run_of
from upgrades import live, selectors
from upgrades.models import ClusterHold, Decision, Endpoint, UpgradeRun
from upgrades.rules import workflow
from upgrades.services import endpoints, schedule, verifying

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast():
    return Cast()


def test_a_read_each_second_is_due_again_before_the_next_tick(settings):
    """Due a moment after a tick it would wait for the next, and take twice its interval."""
    settings.INVENTORY_SECONDS = 1
    endpoint = make_endpoint()
    began_at = selectors.database_now()
    with schedule.lease(endpoint.pk, "follow") as held:
        assert held == endpoint
    endpoint.refresh_from_db()
    assert endpoint.follow_claimed_until is None
    assert began_at < endpoint.follow_due_at < began_at + timedelta(seconds=0.9)


def test_one_worker_holds_a_lease_and_another_gets_nothing():
    endpoint = make_endpoint()
    with schedule.lease(endpoint.pk, "sweep") as held:
        assert held is not None
        with schedule.lease(endpoint.pk, "sweep") as second:
            assert second is None


def test_an_endpoint_that_is_off_is_not_due():
    make_endpoint(is_active=False)
    assert schedule.due() == []


@pytest.fixture
def spaced(settings):
    """Intervals that tell which of them was taken."""
    settings.INVENTORY_SECONDS, settings.FOLLOW_OPEN_SECONDS, settings.FOLLOW_WATCHED_SECONDS = 300, 10, 1
    return make_endpoint()


def open_run(endpoint, status):
    is_in_doubt = status in workflow.RUN_IN_DOUBT
    return make_run(
        make_change_request(make_cluster(endpoint)),
        status,
        ocp_task_id=None if is_in_doubt else 71 + UpgradeRun.objects.count(),
    )


def test_runs_are_followed_by_who_looks_and_endpoints_without_one_as_seldom_as_the_inventory(spaced, redis):
    now = selectors.database_now().timestamp()
    other = open_run(make_endpoint(), "running")
    live.watch(other.pk, "", now=now)
    assert schedule.interval(spaced.pk, "follow") == 300
    open_run(spaced, "closed")
    assert schedule.interval(spaced.pk, "follow") == 300
    run = open_run(spaced, "running")
    assert schedule.interval(spaced.pk, "follow") == 10
    live.watch(run.pk, "", now=now)
    assert schedule.interval(spaced.pk, "follow") == 1


def test_what_is_in_doubt_or_decided_is_swept_each_second_what_is_held_soon_and_else_seldom(spaced):
    assert schedule.interval(spaced.pk, "sweep") == 15
    open_run(make_endpoint(), "unconfirmed")
    run = open_run(spaced, "running")
    assert schedule.interval(spaced.pk, "sweep") == 15
    ClusterHold.objects.get_or_create(cluster=run.change_request.cluster, run=run)
    assert schedule.interval(spaced.pk, "sweep") == 15
    UpgradeRun.objects.filter(pk=run.pk).update(status="closed")
    assert schedule.interval(spaced.pk, "sweep") == 3
    decision = Decision.objects.create(
        run=run, kind="close", proposer=make_user("ada"), purpose="-", evidence={}, expires_at=timezone.now()
    )
    assert schedule.interval(spaced.pk, "sweep") == 3
    Decision.objects.filter(pk=decision.pk).update(status="confirmed")
    assert schedule.interval(spaced.pk, "sweep") == 1
    decision.delete()
    UpgradeRun.objects.filter(pk=run.pk).update(status="unconfirmed", ocp_task_id=None)
    assert schedule.interval(spaced.pk, "sweep") == 1


@pytest.mark.parametrize(
    ("over", "is_brought"),
    [({}, True), ({"failing_since": timezone.now()}, False), ({"breaker_opened_at": timezone.now()}, False)],
)
def test_a_read_that_is_due_too_late_is_brought_forward_where_ocp_answers(spaced, over, is_brought):
    later = selectors.database_now() + timedelta(hours=2)
    Endpoint.objects.filter(pk=spaced.pk).update(follow_due_at=later, sweep_due_at=later, **over)
    schedule.due()
    spaced.refresh_from_db()
    for due_at, seconds in ((spaced.follow_due_at, 300), (spaced.sweep_due_at, 15)):
        assert (
            due_at == later
            if not is_brought
            else abs((due_at - selectors.database_now()).total_seconds() - seconds) < 9
        )


def test_a_read_that_is_due_sooner_than_its_interval_stays(spaced):
    soon = selectors.database_now() + timedelta(seconds=5)
    Endpoint.objects.filter(pk=spaced.pk).update(follow_due_at=soon, sweep_due_at=soon)
    schedule.due()
    spaced.refresh_from_db()
    assert (spaced.follow_due_at, spaced.sweep_due_at) == (soon, soon)


def silent(**over):
    """An endpoint whose last read got no answer, and whose every kind of read is due again."""
    now = selectors.database_now()
    return make_endpoint(failing_since=now, failure={"code": "ocp.deadline_passed", "params": {}}, **over)


def test_a_silent_endpoint_is_asked_one_thing_at_a_time_each_kind_in_its_turn():
    """Each read of an OCP that hangs holds a thread: all kinds at once would leave none for the others."""
    well, ill = make_endpoint(), silent()
    turns = []
    for _turn in range(2 * len(endpoints.KINDS)):
        (kind,) = [name.removeprefix("upgrades.") for name, key in schedule.due() if key == ill.pk]
        turns.append(kind)
        # As a try puts it off, whether or not it asked and failed.
        Endpoint.objects.filter(pk=ill.pk).update(**{f"{kind}_due_at": selectors.database_now()})
    assert turns == list(endpoints.KINDS) * 2
    assert len([key for _name, key in schedule.due() if key == well.pk]) == len(endpoints.KINDS)
    assert endpoints.claim(ill.pk, "topology", seconds=10)
    assert {key for _name, key in schedule.due()} == {well.pk}


def test_an_answer_that_cannot_be_used_is_no_silence():
    ill = silent()
    Endpoint.objects.filter(pk=ill.pk).update(failure={"code": "ocp.bad_answer", "params": {}})
    assert len(schedule.due()) == len(endpoints.KINDS)


def test_nothing_is_verified_where_the_endpoint_is_silent(cast):
    run = run_of(in_review(cast), "verifying")
    assert ("upgrades.verify", run.endpoint_id) in schedule.due()
    Endpoint.objects.update(failing_since=timezone.now(), failure={"code": "ocp.not_sent", "params": {}})
    assert ("upgrades.verify", run.endpoint_id) not in schedule.due()


def test_runs_that_end_together_wait_for_a_silent_ocp_one_after_another(look_alike, endpoint, cast, settings):
    settings.OCP_TOTAL_SECONDS = 0.5
    make_package(endpoint)
    for _number in range(2):
        run_of(in_review(cast, make_cluster(endpoint)), "verifying")
    look_alike.faults.add("hold", stage="before")
    verifying.verify_due(endpoint)
    assert requests_of(look_alike)[-1]["n"] == 1
    assert verifying.due(endpoint) == []

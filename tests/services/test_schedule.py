"""When the next read of an endpoint is due."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_cluster, make_endpoint, make_package
from tests.followed import requests_of
from tests.scenes import Cast
from tests.views.acting import in_review, run_of
from upgrades import selectors
from upgrades.models import Endpoint
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

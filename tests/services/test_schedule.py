"""When the next read of an endpoint is due."""

from datetime import timedelta

import pytest

from tests.factories import make_endpoint
from upgrades import selectors
from upgrades.services import schedule

pytestmark = pytest.mark.django_db


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

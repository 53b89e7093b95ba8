"""Endpoints: read with back-off, stopped by the first 401, each read by one worker at a time."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_endpoint
from tests.services import named
from tests.services.named import actions, registered
from upgrades.models import Endpoint
from upgrades.ocp import errors
from upgrades.ocp.limits import RateLimit
from upgrades.services import endpoints, schedule
from upgrades.services.moves import Invalid

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def environment(settings: Any) -> Any:
    return named.name(settings)


@pytest.fixture
def endpoint(environment: Any) -> Endpoint:
    return registered()


def test_a_ca_file_that_is_gone_is_a_reason_and_no_crash(endpoint: Endpoint) -> None:
    endpoint.ca_file = "/nowhere/ca.pem"
    with pytest.raises(Invalid) as refusal:
        endpoints.client(endpoint)
    assert refusal.value.reason.code == "endpoint.unusable"


def test_a_success_costs_one_statement_and_never_goes_back_in_time(endpoint: Endpoint) -> None:
    at = timezone.now()
    with CaptureQueriesContext(connection) as queries:
        endpoints.note_success(endpoint, at)
    assert len(queries) == 1
    endpoints.note_success(endpoint, at - timedelta(seconds=30))
    endpoint.refresh_from_db()
    assert endpoint.observed_at == at


def test_failures_keep_the_first_moment_and_put_reads_off_longer_and_longer(endpoint: Endpoint) -> None:
    first = timezone.now()
    delays = []
    for number in range(8):
        endpoints.note_failure(endpoint, errors.ServerError("<b>x</b>", http_status=502, trace_id="8ae3"), first)
        endpoint.refresh_from_db()
        delays.append(round((endpoint.inventory_due_at - timezone.now()).total_seconds()))
        assert endpoint.failure_count == number + 1
    assert delays == [2, 4, 8, 15, 15, 15, 15, 15]
    assert endpoint.failing_since == first
    assert endpoint.failure == {"code": "ocp.server_error", "params": {"http_status": 502}}
    assert endpoint.failure_trace_id == "8ae3"
    assert endpoint.observed_at is None


def test_a_success_ends_the_trouble_and_makes_the_reads_due_at_once(endpoint: Endpoint) -> None:
    at = timezone.now()
    endpoints.note_failure(endpoint, errors.NotSent("refused", is_sent=False), at)
    assert endpoints.due("follow") == []
    endpoints.note_success(endpoint, at + timedelta(seconds=1))
    endpoint.refresh_from_db()
    assert (endpoint.failing_since, endpoint.failure, endpoint.failure_count) == (None, None, 0)
    assert endpoints.due("follow") == [endpoint]


def test_a_read_begun_before_the_trouble_does_not_end_it(endpoint: Endpoint) -> None:
    at = timezone.now()
    endpoints.note_failure(endpoint, errors.ConnectionLost("cut"), at)
    endpoints.note_success(endpoint, at - timedelta(seconds=5))
    endpoint.refresh_from_db()
    assert endpoint.failing_since == at


def test_a_rate_limit_is_obeyed_as_far_as_an_hour(endpoint: Endpoint) -> None:
    error = errors.RateLimited("slow down", http_status=429)
    error.reset_seconds = 300
    now = timezone.now()
    endpoints.note_failure(endpoint, error, now)
    endpoint.refresh_from_db()
    assert not endpoints.may_read(endpoint, now + timedelta(seconds=290))
    assert endpoints.may_read(endpoint, now + timedelta(seconds=310))
    error.reset_seconds = 10**9
    endpoints.note_failure(endpoint, error, now)
    endpoint.refresh_from_db()
    assert endpoints.may_read(endpoint, now + timedelta(seconds=3700))


def test_reads_are_put_off_while_our_quota_is_used_up(endpoint: Endpoint) -> None:
    now = timezone.now()
    Endpoint.objects.update(follow_due_at=now)
    endpoints.note_limit(endpoint, RateLimit(limit=100, remaining=1, reset_seconds=60))
    assert endpoints.due("follow") == [endpoint]
    endpoints.note_limit(endpoint, RateLimit(limit=100, remaining=0, reset_seconds=60))
    endpoint.refresh_from_db()
    assert {endpoints.due(kind) == [] for kind in ("follow", "sweep", "inventory", "topology")} == {True}
    assert endpoints.why_not_read(endpoint, now + timedelta(seconds=50)).code == "ocp.quota_used_up"  # type: ignore[union-attr]
    assert endpoints.may_read(endpoint, now + timedelta(seconds=65))
    assert endpoint.failing_since is None


def test_a_used_up_quota_is_believed_for_five_minutes_at_most_and_never_shortened(endpoint: Endpoint) -> None:
    now = timezone.now()
    for seconds in (10**8, 1):
        endpoints.note_limit(endpoint, RateLimit(limit=None, remaining=0, reset_seconds=seconds))
    endpoint.refresh_from_db()
    assert not endpoints.may_read(endpoint, now + timedelta(seconds=290))
    assert endpoints.may_read(endpoint, now + timedelta(seconds=310))


def test_nobody_who_looks_brings_a_read_forward_that_our_quota_forbids(endpoint: Endpoint) -> None:
    endpoints.note_limit(endpoint, RateLimit(limit=100, remaining=0, reset_seconds=250))
    endpoints.hasten(endpoint.pk, "follow")
    schedule.due()
    endpoint.refresh_from_db()
    assert endpoint.follow_due_at is not None
    assert endpoint.follow_due_at > timezone.now() + timedelta(seconds=200)


def test_the_first_401_opens_the_breaker_until_the_credentials_differ(endpoint: Endpoint, environment: Any) -> None:
    at = timezone.now()
    for _again in range(2):
        endpoints.note_failure(endpoint, errors.Unauthorized("no", http_status=401, trace_id="77"), at)
    endpoint.refresh_from_db()
    assert endpoint.breaker_opened_at == at
    assert actions().count("endpoint.open_breaker") == 1
    assert not endpoints.may_read(endpoint, at + timedelta(days=1))
    environment.OCP_PASSWORD = "a new one"
    endpoint = registered()
    assert endpoints.may_read(endpoint, at)
    assert (endpoint.breaker_opened_at, endpoint.breaker_credentials, endpoint.failure) == (None, "", None)
    assert actions()[-2:] == ["endpoint.register", "endpoint.close_breaker"]


def test_a_401_of_a_read_with_the_old_credentials_does_not_stop_the_new_ones(
    endpoint: Endpoint, environment: Any
) -> None:
    at = timezone.now()
    environment.OCP_PASSWORD = "a new one"
    registered()
    endpoints.note_failure(endpoint, errors.Unauthorized("no"), at)
    endpoint.refresh_from_db()
    assert endpoint.breaker_opened_at is not None
    assert endpoints.may_read(endpoint, at)
    endpoints.note_success(endpoint, at + timedelta(seconds=1))
    endpoint.refresh_from_db()
    assert endpoint.breaker_opened_at is None


def test_new_credentials_that_are_wrong_too_open_the_breaker_again(endpoint: Endpoint, environment: Any) -> None:
    at = timezone.now()
    endpoints.note_failure(endpoint, errors.Unauthorized("no"), at)
    environment.OCP_PASSWORD = "also wrong"
    endpoint = registered()
    endpoints.note_failure(endpoint, errors.Unauthorized("no"), at + timedelta(seconds=9))
    endpoint.refresh_from_db()
    assert not endpoints.may_read(endpoint, at + timedelta(days=1))
    assert actions().count("endpoint.open_breaker") == 2


def test_a_lease_is_held_by_one_and_ends_by_itself(endpoint: Endpoint) -> None:
    assert endpoints.claim(endpoint.pk, "follow", seconds=30)
    assert not endpoints.claim(endpoint.pk, "follow", seconds=30)
    assert endpoints.claim(endpoint.pk, "inventory", seconds=30)
    assert endpoints.due("follow") == []
    Endpoint.objects.update(follow_claimed_until=timezone.now() - timedelta(seconds=1))
    assert endpoints.claim(endpoint.pk, "follow", seconds=30)


def test_a_released_lease_is_due_again_at_the_given_time_alone(endpoint: Endpoint) -> None:
    endpoints.claim(endpoint.pk, "sweep", seconds=30)
    endpoints.release(endpoint.pk, "sweep", timezone.now() + timedelta(seconds=5))
    assert not endpoints.claim(endpoint.pk, "sweep", seconds=30)
    Endpoint.objects.update(sweep_due_at=timezone.now() - timedelta(seconds=1))
    assert endpoints.claim(endpoint.pk, "sweep", seconds=30)


def test_releasing_does_not_shorten_a_back_off(endpoint: Endpoint) -> None:
    endpoints.claim(endpoint.pk, "follow", seconds=30)
    for _again in range(6):
        endpoints.note_failure(endpoint, errors.DeadlinePassed("late"), timezone.now())
    endpoints.release(endpoint.pk, "follow", timezone.now() + timedelta(seconds=1))
    endpoint.refresh_from_db()
    assert endpoint.follow_due_at > timezone.now() + timedelta(seconds=10)


def test_hastening_makes_a_read_due_now_but_not_one_that_a_failure_put_off(endpoint: Endpoint) -> None:
    later = timezone.now() + timedelta(seconds=40)
    Endpoint.objects.update(follow_due_at=later, sweep_due_at=later)
    endpoints.hasten(endpoint.pk, "follow")
    assert endpoints.due("follow") == [endpoint]
    endpoints.note_failure(endpoint, errors.NotSent("refused", is_sent=False), timezone.now())
    endpoints.hasten(endpoint.pk, "sweep")
    assert endpoints.due("sweep") == []


def test_an_endpoint_without_credentials_is_never_due() -> None:
    make_endpoint(base_url="https://old.example.com", credentials="")
    assert endpoints.due("inventory") == []

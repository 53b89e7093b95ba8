"""Endpoints: registered from the environment, read with back-off, stopped by the first 401."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_cluster, make_endpoint, make_user
from upgrades.models import AuditEvent, ChangeRequest, Endpoint, UpgradeRun
from upgrades.ocp import errors
from upgrades.ocp.limits import RateLimit
from upgrades.rules import workflow
from upgrades.services import endpoints, registration, schedule
from upgrades.services.moves import Invalid, TooLate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def environment(settings: Any) -> Any:
    settings.OCP_URL = "https://ocp.example.com:8443"
    settings.OCP_USERNAME = "ocpdash"
    settings.OCP_PASSWORD = "correct horse"
    settings.OCP_ENDPOINT_NAME = "prod-shanghai"
    return settings


@pytest.fixture
def endpoint() -> Endpoint:
    return registered()


def registered() -> Endpoint:
    endpoint = registration.register_from_environment()
    assert endpoint is not None
    return endpoint


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("action", flat=True))


def begin_run(endpoint: Endpoint, status: str = "submitting") -> UpgradeRun:
    """An open run, as T1 leaves it."""
    cluster = make_cluster(endpoint)
    change_request = ChangeRequest.objects.create(
        endpoint=endpoint,
        cluster=cluster,
        target_file_name="oceanbase.rpm",
        purpose="test",
        requester=make_user(),
        status=workflow.RequestStatus.IN_PROGRESS,
        plan={},
        fingerprint="f" * 64,
    )
    return UpgradeRun.objects.create(
        change_request=change_request,
        endpoint=endpoint,
        status=status,
        cluster_ocp_id=cluster.ocp_id,
        affected_ocp_ids=[cluster.ocp_id],
        body="{}",
        fingerprint="f" * 64,
        worker_token="t",
    )


def test_registering_twice_makes_one_endpoint_and_one_audit_event(environment: Any) -> None:
    environment.OCP_URL = "https://ocp.example.com:8443/"
    first, second = registered(), registered()
    assert (first.pk, second.base_url) == (second.pk, "https://ocp.example.com:8443")
    assert actions() == ["endpoint.register"]
    assert "correct horse" not in str(AuditEvent.objects.values())


def test_a_changed_address_is_taken_over_and_audited(endpoint: Endpoint, environment: Any) -> None:
    environment.OCP_URL = "https://other.example.com"
    registration.register_from_environment()
    event = AuditEvent.objects.latest("id")
    assert event.before == {"base_url": "https://ocp.example.com:8443"}
    assert event.after == {"base_url": "https://other.example.com", "credentials": "new"}


@pytest.mark.parametrize(("name", "value"), [("OCP_URL", "https://other.example.com"), ("OCP_USERNAME", "somebody")])
def test_address_and_account_stay_while_a_run_is_open(
    endpoint: Endpoint, environment: Any, name: str, value: str
) -> None:
    run = begin_run(endpoint)
    setattr(environment, name, value)
    with pytest.raises(TooLate) as refusal:
        registration.register_from_environment()
    assert refusal.value.reason.code == "endpoint.run_open"
    UpgradeRun.objects.filter(pk=run.pk).update(status=workflow.RunStatus.REFUSED)
    registration.register_from_environment()
    assert actions() == ["endpoint.register", "endpoint.register"]


def test_the_name_and_the_word_on_the_account_may_change_while_a_run_is_open(
    endpoint: Endpoint, environment: Any
) -> None:
    begin_run(endpoint)
    environment.OCP_ACCOUNT_IS_OURS = True
    assert registered().is_account_ours


@pytest.mark.parametrize("url", ["https://user:secret@ocp.example.com", "http://ocp.example.com", "ocp"])
def test_an_address_that_cannot_serve_is_refused(environment: Any, url: str) -> None:
    environment.OCP_URL = url
    with pytest.raises(Invalid) as refusal:
        registration.register_from_environment()
    assert "secret" not in str(refusal.value.reason)
    assert not Endpoint.objects.exists()


def test_an_environment_that_names_no_ocp_registers_none(environment: Any) -> None:
    environment.OCP_URL = ""
    assert registration.register_from_environment() is None
    assert not Endpoint.objects.exists()


def test_the_environments_endpoint_stands_beside_others_and_keeps_a_name_that_an_admin_gave(
    environment: Any, endpoint: Endpoint
) -> None:
    other = make_endpoint(name="beijing")
    Endpoint.objects.filter(pk=endpoint.pk).update(name="shanghai")
    assert registered().name == "shanghai"
    environment.OCP_ENDPOINT_NAME, environment.OCP_URL = "hangzhou", "https://hangzhou.example.com"
    assert registered().pk not in (endpoint.pk, other.pk)
    assert Endpoint.objects.count() == 3


def test_a_name_that_an_admin_gave_to_another_endpoint_leads_nothing_there(
    environment: Any, endpoint: Endpoint
) -> None:
    Endpoint.objects.filter(pk=endpoint.pk).update(name="shanghai")
    other = make_endpoint(name="prod-shanghai", base_url="https://elsewhere.example.com", account_name="theirs")
    environment.OCP_ACCOUNT_IS_OURS = True
    assert registered().pk == endpoint.pk
    assert registration.is_from_environment(endpoint)
    assert not registration.is_from_environment(other)
    environment.OCP_URL = "https://moved.example.com"
    with pytest.raises(Invalid) as refusal:
        registration.register_from_environment()
    assert refusal.value.reason.code == "endpoint.name_taken"
    before = other.base_url, other.account_name, other.credentials
    other.refresh_from_db()
    assert (other.base_url, other.account_name, other.credentials) == before


def test_an_address_that_another_endpoint_has_is_not_registered_again(environment: Any, endpoint: Endpoint) -> None:
    environment.OCP_URL = "HTTPS://ocp.Example.com:8443/"
    assert registered().base_url == "https://ocp.example.com:8443"
    assert actions() == ["endpoint.register"]
    environment.OCP_ENDPOINT_NAME, environment.OCP_USERNAME = "hangzhou", "somebody"
    with pytest.raises(Invalid) as refusal:
        registration.register_from_environment()
    assert refusal.value.reason.code == "endpoint.address_taken"
    make_endpoint(base_url="https://theirs.example.com")
    environment.OCP_ENDPOINT_NAME, environment.OCP_URL = "prod-shanghai", "https://theirs.example.com"
    with pytest.raises(Invalid) as refusal:
        registration.register_from_environment()
    assert refusal.value.reason.code == "endpoint.address_taken"


def test_the_database_keeps_one_row_for_an_address() -> None:
    make_endpoint(base_url="https://ocp.example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_endpoint(base_url="https://OCP.example.com")


def test_a_worker_that_starts_does_not_switch_on_what_an_admin_switched_off(endpoint: Endpoint) -> None:
    Endpoint.objects.update(is_active=False)
    assert not registered().is_active


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

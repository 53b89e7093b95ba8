"""The endpoint that the environment names: registered once, and changed with it while nothing is open."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from tests.factories import make_change_request, make_cluster, make_endpoint, make_run
from tests.services import named
from tests.services.named import actions, registered
from upgrades.models import AuditEvent, Endpoint, UpgradeRun
from upgrades.rules import workflow
from upgrades.services import registration
from upgrades.services.moves import Invalid, TooLate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def environment(settings: Any) -> Any:
    return named.name(settings)


@pytest.fixture
def endpoint(environment: Any) -> Endpoint:
    return registered()


def begin_run(endpoint: Endpoint, status: str = "submitting") -> UpgradeRun:
    """An open run, as T1 leaves it."""
    change_request = make_change_request(make_cluster(endpoint), status=workflow.RequestStatus.IN_PROGRESS)
    return make_run(change_request, status)


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

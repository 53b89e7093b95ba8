"""Endpoints as admins enter them: who may, what is refused, what the audit keeps, and what stays secret."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.factories import make_change_request, make_cluster, make_endpoint, make_run, make_user
from tests.ocp.test_tls import certificate
from upgrades.forms.endpoints import EndpointForm
from upgrades.models import AuditEvent, Endpoint, UpgradeRun, User
from upgrades.services import administration, credentials, inventory
from upgrades.services.administration import Entry
from upgrades.services.credentials import Credentials
from upgrades.services.moves import Forbidden, Invalid, TooLate
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.django_db

SECRET = "correct horse battery"
ENTRY = Entry(
    name="shanghai",
    base_url="https://ocp.example.com:8443/",
    account_name="ocpdash",
    kind="basic",
    access_key="",
    secret=SECRET,
    ca_pem="",
    is_http_allowed=False,
    is_account_ours=False,
    upgrade_body="file_name",
)
KEPT = replace(ENTRY, secret="")


@pytest.fixture
def admin() -> User:
    return make_user("ada", "admin")


@pytest.fixture
def ca_pem(tmp_path: Path) -> str:
    """The certificate without its key."""
    text = certificate(tmp_path, "127.0.0.1").read_text()
    return text[text.index("-----BEGIN CERTIFICATE") :]


@pytest.fixture
def endpoint(admin: User) -> Endpoint:
    return administration.add(actor=admin, entry=ENTRY)


def edit(admin: User, endpoint: Endpoint, entry: Entry) -> Endpoint:
    administration.edit(actor=admin, endpoint=endpoint, entry=entry, lock_version=endpoint.lock_version)
    return endpoint


def open_run(endpoint: Endpoint) -> UpgradeRun:
    return make_run(make_change_request(make_cluster(endpoint)))


def test_an_added_endpoint_is_read_at_once_and_no_secret_stands_in_row_or_audit(admin: User) -> None:
    endpoint = administration.add(actor=admin, entry=ENTRY)
    assert (endpoint.base_url, endpoint.is_active) == ("https://ocp.example.com:8443", True)
    assert credentials.unseal(endpoint).secret == SECRET
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.after["credentials"]) == ("endpoint.add", admin, "new")
    assert SECRET not in str(AuditEvent.objects.values()) + str(Endpoint.objects.values())


def test_an_address_is_kept_in_one_spelling(admin: User) -> None:
    endpoint = administration.add(actor=admin, entry=replace(ENTRY, base_url="HTTPS://ocp.example.com//"))
    assert endpoint.base_url == "https://ocp.example.com"
    assert credentials.unseal(endpoint).secret == SECRET


def test_only_an_admin_of_all_environments_may_change_endpoints(endpoint: Endpoint) -> None:
    for person in (make_user("olga", "operator"), make_user("dora", ("admin", "dev"))):
        with pytest.raises(Forbidden):
            administration.add(actor=person, entry=replace(ENTRY, name="other", base_url="https://other.example.com"))
        with pytest.raises(Forbidden):
            edit(person, endpoint, KEPT)
        with pytest.raises(Forbidden):
            administration.switch(actor=person, endpoint=endpoint, is_active=False)
    assert AuditEvent.objects.filter(outcome="refused").count() == 6


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"base_url": "http://ocp.example.com"}, "base_url"),
        ({"base_url": "https://ocpdash:secret@ocp.example.com"}, "base_url"),
        ({"base_url": "https://ocp.example.com", "ca_pem": "no certificate"}, "ca_pem"),
        ({"base_url": "https://ocp.example.com", "ca_pem": "# 没有证书"}, "ca_pem"),
        ({"base_url": "https://ocp.example.com", "account_name": "a:b"}, "account_name"),
        ({"base_url": "https://ocp.example.com", "kind": "access_key", "access_key": ""}, "access_key"),
        ({"base_url": "https://OCP.example.com:8443"}, "base_url"),
        ({"base_url": "https://ocp.example.com", "name": "shanghai"}, "name"),
        ({"base_url": "https://ocp.example.com", "secret": ""}, "secret"),
    ],
)
def test_what_cannot_serve_is_refused_beside_its_field(
    admin: User, endpoint: Endpoint, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        administration.add(actor=admin, entry=replace(ENTRY, **({"name": "other"} | changes)))
    assert refusal.value.field == field
    assert Endpoint.objects.count() == 1


def test_an_edit_keeps_the_address_and_the_stored_secret_and_tells_what_changed(
    admin: User, endpoint: Endpoint
) -> None:
    edit(admin, endpoint, replace(KEPT, name="hangzhou", base_url="https://evil.example.com", is_account_ours=True))
    assert (endpoint.name, endpoint.base_url) == ("hangzhou", "https://ocp.example.com:8443")
    assert credentials.unseal(endpoint).secret == SECRET
    event = AuditEvent.objects.latest("id")
    assert event.before == {"is_account_ours": False, "name": "shanghai"}
    assert event.after == {"is_account_ours": True, "name": "hangzhou"}


def test_an_edit_leaves_what_the_workers_note_meanwhile(admin: User, endpoint: Endpoint) -> None:
    Endpoint.objects.update(failure_count=7)
    edit(admin, endpoint, replace(KEPT, name="hangzhou"))
    assert endpoint.failure_count == 7


def test_another_account_or_key_needs_its_own_secret(admin: User, endpoint: Endpoint) -> None:
    for changes in ({"account_name": "other"}, {"kind": "access_key", "access_key": "AK1"}):
        with pytest.raises(Invalid) as refusal:
            edit(admin, endpoint, replace(KEPT, **changes))
        assert (refusal.value.field, refusal.value.reason.code) == ("secret", "endpoint.secret_missing")
    edit(admin, endpoint, replace(KEPT, account_name="other", secret="new"))
    assert credentials.unseal(endpoint).secret == "new"


def test_an_endpoint_without_a_secret_is_asked_for_one(admin: User, endpoint: Endpoint) -> None:
    with pytest.raises(Invalid) as refusal:
        administration.add(actor=admin, entry=replace(KEPT, name="hangzhou", base_url="https://ocp-2.example.com"))
    assert (refusal.value.field, refusal.value.reason.code) == ("secret", "endpoint.secret_needed")
    assert "stored one" in str(EndpointForm(endpoint=endpoint).fields["secret"].help_text)
    endpoint.credentials = ""
    Endpoint.objects.update(credentials="")
    with pytest.raises(Invalid) as refusal:
        edit(admin, Endpoint.objects.get(pk=endpoint.pk), replace(KEPT, account_name="other"))
    assert refusal.value.reason.code == "endpoint.secret_needed"
    assert "stored one" not in str(EndpointForm(endpoint=endpoint).fields["secret"].help_text)


def test_two_admins_at_once_the_later_one_is_told(admin: User, endpoint: Endpoint) -> None:
    seen = endpoint.lock_version
    edit(admin, endpoint, replace(KEPT, name="hangzhou"))
    with pytest.raises(TooLate) as refusal:
        administration.edit(actor=admin, endpoint=endpoint, entry=KEPT, lock_version=seen)
    assert refusal.value.reason.code == "endpoint.saved_meanwhile"


def test_while_a_run_is_open_the_account_stays_and_the_password_may_rotate(admin: User, endpoint: Endpoint) -> None:
    run = open_run(endpoint)
    edit(admin, endpoint, replace(ENTRY, secret="rotated"))
    for refused in (
        lambda: edit(admin, endpoint, replace(ENTRY, account_name="other")),
        lambda: administration.switch(actor=admin, endpoint=endpoint, is_active=False),
    ):
        with pytest.raises(TooLate) as refusal:
            refused()
        assert refusal.value.reason.code == "endpoint.run_open"
    UpgradeRun.objects.filter(pk=run.pk).update(status="refused")
    administration.switch(actor=admin, endpoint=endpoint, is_active=False)
    assert not endpoint.is_active


def test_new_credentials_close_the_breaker(admin: User, endpoint: Endpoint) -> None:
    Endpoint.objects.update(breaker_opened_at="2026-11-20T10:00Z", breaker_credentials=credentials.mark(endpoint))
    edit(admin, endpoint, replace(KEPT, name="hangzhou"))
    assert endpoint.breaker_opened_at is not None
    edit(admin, endpoint, replace(KEPT, secret="new"))
    assert endpoint.breaker_opened_at is None


def test_switching_twice_is_too_late(admin: User, endpoint: Endpoint) -> None:
    administration.switch(actor=admin, endpoint=endpoint, is_active=False)
    with pytest.raises(TooLate):
        administration.switch(actor=admin, endpoint=endpoint, is_active=False)
    administration.switch(actor=admin, endpoint=endpoint, is_active=True)
    assert endpoint.is_active


def test_the_text_of_a_ca_is_pinned_and_replaces_the_file(admin: User, ca_pem: str) -> None:
    endpoint = make_endpoint(
        name="shanghai", base_url="https://ocp.example.com:8443", ca_file="/etc/ca.pem", ca_pin="f" * 64
    )
    Endpoint.objects.update(
        credentials=credentials.seal(Credentials("x"), base_url=endpoint.base_url, account_name="ocpdash")
    )
    edit(admin, endpoint, replace(ENTRY, ca_pem=ca_pem))
    assert (endpoint.ca_file, endpoint.ca_pem, len(endpoint.ca_pin)) == ("", ca_pem, 64)
    assert "BEGIN" not in str(AuditEvent.objects.values())
    edit(admin, endpoint, KEPT)
    assert (endpoint.ca_pem, endpoint.ca_pin) == ("", "")


def test_a_private_key_among_the_certificates_is_not_stored(admin: User, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refusal:
        administration.add(actor=admin, entry=replace(ENTRY, ca_pem=certificate(tmp_path, "127.0.0.1").read_text()))
    assert (refusal.value.field, refusal.value.reason.code) == ("ca_pem", "endpoint.key_in_ca")


def test_an_added_endpoint_is_read(admin: User, look_alike: LookAlike) -> None:
    endpoint = administration.add(
        actor=admin,
        entry=replace(
            ENTRY,
            base_url=look_alike.url,
            is_http_allowed=True,
            account_name=look_alike.username,
            secret=look_alike.password,
        ),
    )
    inventory.sync(endpoint)
    endpoint.refresh_from_db()
    assert endpoint.clusters.count() == 12

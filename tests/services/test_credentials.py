"""Credentials: sealed in the row, for one address and account; opened by any key, moved to the newest."""

import io
import json
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from ocpdash import logs
from tests.factories import make_endpoint
from upgrades import reasons
from upgrades.models import AuditEvent, Endpoint
from upgrades.services import credentials, endpoints
from upgrades.services.credentials import Credentials
from upgrades.services.moves import Invalid

pytestmark = pytest.mark.django_db

SECRET = "correct horse battery"
HOME = {"base_url": "https://ocp.example.com", "account_name": "ocpdash"}


@pytest.fixture
def endpoint() -> Endpoint:
    return make_endpoint(name="shanghai", credentials=credentials.seal(Credentials(SECRET), **HOME), **HOME)


def rotate() -> str:
    said = io.StringIO()
    call_command("rotate_credentials", stdout=said)
    return said.getvalue()


def why(endpoint: Endpoint) -> str:
    """Why the endpoint is not read; the same that a client meets."""
    reason = endpoints.why_not_read(endpoint, timezone.now())
    assert reason is not None
    with pytest.raises(Invalid) as refusal:
        endpoints.client(endpoint)
    assert refusal.value.reason == reason
    assert "shanghai" in reasons.sentence(reason)
    return reason.code


def test_what_was_sealed_is_opened_again_and_no_row_tells_it(endpoint: Endpoint) -> None:
    assert credentials.unseal(endpoint).secret == SECRET
    assert endpoints.may_read(endpoint, timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_jsonb(upgrades_endpoint)::text FROM upgrades_endpoint")
        assert SECRET not in json.dumps(cursor.fetchall())


def test_opened_credentials_show_nothing_of_themselves_and_no_log_line_shows_them(endpoint: Endpoint) -> None:
    opened = credentials.unseal(endpoint)
    assert SECRET not in repr(opened) + repr(opened.signer("ocpdash")) + repr(endpoints.client(endpoint))
    assert SECRET not in logs.masked(f"somebody logs {SECRET}")


@pytest.mark.parametrize(("name", "value"), [("base_url", "https://evil.example.com"), ("account_name", "somebody")])
def test_a_row_that_was_led_elsewhere_sends_no_password(endpoint: Endpoint, name: str, value: str) -> None:
    setattr(endpoint, name, value)
    assert why(endpoint) == "endpoint.credentials_elsewhere"


def test_none_a_lost_key_and_a_spoilt_row_are_reasons_and_no_crash(endpoint: Endpoint, settings: Any) -> None:
    sealed, endpoint.credentials = endpoint.credentials, ""
    assert why(endpoint) == "endpoint.credentials_missing"
    endpoint.credentials = f"{sealed[:-9]}AAAAAAA=="
    assert why(endpoint) == "endpoint.credentials_unreadable"
    endpoint.credentials = sealed
    settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode()]
    assert why(endpoint) == "endpoint.credentials_unreadable"
    assert endpoints.due("follow") == []


def test_the_mark_changes_with_account_and_secret_alone_and_shows_neither(endpoint: Endpoint) -> None:
    mark = credentials.mark(endpoint)
    assert len(mark) == 64
    endpoint.credentials = credentials.seal(Credentials(SECRET), **HOME)
    assert credentials.mark(endpoint) == mark
    endpoint.credentials = credentials.seal(Credentials("another"), **HOME)
    assert credentials.mark(endpoint) != mark


def test_after_rotating_the_older_key_may_go(endpoint: Endpoint, settings: Any) -> None:
    make_endpoint(name="not set up yet", credentials="")
    mark, newest = credentials.mark(endpoint), Fernet.generate_key().decode()
    settings.CREDENTIALS_KEYS = [newest, *settings.CREDENTIALS_KEYS]
    assert rotate() == "Endpoints sealed with the newest key: 1.\n"
    settings.CREDENTIALS_KEYS = [newest]
    endpoint.refresh_from_db()
    assert credentials.unseal(endpoint).secret == SECRET
    assert credentials.mark(endpoint) == mark
    event = AuditEvent.objects.get()
    assert (event.action, event.subject_name) == ("endpoint.rotate_credentials", "shanghai")


def test_rotating_names_what_it_could_not_move_and_leaves_it(endpoint: Endpoint, settings: Any) -> None:
    sealed, settings.CREDENTIALS_KEYS = endpoint.credentials, [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match=r"Not moved: shanghai\."):
        rotate()
    endpoint.refresh_from_db()
    assert endpoint.credentials == sealed
    assert not AuditEvent.objects.exists()


def test_rotating_does_not_undo_credentials_that_were_stored_meanwhile(endpoint: Endpoint) -> None:
    newer = credentials.seal(Credentials("newer"), **HOME)
    Endpoint.objects.update(credentials=newer)
    assert not credentials.rotate(endpoint)
    endpoint.refresh_from_db()
    assert credentials.unseal(endpoint).secret == "newer"

"""Test connection: each read once, its remedy beside it; it closes the breaker, saves nothing and guesses nothing."""

from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from tests.factories import make_user
from tests.scenes import control
from tests.views.acting import client_of
from upgrades import reasons
from upgrades.models import AuditEvent, Endpoint, User
from upgrades.rules import Reason
from upgrades.services import administration, credentials, endpoints, inventory, trying
from upgrades.services.administration import Entry
from upgrades.services.moves import Forbidden, Invalid, TooLate
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return make_user("ada", "admin")


@pytest.fixture
def entry(look_alike: LookAlike) -> Entry:
    return Entry(
        name="shanghai",
        base_url=look_alike.url,
        account_name=look_alike.username,
        kind="basic",
        access_key="",
        secret=look_alike.password,
        ca_pem="",
        is_http_allowed=True,
        is_account_ours=True,
        upgrade_body="file_name",
    )


def outcomes(lines: list[trying.Line]) -> dict[str, str]:
    return {line.what: line.outcome for line in lines}


def codes(lines: list[trying.Line]) -> dict[str, str]:
    return {line.what: line.reason.code for line in lines}


READS = ("clock", "account", "clusters", "servers", "packages", "tasks")


def test_a_good_connection_passes_every_read_and_posts_nothing(
    look_alike: LookAlike, admin: User, entry: Entry
) -> None:
    lines = trying.try_entered(actor=admin, endpoint=None, entry=entry)
    assert outcomes(lines) == dict.fromkeys(READS, "passed") | {"upgrade": "not_tried"}
    assert {row["method"] for row in look_alike._requests_since(0)} == {"GET"}
    assert not Endpoint.objects.exists()
    event = AuditEvent.objects.get()
    assert (event.action, event.subject_name, event.after) == (
        "endpoint.test",
        "shanghai",
        {"passed": True, "failed": []},
    )
    assert look_alike.password not in str(AuditEvent.objects.values())


@pytest.mark.parametrize("skew", [-1200, 1200])
def test_a_clock_that_is_off_is_named_and_not_the_key(
    look_alike: LookAlike, admin: User, entry: Entry, skew: int
) -> None:
    by_key = replace(entry, kind="access_key", access_key=look_alike.access_key, secret=look_alike.secret_key)
    endpoint = administration.add(actor=admin, entry=by_key)
    control(look_alike, "POST", "/clock", skew=skew)
    inventory.sync(endpoint)
    endpoint.refresh_from_db()
    failure = endpoint.failure or {}
    assert failure["code"] == "ocp.clock_differs"
    assert abs(failure["params"]["seconds"] - skew) <= 2
    assert endpoint.breaker_opened_at is not None
    why = endpoints.why_not_read(endpoint, timezone.now())
    assert why is not None
    assert (why.code, why.params["seconds"]) == ("endpoint.breaker_clock", failure["params"]["seconds"])
    lines = trying.try_stored(actor=admin, endpoint=endpoint)
    assert (codes(lines)["clock"], codes(lines)["account"]) == ("test.clock_differs", "ocp.clock_differs")
    control(look_alike, "POST", "/clock", skew=0)
    cache.clear()
    assert trying.is_passed(trying.try_stored(actor=admin, endpoint=endpoint))
    endpoint.refresh_from_db()
    assert endpoint.breaker_opened_at is None


def test_a_wrong_key_or_password_is_no_matter_of_the_clock(look_alike: LookAlike, admin: User, entry: Entry) -> None:
    by_key = replace(entry, kind="access_key", access_key=look_alike.access_key, secret="another")
    assert codes(trying.try_entered(actor=admin, endpoint=None, entry=by_key))["account"] == "test.unauthorized"
    control(look_alike, "POST", "/clock", skew=1200)
    cache.clear()
    wrong = replace(entry, secret="another")
    assert codes(trying.try_entered(actor=admin, endpoint=None, entry=wrong))["account"] == "test.unauthorized"


def test_an_access_key_is_tried_too(look_alike: LookAlike, admin: User, entry: Entry) -> None:
    by_key = replace(entry, kind="access_key", access_key=look_alike.access_key, secret=look_alike.secret_key)
    assert trying.is_passed(trying.try_entered(actor=admin, endpoint=None, entry=by_key))


def test_a_wrong_password_is_tried_once_and_stops_the_test(look_alike: LookAlike, admin: User, entry: Entry) -> None:
    lines = trying.try_entered(actor=admin, endpoint=None, entry=replace(entry, secret="wrong"))
    refused = [line for line in lines if line.outcome == "failed"]
    assert [line.reason.code for line in refused] == ["test.unauthorized"]
    assert len([row for row in look_alike._requests_since(0) if row["path"] != "/api/v2/time"]) <= 1


def test_an_address_where_nothing_listens_says_what_to_check(admin: User, entry: Entry, look_alike: LookAlike) -> None:
    look_alike.stop()
    lines = trying.try_entered(actor=admin, endpoint=None, entry=entry)
    assert codes(lines)["clock"] == "test.not_reached"
    assert {outcome for what, outcome in outcomes(lines).items() if what != "clock"} == {"not_tried"}


def test_a_missing_right_is_named_and_the_rest_is_tried(look_alike: LookAlike, admin: User, entry: Entry) -> None:
    look_alike.faults.add("status", path="/software-packages", status=403)
    lines = trying.try_entered(actor=admin, endpoint=None, entry=entry)
    failed = next(line for line in lines if line.outcome == "failed")
    assert (failed.what, failed.reason.code, failed.reason.params) == (
        "packages",
        "test.forbidden",
        {"right": "PACKAGE_VIEWER"},
    )
    assert outcomes(lines)["tasks"] == "passed"


def test_a_passed_test_of_what_is_stored_closes_the_breaker(admin: User, entry: Entry) -> None:
    endpoint = administration.add(actor=admin, entry=entry)
    mark = credentials.mark(endpoint)
    Endpoint.objects.update(breaker_opened_at=timezone.now(), breaker_credentials=mark)
    endpoint.refresh_from_db()
    assert trying.is_passed(trying.try_stored(actor=admin, endpoint=endpoint))
    endpoint.refresh_from_db()
    assert endpoint.breaker_opened_at is None
    assert AuditEvent.objects.filter(action="endpoint.close_breaker").exists()


def test_a_401_for_what_is_stored_opens_the_breaker_and_one_for_what_is_typed_does_not(
    admin: User, entry: Entry
) -> None:
    endpoint = administration.add(actor=admin, entry=replace(entry, secret="wrong"))
    trying.try_entered(actor=admin, endpoint=endpoint, entry=replace(entry, secret="also wrong"))
    endpoint.refresh_from_db()
    assert endpoint.breaker_opened_at is None
    cache.clear()
    trying.try_stored(actor=admin, endpoint=endpoint)
    endpoint.refresh_from_db()
    assert endpoint.breaker_opened_at is not None


def test_what_is_typed_goes_to_the_stored_address_with_the_stored_secret(
    look_alike: LookAlike, admin: User, entry: Entry
) -> None:
    endpoint = administration.add(actor=admin, entry=entry)
    typed = replace(entry, base_url="http://127.0.0.1:1", secret="", name="other")
    assert trying.is_passed(trying.try_entered(actor=admin, endpoint=endpoint, entry=typed))
    endpoint.refresh_from_db()
    assert endpoint.name == "shanghai"


def test_two_tests_at_once_are_too_many_and_only_admins_test(admin: User, entry: Entry) -> None:
    trying.try_entered(actor=admin, endpoint=None, entry=entry)
    with pytest.raises(TooLate) as refusal:
        trying.try_entered(actor=admin, endpoint=None, entry=entry)
    assert refusal.value.reason.code == "test.too_soon"
    with pytest.raises(Forbidden):
        trying.try_entered(actor=make_user("olga", "operator"), endpoint=None, entry=entry)


def test_what_cannot_be_tried_is_refused_and_audited(admin: User, entry: Entry) -> None:
    with pytest.raises(Invalid):
        trying.try_entered(actor=admin, endpoint=None, entry=replace(entry, secret=""))
    endpoint = administration.add(actor=admin, entry=entry)
    Endpoint.objects.update(credentials="sealed with a key that is lost")
    cache.clear()
    with pytest.raises(Invalid):
        trying.try_stored(actor=admin, endpoint=Endpoint.objects.get())
    refused = AuditEvent.objects.filter(action="endpoint.test", outcome="refused").order_by("pk")
    assert [event.subject_id for event in refused] == ["", str(endpoint.pk)]
    cache.clear()
    answer = client_of(admin).post(f"/endpoints/{endpoint.pk}/test/", follow=True)
    assert answer.status_code == 200
    assert reasons.sentence(Reason.from_json(refused[1].reason)) in unescape(answer.text)


def test_a_silent_ocp_ends_the_test_in_time(
    look_alike: LookAlike, admin: User, entry: Entry, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "TOTAL_SECONDS", 0.5)
    look_alike.faults.add("hold", path="/api/v2/time")
    lines = trying.try_entered(actor=admin, endpoint=None, entry=entry)
    assert codes(lines)["clock"] == "test.too_slow"

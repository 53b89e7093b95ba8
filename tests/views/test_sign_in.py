"""Signing in and out: tries are counted, sessions are new, end when idle, and end for good."""

import datetime as dt

import pytest
import time_machine
from django.conf import settings
from django.test import Client, override_settings

from tests.factories import make_user
from upgrades.models import AuditEvent, User
from upgrades.services import sign_in as sign_ins

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("services")]

PASSWORD = "correct horse battery"
NOW = dt.datetime(2026, 11, 21, 1, 0, tzinfo=dt.UTC)


@pytest.fixture
def user() -> User:
    return make_user("wang.lei", "operator", password=PASSWORD)


def sign_in(client: Client, password: str = PASSWORD, username: str = "wang.lei", **more: str) -> int:
    return client.post("/sign-in/", {"username": username, "password": password}, **more).status_code


def test_sign_in_opens_a_new_session_and_leaves_an_audit_event(user: User) -> None:
    client = Client()
    client.get("/sign-in/")
    session = client.session
    session["planted"] = True
    session.save()
    planted = client.session.session_key
    assert sign_in(client) == 302
    assert client.session.session_key != planted
    event = AuditEvent.objects.get(action="user.sign_in")
    assert (event.actor, event.outcome, event.address) == (user, "done", "127.0.0.1")
    assert len(event.request_id) == 16


def test_failed_try_names_a_known_person_and_never_an_unknown_name(user: User) -> None:
    client = Client()
    assert sign_in(client, "wrong") == 200
    assert sign_in(client, "wrong", username="my secret password") == 200
    known, unknown = AuditEvent.objects.filter(action="user.sign_in").order_by("id")
    assert (known.outcome, known.subject_name, known.actor) == ("failed", "wang.lei", None)
    assert (unknown.outcome, unknown.subject_name, unknown.subject_id) == ("failed", "", "")


def test_sixth_wrong_try_is_refused_even_with_the_right_password(user: User) -> None:
    client = Client()
    for _try in range(5):
        assert sign_in(client, "wrong") == 200
    answer = client.post("/sign-in/", {"username": "WANG.lei", "password": PASSWORD})
    assert answer.status_code == 429
    assert "Too many tries" in answer.text
    assert sign_in(client, REMOTE_ADDR="10.9.9.9") == 302


def test_good_sign_in_forgets_the_failed_tries(user: User) -> None:
    client = Client()
    for _round in range(2):
        for _try in range(4):
            sign_in(client, "wrong")
        assert sign_in(client) == 302
        client.post("/sign-out/")


def test_one_address_cannot_try_many_names(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sign_ins.LIMITS, "address", (3, 300))
    client = Client()
    for number in range(3):
        sign_in(client, "wrong", username=f"name{number}")
    assert sign_in(client) == 429


def test_one_name_cannot_be_tried_from_many_addresses(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sign_ins.LIMITS, "name", (3, 300))
    for number in range(3):
        sign_in(Client(), "wrong", REMOTE_ADDR=f"10.0.0.{number}")
    assert sign_in(Client(), REMOTE_ADDR="10.0.0.99") == 429


def test_nobody_signs_in_while_tries_cannot_be_counted(user: User) -> None:
    away = {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/redis.sock"}
    with override_settings(CACHES={"default": away}):
        answer = Client().post("/sign-in/", {"username": "wang.lei", "password": PASSWORD})
    assert answer.status_code == 503
    assert "cannot reach Redis" in answer.text


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"])
def test_next_leads_nowhere_but_to_our_pages(user: User, away: str) -> None:
    values = {"username": "wang.lei", "password": PASSWORD, "next": away}
    assert Client().post("/sign-in/", values).headers["Location"] == "/"
    values["next"] = "/inbox/?a=1"
    assert Client().post("/sign-in/", values).headers["Location"] == "/inbox/?a=1"


def test_sign_out_needs_a_post_and_ends_the_session(user: User) -> None:
    client = Client()
    sign_in(client)
    assert client.get("/sign-out/").status_code == 405
    stolen = client.cookies[settings.SESSION_COOKIE_NAME].value
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    client.cookies[settings.SESSION_COOKIE_NAME] = stolen
    assert client.get("/").status_code == 302
    assert AuditEvent.objects.filter(action="user.sign_out", actor=user).exists()


def test_idle_session_ends_and_clicks_keep_it(user: User) -> None:
    client = Client()
    with time_machine.travel(NOW, tick=False) as clock:
        sign_in(client)
        for _click in range(3):
            clock.shift(dt.timedelta(minutes=29))
            assert client.get("/").status_code == 200
        clock.shift(dt.timedelta(minutes=31))
        assert client.get("/").status_code == 302


def test_polls_of_an_open_page_keep_nobody_signed_in(user: User) -> None:
    client = Client()
    with time_machine.travel(NOW, tick=False) as clock:
        sign_in(client)
        clock.shift(dt.timedelta(minutes=29))
        assert client.get("/", headers={"Sec-Fetch-Dest": "empty"}).status_code == 200
        clock.shift(dt.timedelta(minutes=2))
        assert client.get("/", headers={"Sec-Fetch-Dest": "empty"}).status_code == 401


def test_busy_session_ends_after_twelve_hours(user: User) -> None:
    client = Client()
    with time_machine.travel(NOW, tick=False) as clock:
        sign_in(client)
        for _click in range(28):
            clock.shift(dt.timedelta(minutes=25))
            assert client.get("/").status_code == 200
        clock.shift(dt.timedelta(minutes=25))
        assert client.get("/").status_code == 302


def test_new_password_ends_other_sessions(user: User) -> None:
    client = Client()
    sign_in(client)
    user.set_password("another long password")
    user.save(update_fields=["password"])
    assert client.get("/").status_code == 302


def test_nobody_can_lock_a_person_out_from_elsewhere(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sign_ins.LIMITS, "name", (8, 3600))
    at_home, elsewhere = "10.1.1.1", "10.9.9."
    assert sign_in(Client(), REMOTE_ADDR=at_home) == 302
    for number in range(20):
        sign_in(Client(), "wrong", REMOTE_ADDR=f"{elsewhere}{number}")
    assert sign_in(Client(), REMOTE_ADDR=f"{elsewhere}99") == 429
    assert sign_in(Client(), REMOTE_ADDR=at_home) == 302


def test_tries_that_are_refused_for_one_address_do_not_count_against_the_name(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sign_ins.LIMITS, "name", (8, 3600))
    for _try in range(20):
        sign_in(Client(), "wrong", REMOTE_ADDR="10.9.9.9")
    assert sign_in(Client(), REMOTE_ADDR="10.1.1.1") == 302


def test_the_first_try_that_is_one_too_many_is_recorded_and_the_flood_is_not(user: User) -> None:
    client = Client()
    for _try in range(12):
        sign_in(client, "wrong")
    refused = AuditEvent.objects.filter(action="user.sign_in", outcome="refused")
    assert [(event.subject_name, event.reason["code"]) for event in refused] == [("wang.lei", "sign_in.too_many")]


def test_a_session_key_that_the_database_cannot_hold_is_no_session(user: User) -> None:
    for key in ("a" * 20 + "\\000", "x" * 5000, "\\377" * 30):
        client = Client(raise_request_exception=False)
        answer = client.get("/", headers={"Cookie": f'{settings.SESSION_COOKIE_NAME}="{key}"'})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/sign-in/?next=/")

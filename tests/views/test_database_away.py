"""PostgreSQL is away: pages and API say so, ask it once and not again, and nobody is signed out by it.

The connections of this process are turned to a port that hangs up on whoever calls.
"""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import OperationalError, connection, connections
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from ocpdash import urls as site_urls
from tests.api.gates import call, token_of
from tests.factories import make_user
from tests.scenes import Cast
from upgrades.models import User

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "ocpdash's database does not answer"
FAILURES = {"canceled": "57014", "full": "53100", "deadlock": "40P01", "locked": "55P03"}


def failing(request: HttpRequest, kind: str) -> HttpResponse:
    request.session["written"] = kind
    with connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{FAILURES[kind]}'; END $$")
    return HttpResponse()


urlpatterns = [path("failing/<str:kind>/", failing), *site_urls.urlpatterns]
handler500 = site_urls.handler500


class Deaf:
    """A port that takes connections and hangs up; how often it was called."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.calls = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _address = self._listener.accept()
            except OSError:
                return
            self.calls += 1
            caller.close()

    def close(self) -> None:
        # Closing alone wakes nobody who waits in accept().
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@contextmanager
def turned_to(deaf: Deaf) -> Iterator[None]:
    known = connections.settings["default"]
    former = {name: known[name] for name in ("HOST", "PORT")}
    _turn({"HOST": "127.0.0.1", "PORT": str(deaf.port)})
    try:
        yield
    finally:
        _turn(former)


def _turn(place: dict[str, str]) -> None:
    connections["default"].close()
    connections.settings["default"].update(place)
    del connections["default"]


@pytest.fixture
def deaf() -> Iterator[Deaf]:
    running = Deaf()
    yield running
    running.close()


@pytest.fixture
def user() -> User:
    return make_user("wang.lei", "operator")


@pytest.fixture
def client(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def asked_once(deaf: Deaf) -> int:
    """How often the port is called for one connection that does not come about."""
    before = deaf.calls
    with pytest.raises(OperationalError):
        connection.ensure_connection()
    return deaf.calls - before


def test_a_page_says_what_is_away_and_nobody_is_signed_out(client: Client, deaf: Deaf) -> None:
    with turned_to(deaf):
        once = asked_once(deaf)
        before = deaf.calls
        answer = client.get("/clusters/?q=a")
        assert deaf.calls - before == once
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert WORDS in answer.text
    assert "go on in OCP" in answer.text
    assert 'href="/clusters/?q=a"' in answer.text
    assert "data-keeps-typed" in answer.text
    assert client.get("/clusters/").status_code == 200


def test_a_page_says_it_in_the_readers_language_and_colours(client: Client, deaf: Deaf) -> None:
    client.cookies["theme"] = "dark"
    with turned_to(deaf):
        answer = client.get("/", headers={"Accept-Language": "zh-hans"})
    assert answer.status_code == 503
    assert "ocpdash 的数据库没有响应" in answer.text
    assert 'data-theme="dark"' in answer.text


def test_after_a_form_the_way_back_is_the_page_that_it_stood_on(client: Client, deaf: Deaf) -> None:
    with turned_to(deaf):
        answer = client.post("/users/7/grants/", headers={"Referer": "http://testserver/users/7/"})
    assert answer.status_code == 503
    assert 'href="/users/7/"' in answer.text


def test_who_is_not_signed_in_is_told_too(deaf: Deaf) -> None:
    stranger = Client(raise_request_exception=False)
    with turned_to(deaf):
        assert stranger.get("/sign-in/").status_code == 200
        answer = stranger.post("/sign-in/", {"username": "wang.lei", "password": "x"})
    assert answer.status_code == 503
    assert WORDS in answer.text


def test_a_program_is_told_by_a_problem(client: Client, deaf: Deaf) -> None:
    token = token_of(Cast().olga)
    with turned_to(deaf):
        by_token, by_session = call(token, "get", "/api/v1/clusters/"), client.get("/api/v1/clusters/")
    for answer in (by_token, by_session):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert answer.headers["Content-Type"] == "application/problem+json"
        told = json.loads(answer.text)
        assert (told["code"], told["title"]) == ("api.database_away", "Away for a while")
        assert told["request_id"] == answer.headers["X-Request-Id"]


def test_probes_go_on(deaf: Deaf) -> None:
    prober = Client()
    with turned_to(deaf):
        assert prober.get("/healthz").status_code == 200
        answer = prober.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "down")


@pytest.mark.parametrize(("kind", "status"), [("canceled", 503), ("full", 503), ("deadlock", 500), ("locked", 500)])
@override_settings(ROOT_URLCONF=__name__)
def test_what_postgresql_says_of_one_transaction_is_an_error_of_ours(client: Client, kind: str, status: int) -> None:
    answer = client.get(f"/failing/{kind}/")
    assert answer.status_code == status
    assert (WORDS in answer.text) == (status == 503)
    # What that page wrote into its session is dropped with all else.
    assert "written" not in client.session

"""T9, T13, T16, T19, T21, T28: what somebody tries at every address: no token, a frame, a strange host, a way out."""

import json
from typing import Any, ClassVar
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.api.gates import DOORS as CALLS
from tests.api.gates import Gates, gates
from tests.doors import Door, table
from tests.factories import make_user
from tests.faults import lengths
from tests.test_urls import contents
from tests.town import PASSWORD, Town, undone
from upgrades.middleware import CONTENT_SECURITY_POLICY

__all__ = ["gates"]

DOORS = table()
POSTS = [door for door in DOORS if door.method == "POST"]
IDS: dict[str, Any] = {"ids": str}
# Whom a form is for where it is not for somebody of a role.
ANYBODY = "admi*"


@pytest.fixture(scope="module")
def town(gates: Gates) -> Town:
    """The town behind the API's gates: one for both."""
    return gates.town


def strict(town: Town, person: str) -> Client:
    """A browser of a person that, unlike Django's test client, is asked for its CSRF token."""
    client = Client(enforce_csrf_checks=True)
    cookie = town.client(person).cookies.get(settings.SESSION_COOKIE_NAME)
    if cookie is not None:
        client.cookies[settings.SESSION_COOKIE_NAME] = cookie.value
    return client


def let_in(door: Door) -> str:
    """Somebody for whom the address does what it is for."""
    return (door.people("200") or door.people("302") or [ANYBODY])[-1]


@pytest.mark.parametrize("door", POSTS, **IDS)
def test_no_form_does_anything_without_its_token(town: Town, door: Door) -> None:
    with undone():
        before = contents()
        client = strict(town, let_in(door))
        for headers in ({}, {"Origin": "https://evil.example"}, {"X-CSRFToken": "a" * 64, "Origin": "null"}):
            answer = client.post(town.address(door.name), town.forms[door.name], headers=headers)
            assert answer.status_code == 403, headers
        assert contents() == before


@pytest.mark.parametrize("door", [door for door in CALLS if door.method != "GET"], **IDS)
def test_no_call_by_a_session_does_anything_without_the_token(gates: Gates, door: Door) -> None:
    person = (door.people("200", "201") or [ANYBODY])[-1]
    with undone():
        before = contents()
        body = json.dumps(gates.bodies.get(str(door)) or {})
        client = strict(gates.town, person)
        answer = client.generic(door.method, gates.address(door), body, content_type="application/json")
        assert (answer.status_code, json.loads(answer.content)["code"]) == (403, "api.csrf")
        assert contents() == before


def protects(answer: HttpResponse) -> bool:
    """Whether an answer may be framed by nobody, is what it says it is, and runs nothing inline."""
    headers = answer.headers
    return (
        headers.get("X-Frame-Options") == "DENY"
        and headers.get("X-Content-Type-Options") == "nosniff"
        and headers.get("Referrer-Policy") == "same-origin"
        and "frame-ancestors 'none'" in headers.get("Content-Security-Policy", "")
        and "unsafe" not in headers["Content-Security-Policy"]
    )


@pytest.mark.parametrize("door", DOORS, **IDS)
def test_every_answer_forbids_framing_and_inline_scripts(town: Town, door: Door) -> None:
    for person in dict.fromkeys((let_in(door), "out", "view'")):
        with undone():
            client = town.client(person)
            address = town.address(door.name)
            answer = client.get(address) if door.method == "GET" else client.post(address, town.forms[door.name])
            assert protects(answer), f"{person}: {answer.status_code} {dict(answer.headers)}"


@pytest.mark.parametrize("door", CALLS, **IDS)
def test_every_answer_of_the_api_forbids_framing_too(gates: Gates, door: Door) -> None:
    with undone():
        for person in ("it", "out"):
            assert protects(gates.call(person, door))


@pytest.mark.parametrize("address", ["/nowhere/", "/api/v1/nowhere/", "/runs/999999/", "/static/../manage.py", "/%00/"])
def test_what_is_not_there_forbids_it_as_well(town: Town, address: str) -> None:
    answer = town.client("admi*").get(address)
    assert answer.status_code in (404, 400)
    assert protects(answer)
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


AWAY = (
    *("https://evil.example", "http://evil.example/", "//evil.example", "///evil.example", "////evil.example"),
    *("/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\t/evil.example", "/\n/evil.example"),
    *("//evil.example@testserver", "http://testserver@evil.example/", "https:evil.example", "http:/evil.example"),
    *(
        "https:///evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
    ),
    *("vbscript:x", "//evil%E3%80%82example", "//evil。example", "//[::1]", "http://[::1]/", "http://[evil"),
    *(
        " https://evil.example",
        "\thttps://evil.example",
        "\x00//evil.example",
        "\x01https://evil.example",
        "%2f%2fevil.example",
    ),
    *("/%5cevil.example", "//evil.example/%2f..", "https://testserver.evil.example", "//testserver:80@evil.example"),
    *(
        "http://testserver:8080/",
        "ftp://testserver/",
        "//;@evil.example",
        "https://evil.example#testserver",
        "?//evil.example",
    ),
    *("/x/..//evil.example", "//evil.example:443/%0d%0aSet-Cookie:a=b", "/ok\r\nLocation: https://evil.example"),
    *("https://evil.example\\@testserver", "/.//evil.example", "//google.com%00.testserver"),
)


def test_there_are_forty_ways_out() -> None:
    assert len(set(AWAY)) >= 40


@pytest.mark.parametrize("name", ["sign-in", "theme", "set_language", "shortcuts"])
def test_next_leads_to_our_own_pages_and_nowhere_else(town: Town, name: str) -> None:
    person = "out" if name == "sign-in" else "view"
    led = {}
    for away in AWAY:
        with undone():
            form = {**town.forms[name], "next": away}
            answer = town.client(person).post(
                town.address(name),
                form,
                headers={"Referer": away.encode("ascii", "ignore").decode().translate(dict.fromkeys(range(32))) or "x"},
            )
            led[away] = answer.headers.get("Location", "")
    for away, location in led.items():
        to = urlsplit(urljoin("http://testserver/x/", location.replace("\\", "/")))
        assert (to.scheme, to.netloc) in (("http", "testserver"), ("", "")), away
        assert "\r" not in location, away
        assert "\n" not in location, away


def test_a_signed_in_person_is_led_nowhere_by_the_address_of_the_sign_in(town: Town) -> None:
    for away in AWAY:
        answer = town.client("view").get(reverse("sign-in"), {"next": away})
        to = urlsplit(urljoin("http://testserver/x/", answer.headers["Location"].replace("\\", "/")))
        assert to.netloc == "testserver", away


HOSTS = (
    "evil.example",
    "testserver.evil.example",
    "testserver:80@evil.example",
    "evil.example:80",
    "[::1]:evil",
    "a b",
    "",
    "testserver/../evil",
)


@pytest.mark.parametrize("host", HOSTS)
def test_a_strange_host_is_refused_and_stands_in_no_link(town: Town, host: str) -> None:
    answer = town.client("admi*").get("/", headers={"Host": host})
    assert (answer.status_code, b"evil.example" in answer.content) == (400, False)


def test_a_forged_forwarded_host_is_not_believed(town: Town) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Original-URL": "/users/"}
    with undone():
        made = town.client("admi*").post(town.address("users-link"), headers=headers)
        shown = town.client("admi*").get("/", headers=headers)
    assert b"evil.example" not in made.content + shown.content
    assert shown.status_code == 200


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_probes_tell_a_stranger_no_more_than_whether_all_is_well(town: Town, address: str) -> None:
    text = town.client("out").get(address).text
    assert len(text) < 300
    for word in ("geheim", settings.SECRET_KEY, "redis://", "postgres", "Traceback", "4.2.1"):
        assert word not in text


@pytest.mark.parametrize(
    "address",
    [
        "/metrics",
        "/admin/",
        "/__debug__/",
        "/flower/",
        "/.env",
        "/.git/config",
        "/api/v1/openapi.yaml",
        "/api/v1/docs/",
    ],
)
def test_nothing_beside_our_pages_answers_a_stranger(town: Town, address: str) -> None:
    assert town.client("out").get(address).status_code in (302, 401, 404)


HUGE = (
    "9" * 5000,
    "-1",
    "1e309",
    "0x10",
    "NaN",
    "(" * 5000 + "a+" * 5000,
    "%" * 5000,
    "\\" * 5000,
    "٣" * 300,
    "_" * 5000,
)


@pytest.mark.parametrize(
    "door", [door for door in DOORS if door.method == "GET" and door.name.endswith("-list")], **IDS
)
def test_no_filter_of_a_list_costs_more_than_a_moment(town: Town, door: Door) -> None:
    names = ("q", "sort", "page", "before", "owner", "label", "number", "actor")
    for number in lengths.seeds(short=2, push=len(HUGE), full=len(HUGE)):
        with undone(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '1s'")
            answer = town.client("admi*").get(town.address(door.name), dict.fromkeys(names, HUGE[number]))
            assert answer.status_code in (200, 400, 404), HUGE[number][:20]


class CountingHasher(PBKDF2PasswordHasher):
    """Counts how often a password is hashed."""

    iterations = 1
    hashed: ClassVar[list[str]] = []

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        self.hashed.append(salt)
        return super().encode(password, salt, iterations)


def test_a_wrong_password_takes_as_long_as_an_unknown_name(town: Town, settings: Any) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    with undone():
        make_user("here", password=PASSWORD)
        make_user("gone-long-ago", password=PASSWORD, is_active=False)
        counted = {}
        for name in ("here", "gone-long-ago", "unknown", "HERE", "here\u200b", "x" * 150):
            CountingHasher.hashed.clear()
            town.client("out").post(reverse("sign-in"), {"username": name, "password": "wrong horse"})
            counted[name] = len(CountingHasher.hashed)
    assert set(counted.values()) == {1}, counted

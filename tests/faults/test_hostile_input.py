"""Hostile input: whatever stands in an address, a form or a cookie, no page breaks, whoever asks.

Each value meets each field of each form alone, sent by somebody who is let in and with the rest of the form valid, so
that it gets as far as it can. `make test` sends the worst of them and one of the others, another for each door; all
are sent by make test-faults.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms.forms import DeclarativeFieldsMetaclass
from django.http import HttpResponse

from tests.doors import Door, table
from tests.faults import lengths
from tests.town import Town, town, undone
from upgrades import forms

__all__ = ["town"]

VALUES = {
    "empty": "",
    "nul": "a\x00b",
    "minus": "-1",
    "int64": str(2**63),
    "digits": "9" * 5000,
    "arabic": "٣",
    "bidi": "\u202egnp.exe\u2066\u200b",
    "long": "x" * 20_000,
    "markup": "\"'><script>alert(1)</script>{{ 7 }}{% now %}",
    "format": "%(name)s %s {0} {name}",
    "lines": "a\r\nSet-Cookie: b=c\r\n\r\n",
    "away": "//evil.example\\@a",
    "bracket": "http://[",
    "late": "9999-12-31",
}
# Those that broke pages before, and the one that would break a reader.
WORST = ("nul", "digits", "markup")
OUTSIDERS = (("none", "nul"), ("view", "digits"))
# Compared with a choice or read as a number: all at once, for the rest of the form does not depend on which is wrong.
CLOSED = {
    *("theme", "shortcuts", "language", "environment", "kind", "verdict", "fingerprint", "evidence_hash", "to", "do"),
    *(
        "is_understood",
        "is_read",
        "is_restored",
        "lock_version",
        "seen",
        "in_force",
        "grants",
        "time_zone",
        "upgrade_body",
    ),
    *("is_http_allowed", "is_account_ours", "target_file_name", "ocp_task_id", "form_token", "scopes", "days"),
}
# Asked alone as well: where filters are hostile too, no row is left to be on a page, open or chosen.
NUMBERS = ("nul", "minus", "int64", "digits", "arabic", "markup")
PLACES = ("page", "before", "event", "node", "open", "shut", "copy", "sort", "part", "lines", "zoom", "centre")
QUERY = (
    *PLACES,
    *("q", "environment", "region", "state", "only", "architecture", "system", "status", "mine", "cluster", "package"),
    *("view", "next", "group", "actor", "number", "outcome", "first_day", "last_day", "endpoint", "owner", "label"),
    *("action", "request_id", "trace_id"),
    *("version", "source", "target", "order", "find", "requester", "vote", "inbox"),
    # Asked of the API alone.
    "run",
)
# What a form may hold beside what it needs.
BESIDE = {
    "theme": ["next"],
    "set_language": ["next"],
    "sign-in": ["next"],
    "endpoints-create": ["access_key", "ca_pem", "do"],
    "decisions-propose": ["ocp_task_id", "ocp_subtask_id", "cluster_name"],
    "paths-create": ["file"],
    "halts-lift": ["is_restored"],
}
GETS = [door for door in table() if door.method == "GET"]
POSTS = [door for door in table() if door.method == "POST"]
# They read nothing of their address.
DEAF = ("users-list", "endpoints-list")
LISTS = [door for door in GETS if door.name.endswith("-list") and door.name not in DEAF]
LISTS += [door for door in GETS if door.name in ("runs-detail", "requests-create")]
IDS: dict[str, Any] = {"ids": str}


def let_in(door: Door) -> str:
    """Somebody for whom the address does what it is for, or who comes nearest to it."""
    return next(filter(None, map(door.people, ("200", "302", "409", "404"))))[-1]


def sent_to(door: Door) -> list[str]:
    """The names of the values that a door meets at this length."""
    others = [name for name in VALUES if name not in WORST]
    if lengths.length() != "short":
        return [*VALUES]
    return [*WORST, others[(GETS + POSTS).index(door) % len(others)]]


def trouble(answer: HttpResponse) -> str:
    """What a hostile value did to an answer, "" for nothing."""
    led_to = urlsplit(urljoin("http://testserver/x/", answer.headers.get("Location", "")))
    if "b" in answer.cookies or "Set-Cookie" in answer.headers:
        return "sets a cookie"
    if led_to.netloc != "testserver":
        return f"leads to {led_to.netloc}"
    return "runs a script" if b"<script>alert" in answer.content else ""


def wrong(town: Town, person: str, method: str, address: str, form: dict[str, Any]) -> str:
    """What is wrong with the answer, or with the page that then shows what was kept; undone afterwards."""
    with undone():
        client = town.client(person)
        try:
            answer = client.post(address, form) if method == "POST" else client.get(address, form)
            found = trouble(answer)
            if method == "POST" and answer.status_code == 302 and re.match(r"/\w+/\d+/", answer.headers["Location"]):
                found = found or trouble(client.get(answer.headers["Location"]))
        except AssertionError as broken:
            return str(broken)
    return found


def hostile_forms(door: Door, form: dict[str, Any], value: str) -> Iterator[dict[str, Any]]:
    """The form with each field hostile alone; those of CLOSED together."""
    fields = [*form, *BESIDE.get(door.name, ())]
    closed = [field for field in fields if field in CLOSED]
    if closed:
        yield form | dict.fromkeys(closed, value)
    for field in fields:
        if field == "file":
            yield form | {"text": "", "file": SimpleUploadedFile(value[:100] or "x", value.encode())}
        elif field not in CLOSED:
            yield form | {field: value}


@pytest.mark.parametrize("door", POSTS, **IDS)
def test_no_value_in_a_form_breaks_a_page(town: Town, door: Door) -> None:
    broken = {}
    for name in sent_to(door):
        value = VALUES[name]
        for form in hostile_forms(door, town.forms[door.name], value):
            found = wrong(town, let_in(door), "POST", town.address(door.name), form)
            if found:
                broken[name, *(field for field in form if form[field] == value)] = found
    assert broken == {}


@pytest.mark.parametrize("door", POSTS, **IDS)
def test_no_value_from_who_is_not_let_in_breaks_a_page(town: Town, door: Door) -> None:
    for person, name in OUTSIDERS:
        form = dict.fromkeys(town.forms[door.name], VALUES[name])
        assert (wrong(town, person, "POST", town.address(door.name), form), person) == ("", person)


@pytest.mark.parametrize("door", GETS, **IDS)
def test_no_value_in_an_address_breaks_a_page(town: Town, door: Door) -> None:
    is_list = door in LISTS
    asked = [(let_in(door), name, QUERY) for name in (sent_to(door) if is_list else WORST)]
    asked += [(let_in(door), name, PLACES) for name in NUMBERS if is_list and name in sent_to(door)]
    asked += [(person, name, QUERY) for person, name in OUTSIDERS]
    broken = {}
    for person, name, query in asked:
        # Which cluster and which endpoint a form is for stands in its address.
        address, _mark, own = town.address(door.name).partition("?")
        values = dict.fromkeys(query, VALUES[name]) | (dict(parse_qsl(own)) if query is PLACES else {})
        found = wrong(town, person, "GET", address, values)
        if found:
            broken[person, name] = found
    assert broken == {}


def test_every_field_that_a_form_has_is_sent(town: Town) -> None:
    modules = [import_module(f"upgrades.forms.{module.name}") for module in iter_modules(forms.__path__)]
    kinds = [
        kind for module in modules for kind in vars(module).values() if isinstance(kind, DeclarativeFieldsMetaclass)
    ]
    sent = {field for door in POSTS for field in [*town.forms[door.name], *BESIDE.get(door.name, ())]}
    assert {field for kind in kinds for field in kind.base_fields} - sent - set(QUERY) == set()  # type: ignore[attr-defined]

"""Every address, every method and every person against permissions.txt, and what a refusal leaves behind."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.urls import URLResolver, get_resolver

from tests.doors import NO_PAGES, Door, names, table
from tests.town import LIKE, Town, town, undone
from upgrades.models import AuditEvent

DOORS = table()
POSTS = [door for door in DOORS if door.method == "POST"]
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"}
# The table has been through everybody; these show the rest of each row.
FEW = ("none", "view", "oper", "view'")
# What a request may write beside the rows it is about.
BESIDE = ("upgrades_auditevent", "django_session", "django_migrations", "django_content_type", "auth_permission")
IDS = {"ids": str}
__all__ = ["town"]


@cache
def _all_tables() -> str:
    tables = [name for name in sorted(connection.introspection.table_names()) if name not in BESIDE]
    each = "SELECT '{0}', sum(hashtextextended(t::text, 0)::numeric) FROM {0} t"
    return " UNION ALL ".join(map(each.format, tables))


def contents() -> dict[str, Any]:
    """A number for each table that changes with any row of it."""
    with connection.cursor() as cursor:
        cursor.execute(_all_tables())
        return dict(cursor.fetchall())


@pytest.fixture(scope="module")
def before(town: Town) -> dict[str, Any]:
    """The rows as they stand whenever a request comes."""
    return contents()


def ask(town: Town, person: str, method: str, address: str, form: Any = None, **headers: str) -> HttpResponse:
    """The answer to one request; an upload is multipart, as browsers send forms with files."""
    client = town.client(person)
    if method == "POST":
        return client.post(address, form or {}, headers=headers)
    return client.generic(method, address, headers=headers)


def told(answer: HttpResponse) -> str:
    """The answer as the table writes it."""
    is_led_away = answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in/?next=")
    return "in" if is_led_away else str(answer.status_code)


def events(answer: HttpResponse) -> list[tuple[str, str, str]]:
    """What the request left in the audit: action, outcome and who."""
    found = AuditEvent.objects.filter(request_id=answer.headers["X-Request-Id"]).order_by("pk")
    return list(found.values_list("action", "outcome", "actor_name"))


def shows(town: Town, answer: HttpResponse) -> bool:
    """Whether a page that opened tells of any object of the town's environment."""
    text = answer.content.decode() if answer.status_code == 200 else ""
    return any(mark in text for mark in town.marks)


def check_traces(town: Town, door: Door, person: str, answer: HttpResponse, before: dict[str, Any]) -> None:
    """A refusal left the rows as they were, and is in the audit where it was one of rights or of state."""
    found, user = events(answer), town.people[person]
    name = user.username if user else ""
    if told(answer) in ("in", "404"):
        assert (found, contents()) == ([], before), person
    elif told(answer) in ("403", "409"):
        assert (found, contents()) == ([(door.action, "refused", name)], before), person
    elif door.action:
        # A link sets the password of its own person, whoever opens it.
        who = "author" if door.name == "set-password" else name
        assert (door.action, "done", who) in found, person


def test_every_address_stands_in_the_table() -> None:
    assert names() == {door.name for door in DOORS}
    assert len({str(door) for door in DOORS}) == len(DOORS)


@pytest.mark.parametrize("door", DOORS, **IDS)
def test_each_person_gets_what_the_table_says(town: Town, before: dict[str, Any], door: Door) -> None:
    answers = {}
    # A page that is open to all shows who sees what by the people of the table alone.
    is_open = door.method == "GET" and not door.people("403", "404")
    for person in door.answers if is_open else town.people:
        with undone():
            answer = ask(town, person, door.method, town.address(door.name), town.forms.get(door.name))
            answers[person] = told(answer)
            if door.method == "POST":
                check_traces(town, door, person, answer, before)
        if person.endswith("'") or person in ("out", "none", "left", "super"):
            assert not shows(town, answer), f"{person} is shown an object of another environment"
    assert answers == {person: door.answers[LIKE.get(person, person)] for person in answers}
    assert answers.keys() >= door.answers.keys()


@pytest.mark.parametrize("door", POSTS, **IDS)
def test_rights_are_asked_before_what_was_filled_in(town: Town, before: dict[str, Any], door: Door) -> None:
    refused = [person for person in door.people("403", "404") if person in FEW]
    answers = {}
    for person in refused:
        with undone():
            answer = ask(town, person, "POST", town.address(door.name))
            answers[person] = told(answer)
            check_traces(town, door, person, answer, before)
    assert answers == {person: door.answers[person] for person in refused}


@pytest.mark.parametrize("door", POSTS, **IDS)
def test_too_late_is_told_to_who_may_act_and_to_nobody_else(town: Town, before: dict[str, Any], door: Door) -> None:
    if door.name not in town.late:
        return
    form = town.forms[door.name] | town.late[door.name][1]
    asked = {*FEW, *door.people("200", "302")}
    answers = {}
    for person in asked:
        with undone():
            answer = ask(town, person, "POST", town.late_address(door.name), form)
            answers[person] = told(answer)
            check_traces(town, door, person, answer, before)
    act = {"200": "409", "302": "409"}
    assert answers == {person: act.get(door.answers[person], door.answers[person]) for person in asked}


@pytest.mark.parametrize("name", sorted(names()))
def test_other_methods_are_refused(town: Town, before: dict[str, Any], name: str) -> None:
    methods = {door.method for door in DOORS if door.name == name}
    for method in sorted(METHODS - methods):
        answer = ask(town, "admi*", method, town.address(name))
        assert (method, answer.status_code) == (method, 405)
        allowed = {word.strip() for word in answer.headers["Allow"].split(",")}
        assert allowed - {"HEAD"} == methods
    assert contents() == before


@pytest.mark.parametrize("door", [door for door in DOORS if door.method == "GET"], **IDS)
def test_head_is_answered_as_get_is(town: Town, door: Door) -> None:
    for person in ("view'", "admi*"):
        with undone():
            assert told(ask(town, person, "HEAD", town.address(door.name))) == door.answers[person]


def test_every_page_is_a_document_and_nothing_else_is(town: Town) -> None:
    found = set()
    for door in DOORS:
        person = next(iter(door.people("200")), "")
        if door.method == "GET" and b"<!doctype html>" not in ask(town, person, "GET", town.address(door.name)).content:
            found.add(door.name)
    assert found == NO_PAGES


@pytest.mark.parametrize("door", DOORS, **IDS)
def test_scripts_without_a_sign_in_get_401(town: Town, door: Door) -> None:
    with undone():
        answer = ask(town, "out", door.method, town.address(door.name), **{"Sec-Fetch-Dest": "empty"})
    assert (answer.status_code == 401) == (door.answers["out"] == "in")


def test_who_has_a_role_there_does_read_of_the_objects(town: Town) -> None:
    for name in (
        "home",
        "clusters-list",
        "clusters-export",
        "requests-list",
        "runs-list",
        "audit-list",
        "audit-export",
    ):
        assert shows(town, ask(town, "view", "GET", town.address(name))), name


def unnamed(patterns: Iterable[Any], before: str = "") -> Iterator[str]:
    """Every address that no table could name."""
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from unnamed(each.url_patterns, f"{before}{each.pattern}")
        elif not each.name:
            yield f"{before}{each.pattern}"


def test_no_address_goes_without_a_name_and_so_past_the_table() -> None:
    # What answers 404 below the API, in its own words.
    assert list(unnamed(get_resolver().url_patterns)) == ["api/v1/<path:rest>"]

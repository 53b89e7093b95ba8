"""Every address of the API, every method and every person against permissions.txt, and what a refusal leaves behind."""

import json
from typing import Any

import pytest
from django.http import HttpResponse

from tests.api.gates import DOORS, Gates, call, gates, names, token_of
from tests.doors import Door
from tests.test_urls import METHODS, contents, events
from tests.town import LIKE, undone
from upgrades.models import Scope

ACTS = [door for door in DOORS if door.method != "GET"]
IDS = {"ids": str}
DONE = ("200", "201")
__all__ = ["gates"]


@pytest.fixture(scope="module")
def before(gates: Gates) -> dict[str, Any]:
    """The rows as they stand whenever a call comes."""
    return contents()


def check_record(gates: Gates, door: Door, person: str, answer: HttpResponse) -> None:
    """What a call left in the audit: a refusal where it was one of rights or of state, an act by its name."""
    found, user = events(answer), gates.town.people[person]
    name = user.username if user else ""
    if answer.status_code == 401:
        assert found == ([("token.refuse", "failed", name)] if gates.tokens[person] else []), person
    elif answer.status_code == 404:
        assert found == [], person
    elif answer.status_code in (403, 409):
        assert found == [(door.action, "refused", name)], person
    else:
        assert (door.action, "done", name) in found, person


def check_words(gates: Gates, door: Door, person: str, answer: HttpResponse) -> None:
    """A problem is one by its type; nobody is told of objects of another environment."""
    is_problem = answer.headers["Content-Type"].startswith("application/problem+json")
    assert is_problem == (answer.status_code >= 400)
    if (person.endswith("'") or person in ("out", "none", "left", "super")) and door.name != "openapi":
        assert not any(mark in answer.text for mark in gates.town.marks), person


def test_every_address_stands_in_the_table() -> None:
    assert names() == {door.name for door in DOORS}
    assert len({str(door) for door in DOORS}) == len(DOORS)


@pytest.mark.parametrize("door", DOORS, **IDS)
def test_each_person_gets_what_the_table_says(gates: Gates, before: dict[str, Any], door: Door) -> None:
    # Who reads what is told by the people of the table alone.
    people = door.answers if door.method == "GET" else gates.town.people
    expected = {person: door.answers[LIKE.get(person, person)] for person in people}
    allowed = [person for person in expected if expected[person] in DONE]
    answers = {}

    def ask(person: str) -> None:
        answer = gates.call(person, door)
        answers[person] = str(answer.status_code)
        check_words(gates, door, person, answer)
        if door.method != "GET":
            check_record(gates, door, person, answer)

    with undone():
        for person in expected.keys() - set(allowed):
            ask(person)
        assert contents() == before
    for person in allowed:
        with undone():
            ask(person)
    assert answers == expected


@pytest.mark.parametrize("door", ACTS, **IDS)
def test_too_late_is_told_to_who_may_act_and_to_nobody_else(gates: Gates, before: dict[str, Any], door: Door) -> None:
    if door.name not in gates.late:
        return
    asked = {"none", "view", "oper", "view'", *door.people(*DONE)}
    row, answers = gates.late[door.name], {}
    over = {"evidence_hash": row.evidence_hash} if door.name == "decisions-confirm" else {}
    with undone():
        for person in asked:
            answer = gates.call(person, door, row=row, **over)
            answers[person] = str(answer.status_code)
            check_record(gates, door, person, answer)
        assert contents() == before
    assert answers == {person: "409" if door.answers[person] in DONE else door.answers[person] for person in asked}


@pytest.mark.parametrize("name", sorted(names()))
def test_other_methods_are_refused(gates: Gates, before: dict[str, Any], name: str) -> None:
    rows = [door for door in DOORS if door.name == name]
    methods = {door.method for door in rows}
    for method in sorted(METHODS - methods - {"TRACE"}):
        answer = call(gates.tokens["admi*"], method, gates.address(rows[0]))
        assert (method, answer.status_code) == (method, 405)
        assert json.loads(answer.content)["code"] == "api.wrong_method"
        assert {word.strip() for word in answer.headers["Allow"].split(",")} - {"HEAD"} == methods
    assert contents() == before


@pytest.mark.parametrize("door", [door for door in DOORS if door.method == "GET"], **IDS)
def test_head_is_answered_as_get_is(gates: Gates, door: Door) -> None:
    for person in ("view'", "admi*"):
        answer = call(gates.tokens[person], "HEAD", gates.address(door))
        assert (str(answer.status_code), answer.content) == (door.answers[person], b"")


def scope_of(door: Door) -> str:
    """The scope that a token needs."""
    if door.method == "GET":
        return "" if door.name == "openapi" else "audit:read" if door.name == "audit-list" else "read"
    if door.name.startswith("decisions") or door.name == "endpoints-propose":
        return "decisions"
    named = {"requests-vote": "votes", "requests-start": "runs:start", "requests-call-off": "runs:start"}
    named |= {"run-actions-list": "run-actions"}
    return named.get(door.name, "requests:write")


@pytest.mark.parametrize("door", DOORS, **IDS)
def test_a_token_does_what_its_scope_says_and_nothing_else(gates: Gates, before: dict[str, Any], door: Door) -> None:
    person = next(iter(door.people(*DONE)))
    user = gates.town.people[person]
    assert user is not None
    scope, body = scope_of(door), gates.bodies.get(str(door))
    with undone():
        text = token_of(user, scope or "votes")
        assert call(text, door.method, gates.address(door), body).status_code in (200, 201)
    if scope:
        with undone():
            text = token_of(user, *(set(Scope.values) - {scope}))
            rows = contents()
            answer = call(text, door.method, gates.address(door), body)
            problem = json.loads(answer.content)
            assert (answer.status_code, problem["code"]) == (403, "token.scope_missing")
            assert problem["params"] == {"scope": scope}
            left = [("token.overreach", "refused", user.username)] if door.method != "GET" else []
            assert (events(answer), contents()) == (left, rows)

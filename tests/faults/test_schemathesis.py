"""R8: whatever may be sent to the API by its own text, and whatever may not, as each role and as nobody.

No 5xx, no answer that the text does not announce or of another shape, nothing of another environment, and nothing done
by a call that the text forbids.
"""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import schemathesis
from django.http import HttpResponse
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from requests import PreparedRequest, Request
from schemathesis import Case, GenerationMode
from schemathesis.core import NotSet

from tests.api.gates import DOORS, Gates, gates
from tests.api.test_openapi import TEXT, check, pattern
from tests.doors import Door
from tests.faults import lengths, record
from tests.test_urls import contents
from tests.town import Knocker, undone
from upgrades.reasons.problems import MEDIA_TYPE

__all__ = ["gates"]

# The five roles where the objects are, one of another environment, one of none, and nobody.
PEOPLE = ("view", "oper", "appr", "audi", "admi", "view'", "none", "out")
STRANGERS = ("view'", "none", "out")
SEEDS = lengths.seeds(short=2, push=50, full=1000)
MADE = schemathesis.openapi.from_dict(TEXT)
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
# Making a client loads every middleware, which takes as long as the call. Nothing is kept in its cookies.
CLIENT = Knocker()
KNOCKED = [door for door in DOORS if door.name != "openapi"]
# As made; about an object that is there; with a body that fits but for one field; with one whose values are all texts.
AIMS = ("made", "object", "body", "texts")


def cases(path: str, method: str) -> Any:
    """Calls of one operation, half of them such as its text forbids."""
    operation = MADE[path][method]
    return st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in MODES))


def aimed(case: Case, aim: str, door: Door, gates: Gates) -> Case:
    """The case, so changed that it gets further than a wrong number or a missing field."""
    here, there = urlsplit(gates.address(door)).path.split("/"), case.path.split("/")
    if aim != "made":
        case.path_parameters = {b[1:-1]: a for a, b in zip(here, there, strict=True) if b.startswith("{")}
    fitting = gates.bodies.get(str(door))
    if aim == "body" and fitting is not None:
        odd = dict(list(case.body.items())[:1]) if isinstance(case.body, dict) else {}
        case.body = fitting | odd
    if aim == "texts" and fitting is not None:
        case.body = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fitting.items()}
    return case


def send(prepared: PreparedRequest, token: str) -> HttpResponse:
    """One call, with the person's token in place of whatever stood there."""
    headers = {name: value for name, value in prepared.headers.items() if name != "Authorization"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    kind = headers.pop("Content-Type", "application/octet-stream")
    body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body or b""
    headers.pop("Content-Length", None)
    parts = urlsplit(str(prepared.url))
    address = f"{parts.path}?{parts.query}" if parts.query else parts.path
    CLIENT.cookies.clear()
    return CLIENT.generic(str(prepared.method), address, body, kind, headers=headers)


def prepare(case: Case) -> PreparedRequest:
    """The request as requests would put it on the wire."""
    sent = case.as_transport_kwargs(base_url="http://testserver")
    known = ("method", "url", "headers", "params", "json", "data", "cookies")
    return Request(**{name: sent[name] for name in known if name in sent}).prepare()


def is_forbidden(case: Case) -> bool:
    """Whether the body is none that the text lets through."""
    told = TEXT["paths"][case.path][case.method.lower()].get("requestBody")
    if told is None or case.media_type != "application/json" or isinstance(case.body, NotSet):
        return False
    schema = {"components": TEXT["components"], **told["content"]["application/json"]["schema"]}
    return not jsonschema.Draft202012Validator(schema).is_valid(case.body)


def found(case: Case, prepared: PreparedRequest, gates: Gates, person: str) -> str:
    """What is wrong with the answer to one call by one person, "" for nothing."""
    with undone():
        try:
            answer = send(prepared, gates.tokens[person])
            if answer.status_code in (404, 405):
                assert answer.headers["Content-Type"] == MEDIA_TYPE
            else:
                check(answer, urlsplit(str(prepared.url)).path, case.method)
        except AssertionError as broken:
            return f"{person}: {broken}"
        if answer.status_code < 300 and is_forbidden(case):
            return f"{person} did what the text forbids"
        if person == "out" and answer.status_code not in (401, 404, 405):
            return f"nobody got {answer.status_code}"
        if person in STRANGERS and any(mark in answer.text for mark in gates.town.marks):
            return f"{person} was shown an object of another environment"
    return ""


@pytest.fixture(scope="module")
def whole() -> Iterator[tuple[record.Part, set[str]]]:
    """The part, which is one only when somebody has knocked at every door, and the doors that are left."""
    left = set(map(str, KNOCKED))
    with record.kept("R8", "calls made of the API's text", seeds=SEEDS) as part:
        yield part, left
        part.is_whole = part.is_whole and not left


@pytest.mark.parametrize("door", KNOCKED, ids=str)
def test_no_call_breaks_the_api_or_shows_what_is_not_ones_own(
    gates: Gates, door: Door, whole: tuple[record.Part, set[str]]
) -> None:
    before, path = contents(), pattern(urlsplit(gates.address(door)).path)
    part, left = whole
    left.discard(str(door))

    @seed(SEEDS.start)
    @settings(max_examples=len(SEEDS), database=None)
    @given(case=cases(path, door.method), aim=st.sampled_from(AIMS))
    def play(case: Case, aim: str) -> None:
        prepared = prepare(aimed(case, aim, door, gates))
        for person in PEOPLE:
            part.count += 1
            trouble = found(case, prepared, gates, person)
            assert not trouble, f"{prepared.method} {prepared.url} {prepared.body!r}: {trouble}"

    with record.counted(part):
        play()
        assert contents() == before

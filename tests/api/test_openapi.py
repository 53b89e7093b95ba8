"""What the API says of itself: kept in the repository, true of each answer, and shown by Swagger under our policy."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from django.test import Client

from tests.api.gates import DOORS, Gates, call, gates
from tests.doors import Door
from tests.town import undone
from upgrades.api import openapi
from upgrades.middleware import CONTENT_SECURITY_POLICY

__all__ = ["gates"]

KEPT = Path(__file__).resolve().parent.parent.parent / "docs" / "openapi.yaml"
TEXT: dict[str, Any] = yaml.safe_load(openapi.written())


def test_the_text_in_the_repository_is_the_one_of_the_code() -> None:
    assert KEPT.read_text(encoding="utf-8") == openapi.written(), "docs/openapi.yaml is out of date: run make openapi"


def test_the_text_is_openapi_3_1_and_names_every_call_with_its_scope_and_problems() -> None:
    assert TEXT["openapi"].startswith("3.1")
    told = {(path, method.upper()) for path, calls in TEXT["paths"].items() for method in calls}
    assert len(told) == len([door for door in DOORS if door.name != "openapi"])
    for calls in TEXT["paths"].values():
        for method, one in calls.items():
            assert "Scope: `" in one["description"]
            assert {"400", "401", "403", "429"} <= one["responses"].keys()
            names = {parameter["name"] for parameter in one["parameters"]}
            assert ("Idempotency-Key" in names) == (method != "get")


def pattern(path: str) -> str:
    """The text's own name for an address."""
    for told in TEXT["paths"]:
        here, there = path.partition("?")[0].split("/"), told.split("/")
        if len(here) == len(there) and all(a == b or b == "{id}" for a, b in zip(here, there, strict=True)):
            return str(told)
    raise AssertionError(f"{path} is not in the text")


def operation(path: str, method: str) -> dict[str, Any]:
    """What the text says of a call."""
    told: dict[str, Any] = TEXT["paths"][pattern(path)][method.lower()]
    return told


def shapes(schema: Any) -> Iterator[Any]:
    """Every object that a schema speaks of."""
    if isinstance(schema, dict):
        yield schema
        for part in schema.values():
            yield from shapes(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from shapes(part)


def strict(text: dict[str, Any]) -> dict[str, Any]:
    """The text with every object closed: an answer may tell no more than it says."""
    closed: dict[str, Any] = json.loads(json.dumps(text))
    for shape in shapes(closed["components"]["schemas"]):
        if shape.get("type") == "object" and "properties" in shape:
            shape["additionalProperties"] = False
    return closed


STRICT = strict(TEXT)


def check(answer: Any, path: str, method: str) -> None:
    """The answer is one that the text announces, and of the shape that it says."""
    told = operation(path, method)["responses"]
    assert str(answer.status_code) in told, answer.text
    kind = answer.headers["Content-Type"]
    schema = told[str(answer.status_code)]["content"][kind]["schema"]
    whole = {"components": STRICT["components"], **schema}
    jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker()).validate(
        json.loads(answer.content)
    )


@pytest.mark.parametrize("door", [door for door in DOORS if door.name != "openapi"], ids=str)
def test_every_answer_is_as_the_text_says(gates: Gates, door: Door) -> None:
    for person in ("it", "admi*", "none"):
        with undone():
            address = gates.address(door)
            check(gates.call(person, door), address, door.method)


@pytest.mark.parametrize("door", [door for door in DOORS if door.method != "GET"], ids=str)
def test_hostile_values_in_each_field_get_a_problem_that_the_text_announces(gates: Gates, door: Door) -> None:
    body, address = gates.bodies[str(door)], gates.address(door)
    values = [None, {"a": 1}, 10**30, True, "a\x00b", "x" * 20_000, "9" * 5000]
    with undone():
        for name in [*body, "nonsense"]:
            for value in values:
                answer = call(gates.tokens["it"], door.method, address, body | {name: value})
                check(answer, address, door.method)


def test_the_text_is_served_to_who_has_a_token_or_a_session_and_to_nobody_else(gates: Gates) -> None:
    address = "/api/v1/openapi.yaml"
    with undone():
        answer = call(gates.tokens["none"], "get", address, Accept="application/yaml")
        assert (answer.text, answer.headers["Content-Type"]) == (openapi.written(), "application/yaml")
        assert call("", "get", address).status_code == 401


def test_swagger_is_for_who_is_signed_in_and_brings_nothing_inline(gates: Gates) -> None:
    assert Client().get("/api/v1/docs/").headers["Location"].startswith("/sign-in/?next=")
    with undone():
        answer = gates.town.client("view").get("/api/v1/docs/")
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "swagger-ui-bundle" in answer.text
    assert "<script>" not in answer.text
    assert "<style" not in answer.text
    assert gates.town.client("view").post("/api/v1/docs/").status_code == 405

"""The catalogue of threats is whole, and names tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.faults.threats import THREATS

ROOT = Path(__file__).resolve().parent.parent.parent


@cache
def written_in(path: str) -> frozenset[str]:
    """The tests that stand in a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_threat_has_its_entry() -> None:
    assert list(THREATS) == [f"T{number}" for number in range(1, 31)]


@pytest.mark.parametrize("number", THREATS)
def test_each_test_that_a_threat_names_exists(number: str) -> None:
    threat = THREATS[number]
    assert threat.what
    assert threat.tests or threat.not_covered
    missing = [test for test in threat.tests if test.partition("::")[2] not in written_in(test.partition("::")[0])]
    assert missing == []


@pytest.mark.parametrize(
    "file", ["requirements.txt", "requirements-dev.txt", "requirements-audit.txt", "requirements-fuzz.txt"]
)
def test_every_requirement_is_pinned_and_comes_from_no_other_place(file: str) -> None:
    lines = [line.partition("#")[0].strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines()]
    pinned = re.compile(r"[A-Za-z0-9._-]+(\[[a-z]+\])?==[A-Za-z0-9.]+( ; .+)?")
    assert [line for line in lines if line and not pinned.fullmatch(line)] in ([], ["-r requirements.txt"])

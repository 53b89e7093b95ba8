"""make audit's own rules: each one is tried on a line that it must catch and on one that it must let pass."""

import re
from pathlib import Path

import pytest
import yaml

SEMGREP = Path(__file__).resolve().parent.parent.parent / ".ci" / "semgrep"
RULES = {
    rule["id"]: rule
    for file in sorted((SEMGREP / "rules").glob("*.yaml"))
    for rule in yaml.safe_load(file.read_text(encoding="utf-8"))["rules"]
}
TRIED = "".join(file.read_text(encoding="utf-8") for file in sorted((SEMGREP / "tests").iterdir()))
# What reliability.md asks for, by what its rule is called here.
ASKED = {
    "tls-not-verified",
    "markup-by-hand",
    "html-from-text",
    "escaping-off",
    "csrf-exempt",
    "sql-by-hand",
    "query-from-the-request",
    "unpickled",
    "time-without-a-zone",
    "http-outside-the-one-client",
    "celery-outside-its-doors",
    "ring-before-the-commit",
    "status-written-outside-move",
}


def test_every_rule_that_was_asked_for_is_there_and_blocks() -> None:
    assert RULES.keys() >= ASKED
    assert {rule["severity"] for rule in RULES.values()} == {"ERROR"}


@pytest.mark.parametrize("rule", sorted(RULES))
def test_each_rule_is_tried_on_what_it_catches_and_on_what_it_lets_pass(rule: str) -> None:
    assert re.search(rf"\bruleid: {rule}\b", TRIED)
    assert re.search(rf"\bok: {rule}\b", TRIED)

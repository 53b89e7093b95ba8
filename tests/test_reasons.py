"""A reason's sentence: whole, escaped by whoever shows it, and never a crash."""

import re

import pytest
from django.conf import settings

from upgrades import reasons
from upgrades.rules import Reason


def test_a_code_without_a_sentence_is_shown_as_it_is() -> None:
    assert reasons.sentence(Reason("made.up")) == "made.up"


def test_lists_are_joined_and_missing_parameters_show() -> None:
    assert reasons.sentence(Reason("cluster.versions_differ", {"versions": ("4.2.1.1", "4.2.1.8")})) == (
        "Its servers run different versions: 4.2.1.1, 4.2.1.8."
    )
    assert "?" in reasons.sentence(Reason("cluster.versions_differ"))


def test_a_name_cannot_turn_the_sentence_round() -> None:
    shown = reasons.sentence(Reason("package.unknown", {"file_name": "a\u202egpj.mpr\n"}))
    assert shown == r"OCP's repository has no package a\u202egpj.mpr\u000a."


@pytest.mark.parametrize("code", sorted(reasons.SENTENCES))
def test_every_sentence_can_be_made(code: str) -> None:
    assert reasons.sentence(Reason(code))


def test_every_code_that_the_product_writes_has_a_sentence() -> None:
    sources = (settings.BASE_DIR / "upgrades").rglob("*.py")
    written = {code for path in sources for code in re.findall(r'Reason\(\s*"([a-z_]+\.[a-z_]+)"', path.read_text())}
    assert len(written) > 80
    assert written <= reasons.SENTENCES.keys()

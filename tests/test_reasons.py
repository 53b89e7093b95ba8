"""A reason's sentence: whole, escaped by whoever shows it, and never a crash."""

import re

import pytest
from django.conf import settings

from upgrades import reasons
from upgrades.rules import Reason
from upgrades.templatetags.sources import source


def test_a_code_without_a_sentence_is_shown_as_it_is() -> None:
    assert reasons.sentence(Reason("made.up")) == "made.up"


def test_lists_are_joined_and_missing_parameters_show() -> None:
    assert reasons.sentence(Reason("cluster.versions_differ", {"versions": ("4.2.1.1", "4.2.1.8")})) == (
        "Its servers run different versions: 4.2.1.1, 4.2.1.8."
    )
    assert "?" in reasons.sentence(Reason("cluster.versions_differ"))


def test_the_reason_behind_a_reason_is_told_in_words() -> None:
    behind = {"why": "ocp.refused", "http_status": 502, "code": "OBE11020"}
    assert reasons.sentence(Reason("start.unreadable", behind)) == (
        "OCP could not be read before the start. OCP refused the request (502 OBE11020)."
    )
    assert reasons.sentence(Reason("doctor.halted", {"why": "made.up"})) == "Nothing is sent to OCP. made.up"


def test_a_name_cannot_turn_the_sentence_round() -> None:
    shown = reasons.sentence(Reason("package.unknown", {"file_name": "a\u202egpj.mpr\n"}))
    assert shown == r"OCP's repository has no package a\u202egpj.mpr\u000a."


@pytest.mark.parametrize("code", sorted(reasons.SENTENCES))
def test_every_sentence_can_be_made(code: str) -> None:
    assert reasons.sentence(Reason(code))


def test_every_code_that_the_product_writes_has_a_sentence() -> None:
    sources = (settings.BASE_DIR / "upgrades").rglob("*.py")
    written = {
        code for path in sources for code in re.findall(r'(?:Reason|told)\(\s*"([a-z_]+\.[a-z_]+)"', path.read_text())
    }
    assert len(written) > 80
    assert written <= reasons.SENTENCES.keys()


# Codes of verdicts that say no or take care; the rest of these families is said by pages of clusters themselves.
VERDICTS = re.compile(r"(package|path|version|cluster)\.[a-z0-9_]+")
NO_VERDICTS = {"cluster.not_admin", "cluster.environment_unknown", "cluster.taken", "cluster.another_under_its_id"}


def test_every_verdict_of_a_path_has_a_source() -> None:
    written = (settings.BASE_DIR / "upgrades" / "rules").glob("*.py")
    codes = {code for path in written for code in re.findall(r'(?:Reason|told)\(\s*"([a-z_.]+)"', path.read_text())}
    verdicts = {code for code in codes if VERDICTS.fullmatch(code)} - NO_VERDICTS
    assert len(verdicts) > 20
    assert [code for code in sorted(verdicts) if not source(Reason(code))] == []


def test_source_of_a_wall_is_that_of_the_wall() -> None:
    assert "V4.3" in source(Reason("path.wall", {"wall": "4.3"}))
    assert "OCP manual V4.2.2, “Upgrade the cluster version”" in source(Reason("path.wall", {"wall": "4.0"}))
    assert source(Reason("ocp.not_sent")) == ""

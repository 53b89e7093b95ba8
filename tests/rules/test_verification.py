"""Whether servers agree: each fact apart, what is needed, and when a disagreement is believed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from upgrades.rules.verification import ClusterFact, Judgement, Outcome, ServerFact, Verdict, judge, stands

VERSION, BUILD = "4.2.1.8", "108000022024072217"
NEW = ServerFact("10.0.0.1:2882", VERSION, BUILD)
SECOND = ServerFact("10.0.0.2:2882", VERSION, BUILD)
GOOD = ClusterFact(
    name="trade",
    status="RUNNING",
    is_standby=False,
    planned=(NEW.address, SECOND.address),
    servers=(NEW, SECOND),
    min_observer_version=(VERSION,),
    compatible=(VERSION,),
    compatible_before=("4.2.1.1",),
)
T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def look(*clusters: ClusterFact) -> Judgement:
    return judge(VERSION, BUILD, clusters)


def verdict_of(judged: Judgement, code: str) -> list[Verdict]:
    return [finding.verdict for finding in judged.findings if finding.reason.code == code]


def test_a_complete_agreeing_read_agrees() -> None:
    judged = look(GOOD)
    assert (judged.outcome, judged.disagreement) == (Outcome.AGREES, "")
    assert {finding.verdict for finding in judged.findings} == {Verdict.AGREES}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"servers": (NEW, replace(SECOND, version="4.2.1.1"))}, "verify.server_version"),
        ({"servers": (NEW, replace(SECOND, build="1"))}, "verify.server_version"),
        ({"servers": (NEW,)}, "verify.server_missing"),
        ({"servers": (NEW, SECOND, ServerFact("10.0.0.3:2882", "4.2.1.1", "1"))}, "verify.server_version"),
        ({"min_observer_version": ("4.2.1.1",)}, "verify.min_observer_version"),
        ({"min_observer_version": ("4.2.1.1", VERSION)}, "verify.min_observer_version"),
        ({"compatible": ("4.2.1.1", VERSION)}, "verify.compatible"),
        ({"compatible": ("4.2.1.0",)}, "verify.compatible"),
    ],
)
def test_one_wrong_fact_disagrees(change: dict[str, object], code: str) -> None:
    judged = look(replace(GOOD, **change))  # type: ignore[arg-type]
    assert judged.outcome is Outcome.DISAGREES
    assert Verdict.DISAGREES in verdict_of(judged, code)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"servers": None}, "verify.servers_unread"),
        ({"servers": ()}, "verify.servers_unread"),
        ({"servers": (NEW, replace(SECOND, version="", build=""))}, "verify.server_unread"),
        ({"servers": (NEW, replace(SECOND, build=""))}, "verify.server_unread"),
        ({"status": None}, "verify.status_unread"),
    ],
)
def test_a_needed_fact_that_is_unread_waits_and_is_named(change: dict[str, object], code: str) -> None:
    judged = look(replace(GOOD, **change))  # type: ignore[arg-type]
    assert judged.outcome is Outcome.WAITING
    assert Verdict.UNREAD in verdict_of(judged, code)


def test_an_unread_server_waits_even_where_another_disagrees() -> None:
    servers = (replace(NEW, version="4.2.1.1"), replace(SECOND, version=""))
    assert look(replace(GOOD, servers=servers)).outcome is Outcome.WAITING


@pytest.mark.parametrize("values", [None, (), ("unclear",)])
def test_parameters_that_cannot_be_read_are_shown_as_unread_and_not_judged(values: tuple[str, ...] | None) -> None:
    judged = look(replace(GOOD, min_observer_version=values, compatible=values))
    assert judged.outcome is Outcome.AGREES
    assert verdict_of(judged, "verify.min_observer_version_unread") == [Verdict.UNREAD]
    assert verdict_of(judged, "verify.compatible_unread") == [Verdict.UNREAD]


def test_compatible_that_stayed_as_it_was_agrees() -> None:
    assert look(replace(GOOD, compatible=("4.2.1.1",))).outcome is Outcome.AGREES


def test_compatible_of_a_standby_is_shown_and_not_judged() -> None:
    judged = look(GOOD, replace(GOOD, name="trade_sb", is_standby=True, compatible=("4.1.0.0", "4.0.0.0")))
    assert judged.outcome is Outcome.AGREES
    assert verdict_of(judged, "verify.compatible_of_standby") == [Verdict.SHOWN]


def test_a_standby_with_an_old_server_disagrees() -> None:
    standby = replace(GOOD, name="trade_sb", is_standby=True, servers=(NEW, replace(SECOND, version="4.2.1.1")))
    assert look(GOOD, standby).outcome is Outcome.DISAGREES


def test_a_cluster_that_is_not_running_yet_waits_whatever_else_is_wrong() -> None:
    old = replace(SECOND, version="4.2.1.1")
    judged = look(replace(GOOD, status="OPERATING", servers=(NEW, old)))
    assert (judged.outcome, judged.disagreement) == (Outcome.WAITING, "")
    assert verdict_of(judged, "verify.cluster_status") == [Verdict.DISAGREES]


def test_no_cluster_at_all_never_agrees() -> None:
    assert look().outcome is Outcome.WAITING


def test_three_numbers_and_four_are_the_same_version() -> None:
    server = ServerFact("10.0.0.1:2882", "3.1.2.0", "1")
    cluster = replace(GOOD, planned=(), servers=(server,), min_observer_version=("3.1.2.0",), compatible=None)
    assert judge("3.1.2", "1", [cluster]).outcome is Outcome.AGREES


def test_the_same_disagreement_has_the_same_hash_and_another_has_not() -> None:
    old = replace(SECOND, version="4.2.1.1")
    one = look(replace(GOOD, servers=(NEW, old)))
    again = look(replace(GOOD, servers=(old, NEW)))
    other = look(replace(GOOD, servers=(replace(NEW, version="4.2.1.1"), old)))
    assert one.disagreement == again.disagreement != other.disagreement


@pytest.mark.parametrize(
    ("before", "seconds", "is_believed"),
    [("same", 180, True), ("same", 179, False), ("other", 500, False), ("", 500, False)],
)
def test_a_disagreement_is_believed_when_it_still_stands_long_enough_after_the_end(
    before: str, seconds: int, is_believed: bool
) -> None:
    now = T0 + timedelta(seconds=seconds)
    assert stands("same", before, now=now, ended_at=T0, after=timedelta(minutes=3)) is is_believed


def test_no_disagreement_is_never_believed() -> None:
    assert not stands("", "", now=T0 + timedelta(days=1), ended_at=T0, after=timedelta(minutes=3))

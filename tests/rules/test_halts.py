"""When a database is called older than what was done: from a host's file and what the database says of it."""

import pytest

from upgrades.rules import halts, seals
from upgrades.rules.halts import Kept, Kind, Sent, Shown

HASH, OTHER = "a" * 64, "b" * 64
START = Sent("run", 17, "t17")
FITS = Shown(epoch="e2", ended=frozenset({"e1"}), server="s/1", began_on="s/1", kept_hash=HASH, last_seal=9)


def found(kept: Kept | None, shown: Shown) -> list[str]:
    return [finding.reason.code for finding in halts.judge(kept, shown)]


def test_nothing_is_found_where_file_and_database_fit():
    assert found(Kept("e2", seals.Head(7, HASH), (START,)), FITS) == []
    assert found(Kept("e2"), FITS) == []


@pytest.mark.parametrize(
    ("kept", "shown", "code"),
    [
        (Kept("e3"), FITS, "halt.epoch_unknown"),
        (Kept("e1"), Shown(), "halt.epoch_unknown"),
        (Kept("e2", seals.Head(7, HASH)), Shown(epoch="e2", kept_hash=OTHER), "halt.seal_unknown"),
        (Kept("e2", seals.Head(7, HASH)), Shown(epoch="e2", kept_hash=None), "halt.seal_unknown"),
        (Kept("e2", sent=(START,)), Shown(epoch="e2", lost=(START,)), "halt.send_unknown"),
        (Kept("e2"), Shown(epoch="e2", lost=(Sent("run_action", 3, "t"),)), "halt.action_unknown"),
    ],
)
def test_a_database_that_lacks_what_the_file_knows_is_older(kept, shown, code):
    (finding,) = halts.judge(kept, shown)
    assert (finding.kind, finding.reason.code) == (Kind.RESTORED, code)


def test_a_file_of_an_ended_epoch_was_answered_for():
    assert found(Kept("e1", seals.Head(700, OTHER), (START,)), FITS) == []


def test_another_server_is_told_where_both_are_known():
    moved = Shown(epoch="e2", server="s/2", began_on="s/1")
    assert found(Kept("e2"), moved) == ["halt.other_server"]
    assert found(Kept("e3"), moved) == ["halt.epoch_unknown", "halt.other_server"]
    assert found(Kept("e2"), Shown(epoch="e2", server="", began_on="s/1")) == []
    assert found(Kept("e2"), Shown(epoch="e2", server="s/2", began_on="")) == []


def test_a_missing_file_matters_where_votes_stand():
    assert found(None, Shown(epoch="e2", has_votes=True)) == ["halt.file_missing"]
    assert found(None, Shown(epoch="e2")) == []
    assert found(None, Shown(has_votes=True)) == []


def test_a_file_comes_back_as_it_was_written():
    kept = Kept("e2", seals.Head(7, HASH), (START, Sent("run_action", 3, "t3")))
    assert Kept.from_json(kept.to_json()) == kept
    assert Kept.from_json(Kept("e2").to_json()) == Kept("e2")


@pytest.mark.parametrize(
    "value", [[], {}, {"epoch": "e", "head": "x", "sent": []}, {"epoch": "e", "head": "", "sent": 1}]
)
def test_anything_else_is_no_file(value):
    with pytest.raises((ValueError, KeyError, TypeError)):
        Kept.from_json(value)


def test_what_is_kept_only_grows_within_an_epoch():
    older = Kept("e2", seals.Head(7, HASH), (START,))
    newer = Kept("e2", seals.Head(5, OTHER), (Sent("run", 18, "t18"),))
    assert older.joined(newer) == Kept("e2", seals.Head(7, HASH), (START, Sent("run", 18, "t18")))
    assert older.joined(Kept("e3")) == Kept("e3")
    many = Kept("e2", sent=tuple(Sent("run", number, "t") for number in range(60)))
    assert [one.pk for one in older.joined(many).sent] == list(range(10, 60))

"""Intended, sent, seen: each is true, not true or not known, and never more than the row proves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from upgrades.rules.standing import Facts, Truth, marks, whats_next
from upgrades.rules.workflow import RunStatus

INTENT = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
SENT = INTENT + timedelta(seconds=2)
BASE = Facts(RunStatus.SUBMITTING, now=INTENT, intent_at=INTENT, quiet_until=INTENT + timedelta(minutes=15))


def told(**over):
    facts = replace(BASE, **over)
    return [(mark.truth, mark.reason.code) for mark in marks(facts)[1:]]


@pytest.mark.parametrize(
    ("over", "sent", "seen"),
    [
        ({}, ("no", "sent.not_yet"), ("unknown", "seen.not_looked")),
        ({"sent_at": SENT}, ("unknown", "sent.no_answer"), ("unknown", "seen.not_looked")),
        ({"status": RunStatus.UNCONFIRMED}, ("unknown", "sent.unknown"), ("unknown", "seen.not_looked")),
        (
            {"status": RunStatus.UNCONFIRMED, "sent_at": SENT, "swept_at": SENT},
            ("unknown", "sent.no_answer"),
            ("no", "seen.none"),
        ),
        (
            {"status": RunStatus.UNCONFIRMED, "sent_at": SENT, "is_answered": True, "candidates": (7, 8)},
            ("yes", "sent.answered"),
            ("unknown", "seen.candidates"),
        ),
        (
            {"status": RunStatus.RUNNING, "sent_at": SENT, "is_answered": True, "task_id": 7},
            ("yes", "sent.answered"),
            ("unknown", "seen.named"),
        ),
        (
            {"status": RunStatus.RUNNING, "sent_at": SENT, "task_id": 7, "read_at": SENT},
            ("yes", "sent.found"),
            ("yes", "seen.task"),
        ),
        (
            {"status": RunStatus.RUNNING, "task_id": 7, "read_at": SENT},
            ("unknown", "sent.unknown"),
            ("yes", "seen.task"),
        ),
        ({"status": RunStatus.REFUSED, "is_unsent": True}, ("no", "sent.never"), ("no", "seen.never_sent")),
        (
            {"status": RunStatus.REFUSED, "sent_at": SENT, "is_answered": True},
            ("yes", "sent.answered"),
            ("no", "seen.refused"),
        ),
        (
            {"status": RunStatus.ABANDONED, "sent_at": SENT, "swept_at": SENT},
            ("unknown", "sent.no_answer"),
            ("no", "seen.none"),
        ),
    ],
)
def test_sent_and_seen_say_what_is_proved(over, sent, seen):
    assert told(**over) == [sent, seen]


def test_the_intent_is_always_kept():
    assert [marks(replace(BASE, status=status))[0].truth for status in RunStatus] == [Truth.YES] * len(RunStatus)


def test_a_mark_with_a_time_says_whose_time_it_is():
    facts = replace(BASE, status=RunStatus.RUNNING, task_id=7, read_at=SENT, bound_at=INTENT, sent_at=SENT)
    assert [mark.at for mark in marks(facts)] == [INTENT, SENT, INTENT]


@pytest.mark.parametrize("status", list(RunStatus))
def test_every_status_says_what_happens_next(status):
    assert whats_next(replace(BASE, status=status)).reason.code.startswith("next.")


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"status": RunStatus.UNCONFIRMED}, "next.looking"),
        ({"status": RunStatus.UNCONFIRMED, "now": BASE.quiet_until}, "next.abandon"),
        ({"status": RunStatus.UNCONFIRMED, "candidates": (7,)}, "next.adopt"),
        ({"status": RunStatus.RUNNING, "is_unreadable": True}, "next.unreadable"),
        ({"status": RunStatus.FAILED, "is_unreadable": True}, "next.unreadable"),
        ({"status": RunStatus.VERIFYING, "believed_at": SENT}, "next.verifying"),
        ({"status": RunStatus.VERIFYING, "believed_at": INTENT}, "next.verifying_longer"),
        ({"status": RunStatus.REFUSED, "late_until": SENT}, "next.refused"),
        ({"status": RunStatus.REFUSED, "sent_at": SENT, "late_until": SENT}, "next.refused_watched"),
        ({"status": RunStatus.REFUSED, "sent_at": SENT, "late_until": INTENT}, "next.refused"),
        ({"status": RunStatus.VERIFIED, "is_held": True}, "next.held"),
        ({"status": RunStatus.ABANDONED, "is_held": True}, "next.held"),
        ({"status": RunStatus.CLOSED}, "next.free"),
    ],
)
def test_what_happens_next_depends_on_the_time_and_on_what_was_seen(over, code):
    assert whats_next(replace(BASE, **over)).reason.code == code


def test_the_moment_that_is_named_is_the_one_that_counts():
    assert whats_next(replace(BASE, status=RunStatus.UNCONFIRMED)).until == BASE.quiet_until
    assert whats_next(replace(BASE, status=RunStatus.VERIFYING, believed_at=SENT)).until == SENT


def test_a_status_of_another_version_is_named_and_nothing_is_promised():
    coming = whats_next(replace(BASE, status="paused_later"))
    assert (coming.reason.code, dict(coming.reason.params)) == ("next.unknown_status", {"status": "paused_later"})

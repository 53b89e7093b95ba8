"""Attempts of a subtask: each apart, with the times that are known and no others."""

from datetime import UTC, datetime, timedelta

from upgrades.rules.attempts import Now, Sight, attempts

START = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def at(minute):
    return START + timedelta(minutes=minute)


def sight(minute, status, operation="EXECUTE", run_time=None):
    return Sight(at(minute), status, operation, run_time)


def now(status, began=None, ended=None, operation="EXECUTE", run_time=None):
    moments = (None if minute is None else at(minute) for minute in (began, ended))
    return Now(status, operation, run_time, *moments)


def facts(found):
    return [(one.number, one.status, one.operation, one.began_at, one.ended_at, one.is_exact) for one in found]


def test_what_has_not_begun_has_no_attempt():
    assert attempts([], now("PENDING")) == []
    assert attempts([sight(0, "READY")], now("READY", began=0)) == []


def test_times_of_the_last_attempt_are_ocps_own():
    found = attempts([sight(1, "RUNNING"), sight(4, "SUCCESSFUL")], now("SUCCESSFUL", 0, 3))
    assert facts(found) == [(1, "SUCCESSFUL", "EXECUTE", at(0), at(3), True)]


def test_a_retried_subtask_has_two_attempts_and_the_first_keeps_the_times_it_was_seen_at():
    seen = [
        sight(1, "RUNNING", run_time=1),
        sight(4, "FAILED", run_time=1),
        sight(9, "RUNNING", "RETRY", 2),
        sight(12, "SUCCESSFUL", "RETRY", 2),
    ]
    assert facts(attempts(seen, now("SUCCESSFUL", 8, 11, "RETRY", 2))) == [
        (1, "FAILED", "EXECUTE", at(1), at(4), False),
        (2, "SUCCESSFUL", "RETRY", at(8), at(11), True),
    ]


def test_attempts_are_told_apart_without_ocps_count_too():
    seen = [sight(1, "RUNNING"), sight(4, "FAILED"), sight(9, "RUNNING", "RETRY")]
    found = attempts(seen, now("RUNNING", 8, operation="RETRY"))
    assert [(one.number, one.status, one.ended_at) for one in found] == [(1, "FAILED", at(4)), (2, "RUNNING", None)]


def test_a_skip_after_a_failure_is_an_act_of_its_own():
    seen = [sight(1, "RUNNING"), sight(4, "FAILED"), sight(9, "SUCCESSFUL", "SKIP")]
    found = attempts(seen, now("SUCCESSFUL", operation="SKIP"))
    assert facts(found)[1] == (2, "SUCCESSFUL", "SKIP", None, at(9), False)


def test_an_attempt_that_nobody_saw_is_missing_with_its_number():
    found = attempts([sight(1, "RUNNING", run_time=1), sight(9, "RUNNING", "RETRY", 3)], now("RUNNING", 8, run_time=3))
    assert [one.number for one in found] == [1, 3]
    assert found[0].ended_at is None


def test_an_end_seen_first_has_no_beginning_and_an_operation_alone_is_no_attempt():
    seen = [sight(4, "FAILED", run_time=1), sight(5, "FAILED", "RETRY", 1), sight(6, "RUNNING", "RETRY", 2)]
    found = attempts(seen, now("RUNNING", 6, operation="RETRY", run_time=2))
    assert facts(found)[0] == (1, "FAILED", "EXECUTE", None, at(4), False)
    assert len(found) == 2


def test_what_was_never_seen_to_change_is_told_from_ocps_row():
    assert facts(attempts([], now("FAILED", 0, 3, run_time=2))) == [(2, "FAILED", "EXECUTE", at(0), at(3), True)]


def test_a_new_word_of_ocp_is_an_attempt_at_work():
    (found,) = attempts([sight(1, "PAUSED")], now("PAUSED", 1))
    assert (found.status, found.ended_at, found.is_over) == ("PAUSED", None, False)

"""What an answer means: a definite no is the exception, everything unproved is doubt."""

from datetime import UTC, datetime, timedelta

import pytest

from upgrades.rules.submission import Answer, Candidate, Fit, Intent, Outcome, digits, fit, judge

AT = datetime(2026, 11, 21, 1, 2, 11, tzinfo=UTC)
REFUSED, UNKNOWN, ACCEPTED = Outcome.REFUSED, Outcome.UNKNOWN, Outcome.ACCEPTED


def verdict(**facts):
    return judge(Answer(**facts), affected_ids={22, 23}, known_task_ids={7})


@pytest.mark.parametrize("code", ["OBE11001", "11013", "OBE11062", "OBE11063", "OBE11065", "PKG10014", "OBE12101"])
def test_a_definite_code_in_ocps_envelope_refuses(code):
    assert verdict(http_status=400, code=code, has_envelope=True).outcome is REFUSED
    assert verdict(http_status=400, code=code, has_envelope=False).outcome is UNKNOWN
    assert verdict(http_status=500, code=code, has_envelope=True).outcome is UNKNOWN


@pytest.mark.parametrize("status", [401, 403])
def test_no_right_refuses_only_in_ocps_own_words(status):
    assert verdict(http_status=status, has_envelope=True).outcome is REFUSED
    assert verdict(http_status=status, has_envelope=False).outcome is UNKNOWN


@pytest.mark.parametrize("code", ["OBE11007", "OBE11008", "COM10005", "COM20003", "0", None])
def test_wrong_state_and_strange_codes_are_doubt(code):
    assert verdict(http_status=409, code=code, has_envelope=True).outcome is UNKNOWN


@pytest.mark.parametrize("status", [301, 307, 429, 500, 502, 504, 100, 418])
def test_every_other_status_is_doubt(status):
    assert verdict(http_status=status, has_envelope=True, code="0").outcome is UNKNOWN


def test_nothing_sent_is_refused_and_no_answer_is_doubt():
    assert verdict(is_sent=False).outcome is REFUSED
    assert verdict(is_sent=True).outcome is UNKNOWN


def test_busy_is_doubt_with_a_mark():
    busy = verdict(http_status=409, code="OBE11020", has_envelope=True)
    assert (busy.outcome, busy.is_busy) == (UNKNOWN, True)


def test_only_the_busy_code_has_the_mark_and_each_reason_tells_status_and_code():
    other = verdict(http_status=409, code="OBE11007", has_envelope=True)
    assert (other.is_busy, other.reason.code) == (False, "submit.odd_answer")
    assert other.reason.params == {"status": 409, "code": "OBE11007"}
    assert verdict(http_status=502).reason.params == {"status": 502, "code": ""}
    assert not verdict(http_status=409, code="OBE11020", has_envelope=False).is_busy


def test_success_is_a_status_of_the_two_hundreds_alone():
    taken = {"task_id": 8, "cluster_id": 23, "has_envelope": True}
    assert [verdict(http_status=status, **taken).outcome for status in (199, 200, 299, 300, 301)] == [
        UNKNOWN, ACCEPTED, ACCEPTED, UNKNOWN, UNKNOWN,
    ]  # fmt: skip


def test_success_needs_a_new_task_of_an_affected_cluster():
    assert verdict(http_status=200, task_id=8, cluster_id=23).outcome is ACCEPTED
    assert verdict(http_status=200, task_id=7, cluster_id=23).outcome is UNKNOWN
    assert verdict(http_status=200, task_id=8, cluster_id=99).outcome is UNKNOWN
    assert verdict(http_status=200, task_id=8, cluster_id=None).outcome is UNKNOWN
    assert verdict(http_status=200, task_id=None).outcome is UNKNOWN


def test_success_without_a_task_is_doubt_whatever_cluster_it_names():
    none = verdict(http_status=200, task_id=None, cluster_id=23)
    assert (none.outcome, none.reason.code) == (UNKNOWN, "submit.no_task")


@pytest.mark.parametrize(("code", "expected"), [("OBE11020", "11020"), ("11020", "11020"), ("", ""), (None, "")])
def test_codes_are_compared_on_their_digits(code, expected):
    assert digits(code) == expected


INTENT = Intent(
    at=AT,
    affected_ids=frozenset({22}),
    baseline=frozenset({7}),
    account_name="ocpdash",
    before=timedelta(minutes=10),
    quiet=timedelta(minutes=15),
)
FITTING = {"task_id": 8, "is_parent": True, "cluster_id": 22, "creator_name": "ocpdash", "started_at": AT}


def fits(bound_ids=(), is_account_ours=True, **over):
    return fit(Candidate(**FITTING | over), INTENT, bound_ids=bound_ids, is_account_ours=is_account_ours)


def test_one_that_fits_in_everything_may_be_adopted_even_with_an_older_id():
    assert fits() is Fit.ADOPT
    assert fits(task_id=1) is Fit.ADOPT


@pytest.mark.parametrize(
    "over",
    [
        {"is_parent": False},
        {"cluster_id": 23},
        {"cluster_id": None},
        {"task_id": 7},
        {"creator_name": "admin"},
        {"started_at": AT - timedelta(minutes=11)},
        {"bound_ids": {8}},
    ],
    ids=str,
)
def test_one_wrong_fact_is_enough_not_to_fit(over):
    assert fits(**over) is Fit.NO


@pytest.mark.parametrize("started_at", [AT - timedelta(minutes=10), AT + timedelta(minutes=15)])
def test_the_first_and_the_last_moment_still_fit(started_at):
    assert fits(started_at=started_at) is Fit.ADOPT


def test_late_ones_and_a_shared_account_are_only_proposed():
    assert fits(started_at=AT + timedelta(minutes=16)) is Fit.PROPOSE
    assert fits(is_account_ours=False) is Fit.PROPOSE


def test_a_task_shown_without_any_time_is_for_people():
    assert fits(started_at=None) is Fit.PROPOSE
    assert fits(started_at=None, task_id=7) is Fit.NO

"""Retry, skip and cancel: when they make sense, what an answer means, and what is somebody's doing."""

import pytest

from upgrades.rules import run_actions
from upgrades.rules.run_actions import Child, Step, Target, Verdict, act_seen, judge, shows_effect, why_not
from upgrades.rules.submission import Answer


def step(status="FAILED", operation="EXECUTE", run_time=1, finished_at="2026-11-21T01:00:00"):
    return Step(7, "Stop zone", status, operation, run_time, "2026-11-21T00:59:00", finished_at)


def target(*steps, children=(), **over):
    given = {"run_status": "failed", "task_id": 1, "task_status": "FAILED", "task_operation": "EXECUTE"} | over
    return Target(steps=steps or (step(),), children=tuple(children), **given)


def code(kind, about):
    refusal = why_not(kind, about)
    return refusal.code if refusal else None


@pytest.mark.parametrize(
    ("kind", "status", "allowed"),
    [
        (kind, status, allowed)
        for kind, wanted in (("retry", "FAILED"), ("retry_task", "FAILED"), ("skip", "FAILED"), ("cancel", "RUNNING"))
        for status in ("PENDING", "READY", "RUNNING", "CANCELING", "FAILED", "SUCCESSFUL", "PAUSED", "")
        for allowed in [status == wanted]
    ],
)
def test_an_action_fits_one_state_alone(kind, status, allowed):
    assert (code(kind, target(step(status))) is None) == allowed


@pytest.mark.parametrize("status", ["submitting", "unconfirmed", "verifying", "verified", "closed", "refused"])
def test_only_a_running_or_failed_run_is_acted_on(status):
    assert code("retry", target(run_status=status)) == "run_action.wrong_run"


def test_a_task_without_failure_is_not_retried_as_a_whole():
    assert code("retry_task", target(task_status="RUNNING")) == "run_action.other_state"
    assert why_not("retry_task", Target("failed", 1, "FAILED", "EXECUTE", steps=())).code == "run_action.other_state"


@pytest.mark.parametrize("kind", ["retry", "retry_task", "skip"])
def test_nothing_is_done_to_what_is_being_rolled_back(kind):
    assert code(kind, target(task_operation="ROLLBACK")) == "run_action.rolling_back"
    assert code(kind, target(step(operation="ROLLBACK_SKIP"))) == "run_action.rolling_back"


@pytest.mark.parametrize(
    ("kind", "child", "expected"),
    [
        ("retry", Child(2, "FAILED", ("Stop zone",)), "run_action.child_first"),
        ("retry_task", Child(2, "FAILED"), "run_action.child_first"),
        ("skip", Child(2, "RUNNING", ("Stop zone",)), "run_action.child_first"),
        ("retry", Child(2, "RUNNING"), None),
        ("retry", Child(2, "SUCCESSFUL"), None),
        ("skip", Child(2, "SUCCESSFUL"), None),
    ],
)
def test_the_child_comes_before_the_parents_subtask_that_waits_for_it(kind, child, expected):
    assert code(kind, target(children=[child])) == expected


def test_a_wait_is_not_cancelled_while_its_child_runs():
    about = target(step("RUNNING"), children=[Child(2, "RUNNING")], run_status="running")
    assert code("cancel", about) == "run_action.child_runs"
    assert code("cancel", target(step("RUNNING"), children=[Child(2, "FAILED")], run_status="running")) is None


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(is_sent=False), Verdict.REFUSED),
        (Answer(), Verdict.UNKNOWN),
        (Answer(http_status=200, has_envelope=True), Verdict.TAKEN),
        (Answer(http_status=403, has_envelope=True), Verdict.REFUSED),
        (Answer(http_status=403), Verdict.UNKNOWN),
        (Answer(http_status=404, has_envelope=True, code="TSK10001"), Verdict.REFUSED),
        (Answer(http_status=400, has_envelope=True, code="TSK10017"), Verdict.CONTESTED),
        (Answer(http_status=400, has_envelope=True, code="10010"), Verdict.CONTESTED),
        (Answer(http_status=400, code="TSK10017"), Verdict.UNKNOWN),
        (Answer(http_status=429, has_envelope=True, code="0"), Verdict.UNKNOWN),
        (Answer(http_status=500, has_envelope=True, code="TSK10001"), Verdict.UNKNOWN),
        (Answer(http_status=302), Verdict.UNKNOWN),
    ],
)
def test_only_what_proves_a_no_is_one(answer, expected):
    assert judge(answer)[0] is expected


@pytest.mark.parametrize(
    ("kind", "before", "now", "expected"),
    [
        ("retry", step(), step(), False),
        ("retry", step(), step("READY", "RETRY"), True),
        ("retry", step(), step("FAILED", "RETRY", finished_at="later"), True),
        ("retry", step("FAILED", "RETRY"), step("FAILED", "RETRY", finished_at="later"), True),
        ("retry", step(), step("SUCCESSFUL", "SKIP"), False),
        ("retry_task", step(), step("RUNNING", "RETRY", 2), True),
        ("skip", step(), step("SUCCESSFUL", "SKIP"), True),
        ("skip", step(), step("RUNNING", "RETRY"), False),
        ("cancel", step("RUNNING"), step("CANCELING"), True),
        ("cancel", step("RUNNING"), step("FAILED", "CANCEL"), True),
        ("cancel", step("RUNNING"), step("SUCCESSFUL"), False),
    ],
)
def test_the_effect_is_another_attempt_by_the_operation_that_was_asked(kind, before, now, expected):
    assert shows_effect(kind, {"7": before.mark}, [now]) is expected


def test_without_a_mark_or_its_subtask_nothing_is_shown():
    assert not shows_effect("retry", {}, [step("READY", "RETRY")])
    assert not shows_effect("retry", {"8": step().mark}, [step("READY", "RETRY")])


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (step(), step("READY", "RETRY"), "RETRY"),
        (step("READY", "RETRY"), step("RUNNING", "RETRY"), ""),
        (step("FAILED", "RETRY"), step("READY", "RETRY"), "RETRY"),
        (step(), step("RUNNING", "EXECUTE", 2), "RETRY"),
        (step("PENDING", run_time=0), step("RUNNING", run_time=1), ""),
        (step(), step("SUCCESSFUL", "SKIP"), "SKIP"),
        (step("RUNNING"), step("CANCELING"), "CANCEL"),
        (step("CANCELING"), step("FAILED", "CANCEL"), ""),
        (step("RUNNING"), step("FAILED", "CANCEL"), "CANCEL"),
        (step("SUCCESSFUL"), step("READY", "ROLLBACK"), "ROLLBACK"),
        (step("FAILED"), step("READY", "ROLLBACK_SKIP"), "SKIP"),
        (step("RUNNING"), step("SUCCESSFUL"), ""),
        (None, step("READY", "RETRY"), "RETRY"),
        (None, step("RUNNING"), ""),
    ],
)
def test_what_somebody_did_is_told_from_what_ocp_does_by_itself(before, after, expected):
    assert act_seen(before, after) == expected


def test_every_kind_has_an_act_and_a_state():
    assert [run_actions.is_act_of(kind, act) for kind, act in (("retry", "RETRY"), ("retry_task", "RETRY"))] == [
        True
    ] * 2
    assert not run_actions.is_act_of("skip", "RETRY")

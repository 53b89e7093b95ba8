"""Following over real HTTP: what the list tells, what the detail writes, and every move that OCP's words make."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import followed, scenes
from tests.followed import TO_THE_END, advance, child_of, follow, fresh, moves, posted, step, to_failure
from tests.scenes import Cast, control
from upgrades import live
from upgrades.models import ClusterHold, Subtask, SubtaskEvent, UpgradeRun
from upgrades.services import following

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint(look_alike, settings, transactional_db):
    settings.DETAIL_WATCHED_SECONDS = 0
    return scenes.connect(look_alike, settings)


@pytest.fixture
def cast(endpoint):
    return Cast()


def test_a_run_is_followed_step_by_step_to_its_end(look_alike, cast):
    run = follow(posted(cast))
    assert (run.status, run.observed_at is not None) == ("running", True)
    run = step(look_alike, run, lambda: fresh(run).status == "verifying", seconds=60)
    child = child_of(run)
    assert (child.hop, child.status, run.task_instances.get(kind="parent").status) == (0, "SUCCESSFUL", "SUCCESSFUL")
    assert 40 <= child.subtasks.count() <= 60
    assert set(child.subtasks.values_list("status", flat=True)) == {"SUCCESSFUL"}
    assert moves(run)[-2:] == ["run.bind_child", "run.end"]
    assert run.ended_at == run.verify_due_at


def test_each_change_of_a_subtask_is_one_event_and_raises_the_version(look_alike, cast):
    run = follow(posted(cast))
    version = run.version
    advance(look_alike, 5)
    run = follow(run)
    assert run.version == version + 1
    events = list(SubtaskEvent.objects.filter(run=run, name="Start node").values_list("status_before", "status_after"))
    assert events == [("", "RUNNING"), ("RUNNING", "SUCCESSFUL")]


def test_an_unchanged_poll_writes_exactly_one_row(look_alike, cast):
    run = follow(posted(cast))
    with CaptureQueriesContext(connection) as queries:
        following.follow(run.endpoint)
    writes = [row["sql"] for row in queries if row["sql"].split()[0] in ("UPDATE", "INSERT", "DELETE")]
    assert len(writes) == 1
    assert writes[0].startswith('UPDATE "upgrades_endpoint"')
    assert fresh(run).version == run.version


def test_an_unchanged_watched_run_keeps_its_version(look_alike, cast, redis):
    run = follow(posted(cast))
    live.watch(run.pk, "", now=time.time())
    again = follow(run)
    assert again.observed_at > run.observed_at
    assert again.version == run.version


def test_a_watched_run_is_read_in_detail_no_more_often_than_the_setting_says(look_alike, cast, settings, redis):
    settings.DETAIL_WATCHED_SECONDS = 3600
    run = follow(posted(cast))
    live.watch(run.pk, "", now=time.time())
    assert follow(run).observed_at == run.observed_at


def test_two_changes_in_the_list_are_read_at_once_though_nobody_looks(look_alike, cast, settings):
    settings.DETAIL_WATCHED_SECONDS = 3600
    run = follow(posted(cast))
    for _turn in range(2):
        advance(look_alike, 5)
        before, run = run, follow(run)
        assert run.version > before.version


def test_ocps_failed_then_running_is_resumed_and_followed_to_the_end(look_alike, cast):
    run = to_failure(look_alike, posted(cast))
    assert run.status == "failed"
    control(look_alike, "POST", f"/tasks/{child_of(run).ocp_id}/retry")
    advance(look_alike, TO_THE_END)
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/retry")
    run = follow(run)
    assert (run.status, child_of(run).status) == ("running", "SUCCESSFUL")
    advance(look_alike, TO_THE_END)
    assert follow(run).status == "verifying"
    assert moves(run)[-3:] == ["run.fail", "run.resume", "run.end"]


def test_a_failing_child_retried_in_the_console_is_followed_while_its_parent_is_failed(look_alike, cast):
    run = to_failure(look_alike, posted(cast))
    child = child_of(run)
    failed = child.subtasks.get(status="FAILED")
    control(look_alike, "POST", f"/tasks/{child.ocp_id}/subtasks/{failed.ocp_id}/retry")
    run = follow(run)
    assert (run.status, child_of(run).status) == ("failed", "RUNNING")
    assert Subtask.objects.get(pk=failed.pk).operation == "RETRY"
    assert SubtaskEvent.objects.filter(subtask_ocp_id=failed.ocp_id, operation_after="RETRY").exists()


def test_ocps_failed_then_successful_between_two_polls_goes_straight_to_verifying(look_alike, cast):
    run = to_failure(look_alike, posted(cast))
    control(look_alike, "POST", f"/tasks/{child_of(run).ocp_id}/retry")
    advance(look_alike, TO_THE_END)
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/retry")
    advance(look_alike, TO_THE_END)
    run = follow(run)
    assert run.status == "verifying"
    assert moves(run)[-2:] == ["run.fail", "run.end"]


def test_a_run_that_failed_unseen_fails_with_what_ocp_said(look_alike, cast):
    run = to_failure(look_alike, posted(cast))
    assert run.status_reason == {"code": "run.ocp_says", "params": {"operation": "EXECUTE", "status": "FAILED"}}
    assert ClusterHold.objects.filter(run=run).exists()


def test_a_rollback_in_the_console_ends_in_rolled_back_and_keeps_the_hold(look_alike, cast):
    control(look_alike, "POST", "/fail", step="Execute upgrade checker", times=1)
    run = posted(cast)
    advance(look_alike, TO_THE_END)
    run = follow(run)
    assert run.status == "failed"
    control(look_alike, "POST", f"/tasks/{child_of(run).ocp_id}/rollback")
    advance(look_alike, TO_THE_END)
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/rollback")
    advance(look_alike, TO_THE_END)
    run = follow(run)
    assert (run.status, run.change_request.status, run.change_request.outcome) == ("rolled_back", "done", "rolled_back")
    assert ClusterHold.objects.filter(run=run).exists()


def test_a_rollback_seen_while_the_run_is_running_is_no_success(look_alike, cast):
    run = follow(posted(cast))
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", status="SUCCESSFUL", operation="ROLLBACK")
    assert follow(run).status == "rolled_back"


def test_an_unknown_word_is_kept_verbatim_and_moves_nothing(look_alike, cast):
    run = follow(posted(cast))
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", status="Paused?")
    run = follow(run)
    assert (run.status, run.ocp_word, run.unreadable_since) == ("running", "Paused?", None)
    assert run.task_instances.get(kind="parent").status == "Paused?"
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", status="RUNNING")
    assert follow(run).ocp_word == ""


def test_a_task_that_vanishes_is_unreadable_once_and_never_failed(look_alike, cast):
    run = follow(posted(cast))
    control(look_alike, "DELETE", f"/tasks/{run.ocp_task_id}")
    run = follow(run)
    assert run.status == "running"
    assert run.unreadable_reason == {"code": "unreadable.vanished", "params": {"task_id": run.ocp_task_id}}
    since = run.unreadable_since
    UpgradeRun.objects.filter(pk=run.pk).update(detail_due_at=None)
    assert follow(run).unreadable_since == since
    assert moves(run).count("run.unreadable") == 1


def test_another_create_time_under_the_same_id_is_unreadable_until_it_is_over(look_alike, cast):
    run = follow(posted(cast))
    created_at = run.ocp_task_created_at.timestamp()
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", created_at=created_at + 60, status="FAILED")
    run = follow(run)
    assert (run.status, run.unreadable_reason["code"]) == ("running", "unreadable.other_task")
    assert run.task_instances.get(kind="parent").status == "RUNNING"
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", created_at=created_at, status="RUNNING")
    UpgradeRun.objects.filter(pk=run.pk).update(detail_due_at=None)
    run = follow(run)
    assert (run.unreadable_since, run.unreadable_reason) == (None, None)
    assert moves(run)[-2:] == ["run.unreadable", "run.readable"]


def test_a_later_start_under_the_same_create_time_is_a_retry(look_alike, cast):
    run = follow(posted(cast))
    started_at = run.ocp_task_started_at
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", started_at=started_at.timestamp() + 60)
    advance(look_alike, 5)
    run = follow(run)
    assert run.unreadable_since is None
    assert run.ocp_task_started_at > started_at


def test_another_cluster_under_the_same_id_is_unreadable(look_alike, cast):
    run = follow(posted(cast))
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", cluster_id=1_000_001, status="SUCCESSFUL")
    run = follow(run)
    assert (run.status, run.unreadable_reason["code"]) == ("running", "unreadable.other_cluster")


def test_a_poisoned_run_does_not_hold_up_a_healthy_one(look_alike, cast):
    poisoned = posted(cast)
    healthy = posted(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    path = f"/tasks/instances/{poisoned.ocp_task_id}$"
    control(look_alike, "POST", "/faults", method="GET", path=path, action="cut")
    advance(look_alike, TO_THE_END)
    healthy = follow(healthy)
    poisoned = fresh(poisoned)
    assert healthy.status == "verifying"
    assert (poisoned.status, poisoned.unreadable_reason["code"]) == ("running", "ocp.bad_answer")
    assert poisoned.detail_due_at > poisoned.unreadable_since


def test_a_run_that_is_accepted_while_the_others_are_read_waits_for_the_next_tick(look_alike, cast):
    first, late = posted(cast), []

    def accept_another(execute, statement, params, many, context):
        found = execute(statement, params, many, context)
        if "upgrades_taskinstance" in statement and not late:
            late.append(None)
            late.append(posted(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET))
        return found

    with connection.execute_wrapper(accept_another):
        first = follow(first)
    assert first.observed_at is not None
    assert fresh(late[1]).status == "running"
    assert follow(late[1]).observed_at is not None


def test_a_task_that_spoils_the_whole_list_does_not_hold_up_the_others(look_alike, cast):
    run = follow(posted(cast))
    control(look_alike, "POST", "/faults", method="GET", path="status=RUNNING", action="cut")
    advance(look_alike, TO_THE_END)
    run = follow(run)
    assert run.status == "verifying"
    assert run.endpoint.failure["code"] == "ocp.bad_answer"


def test_silence_makes_every_followed_run_unreadable_until_ocp_answers(look_alike, cast):
    run = follow(posted(cast))
    control(look_alike, "POST", "/faults", method="GET", path="/tasks/instances", action="drop")
    run = follow(run)
    assert (run.status, run.unreadable_reason["code"]) == ("running", "ocp.connection_lost")
    since = run.unreadable_since
    assert follow(run).unreadable_since == since
    control(look_alike, "DELETE", "/faults")
    run = follow(run)
    assert run.unreadable_since is None
    assert run.endpoint.failing_since is None
    assert moves(run)[-2:] == ["run.unreadable", "run.readable"]


def test_a_401_on_a_detail_opens_the_breaker_and_ends_the_tick(look_alike, cast):
    first = posted(cast)
    posted(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    seen = len(followed.requests_of(look_alike))
    control(look_alike, "POST", "/faults", method="GET", path=r"/tasks/instances/\d+$", action="status", status=401)
    following.follow(first.endpoint)
    details = [row for row in followed.requests_of(look_alike, seen) if "/tasks/instances/" in row["path"]]
    assert len(details) == 1
    assert fresh(first).endpoint.breaker_opened_at is not None
    assert set(UpgradeRun.objects.values_list("unreadable_reason__code", flat=True)) == {"ocp.unauthorized"}


def test_a_tasks_page_of_more_than_two_hundred_is_read_to_its_end(look_alike, cast):
    run = posted(cast)
    for _number in range(201):
        control(look_alike, "POST", "/foreign", cluster_id=1_000_009)
    seen = len(followed.requests_of(look_alike))
    follow(run)
    lists = [row["path"] for row in followed.requests_of(look_alike, seen) if "status=RUNNING" in row["path"]]
    assert [path.split("page=")[1].split("&")[0] for path in lists] == ["1", "2"]

"""Applying a read: the newest wins whatever order the answers come in, and nothing that was seen is lost."""

from dataclasses import replace

import pytest

from tests import scenes
from tests.followed import (
    TO_THE_END,
    advance,
    child_of,
    follow,
    fresh,
    in_thread,
    moves,
    posted,
    to_failure,
    wait_until,
)
from tests.scenes import Cast, control
from upgrades import selectors
from upgrades.models import AuditEvent, Subtask, SubtaskEvent, TaskInstance, UpgradeRun
from upgrades.services import endpoints, observing
from upgrades.services.observing import moment_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint(look_alike, settings, transactional_db):
    return scenes.connect(look_alike, settings)


@pytest.fixture
def cast(endpoint):
    return Cast()


@pytest.fixture
def client(endpoint):
    return endpoints.client(endpoint)


def read(run, client):
    """The parent as OCP shows it now."""
    return client.task(run.ocp_task_id)


def apply(run, parent, *, observation=None, children=()):
    observation = observation or selectors.observation()
    return observing.apply(run, parent, children, observation=observation, at=moment_of(observation))


def test_an_older_read_that_comes_in_later_overwrites_nothing(look_alike, cast, client):
    run = posted(cast)
    older, old_parent = selectors.observation(), read(run, client)
    advance(look_alike, TO_THE_END)
    assert apply(run, read(run, client))
    run = fresh(run)
    assert run.status == "verifying"
    before = (run.version, AuditEvent.objects.count(), SubtaskEvent.objects.count())
    assert not apply(run, old_parent, observation=older)
    run = fresh(run)
    assert run.task_instances.get(kind="parent").status == "SUCCESSFUL"
    assert (run.version, AuditEvent.objects.count(), SubtaskEvent.objects.count()) == before


def test_poll_answers_out_of_order_over_http_leave_the_newer_state(look_alike, cast, client):
    """The first poll's answer is held up on the wire while a second one is asked and answered."""
    run = follow(posted(cast))
    path = f"/tasks/instances/{run.ocp_task_id}$"
    control(look_alike, "POST", "/faults", method="GET", path=path, action="hold", count=1)
    outcome = []
    slow = in_thread(lambda mine: outcome.append(observing.refresh(mine, client)), fresh(run))
    wait_until(lambda: control(look_alike, "GET", "/faults")[0]["holding"] == 1)
    advance(look_alike, TO_THE_END)
    assert observing.refresh(fresh(run), client)
    newer = fresh(run)
    control(look_alike, "DELETE", "/faults")
    slow.join(timeout=20)
    assert outcome == [False]
    assert newer.status == "verifying"
    assert (fresh(run).status, fresh(run).version) == (newer.status, newer.version)


def test_a_failed_read_that_ends_after_a_newer_good_one_marks_nothing(look_alike, cast, client):
    run = posted(cast)
    older = selectors.observation()
    assert observing.refresh(run, client)
    observing.readability.lose(run, observing.readability.Reason("ocp.deadline_passed"), observation=older)
    assert fresh(run).unreadable_since is None


def test_subtasks_that_vanish_from_a_read_stay(cast, client):
    run = posted(cast)
    parent = read(run, client)
    apply(run, parent)
    count = Subtask.objects.count()
    assert count == 5
    assert apply(run, replace(parent, subtasks=parent.subtasks[:2]))
    assert Subtask.objects.count() == count


def test_a_subtask_that_appears_later_is_added(cast, client):
    run = posted(cast)
    parent = read(run, client)
    apply(run, replace(parent, subtasks=parent.subtasks[:4]))
    version = fresh(run).version
    apply(run, parent)
    assert Subtask.objects.count() == 5
    assert fresh(run).version == version + 1


def test_the_same_read_twice_changes_no_version_and_adds_no_event(cast, client):
    run = posted(cast)
    parent = read(run, client)
    apply(run, parent)
    before = (fresh(run).version, SubtaskEvent.objects.count())
    apply(run, parent)
    assert (fresh(run).version, SubtaskEvent.objects.count()) == before
    assert fresh(run).observed_at > run.status_at


def test_words_longer_than_a_column_are_cut_and_stop_nothing(cast, client):
    run = posted(cast)
    parent = read(run, client)
    odd = replace(parent.subtasks[0], status="S" * 500, description="d" * 2000, executor="e" * 500)
    assert apply(run, replace(parent, subtasks=(odd,), type="T" * 500))
    assert Subtask.objects.get(ocp_id=odd.id).status == "S" * 64


def test_a_higher_run_time_alone_is_an_event(cast, client):
    run = posted(cast)
    parent = read(run, client)
    apply(run, parent)
    again = replace(parent.subtasks[0], run_time=7)
    apply(run, replace(parent, subtasks=(again, *parent.subtasks[1:])))
    assert SubtaskEvent.objects.get(run_time=7).subtask_ocp_id == again.id


def test_a_task_adopted_when_it_has_failed_already_takes_every_move_of_the_way(look_alike, cast, client):
    run = posted(cast)
    control(look_alike, "POST", "/fail", step="Wait observer active", times=1)
    advance(look_alike, TO_THE_END)
    assert apply(run, read(run, client))
    assert moves(run)[-1] == "run.fail"


def test_a_verifying_run_is_not_moved_by_what_the_parent_says(look_alike, cast, client):
    run = posted(cast)
    advance(look_alike, TO_THE_END)
    observing.refresh(run, client)
    assert fresh(run).status == "verifying"
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", status="FAILED")
    observing.refresh(fresh(run), client)
    assert fresh(run).status == "verifying"


def test_a_detail_without_cluster_and_create_time_is_not_called_another_task(cast, client):
    run = posted(cast)
    parent = read(run, client)
    apply(run, parent)
    assert (
        observing.why_another(fresh(run), replace(parent, cluster_id=None, create_time=None, start_time=None)) is None
    )


def test_start_is_bound_where_no_create_time_is_shown(cast, client):
    run = posted(cast)
    parent = replace(read(run, client), create_time=None)
    apply(run, parent)
    run = fresh(run)
    assert run.ocp_task_created_at == parent.start_time
    other = replace(parent, start_time=parent.start_time.replace(year=2001))
    assert observing.why_another(run, other).code == "unreadable.other_task"


def test_a_refresh_reads_every_child_again_and_ends_a_failed_run(look_alike, cast, client):
    run = to_failure(look_alike, posted(cast))
    control(look_alike, "POST", f"/tasks/{child_of(run).ocp_id}/retry")
    advance(look_alike, TO_THE_END)
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/retry")
    advance(look_alike, TO_THE_END)
    assert observing.refresh(fresh(run), client)
    assert (fresh(run).status, child_of(run).status) == ("verifying", "SUCCESSFUL")


def test_a_refresh_that_fails_says_so_and_keeps_the_run(look_alike, cast, client):
    run = posted(cast)
    control(look_alike, "POST", "/faults", method="GET", path="/tasks/instances/", action="status", status=403)
    assert not observing.refresh(run, client)
    assert (fresh(run).status, fresh(run).unreadable_reason["code"]) == ("running", "ocp.forbidden")


def test_two_runs_never_share_rows_of_one_task(cast, client):
    first = posted(cast)
    second = posted(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    for run in (first, second):
        apply(run, read(run, client))
    assert TaskInstance.objects.values("run").distinct().count() == 2
    assert not apply(first, read(second, client))
    assert UpgradeRun.objects.get(pk=first.pk).task_instances.count() == 1

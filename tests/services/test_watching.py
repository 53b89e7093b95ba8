"""Finished is not forgotten: what moves after the end raises one alarm and takes the clusters."""

import pytest

from tests import followed, scenes
from tests.followed import TO_THE_END, advance, child_of, follow, fresh, posted, to_failure
from tests.scenes import Cast, control
from upgrades.models import AuditEvent, ClusterHold
from upgrades.services import endpoints, listing, runs, watching
from upgrades.services.budget import Budget

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint(look_alike, settings, transactional_db):
    settings.DETAIL_WATCHED_SECONDS = 0
    return scenes.connect(look_alike, settings)


@pytest.fixture
def cast(endpoint):
    return Cast()


def test_movement_after_the_end_raises_one_alarm_and_holds_the_clusters(look_alike, cast, endpoint):
    run = to_verified(look_alike, cast)
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", status="RUNNING")
    run = follow(run)
    assert (run.status, run.alarm["code"]) == ("verified", "alarm.moved_after_end")
    assert ClusterHold.objects.get(run=run).is_alarm
    follow(run)
    assert AuditEvent.objects.filter(action="run.alarm").count() == 1


def test_movement_of_a_child_after_close_raises_the_alarm_and_keeps_the_hold(look_alike, cast):
    run = to_failure(look_alike, posted(cast))
    runs.move(run, "close")
    control(look_alike, "POST", f"/tasks/{child_of(run).ocp_id}/retry")
    run = follow(run)
    assert (run.status, run.alarm["params"]["task_id"]) == ("closed", child_of(run).ocp_id)
    assert ClusterHold.objects.filter(run=run).exists()


def test_a_verifying_run_whose_parent_runs_again_raises_the_alarm(look_alike, cast):
    run = posted(cast)
    advance(look_alike, TO_THE_END)
    run = follow(run)
    assert run.status == "verifying"
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", status="RUNNING")
    run = follow(run)
    assert (run.status, run.alarm["code"]) == ("verifying", "alarm.moved_after_end")


def test_a_list_read_before_the_run_ended_proves_nothing(look_alike, cast):
    """Within one tick the list is read first: it may still show a task that its detail then calls SUCCESSFUL."""
    run = follow(posted(cast))
    older = listing.read_running(endpoints.client(run.endpoint), Budget(10))
    assert run.ocp_task_id in older.by_id
    advance(look_alike, TO_THE_END)
    run = follow(run)
    watching.watch_finished(run.endpoint, older.tasks, read_at=older.at)
    assert (fresh(run).status, fresh(run).alarm) == ("verifying", None)


def test_a_task_of_another_cluster_under_an_old_id_is_no_movement(look_alike, cast):
    run = to_verified(look_alike, cast)
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", status="RUNNING", cluster_id=1_000_009)
    assert follow(run).alarm is None


def test_an_alarm_where_another_run_holds_the_cluster_is_put_on_that_run_too(look_alike, cast):
    earlier = to_verified(look_alike, cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    holder = posted(cast, cluster=scenes.OTHER, target=scenes.TARGET)
    control(look_alike, "POST", f"/tasks/{earlier.ocp_task_id}/set", status="RUNNING")
    assert follow(earlier).alarm["code"] == fresh(holder).alarm["code"] == "alarm.moved_after_end"
    assert not ClusterHold.objects.filter(run=earlier).exists()
    follow(earlier)
    assert AuditEvent.objects.filter(action="run.alarm").count() == 2


def test_a_run_is_watched_until_a_later_upgrade_of_its_cluster_is_verified(look_alike, cast):
    run = to_verified(look_alike, cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    to_verified(look_alike, cast, cluster=scenes.OTHER, target=scenes.TARGET)
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", status="RUNNING")
    assert follow(run).alarm is None


def to_verified(look_alike, cast, **over):
    run = posted(cast, **over)
    advance(look_alike, TO_THE_END)
    run = followed.verify(follow(run))
    assert run.status == "verified", run.findings
    return run

"""Holds that outlive their run go by what OCP shows, and by nothing older than the move or the alarm."""

import pytest

from tests import scenes
from tests.followed import TO_THE_END, advance, child_of, follow, fresh, posted, to_failure, verify
from tests.scenes import Cast, control
from upgrades.models import AuditEvent, ClusterHold, Server, UpgradeRun
from upgrades.services import runs, submission
from upgrades.services.releasing import release_due

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint(look_alike, settings, transactional_db):
    settings.VERIFY_SECONDS = 0
    settings.DETAIL_WATCHED_SECONDS = 0
    return scenes.connect(look_alike, settings)


@pytest.fixture
def cast(endpoint):
    return Cast()


@pytest.fixture
def closed(look_alike, cast):
    """A run that ended well in OCP and that people closed."""
    run = posted(cast)
    advance(look_alike, TO_THE_END)
    run = follow(run)
    runs.move(run, "close")
    return run


def is_held(run):
    return ClusterHold.objects.filter(run=run).exists()


def test_a_closed_runs_hold_goes_with_the_first_good_read(closed):
    assert is_held(closed)
    assert release_due(closed.endpoint) == 1
    assert not is_held(closed)
    event = AuditEvent.objects.get(action="hold.free")
    assert event.reason["code"] == "hold.clusters_at_rest"


def test_an_abandoned_runs_hold_goes_with_the_first_good_read(look_alike, cast):
    change_request = scenes.starting(cast)
    control(look_alike, "POST", "/answer", mode="drop")
    submission.submit(change_request.pk)
    run = UpgradeRun.objects.get(pk=change_request.pk)
    runs.move(run, "abandon")
    assert release_due(run.endpoint) == 1
    assert not is_held(run)


def test_a_rolled_back_runs_hold_goes_with_the_first_good_read(look_alike, cast):
    control(look_alike, "POST", "/fail", step="Execute upgrade checker", times=1)
    run = posted(cast)
    advance(look_alike, TO_THE_END)
    run = follow(run)
    control(look_alike, "POST", f"/tasks/{child_of(run).ocp_id}/rollback")
    advance(look_alike, TO_THE_END)
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/rollback")
    advance(look_alike, TO_THE_END)
    run = follow(run)
    assert run.status == "rolled_back"
    assert release_due(run.endpoint) == 1
    assert not is_held(run)


def test_an_open_runs_hold_stays(look_alike, cast):
    run = to_failure(look_alike, posted(cast))
    control(look_alike, "POST", f"/clusters/{run.cluster_ocp_id}/set", status="RUNNING")
    assert release_due(run.endpoint) == 0
    assert is_held(run)


def test_a_cluster_that_is_not_running_stays_held(look_alike, closed):
    control(look_alike, "POST", f"/clusters/{closed.cluster_ocp_id}/set", status="OPERATING")
    assert release_due(closed.endpoint) == 0
    control(look_alike, "POST", f"/clusters/{closed.cluster_ocp_id}/set", status="RUNNING")
    assert release_due(closed.endpoint) == 1


def test_servers_with_two_versions_stay_held(look_alike, closed):
    server = Server.objects.filter(cluster__ocp_id=closed.cluster_ocp_id).first()
    control(look_alike, "POST", f"/servers/{server.ip}/set", version="4.2.1.2", build="102000042023120514")
    assert release_due(closed.endpoint) == 0
    assert is_held(closed)


def test_servers_that_cannot_be_read_stay_held(look_alike, closed):
    control(look_alike, "POST", "/faults", method="GET", path="/servers", action="status", status=500)
    assert release_due(closed.endpoint) == 0
    assert is_held(closed)


def test_a_list_that_cannot_be_read_keeps_the_hold(look_alike, closed):
    control(look_alike, "POST", "/faults", method="GET", path="/tasks/instances", action="drop")
    assert release_due(closed.endpoint) == 0
    assert is_held(closed)


def test_somebodys_upgrade_that_runs_there_keeps_the_hold(look_alike, closed):
    """The cluster says RUNNING between two of its steps; the task tells."""
    control(look_alike, "POST", f"/tasks/{closed.ocp_task_id}/set", status="RUNNING", creator_name="admin")
    assert release_due(closed.endpoint) == 0
    assert is_held(closed)


def test_a_child_that_runs_there_keeps_the_hold(look_alike, closed):
    control(look_alike, "POST", f"/tasks/{child_of(closed).ocp_id}/set", status="RUNNING", name="Odd", creator_name="x")
    assert release_due(closed.endpoint) == 0
    assert is_held(closed)


def test_somebodys_backup_that_runs_there_does_not_keep_the_hold(look_alike, closed):
    control(look_alike, "POST", "/foreign", cluster_id=closed.cluster_ocp_id, name="Backup OB cluster")
    assert release_due(closed.endpoint) == 1


def test_the_hold_of_an_alarm_goes_by_the_same_rule_and_comes_back_with_new_movement(look_alike, cast):
    run = posted(cast)
    advance(look_alike, TO_THE_END)
    run = verify(follow(run))
    assert not is_held(run)
    path = f"/tasks/{run.ocp_task_id}/set"
    control(look_alike, "POST", path, status="RUNNING")
    first = follow(run)
    assert is_held(run)
    assert release_due(run.endpoint) == 0
    control(look_alike, "POST", path, status="SUCCESSFUL")
    assert release_due(run.endpoint) == 1
    assert not is_held(run)
    control(look_alike, "POST", path, status="RUNNING")
    second = follow(run)
    assert is_held(run)
    assert second.alarm_at > first.alarm_at


def test_an_alarm_raised_while_it_was_read_keeps_the_hold(closed):
    """The read is older than the alarm, so it proves nothing about it."""
    UpgradeRun.objects.filter(pk=closed.pk).update(alarm_at=closed.status_at.replace(year=2999))
    assert release_due(closed.endpoint) == 0
    assert is_held(closed)


def test_a_pair_is_freed_together_only_when_both_are_at_rest(look_alike, cast):
    run = posted(cast, cluster=scenes.PAIR, target=scenes.PAIR_TARGET)
    advance(look_alike, TO_THE_END)
    run = follow(run)
    runs.move(run, "close")
    standby = max(run.affected_ocp_ids)
    control(look_alike, "POST", f"/clusters/{standby}/set", status="OPERATING")
    assert release_due(run.endpoint) == 0
    assert ClusterHold.objects.filter(run=run).count() == 2
    control(look_alike, "POST", f"/clusters/{standby}/set", status="RUNNING")
    assert release_due(run.endpoint) == 1
    assert fresh(run).version > run.version

"""What OCP shows just before a submission: anything missing blocks."""

from datetime import UTC, datetime, timedelta

import pytest

from upgrades.rules.preread import ClusterFact, TaskFact, failed_leftovers, why_blocked

AT = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
RUNNING = [ClusterFact(22, "trade_core", "RUNNING")]


def task(task_id=1, **over):
    facts = {
        "task_id": task_id,
        "cluster_id": 22,
        "name": "Restart OB cluster",
        "status": "RUNNING",
        "type": "MANUAL",
        "creator_name": "admin",
        "started_at": AT,
        "is_parent": False,
    }
    return TaskFact(**facts | over)


def code(clusters=RUNNING, tasks=(), bound_ids=()):
    reason = why_blocked(clusters, tasks, account_name="ocpdash", approved_at=AT, bound_ids=bound_ids)
    return reason.code if reason else None


def test_a_quiet_running_cluster_passes():
    assert code(tasks=[task(status="SUCCESSFUL"), task(2, type="SYS_SCHEDULED"), task(3, type="SCHEDULED")]) is None


@pytest.mark.parametrize("status", ["OPERATING", "UPGRADING", "STOPPED", ""])
def test_every_affected_cluster_must_be_running(status):
    assert code([*RUNNING, ClusterFact(23, "standby", status)]) == "start.cluster_not_running"


@pytest.mark.parametrize("type_", ["MANUAL", "", "SOMETHING_NEW"])
def test_a_running_task_blocks_unless_ocp_started_it_itself(type_):
    assert code(tasks=[task(type=type_)]) == "start.task_running"


def test_a_running_upgrade_blocks_whatever_its_type():
    assert code(tasks=[task(type="SCHEDULED", is_parent=True)]) == "start.task_running"


def test_an_upgrade_of_ours_that_no_run_knows_blocks():
    ours = task(8, status="FAILED", is_parent=True, creator_name="ocpdash", started_at=AT + timedelta(seconds=1))
    assert code(tasks=[ours]) == "start.unknown_upgrade_of_ours"
    assert code(tasks=[ours], bound_ids={8}) is None
    assert code(tasks=[task(8, status="FAILED", is_parent=True, creator_name="ocpdash")]) is None


def test_failed_leftovers_are_those_newer_than_the_last_success():
    def parent(task_id, status, minutes):
        return task(task_id, status=status, is_parent=True, started_at=AT + timedelta(minutes=minutes))

    tasks = [parent(5, "FAILED", 1), parent(9, "SUCCESSFUL", 2), parent(4, "FAILED", 3), parent(7, "FAILED", 4)]
    assert failed_leftovers(tasks, 22) == [4, 7]
    assert failed_leftovers(tasks, 23) == []
    assert failed_leftovers([*tasks, parent(3, "RUNNING", 5)], 22) == [4, 7]


def test_a_known_leftover_that_the_newest_tasks_no_longer_reach_stays_until_a_success_is_seen():
    newest = [task(number, status="SUCCESSFUL", started_at=AT + timedelta(days=1)) for number in (30, 31)]
    assert failed_leftovers(newest, 22, known=[4, 30]) == [4]
    success = task(32, status="SUCCESSFUL", is_parent=True, started_at=AT + timedelta(days=1))
    assert failed_leftovers([*newest, success], 22, known=[4]) == []

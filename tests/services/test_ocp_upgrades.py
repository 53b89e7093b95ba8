"""Upgrades that somebody begins in OCP itself: told once, and never of what is or may be ours."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_change_request, make_run
from tests.scenes import control
from upgrades.models import AuditEvent, Cluster, UpgradeRun
from upgrades.ocp import types
from upgrades.services import endpoints, inventory, preread, topology

pytestmark = pytest.mark.django_db

TARGET = "oceanbase-4.2.1.8-108000022024072217.el7.x86_64.rpm"


@pytest.fixture
def cluster(endpoint):
    inventory.sync(endpoint)
    cluster = Cluster.objects.get(name="coupon_dev")
    topology.sync(cluster)
    return cluster


@pytest.fixture
def task(look_alike, cluster):
    """An upgrade of the cluster that somebody began in OCP."""
    begun = control(
        look_alike, "POST", "/foreign-upgrade", cluster_id=cluster.ocp_id, rpmFileName=TARGET, creator="mallory"
    )
    return endpoints.client(cluster.endpoint).task(begun["task_id"])


def events():
    return list(AuditEvent.objects.filter(action="cluster.foreign_upgrade"))


def shown(cluster: Cluster, *tasks: types.TaskInstance) -> None:
    """OCP shows these tasks of the cluster, and no server that matters."""
    preread.mirror_servers(cluster, [], tasks, timezone.now())
    cluster.refresh_from_db()


def test_an_upgrade_begun_in_ocp_itself_is_told_once_with_who_began_it(look_alike, cluster, task):
    assert topology.sync(cluster) is None
    control(look_alike, "POST", f"/tasks/{task.id}/set", status="FAILED")
    assert topology.sync(cluster) is None
    [event] = events()
    assert (event.subject_type, event.subject_name, event.actor) == ("cluster", str(cluster), None)
    assert event.environment == cluster.environment
    assert (event.after["task_id"], event.after["creator_name"]) == (task.id, "mallory")
    assert event.after["started_at"].endswith("+00:00")


def test_an_older_read_that_comes_late_tells_nothing(cluster, task):
    preread.mirror_servers(cluster, [], [task], timezone.now() - timedelta(hours=1))
    assert events() == []


def test_what_ocp_showed_from_before_the_registration_is_told_of_nobody(cluster, task):
    since = cluster.endpoint.created_at
    shown(cluster, replace(task, start_time=since - timedelta(microseconds=1)))
    assert events() == []
    shown(cluster)
    shown(cluster, replace(task, start_time=since))
    assert len(events()) == 1


def test_a_task_that_is_no_upgrade_is_none(cluster, task):
    shown(cluster, replace(task, name="Backup OB cluster", subtasks=()))
    assert events() == []


def test_the_task_of_a_run_is_our_own(cluster, task):
    make_run(make_change_request(cluster), "running", ocp_task_id=task.id)
    shown(cluster, task)
    assert events() == []


@pytest.mark.parametrize("status", ["submitting", "unconfirmed"])
@pytest.mark.parametrize("is_ours", [True, False])
def test_while_a_run_of_the_cluster_is_in_doubt_nobody_is_named(cluster, task, status, is_ours):
    run = make_run(make_change_request(cluster), status)
    shown(cluster, task)
    shown(cluster, task)
    assert events() == []
    after = {"status": "running", "ocp_task_id": task.id} if is_ours else {"status": "abandoned"}
    UpgradeRun.objects.filter(pk=run.pk).update(**after)
    shown(cluster, task)
    shown(cluster, task)
    assert len(events()) == (0 if is_ours else 1)


def test_a_run_in_doubt_of_another_cluster_hides_nothing(cluster, task):
    make_run(make_change_request(Cluster.objects.get(name="user_center")))
    shown(cluster, task)
    assert len(events()) == 1


def test_what_has_not_begun_is_told_when_it_has(cluster, task):
    shown(cluster, replace(task, start_time=None))
    assert events() == []
    shown(cluster, task)
    assert len(events()) == 1

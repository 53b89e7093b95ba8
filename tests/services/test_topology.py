"""Zones, servers and parameters of a cluster, and which cluster's turn it is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_cluster, make_endpoint
from tests.scenes import control
from upgrades.models import Cluster, Endpoint, Server, Zone
from upgrades.ocp import types
from upgrades.services import endpoints, inventory, preread, registration, topology
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.django_db

TARGET = "oceanbase-4.2.1.8-108000022024072217.el7.x86_64.rpm"


@pytest.fixture
def cluster(endpoint: Endpoint) -> Cluster:
    inventory.sync(endpoint)
    return Cluster.objects.get(name="user_center")


def read_of(look_alike: LookAlike, part: str) -> list[int]:
    """OCP ids of the clusters whose `part` was asked for, in order."""
    found = [entry["path"].split("?")[0].split("/") for entry in look_alike._requests_since(0)]
    return [int(path[5]) for path in found if len(path) == 7 and path[6] == part]


def server(number: int, **over: Any) -> types.Server:
    values: dict[str, Any] = {
        "id": number,
        "ip": f"10.24.1.{number}",
        "port": 2882,
        "zone_name": "zone1",
        "status": "RUNNING",
        "version": "4.2.1.1",
        "build": "101000062023110109",
        "raw_version": "",
        "has_root_server": None,
    }
    return types.Server(**values | over)


def test_zones_servers_build_and_parameters_are_mirrored(cluster: Cluster) -> None:
    assert topology.sync(cluster) is None
    cluster.refresh_from_db()
    assert [zone.name for zone in cluster.zones.all()] == ["zone1", "zone2", "zone3"]
    assert cluster.servers.count() == 9
    assert cluster.build == "101000062023110109"
    assert cluster.facts["min_observer_version"] == ["4.2.1.1"]
    assert set(cluster.facts) == set(inventory.FACT_PARAMETERS)
    assert cluster.topology_observed_at == cluster.topology_tried_at == Server.objects.first().observed_at
    assert cluster.topology_wanted_at is None


@pytest.mark.parametrize("part", ["zones", "servers"])
def test_a_cluster_that_has_servers_is_not_believed_to_have_none(
    look_alike: LookAlike, cluster: Cluster, part: str
) -> None:
    topology.sync(cluster)
    control(look_alike, "POST", "/faults", action="contents_empty", path=f"/{part}")
    topology.sync(cluster)
    cluster.refresh_from_db()
    assert cluster.topology_failure["code"] == "ocp.bad_answer"
    assert cluster.servers.filter(missing_since=None).count() == 9


def test_servers_of_two_builds_leave_the_cluster_without_one(look_alike: LookAlike, cluster: Cluster) -> None:
    topology.sync(cluster)
    Server.objects.filter(pk=Server.objects.first().pk).update(build="1")
    inventory.mirror_servers(cluster, [server(1), server(2, build="2")], timezone.now())
    cluster.refresh_from_db()
    assert cluster.build == ""
    assert cluster.is_mixed
    assert cluster.shown_versions == (("4.2.1.1", "101000062023110109"), ("4.2.1.1", "2"))


def test_servers_ahead_of_the_list_leave_the_cluster_without_a_build() -> None:
    cluster = make_cluster(version="4.2.1.0")
    inventory.mirror_servers(cluster, [server(1), server(2)], timezone.now())
    cluster.refresh_from_db()
    assert cluster.build == ""


def test_a_vanished_server_is_marked_and_no_longer_counts_for_the_build() -> None:
    cluster = make_cluster(zones=0)
    at = timezone.now()
    inventory.mirror_servers(cluster, [server(1), server(2, build="99")], at)
    inventory.mirror_servers(cluster, [server(1)], at + timedelta(seconds=1))
    cluster.refresh_from_db()
    assert Server.objects.get(ocp_id=2).missing_since == at + timedelta(seconds=1)
    assert cluster.build == "101000062023110109"
    assert cluster.server_versions == [["4.2.1.1", "101000062023110109"]]
    assert not cluster.is_mixed


def test_a_slower_older_read_of_servers_does_not_overwrite_a_newer_one() -> None:
    cluster = make_cluster(zones=0)
    at = timezone.now()
    inventory.mirror_servers(cluster, [server(1, version="4.2.1.8")], at + timedelta(seconds=5))
    inventory.mirror_servers(cluster, [server(1), server(2)], at)
    cluster.refresh_from_db()
    assert Server.objects.get(ocp_id=1).version == "4.2.1.8"
    assert cluster.topology_observed_at == at + timedelta(seconds=5)


def test_unchanged_servers_cost_as_many_statements_for_three_as_for_thirty() -> None:
    counts = []
    for size in (3, 30):
        cluster = make_cluster(zones=0)
        servers = [server(number) for number in range(size)]
        at = timezone.now()
        inventory.mirror_servers(cluster, servers, at)
        with CaptureQueriesContext(connection) as queries:
            inventory.mirror_servers(cluster, servers, at + timedelta(seconds=1))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_parameters_that_ocp_does_not_give_leave_nothing_to_believe(look_alike: LookAlike, cluster: Cluster) -> None:
    topology.sync(cluster)
    look_alike.faults.add("status", path="parameters", status=403)
    assert topology.sync(cluster) is None
    cluster.refresh_from_db()
    assert cluster.facts == {}
    assert cluster.topology_failure is None


def failed_upgrade(look_alike: LookAlike, cluster: Cluster) -> int:
    """Somebody's upgrade of `cluster` that has failed in OCP; its task id."""
    started = control(look_alike, "POST", "/foreign-upgrade", cluster_id=cluster.ocp_id, rpmFileName=TARGET)
    control(look_alike, "POST", f"/tasks/{started['task_id']}/set", status="FAILED")
    return int(started["task_id"])


def test_failed_upgrades_are_kept_with_the_topology_so_that_a_draft_shows_them(
    look_alike: LookAlike, cluster: Cluster
) -> None:
    cluster = Cluster.objects.get(name="coupon_dev")
    task_id = failed_upgrade(look_alike, cluster)
    assert topology.sync(cluster) is None
    cluster.refresh_from_db()
    assert cluster.failed_leftover_ids == [task_id]
    look_alike.faults.add("status", path="/tasks/instances", status=403)
    assert topology.sync(cluster) is None
    cluster.refresh_from_db()
    assert cluster.failed_leftover_ids == [task_id]


def test_a_failed_upgrade_stays_though_newer_tasks_push_it_out_of_the_newest(
    look_alike: LookAlike, cluster: Cluster
) -> None:
    task_id = failed_upgrade(look_alike, cluster)
    topology.sync(cluster)
    failed = endpoints.client(cluster.endpoint).task(task_id)
    others = [replace(failed, id=10**6 + number, name="Backup", subtasks=()) for number in range(200)]
    preread.mirror_servers(cluster, [server(1)], others, timezone.now())
    cluster.refresh_from_db()
    assert cluster.failed_leftover_ids == [task_id]
    preread.mirror_servers(cluster, [server(1)], others[:199], timezone.now())
    cluster.refresh_from_db()
    assert cluster.failed_leftover_ids == []


def test_a_slower_older_read_does_not_take_failed_upgrades_back(look_alike: LookAlike, cluster: Cluster) -> None:
    task_id = failed_upgrade(look_alike, cluster)
    topology.sync(cluster)
    preread.mirror_servers(cluster, [server(1)], [], timezone.now() - timedelta(minutes=1))
    cluster.refresh_from_db()
    assert cluster.failed_leftover_ids == [task_id]


def test_one_cluster_that_ocp_cannot_tell_of_does_not_hide_the_others(look_alike: LookAlike, cluster: Cluster) -> None:
    broken = Cluster.objects.get(name="trade_core")
    look_alike.faults.add("status", path=f"/{broken.ocp_id}/servers", status=500)
    for _round in range(4):
        topology.sync_topologies(broken.endpoint)
    broken.refresh_from_db()
    assert broken.topology_failure["code"] == "ocp.server_error"
    assert Cluster.objects.filter(topology_observed_at=None).count() == 1
    assert Endpoint.objects.get().failing_since is None


def test_a_401_for_a_topology_opens_the_breaker_and_ends_the_batch(
    look_alike: LookAlike, cluster: Cluster, settings: Any
) -> None:
    settings.OCP_PASSWORD = "wrong"
    registration.register_from_environment()
    before = len(look_alike._requests_since(0))
    assert topology.sync_due(cluster.endpoint_id)
    assert len(look_alike._requests_since(0)) == before + 1
    assert Endpoint.objects.get().breaker_opened_at is not None
    Endpoint.objects.update(topology_due_at=None)
    topology.sync_due(cluster.endpoint_id)
    assert len(look_alike._requests_since(0)) == before + 1


def test_the_page_somebody_opened_is_read_before_the_rotation(look_alike: LookAlike, cluster: Cluster) -> None:
    Cluster.objects.update(topology_wanted_at=None)
    cluster.refresh_from_db()
    topology.want(cluster)
    topology.sync_topologies(cluster.endpoint)
    assert read_of(look_alike, "servers")[0] == cluster.ocp_id


def test_wanting_again_within_five_seconds_writes_nothing(cluster: Cluster) -> None:
    topology.sync(cluster)
    cluster.refresh_from_db()
    with CaptureQueriesContext(connection) as queries:
        topology.want(cluster)
    assert len(queries) == 0
    Cluster.objects.update(topology_tried_at=timezone.now() - timedelta(seconds=6))
    cluster.refresh_from_db()
    topology.want(cluster)
    cluster.refresh_from_db()
    assert cluster.topology_wanted_at is not None
    with CaptureQueriesContext(connection) as queries:
        topology.want(cluster)
    assert len(queries) == 0


def test_the_rotation_reads_the_longest_unread_and_rests_when_all_are_fresh(
    look_alike: LookAlike, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine a batch would end early.
    monkeypatch.setattr(topology, "BATCH_SECONDS", 60.0)
    Cluster.objects.update(topology_wanted_at=None)
    counts = [topology.sync_topologies(cluster.endpoint) for _round in range(4)]
    assert sum(counts) == 12
    assert sorted(read_of(look_alike, "servers")) == sorted(Cluster.objects.values_list("ocp_id", flat=True))
    Cluster.objects.update(topology_tried_at=timezone.now() - timedelta(seconds=61))
    assert topology.sync_topologies(cluster.endpoint) == topology.BATCH


def test_a_batch_is_followed_by_the_pause_that_its_requests_cost(look_alike: LookAlike, cluster: Cluster) -> None:
    topology.sync_due(cluster.endpoint_id)
    due_at = Endpoint.objects.get().topology_due_at
    requests = len(read_of(look_alike, "servers")) * topology.REQUESTS_PER_CLUSTER
    assert (due_at - timezone.now()).total_seconds() == pytest.approx(requests / topology.REQUESTS_PER_SECOND, abs=0.5)
    assert not endpoints.claim(cluster.endpoint_id, "topology", seconds=1)


def test_where_no_cluster_waits_nothing_is_claimed_or_written(look_alike: LookAlike, cluster: Cluster) -> None:
    Cluster.objects.update(topology_wanted_at=None, topology_tried_at=timezone.now())
    with CaptureQueriesContext(connection) as queries:
        assert not topology.sync_due(cluster.endpoint_id)
    assert [query["sql"][:6] for query in queries] == ["SELECT"]
    topology.want(cluster)
    Cluster.objects.filter(pk=cluster.pk).update(topology_wanted_at=timezone.now())
    assert topology.sync_due(cluster.endpoint_id)
    assert read_of(look_alike, "servers") == [cluster.ocp_id]


def test_vanished_zones_come_back() -> None:
    cluster = make_cluster(make_endpoint(), zones=0)
    at = timezone.now()
    zone = types.Zone(name="zone1", region="Shanghai", idc="sh1", status="RUNNING", servers=())
    for second, zones in enumerate([[zone], [], [zone]]):
        inventory.mirror_zones(cluster, zones, at + timedelta(seconds=second))
    assert Zone.objects.get().missing_since is None


def test_upgrades_that_ocp_shows_are_kept_newest_first_whoever_began_them(
    look_alike: LookAlike, cluster: Cluster
) -> None:
    task_id = failed_upgrade(look_alike, cluster)
    assert topology.sync(cluster) is None
    cluster.refresh_from_db()
    assert [(row["task_id"], row["status"]) for row in cluster.upgrades_in_ocp] == [(task_id, "FAILED")]
    failed = endpoints.client(cluster.endpoint).task(task_id)
    began = failed.start_time
    assert began is not None
    by_rollback = tuple(replace(step, status="PENDING", operation="ROLLBACK") for step in failed.subtasks)
    older = replace(failed, id=task_id + 9, start_time=began - timedelta(days=9), status="SUCCESSFUL", operation="")
    tasks = [replace(older, subtasks=by_rollback), failed, replace(failed, id=1, name="Backup", subtasks=())]
    preread.mirror_servers(cluster, [server(1)], tasks, timezone.now())
    preread.mirror_servers(cluster, [server(1)], [], timezone.now() - timedelta(minutes=1))
    cluster.refresh_from_db()
    assert [(row["task_id"], row["operation"]) for row in cluster.upgrades_in_ocp] == [
        (task_id, "EXECUTE"),
        (task_id + 9, "ROLLBACK"),
    ]
    assert all(row["creator_name"] and row["started_at"].endswith("+00:00") for row in cluster.upgrades_in_ocp)

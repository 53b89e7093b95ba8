"""The mirror of OCP's lists, read from the look-alike over HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_cluster, make_endpoint
from tests.services.rows import listed, package
from upgrades.models import AuditEvent, Cluster, Endpoint, Package
from upgrades.services import endpoints, inventory, registration
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.django_db


def paths(look_alike: LookAlike) -> list[str]:
    return [entry["path"] for entry in look_alike._requests_since(0)]


def test_the_fleet_is_mirrored_with_its_relations_and_ages(look_alike: LookAlike, endpoint: Endpoint) -> None:
    inventory.sync(endpoint)
    endpoint.refresh_from_db()
    primary, standby = Cluster.objects.filter(name__startswith="trade_core").order_by("name")
    assert Cluster.objects.count() == 12
    assert (primary.standby_ocp_ids, standby.primary_ocp_id) == ([standby.ocp_id], primary.ocp_id)
    assert primary.affected_ocp_ids == standby.affected_ocp_ids
    assert primary.environment == "production"
    assert Package.objects.filter(type="OB_SERVER_INSTALL_PACKAGE", sha1__regex="^[0-9a-f]{40}$").count() > 20
    assert endpoint.observed_at == endpoint.lists_observed_at == primary.observed_at
    assert endpoint.packages_observed_at is not None
    assert endpoint.ocp_version.startswith("4.2.2-")


def test_the_lists_stand_without_ocps_version_and_what_it_told_is_kept(
    look_alike: LookAlike, endpoint: Endpoint
) -> None:
    look_alike.faults.add(method="GET", path="/api/v2/info", action="status", status=404)
    Endpoint.objects.update(ocp_version="4.2.1")
    inventory.sync(endpoint)
    endpoint.refresh_from_db()
    assert (endpoint.failing_since, endpoint.ocp_version) == (None, "4.2.1")
    assert Package.objects.exists()


def test_the_last_answer_that_our_quota_allows_is_mirrored_and_puts_the_next_reads_off(
    look_alike: LookAlike, endpoint: Endpoint
) -> None:
    look_alike.faults.add(method="GET", path="/software-packages", action="last_allowed")
    inventory.sync(endpoint)
    endpoint.refresh_from_db()
    assert Package.objects.exists()
    assert (endpoint.failing_since, endpoint.observed_at) == (None, endpoint.lists_observed_at)
    assert endpoint.rate_limited_until is not None
    assert 50 < (endpoint.rate_limited_until - timezone.now()).total_seconds() <= 60
    asked = len(paths(look_alike))
    Endpoint.objects.update(inventory_due_at=None)
    inventory.sync_due(endpoint.pk)
    assert len(paths(look_alike)) == asked


def test_an_unchanged_list_of_thirty_costs_as_many_statements_as_one_of_three(settings: Any) -> None:
    counts = []
    for size in (3, 30):
        endpoint = make_endpoint()
        clusters = [listed(id=number) for number in range(size)]
        packages = [package(file_name=f"oceanbase-{number}.rpm") for number in range(size)]
        at = timezone.now()
        inventory.mirror_clusters(endpoint, clusters, at)
        inventory.mirror_packages(endpoint, packages, at)
        with CaptureQueriesContext(connection) as queries:
            inventory.mirror_clusters(endpoint, clusters, at + timedelta(seconds=60))
            inventory.mirror_packages(endpoint, packages, at + timedelta(seconds=60))
        writes = [query["sql"] for query in queries if query["sql"].startswith(("UPDATE", "INSERT"))]
        assert len(writes) == 4, writes
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert set(Cluster.objects.filter(endpoint=endpoint).values_list("observed_at", flat=True)) == {
        at + timedelta(seconds=60)
    }


def test_a_list_that_shrinks_marks_and_one_that_grows_again_clears(look_alike: LookAlike, endpoint: Endpoint) -> None:
    inventory.sync(endpoint)
    before = Cluster.objects.get(name="user_center")
    with look_alike.world.lock:
        kept = look_alike.world.clusters.pop(before.ocp_id)
        look_alike.world.list_texts.clear()
    inventory.sync(endpoint)
    gone = Cluster.objects.get(pk=before.pk)
    assert gone.missing_since is not None
    assert gone.observed_at == before.observed_at
    inventory.sync(endpoint)
    assert Cluster.objects.get(pk=before.pk).missing_since == gone.missing_since
    with look_alike.world.lock:
        look_alike.world.clusters[before.ocp_id] = kept
        look_alike.world.list_texts.clear()
    inventory.sync(endpoint)
    again = Cluster.objects.get(pk=before.pk)
    assert again.missing_since is None
    assert again.topology_wanted_at is not None


def test_an_empty_list_marks_everything_and_deletes_nothing() -> None:
    cluster = make_cluster()
    inventory.mirror_clusters(cluster.endpoint, [], timezone.now())
    cluster.refresh_from_db()
    assert cluster.missing_since is not None


def test_a_slower_older_read_does_not_overwrite_a_newer_one() -> None:
    endpoint = make_endpoint()
    older = timezone.now()
    newer = older + timedelta(seconds=5)
    inventory.mirror_clusters(endpoint, [listed(status="OPERATING"), listed(id=23, name="new_one")], newer)
    inventory.mirror_clusters(endpoint, [listed(status="RUNNING"), listed(id=24, name="since_gone")], older)
    shown = {row.name: row for row in Cluster.objects.all()}
    assert shown["trade_core"].status == "OPERATING"
    assert shown["new_one"].missing_since is None
    endpoint.refresh_from_db()
    assert endpoint.lists_observed_at == newer


def test_a_slower_older_read_does_not_bring_back_what_has_vanished_since() -> None:
    endpoint = make_endpoint()
    at = timezone.now()
    inventory.mirror_clusters(endpoint, [listed()], at)
    inventory.mirror_clusters(endpoint, [], at + timedelta(seconds=9))
    inventory.mirror_clusters(endpoint, [listed(status="STOPPED")], at + timedelta(seconds=5))
    row = Cluster.objects.get()
    assert (row.status, row.missing_since) == ("RUNNING", at + timedelta(seconds=9))


def test_a_changed_row_asks_for_its_topology_and_an_unchanged_one_does_not() -> None:
    endpoint = make_endpoint()
    at = timezone.now()
    inventory.mirror_clusters(endpoint, [listed(), listed(id=23, name="calm")], at)
    Cluster.objects.update(topology_wanted_at=None)
    inventory.mirror_clusters(
        endpoint, [listed(status="OPERATING"), listed(id=23, name="calm")], at + timedelta(seconds=1)
    )
    assert list(Cluster.objects.exclude(topology_wanted_at=None).values_list("name", flat=True)) == ["trade_core"]


def test_the_build_that_servers_told_stays_for_the_same_version_and_for_no_other() -> None:
    endpoint = make_endpoint()
    at = timezone.now()
    inventory.mirror_clusters(endpoint, [listed()], at)
    Cluster.objects.update(build="101000062023110109")
    inventory.mirror_clusters(endpoint, [listed(status="OPERATING")], at + timedelta(seconds=1))
    assert Cluster.objects.get().build == "101000062023110109"
    inventory.mirror_clusters(endpoint, [listed(version="4.2.1.8")], at + timedelta(seconds=2))
    assert Cluster.objects.get().build == ""


def test_another_cluster_under_a_known_id_falls_back_to_production() -> None:
    endpoint = make_endpoint()
    at = timezone.now()
    inventory.mirror_clusters(endpoint, [listed()], at)
    Cluster.objects.update(environment="dev", owner="payments", labels=["pci"])
    inventory.mirror_clusters(endpoint, [listed(status="OPERATING")], at + timedelta(seconds=1))
    assert Cluster.objects.values_list("environment", "owner", "labels").get() == ("dev", "payments", ["pci"])
    inventory.mirror_clusters(endpoint, [listed(name="ledger", ob_cluster_id=2002)], at + timedelta(seconds=2))
    assert Cluster.objects.values_list("environment", "owner", "labels").get() == ("production", "", [])
    event = AuditEvent.objects.get()
    assert event.reason["code"] == "cluster.another_under_its_id"
    assert event.before["owner"] == "payments"


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "\u202egnp.exe\u2066", "x" * 10_000, "", "%(code)s {{ 7*7 }}"]
)
def test_a_hostile_name_is_kept_as_data_and_cut_to_its_column(name: str) -> None:
    endpoint = make_endpoint()
    inventory.mirror_clusters(endpoint, [listed(name=name, version=name, status=name)], timezone.now())
    assert Cluster.objects.get().name == name[:255]


def test_a_401_stops_all_reading_at_once(look_alike: LookAlike, endpoint: Endpoint, settings: Any) -> None:
    settings.OCP_PASSWORD = "wrong"
    registration.register_from_environment()
    assert inventory.sync_due(endpoint.pk)
    assert len(paths(look_alike)) == 1
    Endpoint.objects.update(inventory_due_at=None)
    assert inventory.sync_due(endpoint.pk)
    assert endpoints.due("inventory") == []
    assert len(paths(look_alike)) == 1
    settings.OCP_PASSWORD = look_alike.password
    registration.register_from_environment()
    Endpoint.objects.update(inventory_due_at=None)
    inventory.sync_due(endpoint.pk)
    assert Cluster.objects.count() == 12


def test_the_lists_are_read_once_an_interval_however_often_the_clock_ticks(
    look_alike: LookAlike, endpoint: Endpoint
) -> None:
    done = [inventory.sync_due(endpoint.pk) for _tick in range(3)]
    assert done == [True, False, False]
    assert len([path for path in paths(look_alike) if path.startswith("/api/v2/ob/clusters")]) == 1


def test_a_silent_ocp_leaves_the_mirror_as_it_was(look_alike: LookAlike, endpoint: Endpoint, settings: Any) -> None:
    inventory.sync(endpoint)
    before = Endpoint.objects.get(pk=endpoint.pk).observed_at
    look_alike.stop()
    inventory.sync(endpoint)
    endpoint.refresh_from_db()
    assert endpoint.failure["code"] == "ocp.not_sent"
    assert (endpoint.observed_at, Cluster.objects.filter(missing_since=None).count()) == (before, 12)

"""The page of one cluster: servers, packages, why a button is off, its environment."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import (
    make_change_request,
    make_cluster,
    make_endpoint,
    make_package,
    make_run,
    make_server,
    make_user,
)
from tests.views.pages import client_of, names_of, page_of, text_of
from upgrades.models import AuditEvent, Cluster, ClusterHold, Endpoint, UpgradeRun
from upgrades.rules import workflow

pytestmark = pytest.mark.django_db


@pytest.fixture
def endpoint() -> Endpoint:
    return make_endpoint(name="prod-shanghai")


@pytest.fixture
def reader(endpoint: Endpoint) -> Client:
    return client_of(make_user("vera", "viewer"))


# --- the page of one cluster -----------------------------------------------------------------------------------


def test_the_page_shows_every_server_with_its_version_and_asks_for_a_fresh_look(reader: Client) -> None:
    cluster = make_cluster(zones=3, servers=2, topology_tried_at=timezone.now() - timedelta(minutes=1))
    text = text_of(reader, page_of(cluster))
    assert all(server.ip in text for server in cluster.servers.all())
    assert "All 6 servers report one build: 4.2.1.1-101000062023110109" in text
    cluster.refresh_from_db()
    assert cluster.topology_wanted_at is not None


def test_mixed_versions_are_loud_and_nothing_can_be_asked_for(endpoint: Endpoint) -> None:
    make_package(endpoint)
    cluster = make_cluster(zones=3)
    client = client_of(make_user("olga", "operator"))
    assert f'href="/change-requests/new/?cluster={cluster.pk}"' in text_of(client, page_of(cluster))
    make_server(cluster, version="4.2.1.8", build="108000022024072217", zone_name="zone3")
    text = text_of(client, page_of(cluster))
    assert "Its servers run different versions" in text
    assert "4.2.1.1-101000062023110109 on 3, 4.2.1.8-108000022024072217 on 1" in text
    assert "/change-requests/new/" not in text
    assert "No package can be taken now" in text
    # What holds for every package says whose rule it is, too.
    assert "Source: OceanBase, tools/upgrade/upgrade_checker.py" in text


def test_packages_come_with_their_hops_or_the_reason_why_not(reader: Client, endpoint: Endpoint) -> None:
    cluster = make_cluster()
    make_package(endpoint)
    make_package(endpoint, version="4.3.3.0", build="100000142024101215")
    make_package(endpoint, version="4.2.1.0", build="100000102023092807")
    make_package(endpoint, version="4.2.1.8", build="108000022024072217", architecture="aarch64")
    text = text_of(reader, page_of(cluster))
    assert "1 package can be taken" in text
    assert "OceanBase cannot go from before 4.3 to 4.3.3.0-100000142024101215 in place." in text
    assert "4.2.1.0-100000102023092807 is older than 4.2.1.1-101000062023110109." in text
    assert "The package is for aarch64, the cluster is x86_64." in text


@pytest.mark.parametrize("role", ["viewer", "auditor", "approver", "admin"])
def test_who_may_not_write_a_request_reads_who_can(endpoint: Endpoint, role: str) -> None:
    make_package(endpoint)
    text = text_of(client_of(make_user("someone", role)), page_of(make_cluster()))
    assert "/change-requests/new/" not in text
    assert "Operators of production can write one." in text


def test_an_open_request_has_the_place_and_is_linked(endpoint: Endpoint) -> None:
    make_package(endpoint)
    cluster = make_cluster()
    change_request = make_change_request(cluster)
    text = text_of(client_of(make_user("olga", "operator")), page_of(cluster))
    assert "/change-requests/new/" not in text
    assert "has the place." in text
    assert reverse("requests-detail", args=[change_request.pk]) in text


def test_a_hold_names_its_run(reader: Client) -> None:
    cluster = make_cluster()
    run = make_run(make_change_request(cluster, status=workflow.RequestStatus.IN_PROGRESS))
    ClusterHold.objects.create(cluster=cluster, run=run)
    assert f"Held by the run of {run.number}" in text_of(reader, page_of(cluster))


def test_a_cluster_never_read_says_so(reader: Client) -> None:
    cluster = make_cluster(zones=0, topology_observed_at=None, facts={})
    text = text_of(reader, page_of(cluster))
    assert "The servers have not been read yet" in text
    assert text.count("not told by OCP") == 3


def test_a_failed_look_at_the_servers_says_why_and_how_old_they_are(reader: Client) -> None:
    cluster = make_cluster(topology_failure={"code": "ocp.server_error", "params": {"http_status": 502}})
    text = text_of(reader, page_of(cluster))
    assert "The servers of this cluster could not be read" in text
    assert "OCP failed on its own side (502)." in text


def test_a_vanished_cluster_stays_readable_and_says_since_when(reader: Client) -> None:
    cluster = make_cluster(missing_since=timezone.now())
    assert "OCP does not show this cluster since" in text_of(reader, page_of(cluster))


def test_the_history_tells_ours_and_what_only_ocp_knows(reader: Client) -> None:
    def upgrade(task_id: int, **over: str) -> dict[str, str | int]:
        told = {"status": "SUCCESSFUL", "operation": "", "creator_name": "root", "started_at": ""}
        return {"task_id": task_id, **told, **over}

    rolled_back = upgrade(72, operation="ROLLBACK", started_at="2024-05-03T02:10:00+00:00", creator_name="<b>wu")
    cluster = make_cluster(upgrades_in_ocp=[upgrade(73), rolled_back])
    run = make_run(make_change_request(cluster, status=workflow.RequestStatus.IN_PROGRESS))
    text = text_of(reader, page_of(cluster))
    assert run.number in text
    assert text.count("no run here is bound to it") == 2
    assert "&lt;b&gt;wu" in text
    assert "SUCCESSFUL by ROLLBACK" in text
    assert "2024-05-03T02:10:00+00:00" in text
    # Once a run is bound to the task, it is ours.
    UpgradeRun.objects.update(ocp_task_id=73)
    text = text_of(reader, page_of(cluster))
    assert "OCP task 73" not in text
    assert "OCP task 72" in text


# --- the environment -------------------------------------------------------------------------------------------


def test_an_admin_sets_the_environment_and_others_are_refused(endpoint: Endpoint) -> None:
    cluster = make_cluster()
    address = reverse("clusters-environment", args=[cluster.pk])
    for role in ("viewer", "operator", "approver", "auditor"):
        assert client_of(make_user(role, role)).post(address, {"environment": "dev"}).status_code == 403
    admin = client_of(make_user("ada", "admin"))
    assert admin.get(address).status_code == 405
    assert admin.post(address, {"environment": "moon"}).status_code == 400
    assert admin.post(address, {"environment": "dev"}).headers["Location"] == page_of(cluster)
    assert Cluster.objects.get().environment == "dev"
    make_change_request(cluster)
    assert admin.post(address, {"environment": "production"}).status_code == 409


def test_the_environment_button_says_why_it_is_off(endpoint: Endpoint) -> None:
    cluster = make_cluster()
    assert "Admins of this environment can set it." in text_of(
        client_of(make_user("olga", "operator")), page_of(cluster)
    )
    make_change_request(cluster)
    text = text_of(client_of(make_user("ada", "admin")), page_of(cluster))
    assert "A change request has this cluster." in text


# --- owner and labels ------------------------------------------------------------------------------------------


def test_an_operator_sets_owner_and_labels_and_finds_the_cluster_by_them(endpoint: Endpoint) -> None:
    cluster, other = make_cluster(name="front"), make_cluster(name="other")
    address = reverse("clusters-describe", args=[cluster.pk])
    olga = client_of(make_user("olga", "operator"))
    answer = olga.post(address, {"owner": "Payments", "labels": "tier-1\uff0c pci,"})
    assert answer.headers["Location"] == page_of(cluster)
    text = text_of(olga, page_of(cluster))
    assert 'href="/clusters/?owner=Payments"' in text
    assert 'href="/clusters/?label=tier-1"' in text
    assert 'value="pci, tier-1"' in text
    assert names_of(olga, "?label=tier-1") == names_of(olga, "?owner=Payments") == ["front"]
    assert names_of(olga, "?label=tier") == []
    assert '<option value="Payments"' in text_of(olga, "/clusters/")
    assert Cluster.objects.get(pk=other.pk).labels == []


def test_what_was_typed_stays_when_it_cannot_be_taken_and_an_old_form_is_refused(endpoint: Endpoint) -> None:
    cluster = make_cluster()
    address = reverse("clusters-describe", args=[cluster.pk])
    olga = client_of(make_user("olga", "operator"))
    answer = olga.post(address, {"owner": "Payments", "labels": "x" * 41})
    assert answer.status_code == 400
    assert 'value="Payments"' in answer.text
    assert "At most 40 characters fit in a label." in answer.text
    assert olga.post(address, {"owner": "o" * 101, "labels": ""}).status_code == 400
    stale = {"owner": "Payments", "labels": "", "seen": '{"owner": "somebody", "labels": []}'}
    assert olga.post(address, stale).status_code == 409
    assert Cluster.objects.get().owner == ""


@pytest.mark.parametrize("role", ["viewer", "approver", "auditor", "admin"])
def test_who_may_not_describe_a_cluster_reads_who_can(endpoint: Endpoint, role: str) -> None:
    cluster = make_cluster()
    client = client_of(make_user("someone", role))
    assert "Operators of this environment can set them." in text_of(client, page_of(cluster))
    for values in ({"owner": "me"}, {"owner": "o" * 101}):
        assert client.post(reverse("clusters-describe", args=[cluster.pk]), values).status_code == 403
    assert AuditEvent.objects.filter(action="cluster.describe", outcome=AuditEvent.Outcome.REFUSED).count() == 2

"""The clusters' pages: who sees what, what they say when OCP is silent, and names that mean harm."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_cluster, make_endpoint, make_package, make_server, make_user
from upgrades.models import ChangeRequest, Cluster, ClusterHold, Endpoint, UpgradeRun, User
from upgrades.rules import workflow

pytestmark = pytest.mark.django_db

LIST = "/clusters/"
HARM = "\u202e<img src=x onerror=alert(1)>{{ 7|add:7 }}" + "W" * 200


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def endpoint() -> Endpoint:
    return make_endpoint(name="prod-shanghai")


@pytest.fixture
def reader(endpoint: Endpoint) -> Client:
    return client_of(make_user("vera", "viewer"))


def text_of(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, response.content[:2000]
    return response.content.decode()


def names_of(client: Client, query: str = "") -> list[str]:
    """The clusters that the list shows, in order."""
    return re.findall(r'<a class="name long" href="[^"]*"><bdi>([^<]*)</bdi>', text_of(client, LIST + query))


def page_of(cluster: Cluster) -> str:
    return reverse("clusters-detail", args=[cluster.pk])


def request_for(cluster: Cluster, **over: Any) -> ChangeRequest:
    values: dict[str, Any] = {
        "endpoint": cluster.endpoint,
        "cluster": cluster,
        "target_file_name": "oceanbase-4.2.1.8-108000022024072217.el7.x86_64.rpm",
        "purpose": "test",
        "requester": make_user(),
        "status": workflow.RequestStatus.IN_REVIEW,
        "plan": {},
        "fingerprint": "f" * 64,
    }
    return ChangeRequest.objects.create(**values | over)


def run_of(change_request: ChangeRequest) -> UpgradeRun:
    return UpgradeRun.objects.create(
        change_request=change_request,
        endpoint=change_request.endpoint,
        status="unconfirmed",
        cluster_ocp_id=change_request.cluster.ocp_id,
        affected_ocp_ids=[change_request.cluster.ocp_id],
        body="{}",
        fingerprint="f" * 64,
        worker_token="t",
    )


# --- who sees what ---------------------------------------------------------------------------------------------


def test_a_person_sees_the_clusters_of_the_own_environments_and_no_other(endpoint: Endpoint) -> None:
    here, there = make_cluster(environment="dev"), make_cluster(environment="production")
    client = client_of(make_user("dev.viewer", ("viewer", "dev")))
    assert names_of(client) == [here.name]
    assert client.get(page_of(here)).status_code == 200
    assert client.get(page_of(there)).status_code == 404
    assert client.post(reverse("clusters-environment", args=[there.pk]), {"environment": "dev"}).status_code == 404
    assert Client().get(LIST).headers["Location"].startswith("/sign-in/?next=")


def test_a_person_without_a_role_sees_nothing_and_learns_why(endpoint: Endpoint) -> None:
    make_cluster()
    text = text_of(client_of(make_user("new")), LIST)
    assert "You have no role yet" in text
    assert "cluster_" not in text


def test_a_standby_in_another_environment_is_not_named(endpoint: Endpoint) -> None:
    standby = make_cluster(name="secret_standby", environment="production")
    primary = make_cluster(name="front", environment="dev", standby_ocp_ids=[standby.ocp_id])
    client = client_of(make_user("dev.viewer", ("viewer", "dev")))
    for address in (LIST, page_of(primary)):
        text = text_of(client, address)
        assert "secret_standby" not in text
        assert "standby" in text


# --- the list --------------------------------------------------------------------------------------------------


def test_clusters_are_grouped_by_version_newest_first_and_by_numbers(reader: Client) -> None:
    for version in ("4.2.1.8", "4.2.1.10", "3.1.2", "odd"):
        make_cluster(name=f"at_{version}", version=version)
    assert names_of(reader) == ["at_4.2.1.10", "at_4.2.1.8", "at_3.1.2", "at_odd"]
    assert '<b class="long">4.2.1.10</b>1 cluster' in text_of(reader, LIST)


def test_filters_and_order_live_in_the_address(reader: Client) -> None:
    one = make_cluster(name="alpha", environment="dev", region_names=["Hangzhou"], status="OPERATING")
    two = make_cluster(name="beta", region_names=["Shanghai"])
    make_server(two, ip="10.99.0.7")
    assert names_of(reader, "?q=ALPH") == ["alpha"]
    assert names_of(reader, "?q=10.99.0") == ["beta"]
    assert names_of(reader, f"?q={one.ocp_id}") == ["alpha"]
    assert names_of(reader, "?region=Shanghai") == ["beta"]
    assert names_of(reader, "?state=OPERATING") == ["alpha"]
    assert names_of(reader, "?environment=dev") == ["alpha"]
    assert names_of(reader, "?sort=-name") == ["beta", "alpha"]
    assert names_of(reader, "?sort=drop+table&environment=moon&page=999") == ["alpha", "beta"]


def test_the_quick_filters_show_what_they_count(reader: Client) -> None:
    taken, mixed, gone = make_cluster(name="taken"), make_cluster(name="mixed"), make_cluster(name="gone")
    request_for(taken)
    make_server(mixed, version="4.2.1.8", build="1")
    Cluster.objects.filter(pk=gone.pk).update(missing_since=timezone.now())
    assert names_of(reader, "?only=open") == ["taken"]
    assert names_of(reader, "?only=mixed") == ["mixed"]
    assert names_of(reader, "?only=gone") == ["gone"]
    assert "gone" not in names_of(reader)


def test_the_row_shows_the_status_of_the_run_once_there_is_one(reader: Client) -> None:
    change_request = request_for(make_cluster(), status=workflow.RequestStatus.IN_PROGRESS)
    assert 'data-status="in_progress"' in text_of(reader, LIST)
    run_of(change_request)
    assert 'data-status="unconfirmed"' in text_of(reader, LIST)


def test_a_row_says_where_the_cluster_can_go_or_what_stands_in_the_way(reader: Client, endpoint: Endpoint) -> None:
    make_package(endpoint, version="4.2.1.2", build="102000042023120514")
    make_cluster(name="behind")
    make_cluster(name="ahead", version="4.2.1.8", build="108000022024072217")
    make_cluster(name="dumb", version="", build="", zones=0)
    rows = {
        name: row for row in text_of(reader, LIST).split("<tr>") for name in re.findall(r"<bdi>(\w+)</bdi></a>", row)
    }
    assert "4.2.1.2" in rows["behind"]
    assert "nothing newer" in rows["ahead"]
    assert "OCP does not say which version runs." in rows["dumb"]


def test_the_list_costs_as_many_queries_for_thirty_clusters_as_for_three(reader: Client, endpoint: Endpoint) -> None:
    make_package(endpoint)
    names_of(reader)
    counts = []
    for _round in range(2):
        for number in range(3 if not counts else 27):
            cluster = make_cluster(name=f"c{len(counts)}_{number}", version=f"4.2.1.{number}")
            request_for(cluster)
        with CaptureQueriesContext(connection) as queries:
            names = names_of(reader)
        counts.append(len(queries))
    assert len(names) == 30
    assert counts[0] == counts[1]


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
    change_request = request_for(cluster)
    text = text_of(client_of(make_user("olga", "operator")), page_of(cluster))
    assert "/change-requests/new/" not in text
    assert "has the place." in text
    assert reverse("requests-detail", args=[change_request.pk]) in text


def test_a_hold_names_its_run(reader: Client) -> None:
    cluster = make_cluster()
    run = run_of(request_for(cluster, status=workflow.RequestStatus.IN_PROGRESS))
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


# --- silent, refused, empty ------------------------------------------------------------------------------------


def test_a_silent_ocp_says_since_when_what_it_means_and_why(reader: Client) -> None:
    cluster = make_cluster()
    Endpoint.objects.update(
        failing_since=timezone.now(), failure={"code": "ocp.deadline_passed", "params": {}}, failure_count=3
    )
    for address in (LIST, page_of(cluster)):
        text = text_of(reader, address)
        assert "prod-shanghai cannot be read since" in text
        assert "OCP did not answer in time. Failures in a row: 3." in text
        assert "OCP is silent" in text


def test_an_open_breaker_says_that_reading_stopped_and_what_ends_it(reader: Client) -> None:
    Endpoint.objects.update(
        failing_since=timezone.now(),
        breaker_opened_at=timezone.now(),
        failure={"code": "ocp.unauthorized", "params": {}},
        failure_trace_id="8ae3dcf2",
    )
    text = text_of(reader, LIST)
    assert "prod-shanghai does not accept our sign-in (401)" in text
    assert "8ae3dcf2" in text


def test_a_silent_worker_is_not_blamed_on_ocp(reader: Client) -> None:
    make_cluster()
    Endpoint.objects.update(lists_observed_at=timezone.now() - timedelta(minutes=10))
    text = text_of(reader, LIST)
    assert "our worker is silent" in text
    assert "cannot be read since" not in text


def test_each_empty_list_says_what_it_is(reader: Client, endpoint: Endpoint) -> None:
    assert "OCP answered with no clusters" in text_of(reader, LIST)
    assert "No cluster matches" in text_of(reader, LIST + "?q=nothing")
    make_cluster(missing_since=timezone.now())
    assert "OCP shows none of its clusters any more" in text_of(reader, LIST)
    Cluster.objects.all().delete()
    Endpoint.objects.update(lists_observed_at=None)
    assert "prod-shanghai has not been read yet" in text_of(reader, LIST)
    Endpoint.objects.all().delete()
    assert "No OCP is connected" in text_of(reader, LIST)


def test_plain_http_is_a_warning(reader: Client) -> None:
    assert "plain http" in text_of(reader, LIST)
    Endpoint.objects.update(base_url="https://ocp.example.com")
    assert "plain http" not in text_of(reader, LIST)


# --- harm ------------------------------------------------------------------------------------------------------


def test_names_from_ocp_neither_run_nor_turn_the_page_round(reader: Client, endpoint: Endpoint) -> None:
    make_package(endpoint, file_name=HARM, version=HARM[:60], name=HARM[:120])
    cluster = make_cluster(
        name=HARM, status=HARM[:60], version=HARM[:60], type=HARM[:30], region_names=[HARM], architecture=HARM[:30]
    )
    cluster.servers.update(ip=HARM[:100], status=HARM[:60], version=HARM[:60])
    cluster.zones.update(region=HARM[:100], idc=HARM[:100], status=HARM[:60])
    for address in (LIST, page_of(cluster)):
        text = text_of(reader, address)
        assert "<img src=x" not in text
        body = text[text.index("<main") : text.index("</main>")]
        shown = re.sub(r'value="[^"]*"', "", body)
        assert "\u202e" not in shown
        assert r"\u202e&lt;img" in shown


def test_a_cluster_without_a_name_can_still_be_opened(reader: Client) -> None:
    cluster = make_cluster(name="")
    assert names_of(reader) == [f"cluster {cluster.ocp_id}"]


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
    request_for(cluster)
    assert admin.post(address, {"environment": "production"}).status_code == 409


def test_the_environment_button_says_why_it_is_off(endpoint: Endpoint) -> None:
    cluster = make_cluster()
    assert "Admins of this environment can set it." in text_of(
        client_of(make_user("olga", "operator")), page_of(cluster)
    )
    request_for(cluster)
    text = text_of(client_of(make_user("ada", "admin")), page_of(cluster))
    assert "A change request has this cluster." in text

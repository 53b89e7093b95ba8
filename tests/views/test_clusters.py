"""The clusters' pages: who sees what, what they say when OCP is silent, and names that mean harm."""

import re

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
from upgrades import selectors
from upgrades.models import Cluster, Endpoint
from upgrades.rules import workflow
from upgrades.views import cluster_filters

pytestmark = pytest.mark.django_db

LIST = "/clusters/"
HARM = "\u202e<img src=x onerror=alert(1)>{{ 7|add:7 }}" + "W" * 200


@pytest.fixture
def endpoint() -> Endpoint:
    return make_endpoint(name="prod-shanghai")


@pytest.fixture
def reader(endpoint: Endpoint) -> Client:
    return client_of(make_user("vera", "viewer"))


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
    make_cluster(make_endpoint(name="west"), name="gamma", version="4.2.2.0", architecture="aarch64")
    assert names_of(reader, "?version=4.2.2.0") == names_of(reader, "?architecture=aarch64") == ["gamma"]
    assert names_of(reader, "?endpoint=west") == ["gamma"]
    assert names_of(reader, "?endpoint=west&version=4.2.1.1") == []
    Cluster.objects.filter(name="gamma").delete()
    assert names_of(reader, "?sort=-name") == ["beta", "alpha"]
    assert names_of(reader, "?sort=drop+table&environment=moon&page=999") == ["alpha", "beta"]


def test_the_order_by_version_can_be_turned_round(reader: Client) -> None:
    for version in ("4.2.1.8", "4.2.1.10", "3.1.2"):
        make_cluster(name=f"at_{version}", version=version)
    assert names_of(reader, "?sort=-version") == ["at_3.1.2", "at_4.2.1.8", "at_4.2.1.10"]


def test_the_spread_counts_the_versions_of_what_is_shown_and_leads_to_each(reader: Client) -> None:
    for number, version in enumerate(["4.2.1.8", "4.2.1.8", "4.2.1.10", ""]):
        make_cluster(name=f"c{number}", version=version, environment="dev" if number else "production")
    text = text_of(reader, LIST + "?environment=dev&page=2")
    words = re.findall(r'<a class="chip" href="([^"]*version=[^"]*)">([\d.]+)\s*<span class="n">(\d+)', text)
    assert words == [
        ("?environment=dev&amp;version=4.2.1.10", "4.2.1.10", "1"),
        ("?environment=dev&amp;version=4.2.1.8", "4.2.1.8", "1"),
    ]
    assert names_of(reader, "?version=4.2.1.8") == ["c0", "c1"]
    chosen = text_of(reader, LIST + "?version=4.2.1.8")
    assert re.search(r'aria-current="true" href="/clusters/">4.2.1.8|aria-current="true" href="\?">4.2.1.8', chosen)
    assert "4.2.1.10" in chosen


@pytest.mark.parametrize(
    "filters",
    [
        *({"only": only} for only in ("", "mixed", "gone", "open")),
        {"environment": "dev", "sort": "name", "version": "4.2.1.8"},
        {"region": "Hangzhou", "state": "RUNNING"},
        {"architecture": "aarch64", "only": "mixed"},
        {"endpoint": "far-away"},
        {"owner": "payments"},
        {"q": "one"},
    ],
)
def test_versions_are_counted_alike_from_kinds_and_from_rows(endpoint: Endpoint, filters: dict[str, str]) -> None:
    far, user = make_endpoint(name="far-away"), make_user("vera", "viewer")
    make_cluster(endpoint, zones=0, name="one", environment="dev", region_names=["Hangzhou", "Shanghai"])
    make_cluster(endpoint, zones=0, version="4.2.1.8", environment="dev", missing_since=timezone.now())
    odd = make_cluster(far, zones=1, version="", architecture="aarch64", status="OPERATING", owner="payments")
    make_server(odd, version="4.2.1.8")
    newer = {"version": "4.2.1.10", "region_names": ["Hangzhou"], "architecture": "aarch64"}
    make_change_request(make_cluster(far, zones=0, **newer))
    filters = {name: value for name, value in filters.items() if value}
    counted = cluster_filters.versions_of(user, selectors.census(user), filters)
    rows = selectors.cluster_list(user, {**filters, "version": ""})
    assert list(counted.items()) == list(selectors.version_counts(rows).items())
    assert counted


def test_a_filter_offers_what_occurs_and_keeps_what_the_address_says(reader: Client) -> None:
    make_cluster(region_names=["Hangzhou"], architecture="x86_64")
    make_cluster(region_names=["Shanghai"], architecture="x86_64")
    text = text_of(reader, LIST)
    assert '<select class="in in--small" name="region"' in text
    assert 'name="architecture"' not in text
    assert '<option value="sparc" selected>' in text_of(reader, LIST + "?architecture=sparc")
    assert '<input type="hidden" name="version" value="4.2.1.1">' in text_of(reader, LIST + "?version=4.2.1.1")


def test_the_quick_filters_show_what_they_count(reader: Client) -> None:
    taken, mixed, gone = make_cluster(name="taken"), make_cluster(name="mixed"), make_cluster(name="gone")
    make_change_request(taken)
    make_server(mixed, version="4.2.1.8", build="1")
    Cluster.objects.filter(pk=gone.pk).update(missing_since=timezone.now())
    assert names_of(reader, "?only=open") == ["taken"]
    assert names_of(reader, "?only=mixed") == ["mixed"]
    assert names_of(reader, "?only=gone") == ["gone"]
    assert "gone" not in names_of(reader)


def test_the_row_shows_the_status_of_the_run_once_there_is_one(reader: Client) -> None:
    change_request = make_change_request(make_cluster(), status=workflow.RequestStatus.IN_PROGRESS)
    assert 'data-status="in_progress"' in text_of(reader, LIST)
    make_run(change_request)
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


# --- empty lists and relatives --------------------------------------------------------------------------------


def test_a_standby_is_looked_for_at_its_own_ocp(reader: Client, endpoint: Endpoint) -> None:
    far = make_endpoint(name="far-away")
    for where, name in ((endpoint, "near"), (far, "far")):
        make_cluster(where, name=f"{name}_primary", ocp_id=1, standby_ocp_ids=[2])
        make_cluster(where, name=f"{name}_standby", ocp_id=2, primary_ocp_id=1)
    text = text_of(reader, LIST)
    for name in ("near", "far"):
        assert f"has standby {name}_standby" in text
        assert f"standby of {name}_primary" in text


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

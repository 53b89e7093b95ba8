"""The page of one package: which clusters it serves, which hop lacks what on which system, and its history."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_change_request, make_cluster, make_endpoint, make_package, make_user
from tests.views.pages import client_of, text_of
from upgrades.models import Endpoint, Package
from upgrades.views.package_facts import NAMED

pytestmark = pytest.mark.django_db

OLD = {"version": "4.1.0.1", "build": "101000052023041414"}


@pytest.fixture
def endpoint() -> Endpoint:
    return make_endpoint(name="prod-shanghai")


@pytest.fixture
def reader(endpoint: Endpoint) -> Client:
    return client_of(make_user("vera", "viewer"))


def page_of(package: Package) -> str:
    return reverse("packages-detail", args=[package.pk])


def words_of(client: Client, package: Package) -> str:
    """The page's main part as words, without its marks."""
    main = text_of(client, page_of(package)).partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", main))


def test_clusters_stand_by_verdict_each_with_reason_and_source(reader: Client, endpoint: Endpoint) -> None:
    package = make_package(endpoint, version="4.2.1.2", build="108000022024072217")
    make_cluster(endpoint, name="ready")
    make_cluster(endpoint, name="two_zones", zones=2)
    make_cluster(endpoint, name="far_behind", **OLD)
    make_cluster(endpoint, name="walled", version="3.1.2", build="1")
    make_cluster(endpoint, name="arm", architecture="aarch64")
    words = words_of(reader, package)
    order = ["Possible now 1", "Possible, with cautions 1", "A package is missing 1", "Cannot 1", "Not for them 1"]
    places = [words.index(text) for text in order]
    assert places == sorted(places)
    parts = [words[start:end] for start, end in zip(places, [*places[1:], None], strict=True)]
    for part, name in zip(parts, ("ready", "two_zones", "far_behind", "walled", "arm"), strict=True):
        assert name in part
    assert "An upgrade that rolls without an interruption needs 3" in parts[1]
    assert "The package of a hop is missing: 4.2.1.1 for x86_64, el7." in parts[2]
    assert "Nobody can override this" in parts[3]
    assert all("Source:" in part for part in parts[1:])
    assert "2 clusters can take it" in words
    assert "1 lacks a package on the way" in words
    shown = text_of(reader, "/packages/")
    assert "2 clusters" in shown
    assert "1 lacks a hop" in shown


def test_each_system_says_which_hop_lacks_which_package(reader: Client, endpoint: Endpoint) -> None:
    package = make_package(endpoint)
    make_package(endpoint, architecture="aarch64", operating_system="el8")
    make_cluster(endpoint, **OLD)
    make_cluster(endpoint, architecture="aarch64")
    make_cluster(endpoint, architecture="loongarch64")
    words = words_of(reader, package).partition("Hops on the way")[2]
    x86, arm, other = (words.index(name) for name in ("el7 x86_64", "el8 aarch64", " loongarch64 "))
    assert x86 < arm < other
    missing = re.findall(r"missing: oceanbase-ce-(\S+) x86_64 el7", words[x86:arm])
    assert missing
    assert package.file_name in words[x86:arm]
    assert "on the way of 1 cluster" in words[x86:arm]
    assert "missing" not in words[arm:other].partition("every package is there")[0]
    assert "missing: oceanbase-ce-4.2.1.8-108000022024072217 loongarch64" in words[other:]
    for version in missing:
        make_package(endpoint, version=version.partition("-")[0], build="909000002024072217")
    assert "x86_64 el7" not in words_of(reader, package).partition("Hops on the way")[2].partition("el8 aarch64")[0]


def test_a_link_leads_to_a_request_for_who_may_write_one_where_none_is_open(endpoint: Endpoint) -> None:
    package = make_package(endpoint)
    free, taken = make_cluster(endpoint, name="free", environment="dev"), make_cluster(endpoint, environment="dev")
    foreign = make_cluster(endpoint, environment="staging")
    make_change_request(taken)
    olga = client_of(make_user("olga", ("operator", "dev"), ("viewer", "staging")))
    text = text_of(olga, page_of(package))
    links = re.findall(r'href="([^"]*change-requests/new/[^"]*)"', text)
    assert links == [f"/change-requests/new/?cluster={free.pk}&amp;package={package.file_name}"]
    assert "has an open request" in text
    assert foreign.name in text
    chosen = text_of(olga, links[0].replace("&amp;", "&"))
    assert re.search(rf'value="{re.escape(package.file_name)}"[^>]*checked', chosen)
    assert "change-requests/new/" not in text_of(client_of(make_user("vera", "viewer")), page_of(package))


def test_readers_see_the_clusters_of_their_environments_and_strangers_nothing(endpoint: Endpoint) -> None:
    package = make_package(endpoint)
    make_cluster(endpoint, name="hidden_one", environment="production")
    make_cluster(make_endpoint(), name="of_another_ocp")
    dev = client_of(make_user("dev", ("viewer", "dev")))
    assert "hidden_one" not in text_of(dev, page_of(package))
    assert "No cluster of yours can take it now" in text_of(dev, page_of(package))
    assert "of_another_ocp" not in text_of(client_of(make_user("all", "viewer")), page_of(package))
    text_of(client_of(make_user("nobody")), page_of(package), status=404)


def test_the_facts_keep_what_the_package_was_before(reader: Client, endpoint: Endpoint) -> None:
    package = make_package(endpoint, replaced_at=timezone.now(), previous_sha1="4e61" * 10, sha1="90af" * 10)
    words = words_of(reader, package)
    assert "4e61" * 10 in words
    assert "218 MB" in words
    assert "4.2.2-20240315150922" in words
    assert "Same file name, other content" in text_of(reader, page_of(package))


def test_packages_that_serve_nobody_say_why(reader: Client, endpoint: Endpoint) -> None:
    gone = make_package(endpoint, missing_since=timezone.now())
    proxy = make_package(endpoint, name="obproxy", file_name="obproxy.rpm", type="OBPROXY_INSTALL_PACKAGE", version="")
    assert "OCP no longer holds this package" in words_of(reader, gone)
    assert "This is no package of OceanBase itself" in words_of(reader, proxy)


def test_the_page_costs_as_many_queries_for_thirty_clusters_as_for_three(reader: Client, endpoint: Endpoint) -> None:
    package = make_package(endpoint)
    counts = []
    text_of(reader, page_of(package))
    for size in (3, 27):
        for number in range(size):
            make_cluster(endpoint, build=f"{size}{number % 3}", zones=1)
        with CaptureQueriesContext(connection) as queries:
            text = text_of(reader, page_of(package))
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert text.count("/clusters/") < 6 * (NAMED + 2) + 5
    assert "and 4 more: clusters on 4.2.1.1" in text

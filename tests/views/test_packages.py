"""The page of packages: what the repository holds, what was replaced, how many clusters each serves."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_change_request, make_cluster, make_endpoint, make_package, make_user
from tests.views.pages import client_of, text_of
from upgrades.models import Endpoint

pytestmark = pytest.mark.django_db

LIST = "/packages/"


@pytest.fixture
def endpoint() -> Endpoint:
    return make_endpoint(name="prod-shanghai")


@pytest.fixture
def reader(endpoint: Endpoint) -> Client:
    return client_of(make_user("vera", "viewer"))


def versions_of(client: Client, query: str = "") -> list[str]:
    return re.findall(r'<a class="name" href="[^"]*">oceanbase-ce ([\d.]+)</a>', text_of(client, LIST + query))


def test_packages_are_ordered_by_version_as_numbers_and_filtered_by_the_address(reader: Client) -> None:
    make_package(version="4.2.1.8", build="108")
    make_package(version="4.2.1.10", build="110", architecture="aarch64")
    make_package(version="3.1.2", build="12", operating_system="el8", sha1="c0ffee" + "0" * 34)
    assert versions_of(reader) == ["4.2.1.10", "4.2.1.8", "3.1.2"]
    assert versions_of(reader, "?architecture=aarch64") == ["4.2.1.10"]
    assert versions_of(reader, "?system=el8") == ["3.1.2"]
    assert versions_of(reader, "?q=C0FFEE") == ["3.1.2"]
    assert versions_of(reader, "?q=4.2.1.8") == ["4.2.1.8"]


def test_other_products_and_vanished_packages_stand_apart(reader: Client) -> None:
    make_package()
    make_package(name="obproxy", file_name="obproxy.rpm", type="OBPROXY_INSTALL_PACKAGE")
    make_package(version="4.2.1.2", missing_since=timezone.now())
    assert versions_of(reader) == ["4.2.1.8"]
    assert "obproxy.rpm" in text_of(reader, LIST + "?only=others")
    assert versions_of(reader, "?only=gone") == ["4.2.1.2"]


def test_each_package_says_how_many_of_the_readers_clusters_it_serves(endpoint: Endpoint) -> None:
    make_package(endpoint)
    for environment in ("dev", "dev", "production"):
        make_cluster(endpoint, environment=environment)
    make_cluster(endpoint, environment="dev", architecture="aarch64")
    assert "3 clusters" in text_of(client_of(make_user("all", "viewer")), LIST)
    assert "2 clusters" in text_of(client_of(make_user("dev", ("viewer", "dev"))), LIST)
    assert "none" in text_of(client_of(make_user("staging", ("viewer", "staging"))), LIST)


def test_with_several_ocps_each_row_names_its_own_and_a_replaced_package_only_its_requests(
    reader: Client, endpoint: Endpoint
) -> None:
    assert "prod-shanghai" not in text_of(reader, LIST)
    far = make_endpoint(name="far-away")
    package = make_package(endpoint, replaced_at=timezone.now(), previous_sha1="4e61" * 10, sha1="90af" * 10)
    make_package(far)
    near = make_change_request(make_cluster(endpoint), target_file_name=package.file_name)
    request = make_change_request(make_cluster(far), target_file_name=package.file_name)
    text = text_of(reader, LIST)
    assert "in prod-shanghai" in text
    assert "in far-away" in text
    assert "in prod-shanghai" in text.partition("Same file name")[2].partition("Open requests")[0]
    assert near.number in text
    assert request.number not in text
    clusters = text_of(reader, "/clusters/")
    assert "in prod-shanghai</span>" in clusters
    assert "in far-away</span>" in clusters
    choose = text_of(client_of(make_user("olga", "operator")), "/change-requests/new/")
    assert "<p>prod-shanghai · " in choose
    assert "<p>far-away · " in choose


def test_a_replaced_package_is_loud_and_names_the_requests_that_meant_the_old_one(
    reader: Client, endpoint: Endpoint
) -> None:
    package = make_package(endpoint, replaced_at=timezone.now(), previous_sha1="4e61" * 10, sha1="90af" * 10)
    seen = make_change_request(make_cluster(endpoint), target_file_name=package.file_name)
    text = text_of(reader, LIST)
    assert f"Same file name, other content: {package.file_name}" in text
    assert "Its sha1 was 4e61 4e61… and is 90af 90af…" in text
    assert seen.number in text
    dev = client_of(make_user("dev", ("viewer", "dev")))
    assert "Same file name" in text_of(dev, LIST)
    assert seen.number not in text_of(dev, LIST)


def test_a_failing_list_and_an_empty_repository_say_what_they_are(reader: Client) -> None:
    assert "OCP's repository holds no package of OceanBase" in text_of(reader, LIST)
    assert "No package matches" in text_of(reader, LIST + "?q=nothing")
    Endpoint.objects.update(failing_since=timezone.now(), failure={"code": "ocp.forbidden", "params": {}})
    assert "lacks the right for this (403)" in text_of(reader, LIST)
    Endpoint.objects.update(failing_since=None, packages_observed_at=None)
    assert "The packages have not been read yet" in text_of(reader, LIST)


def test_a_package_whose_content_is_unknown_says_so(reader: Client) -> None:
    make_package(sha1="", size=None, created_in_ocp_at=None)
    text = text_of(reader, LIST)
    assert "not told" in text
    assert text.count("not known") >= 2


def test_nobody_sees_packages_without_signing_in(endpoint: Endpoint) -> None:
    assert Client().get(LIST).headers["Location"].startswith("/sign-in/?next=")


def test_packages_of_one_ocp_among_several(reader: Client, endpoint: Endpoint) -> None:
    make_package(endpoint)
    assert 'name="endpoint"' not in text_of(reader, LIST)
    make_package(make_endpoint(name="far-away"), version="4.2.1.9")
    both = text_of(reader, LIST)
    assert "Read from 2 OCPs" in both
    assert '<option value="far-away">' in both
    far = text_of(reader, LIST + "?endpoint=far-away")
    assert '<option value="far-away" selected>' in far
    assert ("4.2.1.9" in far, "4.2.1.8" in far) == (True, False)
    assert '<option value="gone" selected>' in text_of(reader, LIST + "?endpoint=gone")


def test_the_same_package_of_two_ocps_stands_in_the_order_of_their_names(reader: Client, endpoint: Endpoint) -> None:
    for name in ("z-east", "a-west", "m-north"):
        make_package(make_endpoint(name=name))
    text = text_of(reader, LIST)
    assert re.findall(r"in (a-west|m-north|z-east)", text) == ["a-west", "m-north", "z-east"]

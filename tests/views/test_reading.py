"""How well OCP is read: what the lists and the page of a cluster say of their age, and why nothing newer comes."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_cluster, make_endpoint, make_package, make_user
from tests.views.pages import client_of, page_of, text_of
from upgrades.models import Endpoint
from upgrades.services import credentials

pytestmark = pytest.mark.django_db

LIST = "/clusters/"


@pytest.fixture
def reader() -> Client:
    make_endpoint(name="prod-shanghai")
    return client_of(make_user("vera", "viewer"))


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


def test_a_list_of_two_ocps_is_no_fresher_than_the_worse_one(reader: Client) -> None:
    well, ill = make_cluster(), make_cluster(name="elsewhere", endpoint=make_endpoint(name="far-away"))
    since = timezone.now() - timedelta(hours=1)
    Endpoint.objects.filter(pk=ill.endpoint_id).update(
        failing_since=since, lists_observed_at=since, failure={"code": "ocp.deadline_passed", "params": {}}
    )
    listed = text_of(reader, LIST)
    assert "far-away cannot be read since" in listed
    assert "Read from 2 OCPs" in listed
    assert "far-away cannot be read since" in text_of(reader, page_of(ill))
    assert "cannot be read since" not in text_of(reader, page_of(well))
    Endpoint.objects.filter(pk=well.endpoint_id).update(
        failing_since=since, failure={"code": "ocp.deadline_passed", "params": {}}
    )
    assert text_of(reader, LIST).count("cannot be read since") == 2


def test_an_open_breaker_says_that_reading_stopped_and_what_ends_it(reader: Client) -> None:
    Endpoint.objects.update(
        failing_since=timezone.now(),
        breaker_opened_at=timezone.now(),
        breaker_credentials=credentials.mark(Endpoint.objects.get()),
        failure={"code": "ocp.unauthorized", "params": {}},
        failure_trace_id="8ae3dcf2",
    )
    text = text_of(reader, LIST)
    assert "prod-shanghai does not accept our sign-in (401)" in text
    assert "8ae3dcf2" in text


def test_a_breaker_that_a_clock_opened_asks_for_no_new_credentials(reader: Client) -> None:
    Endpoint.objects.update(
        failing_since=timezone.now(),
        breaker_opened_at=timezone.now(),
        breaker_credentials=credentials.mark(Endpoint.objects.get()),
        failure={"code": "ocp.clock_differs", "params": {"seconds": 1200}},
    )
    for address in (LIST, f"/endpoints/{Endpoint.objects.get().pk}/"):
        text = text_of(reader, address)
        assert "its clock is 1200 s from ours" in text
        assert "credentials are new" not in text
        assert "with new credentials" not in text


def test_a_used_up_quota_says_until_when_and_blames_nobody(reader: Client) -> None:
    make_cluster()
    Endpoint.objects.update(
        lists_observed_at=timezone.now() - timedelta(minutes=10),
        rate_limited_until=timezone.now() + timedelta(minutes=2),
    )
    text = text_of(reader, LIST)
    assert "prod-shanghai takes no more requests from our account for now" in text
    assert "Reading goes on by itself at" in text
    assert "our worker is silent" not in text
    Endpoint.objects.update(rate_limited_until=timezone.now() - timedelta(seconds=1))
    assert "our worker is silent" in text_of(reader, LIST)


@pytest.mark.parametrize(
    ("changes", "title", "word"),
    [
        ({"is_active": False}, "prod-shanghai is switched off", "switched off"),
        ({"credentials": ""}, "No credentials are stored for prod-shanghai", "cannot be asked"),
        ({"credentials": "nonsense"}, "No key opens the credentials of prod-shanghai", "cannot be asked"),
        ({"ca_file": "/nowhere/ca.pem"}, "The CA file of prod-shanghai, /nowhere/ca.pem, cannot be read", "be asked"),
        (
            {"rate_limited_until": timezone.now() + timedelta(hours=1), "failing_since": timezone.now()},
            "prod-shanghai takes no more requests from our account for now",
            "asked to wait",
        ),
    ],
)
def test_the_lists_and_the_endpoints_page_judge_one_state(
    reader: Client, changes: dict[str, Any], title: str, word: str
) -> None:
    cluster, _package = make_cluster(), make_package()
    Endpoint.objects.update(**changes)
    listed = text_of(reader, "/endpoints/")
    for address in (LIST, "/packages/", page_of(cluster)):
        text = text_of(reader, address)
        assert title in text
        pill = text.partition("data-fresh")[2].partition("</div>")[0]
        assert word in pill
        assert "s ago" not in pill
        assert "#s-" in pill
    assert word.lower() in listed.lower()


def test_what_an_endpoint_that_is_off_still_shows_is_told_beside_what_is_read(reader: Client) -> None:
    make_cluster()
    off = make_endpoint(name="far-away", is_active=False)
    assert "far-away" not in text_of(reader, LIST)
    make_cluster(off)
    listed = text_of(reader, LIST)
    assert "Read from 2 OCPs" in listed
    assert "far-away is switched off" in listed
    assert "far-away is switched off" not in text_of(reader, "/packages/")
    make_package(off)
    assert "far-away is switched off" in text_of(reader, "/packages/")


def test_a_silent_worker_is_not_blamed_on_ocp(reader: Client) -> None:
    make_cluster()
    Endpoint.objects.update(lists_observed_at=timezone.now() - timedelta(minutes=10))
    text = text_of(reader, LIST)
    assert "our worker is silent" in text
    assert "cannot be read since" not in text


def test_plain_http_is_a_warning(reader: Client) -> None:
    assert "plain http" in text_of(reader, LIST)
    Endpoint.objects.update(base_url="https://ocp.example.com")
    assert "plain http" not in text_of(reader, LIST)

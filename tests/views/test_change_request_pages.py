"""What the pages of change requests show, to whom, and what a list costs."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import PURPOSE, ballot, client_of, draft, in_review, mirror, queries, url
from upgrades.models import ChangeRequest, Endpoint, Environment, Package, Server
from upgrades.rules import Reason
from upgrades.services import change_requests

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return Cast()


def test_pages_are_for_those_who_may_see_the_environment(cast: Cast) -> None:
    change_request = draft(cast)
    for address in (url("detail", change_request), url("edit", change_request), reverse("requests-list")):
        assert Client().get(address).headers["Location"].startswith("/sign-in/?next=")
    stranger = client_of(make_user("stranger", ("operator", Environment.DEV)))
    assert stranger.get(url("detail", change_request)).status_code == 404
    assert stranger.get(url("edit", change_request)).status_code == 404
    assert change_request.number not in stranger.get(reverse("requests-list")).content.decode()
    viewer = client_of(make_user("vera", "viewer"))
    assert viewer.get(url("detail", change_request)).status_code == 200
    assert viewer.get(url("edit", change_request)).status_code == 403
    assert client_of(cast.olga).get(url("edit", change_request)).status_code == 200


def test_a_package_that_does_not_fit_is_listed_with_its_reason_and_cannot_be_chosen(cast: Cast) -> None:
    cluster = mirror()
    arm = Package.objects.create(**_arm(cluster))
    page = client_of(cast.olga).get(reverse("requests-create"), {"cluster": cluster.pk}).content.decode()
    assert arm.file_name in page
    assert f'value="{arm.file_name}"' not in page


def _arm(cluster: Any) -> dict[str, Any]:
    package = Package.objects.get(endpoint=cluster.endpoint, version="4.2.1.8")
    names = ("name", "version", "build", "operating_system", "sha1", "type", "observed_at")
    values = {name: getattr(package, name) for name in names}
    file_name = package.file_name.replace("x86_64", "aarch64")
    return {**values, "endpoint": cluster.endpoint, "ocp_id": 77, "architecture": "aarch64", "file_name": file_name}


def test_a_voter_is_told_what_moved_since_the_vote(cast: Cast) -> None:
    change_request = in_review(cast, quorum=2)
    client_of(cast.amir).post(url("vote", change_request), ballot(change_request))
    Server.objects.filter(cluster=change_request.cluster, zone_name="zone3").update(ip="10.9.9.9")
    change_requests.take_back(change_request=change_request, actor=cast.olga)
    change_requests.edit(
        change_request=change_request,
        target_file_name=change_request.target_file_name,
        purpose="Another reason.",
        lock_version=change_request.lock_version,
        actor=cast.olga,
    )
    change_requests.submit(change_request=change_request, lock_version=change_request.lock_version, actor=cast.olga)
    page = client_of(cast.amir).get(url("detail", change_request)).content.decode()
    assert "Different since your vote" in page
    assert '<span class="now said">10.9.9.9:2882</span>' in page
    assert '<span class="void">Approved' in page
    assert "Different since your vote" not in client_of(cast.bea).get(url("detail", change_request)).content.decode()


def test_a_page_shows_how_the_mirror_differs_from_the_plan(cast: Cast) -> None:
    change_request = in_review(cast)
    assert 'id="differences"' not in client_of(cast.amir).get(url("detail", change_request)).content.decode()
    Package.objects.filter(file_name=change_request.target_file_name).update(sha1="f" * 40)
    page = client_of(cast.amir).get(url("detail", change_request)).content.decode()
    assert 'id="differences"' in page
    assert f'<span class="now said">{"f" * 40}</span>' in page


def test_what_people_write_is_shown_as_text(cast: Cast) -> None:
    change_request = draft(cast)
    ChangeRequest.objects.filter(pk=change_request.pk).update(purpose="<script>alert(1)</script>")
    page = client_of(cast.olga).get(url("detail", change_request)).content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_disabled_button_says_why_and_who_can(cast: Cast) -> None:
    change_request = in_review(cast)
    page = client_of(cast.olga).get(url("detail", change_request)).content.decode()
    assert 'aria-describedby="why-vote"' in page
    assert "amir or bea can do it." in page
    assert "Not yet: 1 approval is missing." in page


def test_somebody_elses_open_request_is_linked_from_the_form(cast: Cast) -> None:
    change_request = in_review(cast)
    page = client_of(cast.omar).get(reverse("requests-create"), {"cluster": change_request.cluster_id})
    assert f"Look at {change_request.number}" in page.content.decode()


def test_an_ended_request_is_copied_by_one_link(cast: Cast) -> None:
    change_request = draft(cast)
    change_requests.withdraw(change_request=change_request, actor=cast.olga)
    link = f"{reverse('requests-create')}?cluster={change_request.cluster_id}&amp;copy={change_request.pk}"
    assert link in client_of(cast.olga).get(url("detail", change_request)).content.decode()
    page = client_of(cast.olga).get(link.replace("&amp;", "&")).content.decode()
    assert PURPOSE in page
    assert f'value="{change_request.target_file_name}" checked' in page


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ({}, {"draft", "in_review", "withdrawn"}),
        ({"status": "open"}, {"draft", "in_review"}),
        ({"status": "ended"}, {"withdrawn"}),
        ({"status": "in_review"}, {"in_review"}),
        ({"status": "nonsense"}, {"draft", "in_review", "withdrawn"}),
        ({"mine": "on", "status": "open"}, set()),
    ],
)
def test_the_list_is_filtered_by_its_address(cast: Cast, query: dict[str, str], shown: set[str]) -> None:
    rows = {"draft": draft(cast, mirror("a_core")), "in_review": in_review(cast, mirror("b_core"))}
    rows["withdrawn"] = draft(cast, mirror("c_core"))
    change_requests.withdraw(change_request=rows["withdrawn"], actor=cast.olga)
    page = client_of(cast.omar).get(reverse("requests-list"), query).content.decode()
    assert {name for name, row in rows.items() if f">{row.number}</a>" in page} == shown


def test_the_list_costs_the_same_for_3_and_for_9(cast: Cast) -> None:
    client = client_of(cast.amir)
    counts = []
    for wanted in (3, 9):
        while ChangeRequest.objects.count() < wanted:
            change_request = in_review(cast, mirror(f"core_{ChangeRequest.objects.count()}"), quorum=2)
            client.post(url("vote", change_request), ballot(change_request))
        counts.append(queries(client, reverse("requests-list")))
    assert counts[0] == counts[1]


def test_a_person_without_any_request_sees_what_would_fill_the_list(cast: Cast) -> None:
    page = client_of(cast.olga).get(reverse("requests-list")).content.decode()
    assert "Nobody has asked for an upgrade yet" in page
    filtered = client_of(cast.olga).get(reverse("requests-list"), {"mine": "on"}).content.decode()
    assert "No request matches" in filtered


def test_a_page_says_that_ocp_is_silent_and_since_when(cast: Cast) -> None:
    change_request = in_review(cast)
    assert 'data-status="failed"' not in client_of(cast.amir).get(url("detail", change_request)).content.decode()
    Endpoint.objects.update(failing_since=timezone.now(), failure=Reason("ocp.error").to_json(), failure_count=3)
    for address in (
        url("detail", change_request),
        reverse("requests-create") + f"?cluster={change_request.cluster_id}",
    ):
        page = client_of(cast.olga).get(address).content.decode()
        assert "cannot be read since" in page
        assert "OCP is silent" in page

"""The endpoints' pages: who looks, who changes, what each state says, what a form keeps and never shows."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import make_change_request, make_cluster, make_endpoint, make_run, make_user
from tests.views.acting import queries
from tests.views.pages import client_of, text_of
from upgrades.models import AuditEvent, Endpoint
from upgrades.services import credentials
from upgrades.services.credentials import Credentials
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.django_db

SECRET = "correct horse battery"
TYPED = {
    "name": "shanghai",
    "base_url": "https://ocp.example.com:8443",
    "account_name": "ocpdash",
    "kind": "basic",
    "secret": SECRET,
    "upgrade_body": "file_name",
}


@pytest.fixture
def admin() -> Client:
    return client_of(make_user("gao.peng", "admin"))


def sealed(**over: Any) -> Endpoint:
    endpoint = make_endpoint(**({"name": "shanghai", "base_url": "https://ocp.example.com"} | over))
    endpoint.credentials = credentials.seal(
        Credentials(SECRET), base_url=endpoint.base_url, account_name=endpoint.account_name
    )
    endpoint.save()
    return endpoint


def page_of(endpoint: Endpoint, part: str = "") -> str:
    return f"/endpoints/{endpoint.pk}/{part}"


def test_an_admin_adds_an_endpoint_and_its_secret_shows_nowhere(admin: Client) -> None:
    answer = admin.post("/endpoints/new/", TYPED, follow=True)
    endpoint = Endpoint.objects.get()
    assert answer.redirect_chain == [(page_of(endpoint), 302)]
    for address in (page_of(endpoint), page_of(endpoint, "edit/"), "/endpoints/", "/audit/"):
        assert SECRET not in text_of(admin, address)


def test_a_refused_form_keeps_what_was_typed_but_not_the_secret(admin: Client) -> None:
    answer = admin.post("/endpoints/new/", TYPED | {"base_url": "http://ocp.example.com:8080"})
    page = answer.content.decode()
    assert 'value="http://ocp.example.com:8080"' in page
    assert "allow http for this endpoint" in page
    assert SECRET not in page
    assert not Endpoint.objects.exists()


def test_an_edit_without_a_secret_keeps_the_stored_one_and_the_address(admin: Client) -> None:
    endpoint = sealed()
    typed = TYPED | {"name": "hangzhou", "secret": "", "lock_version": 0, "is_account_ours": "on"}
    assert admin.post(page_of(endpoint, "edit/"), typed).status_code == 302
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.base_url) == ("hangzhou", "https://ocp.example.com")
    assert credentials.unseal(endpoint).secret == SECRET


def test_the_form_of_the_upgrade_body_is_switched_and_audited(admin: Client) -> None:
    endpoint = sealed()
    typed = TYPED | {"secret": "", "lock_version": 0, "upgrade_body": "extended"}
    assert admin.post(page_of(endpoint, "edit/"), typed).status_code == 302
    endpoint.refresh_from_db()
    assert endpoint.upgrade_body == "extended"
    event = AuditEvent.objects.get(action="endpoint.edit")
    assert (event.before["upgrade_body"], event.after["upgrade_body"]) == ("file_name", "extended")
    assert '<option value="extended" selected>' in admin.get(page_of(endpoint, "edit/")).content.decode()
    admin.post(page_of(endpoint, "edit/"), typed | {"lock_version": 1, "upgrade_body": "x"})
    endpoint.refresh_from_db()
    assert endpoint.upgrade_body == "extended"


def test_an_edit_after_somebody_elses_save_is_409_and_may_be_sent_again(admin: Client) -> None:
    endpoint = sealed(lock_version=4)
    typed = TYPED | {"name": "hangzhou", "secret": "", "lock_version": 3}
    answer = admin.post(page_of(endpoint, "edit/"), typed)
    assert answer.status_code == 409
    assert b'value="hangzhou"' in answer.content
    assert b'name="lock_version" value="4"' in answer.content
    assert admin.post(page_of(endpoint, "edit/"), typed | {"lock_version": 4}).status_code == 302


def test_a_refused_test_leaves_the_lock_as_the_form_had_it(admin: Client) -> None:
    endpoint = sealed(lock_version=4)
    typed = TYPED | {"secret": "", "lock_version": 3, "do": "test"}
    cache.add(f"endpoint-test:{endpoint.base_url}", 1)
    answer = admin.post(page_of(endpoint, "edit/"), typed)
    assert answer.status_code == 409
    assert b'name="lock_version" value="3"' in answer.content


def test_others_see_the_list_and_no_way_to_change_it() -> None:
    endpoint = sealed()
    viewer = client_of(make_user("vera", ("viewer", "dev")))
    page = text_of(viewer, "/endpoints/") + text_of(viewer, page_of(endpoint))
    assert "Only an admin of all environments may change endpoints." in page
    assert "/endpoints/new/" not in page
    assert page_of(endpoint, "edit/") not in page
    for part in ("edit/", "switch/"):
        assert viewer.post(page_of(endpoint, part), {"to": "off"}).status_code == 403
    assert "shanghai" not in text_of(client_of(make_user("nobody")), "/endpoints/")


def test_an_endpoint_is_switched_off_and_on_but_not_under_a_run(admin: Client) -> None:
    endpoint = sealed()
    assert admin.post(page_of(endpoint, "switch/"), {"to": "sideways"}).status_code == 400
    admin.post(page_of(endpoint, "switch/"), {"to": "off"})
    assert "Switched off" in text_of(admin, page_of(endpoint))
    admin.post(page_of(endpoint, "switch/"), {"to": "on"})
    make_run(make_change_request(make_cluster(endpoint)))
    assert "stays on, while a run is open there" in text_of(admin, page_of(endpoint))
    assert admin.post(page_of(endpoint, "switch/"), {"to": "off"}).status_code == 409


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Is read"),
        ({"credentials": "", "observed_at": None}, "an admin has to enter them"),
        ({"credentials": "nonsense"}, "No key opens the credentials of shanghai"),
        ({"failing_since": timezone.now(), "failure": {"code": "ocp.not_sent", "params": {}}}, "could not be reached"),
        ({"observed_at": timezone.now() - timedelta(hours=1)}, "our own Celery worker is silent"),
        ({"ca_file": "/nowhere/ca.pem"}, "The CA file of shanghai, /nowhere/ca.pem, cannot be read"),
    ],
)
def test_each_state_is_named_with_its_remedy_on_both_pages(admin: Client, changes: dict[str, Any], said: str) -> None:
    endpoint = sealed()
    Endpoint.objects.update(**changes)
    assert said in text_of(admin, "/endpoints/")
    assert said in text_of(admin, page_of(endpoint))


def test_an_open_breaker_shows_since_when_and_what_closes_it(admin: Client) -> None:
    endpoint = sealed()
    Endpoint.objects.update(breaker_opened_at=timezone.now(), breaker_credentials=credentials.mark(endpoint))
    page = text_of(admin, page_of(endpoint))
    assert "Sign-in refused" in page
    assert "nothing is asked until its credentials are new" in page
    assert "open since" in page


@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_plain_http_is_a_warning(admin: Client, scheme: str) -> None:
    endpoint = sealed(base_url=f"{scheme}://ocp.example.com:8080")
    page = text_of(admin, page_of(endpoint))
    assert "This OCP is reached over plain http" in page
    assert "none: plain http" in page
    assert "plain http" in text_of(admin, "/clusters/")


def test_hostile_names_are_text(admin: Client) -> None:
    endpoint = sealed(name="<script>alert(1)</script>")
    for address in ("/endpoints/", page_of(endpoint), page_of(endpoint, "edit/")):
        assert "<script>alert" not in text_of(admin, address)


def test_the_list_costs_the_same_for_three_and_for_thirty(admin: Client) -> None:
    for _number in range(3):
        make_cluster(make_endpoint())
    few = queries(admin, "/endpoints/")
    for _number in range(27):
        make_cluster(make_endpoint())
    assert queries(admin, "/endpoints/") == few


def test_clusters_and_runs_are_counted_each_by_itself(admin: Client) -> None:
    endpoint = sealed()
    for number in range(3):
        make_run(make_change_request(make_cluster(endpoint, missing_since=None if number else timezone.now())))
    with CaptureQueriesContext(connection) as captured:
        page = text_of(admin, page_of(endpoint))
    assert "2 clusters" in page
    assert "3 open runs" in page
    counting = [query["sql"] for query in captured if "cluster_count" in query["sql"]]
    assert counting
    assert not any("JOIN" in sql.partition('FROM "upgrades_endpoint"')[2] for sql in counting)


def test_a_report_of_an_error_leaves_the_secret_out(admin: Client) -> None:
    for address in ("/endpoints/new/", page_of(sealed(), "edit/")):
        request = admin.post(address, TYPED | {"name": ""}).wsgi_request
        assert getattr(request, "sensitive_post_parameters", ()) == ("secret",)


def test_without_an_endpoint_the_page_says_what_to_do(admin: Client) -> None:
    assert "No OCP is connected" in text_of(admin, "/endpoints/")


def test_a_test_of_the_connection_shows_its_lines_on_the_page(admin: Client, look_alike: LookAlike) -> None:
    typed = TYPED | {"base_url": look_alike.url, "is_http_allowed": "on", "secret": look_alike.password, "do": "test"}
    page = admin.post("/endpoints/new/", typed | {"account_name": look_alike.username}).content.decode()
    assert "The test passed." in page
    assert "Nothing was saved" in page
    assert look_alike.password not in page
    assert not Endpoint.objects.exists()
    endpoint = sealed(base_url=look_alike.url)
    cache.clear()
    page = admin.post(page_of(endpoint, "test/")).content.decode()
    assert "The test did not pass." in page
    assert "Enter them anew; do not guess, OCP locks accounts." in page


def test_a_test_of_a_form_that_cannot_serve_says_why(admin: Client) -> None:
    page = admin.post("/endpoints/new/", TYPED | {"base_url": "nonsense", "do": "test"}).content.decode()
    assert "Nothing was tried" in page
    assert page.count("must be like https://ocp.example.com:8443") == 2

"""Saved views on their lists: kept as they are shown, marked where they are in force, seen by nobody else."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_cluster, make_endpoint, make_user
from tests.views.pages import client_of, names_of, text_of
from upgrades.forms.saved_views import query_of
from upgrades.models import SavedView, User

pytestmark = pytest.mark.django_db

HARM = '\u202e"><img src=x onerror=alert(1)>{{ 7|add:7 }}'


@pytest.fixture
def vera() -> User:
    make_endpoint()
    return make_user("vera", "viewer", "auditor")


@pytest.fixture
def client(vera: User) -> Client:
    return client_of(vera)


def save(client: Client, name: str, query: str, page: str = "clusters", **over: str) -> int:
    form = {"name": name, "query": query, "page": page} | over
    return client.post(reverse("views-create"), form).status_code


def strip(client: Client, address: str) -> str:
    """What the list says of saved views."""
    return text_of(client, address).partition('<nav class="saved"')[2].partition("</nav>")[0]


@pytest.mark.parametrize(
    ("page", "given", "kept"),
    [
        ("clusters", "page=3&sort=-name&q=%20pay%20&nonsense=1&environment=dev", "q=pay&environment=dev&sort=-name"),
        ("clusters", "environment=moon&sort=drop+table&only=", ""),
        ("clusters", "//evil.example/?q=a#b", ""),
        ("clusters", "label=" + "x" * 41, ""),
        ("packages", "only=gone&system=el7&sort=name", "system=el7&only=gone"),
        ("requests", "mine=on&status=open&cluster=7&cluster=x", "status=open&mine=on"),
        ("requests", "mine=false&status=odd", ""),
        ("runs", "state=needs&page=2", "state=needs"),
        ("audit", "number=cr-17&event=5&before=9&outcome=done", "number=cr-17&outcome=done"),
        ("audit", "action=user&action=hold.free&trace_id=a&format=csv", "action=user&action=hold.free&trace_id=a"),
        ("audit", "first_day=2026-11-01&last_day=1066-10-14", "first_day=2026-11-01"),
        ("users", "q=a", ""),
        ("clusters", "q=a%00b", ""),
        ("clusters", "q=" + "x" * 100_000, ""),
    ],
)
def test_only_what_the_list_knows_is_kept(page: str, given: str, kept: str) -> None:
    assert query_of(page, given) == kept


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("clusters", "q=a&sort=name"),
        ("packages", "q=a"),
        ("requests", "status=open&mine=on"),
        ("runs", "state=open"),
        ("audit", "action=user"),
    ],
)
def test_each_list_offers_to_keep_its_filters_and_marks_the_view_in_force(
    client: Client, page: str, query: str
) -> None:
    address = reverse(f"{page}-list")
    assert "Save this view" not in text_of(client, address)
    offered = strip(client, f"{address}?page=1&{query}")
    assert f'name="query" value="{query.replace("&", "&amp;")}"' in offered
    assert save(client, "Night", query, page) == 302
    shown = strip(client, f"{address}?{query}&page=1")
    assert "current view" in shown
    assert "Save this view" not in shown
    assert "current view" not in strip(client, address)
    assert f'href="?{query.replace("&", "&amp;")}"' in strip(client, address)


def test_a_view_leads_to_what_it_kept(client: Client) -> None:
    make_cluster(name="alpha", environment="dev", zones=0)
    make_cluster(name="beta", zones=0)
    answer = client.post(reverse("views-create"), {"name": "Dev", "query": "environment=dev", "page": "clusters"})
    assert answer.headers["Location"] == "/clusters/?environment=dev"
    assert names_of(client, "?environment=dev") == ["alpha"]


def test_a_name_that_is_taken_loses_nothing_and_can_be_replaced(client: Client) -> None:
    assert save(client, "Night", "q=a") == 302
    answer = client.post(reverse("views-create"), {"name": "night", "query": "q=b", "page": "clusters"})
    assert answer.status_code == 400
    assert "You have a view called night already." in answer.text
    assert 'value="night"' in answer.text
    assert 'name="query" value="q=b"' in answer.text
    assert 'name="replaces"' in answer.text
    assert save(client, "night", "q=b", replaces="on") == 302
    assert SavedView.objects.get().query == "q=b"


def test_what_cannot_be_kept_is_told(client: Client) -> None:
    assert save(client, "", "q=a") == 400
    assert save(client, "Night", "nonsense=1") == 400
    assert save(client, "Night", "q=a", "users") == 404
    nul = [("\x00", "q=a", "clusters"), ("Night", "q=\x00", "clusters"), ("Night", "q=a", "\x00")]
    assert [save(client, *form) for form in nul] == [400, 400, 404]
    assert not SavedView.objects.exists()


def test_a_view_is_renamed_and_deleted(client: Client) -> None:
    save(client, "Night", "q=a")
    pk = SavedView.objects.get().pk
    assert 'value="Night"' in text_of(client, reverse("views-edit", args=[pk]))
    refused = client.post(reverse("views-edit", args=[pk]), {"name": "x" * 61})
    assert (refused.status_code, "x" * 61 in refused.text) == (400, True)
    assert client.post(reverse("views-edit", args=[pk]), {"name": "Day"}).headers["Location"] == "/clusters/?q=a"
    assert "Day" in strip(client, "/clusters/")
    assert client.post(reverse("views-delete", args=[pk])).headers["Location"] == "/clusters/?q=a"
    assert client.get(reverse("views-edit", args=[pk])).status_code == 404


def test_nobody_sees_or_changes_the_view_of_another(client: Client) -> None:
    save(client, "Night", "q=a")
    pk, other = SavedView.objects.get().pk, client_of(make_user("olga", "admin", "viewer"))
    assert "Night" not in text_of(other, "/clusters/?q=a")
    for name in ("views-edit", "views-delete"):
        assert other.post(reverse(name, args=[pk]), {"name": "Mine"}).status_code == 404
    assert SavedView.objects.get().name == "Night"


def test_a_hostile_name_is_text(client: Client) -> None:
    save(client, HARM, "q=a")
    pk = SavedView.objects.get().pk
    for address in ("/clusters/?q=a", "/clusters/", reverse("views-edit", args=[pk])):
        text = re.sub(r'value="[^"]*"', "", text_of(client, address))
        assert "<img" not in text
        assert "\u202e" not in text
        assert r"\u202e" in text

"""Every page has a title of its own, in the reader's language, that says which page it is and of which list."""

import re
from html import unescape

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from tests.factories import make_package, make_user
from tests.scenes import Cast
from tests.views.acting import client_of, draft, in_review, mirror, run_of
from upgrades.services import attachments, path_files, saved_views, tokens

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("services")]

# Parts of a page, which a script fetches.
PARTS = {"runs-graph", "runs-log", "attachments-detail"}
CODES = re.compile(r"(CR-\d+|[a-z_]+_core|Demo OCP|[\w.]+\.yml|[\w.-]+\.rpm)")
HAN = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
def rows(db: None) -> dict[str, int]:
    """The number of an object of each noun, and "requests-edit" for one that may be edited."""
    cast = Cast()
    run = run_of(in_review(cast, mirror("pay_core")))
    written = draft(cast, mirror("draft_core"))
    file = path_files.upload(endpoint=written.endpoint, text="- version: 4.2.1.8", actor=cast.ada)
    laid = attachments.attach(change_request=written, name="a.txt", content=b"x", actor=cast.olga)
    return {
        "attachments": laid.pk,
        "clusters": written.cluster_id,
        "requests": run.pk,
        "requests-edit": written.pk,
        "runs": run.pk,
        "decisions": run.pk,
        "endpoints": written.endpoint_id,
        "packages": make_package(written.endpoint, version="4.2.1.7", build="107").pk,
        "paths": file.pk,
        "users": cast.olga.pk,
        "tokens": tokens.create(actor=cast.olga, name="CI", scopes=["read"], days=30)[0].pk,
    }


def addresses(rows: dict[str, int]) -> dict[str, str]:
    """The address of each name that needs at most a number, and of forms that are for one object."""
    found = {
        "requests-create for one": f"{reverse('requests-create')}?cluster={rows['clusters']}",
        "paths-create for one": f"{reverse('paths-create')}?endpoint={rows['endpoints']}",
    }
    for name in sorted(str(key) for key in get_resolver().reverse_dict if isinstance(key, str)):
        try:
            found[name] = reverse(name)
        except NoReverseMatch:
            if name != "set-password":
                found[name] = reverse(name, args=[rows.get(name) or rows[name.partition("-")[0]]])
    return found


def title(answer: HttpResponse) -> str:
    found = re.findall(r"<title>(.*?)</title>", answer.text, re.DOTALL)
    assert len(found) == 1, found
    return unescape(" ".join(found[0].split()))


def titles(client: Client, rows: dict[str, int]) -> dict[str, str]:
    """By name, of every address that answers a page."""
    found = {}
    for name, address in addresses(rows).items():
        answer = client.get(address)
        if answer.streaming:
            continue
        is_page = answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
        assert " object at 0x" not in answer.text, f"{address} shows an object of ours"
        if is_page and name not in PARTS:
            found[name] = title(answer)
    return found


def test_every_page_has_a_title_of_its_own_in_both_languages(rows: dict[str, int]) -> None:
    omni = make_user("omni", "operator", "approver", "auditor", "admin")
    client, rows["views"] = (
        client_of(omni),
        saved_views.save(user=omni, page="runs", name="Open", query="state=open").pk,
    )
    english = titles(client, rows)
    assert {
        "home",
        "inbox",
        "settings",
        "clusters-detail",
        "requests-edit",
        "runs-detail",
        "paths-create for one",
    } <= set(english)
    assert {name: text for name, text in english.items() if not re.fullmatch(r"\S.* · ocpdash", text)} == {}
    assert sorted(text for text in english.values() if list(english.values()).count(text) > 1) == []
    # What belongs to a list says so.
    for name, text in english.items():
        noun = name.partition("-")[0]
        assert (
            name.endswith("-list") or f"{noun}-list" not in english or text.split(" · ")[-2] in english[f"{noun}-list"]
        )
    client.post("/language/", {"language": "zh-hans", "next": "/"})
    chinese = titles(client, rows)
    assert set(chinese) == set(english)
    assert {name: text for name, text in chinese.items() if not HAN.search(CODES.sub("", text))} == {}
    assert {name: text for name, text in chinese.items() if text == english[name]} == {}


def test_title_of_a_request_and_of_its_run_say_what_is_upgraded_to_what(rows: dict[str, int]) -> None:
    client = client_of(make_user("vera", "viewer"))
    number = f"CR-{rows['runs']}"
    request = title(client.get(reverse("requests-detail", args=[rows["runs"]])))
    assert request == f"{number} Upgrade pay_core to 4.2.1.8 · Requests · ocpdash"
    page = client.get(reverse("runs-detail", args=[rows["runs"]]))
    assert title(page) == f"{number} Unconfirmed · Upgrade pay_core to 4.2.1.8 · Runs · ocpdash"
    part = client.get(reverse("runs-graph", args=[rows["runs"]])).text
    sent = re.findall(r'data-title="([^"]*)"', part)
    assert [" ".join(text.split()) for text in sent] == [title(page)]


def test_error_pages_say_what_went_wrong(db: None) -> None:
    client = client_of(make_user("vera", "viewer"))
    assert title(client.get("/nowhere/")) == "404 · There is nothing here, or you may not see it · ocpdash"
    assert title(client.get("/users/")) == "403 · You may not do that · ocpdash"
    assert title(Client().get("/sign-in/")) == "Sign in · ocpdash"

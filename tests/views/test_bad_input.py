"""Bad input on change requests: each kind gets one clear answer, nothing typed is lost and nothing half-done stays.

A sign-in that ends in mid-form is in tests/browser/test_journeys.py: it takes a browser.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests.factories import make_package
from tests.scenes import Cast
from tests.views.acting import PURPOSE, ballot, client_of, draft, in_review, mirror, refused, target_of, url
from tests.views.pages import text_of
from upgrades.models import Attachment, AuditEvent, ChangeRequest, Cluster, Comment, Revision, Vote
from upgrades.services import change_requests, votes

pytestmark = pytest.mark.django_db
ROWS = (ChangeRequest, Revision, Vote, Comment, Attachment)


@pytest.fixture
def cast() -> Cast:
    return Cast()


@contextmanager
def nothing_written() -> Iterator[None]:
    """Whatever happens inside leaves every row as it was, but for the audit's word of the refusal."""
    before = [list(model.objects.order_by("pk").values()) for model in ROWS]
    yield
    assert [list(model.objects.order_by("pk").values()) for model in ROWS] == before


def written(cluster: Cluster, **over: str) -> dict[str, str]:
    content = {"target_file_name": target_of(cluster), "purpose": PURPOSE, "impact": "Shops close early."}
    return content | {"ticket": "OPS-4417", "form_token": str(uuid4())} | over


def create(cluster: Cluster) -> str:
    return f"{reverse('requests-create')}?cluster={cluster.pk}"


def test_a_package_the_cluster_cannot_take_is_refused_with_its_reason_and_the_form_kept(cast: Cast) -> None:
    cluster = mirror()
    wall = make_package(cluster.endpoint, version="4.3.3.0", build="100000142024101215").file_name
    assert f'value="{wall}"' not in text_of(client_of(cast.olga), create(cluster))
    with nothing_written():
        answer = client_of(cast.olga).post(create(cluster), written(cluster, target_file_name=wall))
    assert answer.status_code == 400
    beside = answer.text.partition('id="package-error"')[2].partition("</p>")[0]
    assert "4.3" in beside
    assert "Shops close early." in answer.text
    assert refused("change_request.create", cast.olga) == 1


def test_a_form_older_than_the_request_shows_what_changed_and_saves_when_sent_once_more(cast: Cast) -> None:
    change_request = draft(cast)
    old = change_request.lock_version
    content = {"target_file_name": change_request.target_file_name, "purpose": "Omar's reason."}
    change_requests.edit(change_request=change_request, lock_version=old, actor=cast.omar, **content)
    typed = written(change_request.cluster, purpose="Olga's reason.", lock_version=str(old))
    with nothing_written():
        answer = client_of(cast.olga).post(url("edit", change_request), typed)
    assert answer.status_code == 409
    assert "last written by omar" in answer.text
    assert '<span class="was said">Omar&#x27;s reason.</span>' in answer.text
    assert '<span class="now said">Olga&#x27;s reason.</span>' in answer.text
    assert re.search(r"<textarea[^>]*>\s*Olga&#x27;s reason.</textarea>", answer.text)
    lock = re.findall(r'name="lock_version" value="(\d+)"', answer.text)[0]
    assert client_of(cast.olga).post(url("edit", change_request), typed | {"lock_version": lock}).status_code == 302
    change_request.refresh_from_db()
    assert (change_request.purpose, change_request.revision) == ("Olga's reason.", 3)


def test_a_vote_on_a_form_older_than_the_plan_shows_the_new_plan_and_keeps_the_comment(cast: Cast) -> None:
    change_request = in_review(cast)
    ballot_of_before = ballot(change_request, comment="Batch times are fine.")
    change_requests.take_back(change_request=change_request, actor=cast.olga)
    content = {"target_file_name": target_of(change_request.cluster, "4.2.1.7"), "purpose": PURPOSE}
    lock = change_request.lock_version
    change_requests.edit(change_request=change_request, lock_version=lock, actor=cast.olga, **content)
    change_requests.submit(change_request=change_request, lock_version=change_request.lock_version, actor=cast.olga)
    with nothing_written():
        answer = client_of(cast.amir).post(url("vote", change_request), ballot_of_before)
    assert answer.status_code == 409
    assert "The plan is another one than was shown" in answer.text
    assert "Batch times are fine." in answer.text
    assert f'value="{change_request.fingerprint}"' in answer.text


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 10_000])
def test_a_missing_or_endless_comment_is_told_beside_the_field_and_kept(cast: Cast, text: str) -> None:
    change_request = draft(cast)
    with nothing_written():
        answer = client_of(cast.olga).post(url("comment", change_request), {"text": text})
    assert answer.status_code == 400
    assert 'id="thread_text_error"' in answer.text
    assert text.strip() in answer.text


@pytest.mark.parametrize(("action", "person"), [("take-back", "olga"), ("withdraw", "olga"), ("vote", "amir")])
def test_an_endless_comment_to_an_act_is_refused_and_kept(cast: Cast, action: str, person: str) -> None:
    change_request, typed = in_review(cast), "Not tonight. " * 800
    with nothing_written():
        answer = client_of(getattr(cast, person)).post(
            url(action, change_request), ballot(change_request, comment=typed)
        )
    assert answer.status_code == 400
    assert typed.strip() in answer.text


def test_control_and_direction_characters_are_shown_as_numbers_and_cost_nothing_else(cast: Cast) -> None:
    change_request, client = draft(cast), client_of(cast.olga)
    client.post(url("comment", change_request), {"text": "abc\u202edef\x07 \x00g\r\nh\ti"})
    assert Comment.objects.get().text == "abc\u202edef\x07 g\nh\ti"
    page = text_of(client, url("detail", change_request))
    assert "abc\\u202edef\\u0007 g\nh\ti" in page
    assert "\u202e" not in page
    upload = SimpleUploadedFile("gepj\u202egnp.txt", b"x")
    client.post(url("attach", change_request), {"file": upload})
    assert Attachment.objects.get().name == "gepjgnp.txt"


def test_a_double_click_on_any_form_has_one_effect_and_the_second_a_clear_answer(cast: Cast) -> None:
    cluster, olga = mirror(), client_of(cast.olga)
    form = written(cluster)
    answers = [olga.post(create(cluster), form) for _ in range(2)]
    change_request = ChangeRequest.objects.get()
    assert [answer.status_code for answer in answers] == [302, 409]
    assert f"This page was sent already, and {change_request.number} came of it." in answers[1].text
    said = {"text": "Once.", "form_token": str(uuid4())}
    assert [olga.post(url("comment", change_request), said).status_code for _ in range(2)] == [302, 409]
    lock = {"lock_version": change_request.lock_version}
    assert [olga.post(url("submit", change_request), lock).status_code for _ in range(2)] == [302, 409]
    for _ in range(2):
        answer = olga.post(url("attach", change_request), {"file": SimpleUploadedFile("a.txt", b"x")})
    assert (answer.status_code, Attachment.objects.count(), Comment.objects.count()) == (409, 1, 1)
    assert "a.txt is attached already" in answer.text
    assert [olga.post(url("withdraw", change_request)).status_code for _ in range(2)] == [302, 409]


def test_two_windows_that_decide_otherwise_leave_the_first_decision(cast: Cast) -> None:
    change_request, client = in_review(cast), client_of(cast.amir)
    assert client.post(url("vote", change_request), ballot(change_request)).status_code == 302
    late = ballot(change_request, "reject", "No, after all.")
    with nothing_written():
        answer = client.post(url("vote", change_request), late)
    assert answer.status_code == 409
    assert "No, after all." in answer.text
    other = in_review(cast, mirror("pay_core"))
    votes.cast(change_request=other, verdict="reject", comment="No.", fingerprint=other.fingerprint, actor=cast.bea)
    with nothing_written():
        assert client.post(url("vote", other), ballot(other)).status_code == 409


def test_a_ticket_that_would_lead_astray_is_told_beside_the_field(cast: Cast) -> None:
    cluster = mirror()
    for ticket in ("javascript:alert(1)", "https://intranet@evil.example/", "see the mail"):
        with nothing_written():
            answer = client_of(cast.olga).post(create(cluster), written(cluster, ticket=ticket))
        assert answer.status_code == 400
        assert 'id="id_ticket_error"' in answer.text
        assert f'value="{ticket}"' in answer.text


def test_an_admin_withdraws_for_an_absent_requester_only_with_a_word_and_it_is_shown(cast: Cast) -> None:
    change_request, ada = in_review(cast), client_of(cast.ada)
    with nothing_written():
        answer = ada.post(url("withdraw", change_request), {"comment": " "})
    assert answer.status_code == 400
    assert 'id="withdraw-error"' in answer.text
    assert ada.post(url("withdraw", change_request), {"comment": "Olga left the company."}).status_code == 302
    event = AuditEvent.objects.get(action="change_request.withdraw", outcome="done")
    assert (event.actor, event.comment) == (cast.ada, "Olga left the company.")
    assert event.reason == {
        "code": "change_request.withdrawn_by_admin", "params": {"admin": "ada", "requester": "olga"}
    }  # fmt: skip
    page = text_of(client_of(cast.olga), url("detail", change_request))
    assert "The admin ada withdrew it in the place of olga." in page
    assert "Olga left the company." in page

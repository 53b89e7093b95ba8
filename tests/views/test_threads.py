"""Comments, mentions, files and copies on the pages: what is shown to whom, and what the inbox says."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import PURPOSE, ballot, client_of, draft, in_review, mirror, queries, target_of, url
from tests.views.pages import text_of
from upgrades.models import AuditEvent, ChangeRequest, Comment, Mention, User
from upgrades.services import attachments, change_requests, comments
from upgrades.services.change_requests import withdraw

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return Cast()


def comment(client: Client, change_request: ChangeRequest, text: str, **over: str) -> str:
    """The page that follows a comment."""
    return str(client.post(url("comment", change_request), {"text": text, **over}, follow=True).content.decode())


def mail(user: User) -> str:
    return text_of(client_of(user), reverse("inbox"))


def test_a_mention_shows_the_name_and_waits_in_the_inbox_until_the_page_is_opened(cast: Cast) -> None:
    change_request = draft(cast)
    User.objects.filter(pk=cast.amir.pk).update(full_name="Amir Khan")
    page = comment(client_of(cast.olga), change_request, "@amir: is 01:00\nsafe?")
    assert '<b class="called" title="@amir">@Amir Khan</b>: is 01:00\nsafe?' in page
    assert "calls you" not in page
    waiting = mail(cast.amir)
    assert "Mentioned you" in waiting
    assert f'href="{url("detail", change_request)}?inbox#comment-{Comment.objects.get().pk}"' in waiting
    client_of(cast.amir).head(url("detail", change_request))
    assert "Mentioned you" in mail(cast.amir)
    assert "calls you" in text_of(client_of(cast.amir), url("detail", change_request))
    assert "Mentioned you" not in mail(cast.amir)
    assert Mention.objects.get().seen_at is not None


def test_a_name_that_calls_nobody_stays_text_and_the_answer_says_so(cast: Cast) -> None:
    page = comment(client_of(cast.olga), draft(cast), "@nobody and @stranger, see this")
    assert "@nobody, @stranger call nobody who may see this request" in page
    assert "@nobody and @stranger, see this" in page
    assert Comment.objects.count() == 1
    assert not Mention.objects.exists()


def test_a_mention_goes_from_the_inbox_with_the_right_to_see(cast: Cast) -> None:
    vera = make_user("vera", "viewer")
    comment(client_of(cast.olga), draft(cast), "@vera")
    assert "Mentioned you" in mail(vera)
    vera.grants.all().delete()
    assert "Mentioned you" not in mail(vera)


def test_an_auditor_reads_the_thread_and_has_no_form_for_it(cast: Cast) -> None:
    change_request = draft(cast)
    comment(client_of(cast.olga), change_request, "Batch ends at 00:40.")
    page = text_of(client_of(cast.uma), url("detail", change_request))
    assert "Batch ends at 00:40." in page
    assert url("comment", change_request) not in page
    assert url("attach", change_request) not in page


def test_a_vote_and_comments_stand_in_one_thread_in_the_order_of_time(cast: Cast) -> None:
    change_request = in_review(cast)
    comment(client_of(cast.olga), change_request, "First.")
    client_of(cast.amir).post(url("vote", change_request), ballot(change_request, "send_back", "Second."))
    comment(client_of(cast.omar), change_request, "Third.")
    thread = text_of(client_of(cast.bea), url("detail", change_request)).partition('<ul class="thread">')[2]
    said = re.findall(r'<p class="said">(.*?)</p>', thread.partition("</ul>")[0])
    assert said == ["First.", "Second.", "Third."]


def test_a_file_is_a_download_and_never_a_page(cast: Cast) -> None:
    change_request = draft(cast)
    client = client_of(cast.olga)
    upload = SimpleUploadedFile("批次 <b>.txt", b"<script>alert(1)</script>", content_type="text/html")
    page = client.post(url("attach", change_request), {"file": upload}, follow=True).content.decode()
    row = change_request.attachments.get()
    assert f'href="/attachments/{row.pk}/"' in page
    answer = client_of(cast.uma).get(f"/attachments/{row.pk}/")
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    disposition = answer.headers["Content-Disposition"]
    assert disposition == "attachment; filename*=utf-8''%E6%89%B9%E6%AC%A1%20b.txt"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox; frame-ancestors 'none'"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.exe", b"MZ", "Files of this type are not taken"),
        ("a.png", b"<html>", "a.png does not hold what its name says (png)"),
        ("a.txt", b"x" * (5 * 1024 * 1024 + 1), "too large: at most 5 MB"),
        ("a.txt", b"", "Choose a file that is not empty"),
    ],
)
def test_a_file_that_is_not_taken_is_told_beside_the_field(cast: Cast, name: str, content: bytes, words: str) -> None:
    change_request = draft(cast)
    answer = client_of(cast.olga).post(url("attach", change_request), {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 400
    assert re.search(r'id="attach_file_error".*?' + re.escape(words), answer.text, re.DOTALL)
    assert not change_request.attachments.exists()


def test_an_ended_request_is_copied_by_one_click_and_both_name_each_other(cast: Cast) -> None:
    old = draft(cast)
    comment(client_of(cast.amir), old, "Only in the old thread.")
    change_requests.edit(
        change_request=old, target_file_name=old.target_file_name, purpose=PURPOSE, impact="Shops.", ticket="OPS-1",
        lock_version=old.lock_version, actor=cast.olga,
    )  # fmt: skip
    client = client_of(cast.omar)
    assert client.post(url("copy", old)).status_code == 409
    withdraw(change_request=old, actor=cast.olga)
    token = re.findall(r'name="form_token" value="([0-9a-f-]{36})"', text_of(client, url("detail", old)))[-1]
    answers = [client.post(url("copy", old), {"form_token": token}) for _ in range(2)]
    new = ChangeRequest.objects.exclude(pk=old.pk).get()
    assert [answer.status_code for answer in answers] == [302, 409]
    assert f"This page was sent already, and {new.number} came of it." in answers[1].text
    assert (new.requester, new.status, new.purpose, new.impact, new.ticket) == (
        cast.omar, "draft", PURPOSE, "Shops.", "OPS-1",
    )  # fmt: skip
    page = text_of(client, url("detail", new))
    assert f'Copied from <a href="{url("detail", old)}">{old.number}</a>' in page
    assert "Only in the old thread." not in page
    assert f'Copied into <a href="{url("detail", new)}">{new.number}</a>' in text_of(client, url("detail", old))
    assert set(AuditEvent.objects.filter(action="change_request.copy").values_list("outcome", flat=True)) == {"done"}


def test_a_copy_of_a_package_that_fits_no_more_says_why_and_leaves_nothing(cast: Cast) -> None:
    old = draft(cast)
    withdraw(change_request=old, actor=cast.olga)
    old.endpoint.packages.all().delete()
    answer = client_of(cast.olga).post(url("copy", old))
    assert answer.status_code == 400
    assert "has no package" in answer.text
    assert ChangeRequest.objects.count() == 1


def test_the_inbox_is_walked_from_request_to_request(cast: Cast) -> None:
    rows = [in_review(cast, mirror(f"core_{number}")) for number in range(3)]
    client = client_of(cast.amir)
    first, second, third = (url("detail", row) for row in rows)
    assert "data-step" not in text_of(client, second)
    page = text_of(client, f"{second}?inbox")
    assert "2 of 3" in page
    assert f'data-step="previous" href="{first}?inbox"' in page
    assert f'data-step="next" href="{third}?inbox"' in page
    answer = client.post(url("vote", rows[1]) + "?inbox", ballot(rows[1]))
    assert answer.headers["Location"] == f"{second}?inbox"
    page = text_of(client, f"{second}?inbox")
    assert "2 are left" in page
    assert f'data-step="next" href="{first}?inbox"' in page


def test_a_page_costs_the_same_for_3_and_for_20_entries_and_files(cast: Cast) -> None:
    change_request = in_review(cast)
    counts = []
    for first, last in ((0, 3), (3, 20)):
        for number in range(first, last):
            person = make_user("", "operator")
            comments.add(change_request=change_request, text=f"@amir @bea {number}", actor=person)
            attachments.attach(change_request=change_request, name=f"{number}.txt", content=b"x", actor=person)
        counts.append(queries(client_of(cast.amir), url("detail", change_request) + "?inbox"))
    assert counts[0] == counts[1]


def test_a_ticket_is_linked_away_safely_and_impact_and_reason_are_text(cast: Cast) -> None:
    cluster = mirror()
    content = {
        "target_file_name": target_of(cluster), "purpose": "a\u202eb <b>", "impact": "Shops\nclose.",
        "ticket": "https://tickets.example/1?a=1&b=2",
    }  # fmt: skip
    client = client_of(cast.olga)
    client.post(f"{reverse('requests-create')}?cluster={cluster.pk}", content)
    page = text_of(client, url("detail", ChangeRequest.objects.get()))
    assert 'href="https://tickets.example/1?a=1&amp;b=2" rel="noopener noreferrer external" target="_blank"' in page
    assert '<p class="said">a\\u202eb &lt;b&gt;</p>' in page
    assert '<p class="said">Shops\nclose.</p>' in page

"""The thread and the files beside a request: who may add, what is kept, and what the database never lets go."""

import hashlib
import threading
from uuid import UUID, uuid4

import pytest
from django.db import connection

from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import draft, in_review
from upgrades.models import Attachment, AuditEvent, ChangeRequest, Comment, Environment, Mention, User
from upgrades.rules import workflow
from upgrades.rules.attachments import MOST_FILES
from upgrades.services import attachments, comments, moves

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return Cast()


def code_of(call: object, **kwargs: object) -> tuple[type, str]:
    with pytest.raises(moves.Refusal) as caught:
        call(**kwargs)  # type: ignore[operator]
    return type(caught.value), caught.value.reason.code


@pytest.mark.parametrize("status", list(workflow.RequestStatus))
def test_every_status_can_be_commented_on_and_a_file_laid_beside_it(cast: Cast, status: str) -> None:
    change_request = in_review(cast)
    ChangeRequest.objects.filter(pk=change_request.pk).update(status=status)
    change_request.refresh_from_db()
    comments.add(change_request=change_request, text="Seen.\nBoth.", actor=make_user("vera", "viewer"))
    attachments.attach(change_request=change_request, name="a.txt", content=b"x", actor=cast.omar)
    lock_version = change_request.lock_version
    change_request.refresh_from_db()
    assert (change_request.status, change_request.lock_version) == (status, lock_version)


def test_an_auditor_and_people_of_other_environments_add_nothing(cast: Cast) -> None:
    change_request = draft(cast)
    both = make_user("both", ("auditor", Environment.PRODUCTION), ("operator", Environment.DEV))
    for actor in (cast.uma, both, make_user("nobody")):
        said = {"change_request": change_request, "actor": actor}
        assert code_of(comments.add, text="Hm.", **said) == (moves.Forbidden, "comment.not_permitted")
        assert code_of(attachments.attach, name="a.txt", content=b"x", **said)[0] is moves.Forbidden
    assert (Comment.objects.count(), Attachment.objects.count()) == (0, 0)
    refused = AuditEvent.objects.filter(outcome="refused").values_list("action", flat=True)
    assert sorted(refused) == ["change_request.attach"] * 3 + ["change_request.comment"] * 3


def test_a_comment_is_audited_with_its_words_and_whom_it_calls(cast: Cast) -> None:
    change_request = draft(cast)
    said = comments.add(change_request=change_request, text="@amir, @bea: ask @carl.", actor=cast.olga)
    event = AuditEvent.objects.get(action="change_request.comment")
    assert event.comment == "@amir, @bea: ask @carl."
    assert event.after == {"comment": said.comment.pk, "mentions": ["amir", "bea"]}
    assert event.change_request_id == change_request.pk
    assert said.unknown == ("carl.",)


def test_only_active_people_who_may_see_the_request_are_told(cast: Cast) -> None:
    change_request = draft(cast)
    make_user("far", ("approver", Environment.DEV))
    make_user("near", ("viewer", Environment.PRODUCTION))
    make_user("gone", "approver", is_active=False)
    text = "@far @near @gone @olga @uma @nobody"
    said = comments.add(change_request=change_request, text=text, actor=cast.olga)
    assert set(Mention.objects.values_list("user__username", flat=True)) == {"near", "uma"}
    assert set(said.unknown) == {"far", "gone", "nobody"}


@pytest.mark.parametrize(
    ("text", "code"), [("", "comment.missing"), (" \n ", "comment.missing"), ("x" * 4001, "form.comment_too_long")]
)
def test_an_empty_or_endless_comment_is_invalid(cast: Cast, text: str, code: str) -> None:
    said = {"change_request": draft(cast), "text": text, "actor": cast.olga}
    assert code_of(comments.add, **said) == (moves.Invalid, code)


@pytest.mark.django_db(transaction=True)
def test_one_page_sent_twice_at_once_is_one_comment(cast: Cast) -> None:
    change_request, token, answers = draft(cast), uuid4(), []

    def send() -> None:
        try:
            comments.add(change_request=change_request, text="Once.", actor=cast.olga, form_token=token)
            answers.append("kept")
        except moves.TooLate as refusal:
            answers.append(refusal.reason.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["comment.sent_already", "kept"]
    assert Comment.objects.count() == 1


def test_two_people_may_send_from_pages_of_one_token(cast: Cast) -> None:
    change_request, token = draft(cast), UUID(int=7)
    for actor in (cast.olga, cast.omar):
        comments.add(change_request=change_request, text="Seen.", actor=actor, form_token=token)
    assert Comment.objects.count() == 2


def test_a_file_is_kept_whole_with_its_hash(cast: Cast) -> None:
    content = "批次 02:00".encode()
    row = attachments.attach(change_request=draft(cast), name="../批次.log", content=content, actor=cast.olga)
    row.refresh_from_db()
    assert (bytes(row.content), row.name, row.size, row.kind) == (content, "批次.log", len(content), "text")
    assert row.sha256 == hashlib.sha256(content).hexdigest()
    event = AuditEvent.objects.get(action="change_request.attach")
    assert event.after == {"attachment": row.pk, "name": "批次.log", "size": row.size, "sha256": row.sha256}


def test_the_same_file_twice_is_too_late_and_another_content_is_not(cast: Cast) -> None:
    change_request = draft(cast)

    def send(content: bytes, actor: User = cast.olga) -> None:
        attachments.attach(change_request=change_request, name="a.txt", content=content, actor=actor)

    send(b"one")
    send(b"two")
    assert code_of(send, content=b"one", actor=cast.omar) == (moves.TooLate, "attachment.there_already")
    assert change_request.attachments.count() == 2


def test_a_file_too_many_is_refused(cast: Cast) -> None:
    change_request = draft(cast)
    for number in range(MOST_FILES):
        attachments.attach(change_request=change_request, name=f"{number}.txt", content=b"x", actor=cast.olga)
    said = {"change_request": change_request, "name": "more.txt", "content": b"x", "actor": cast.olga}
    assert code_of(attachments.attach, **said) == (moves.Invalid, "attachment.too_many")

"""What writing, sending, withdrawing and starting a request refuses, and what it leaves behind, one by one."""

import json
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import scenes
from tests.factories import make_run
from tests.scenes import vote
from tests.services.test_change_requests import draft, refusal
from upgrades.models import AuditEvent, ChangeRequest, ClusterHold, Editor, Revision
from upgrades.services import change_requests, moves

pytestmark = pytest.mark.django_db(transaction=True)


def event_of(action):
    return AuditEvent.objects.get(action=f"change_request.{action}", outcome="done")


def edited(change_request, actor, purpose):
    return change_requests.edit(
        change_request=change_request,
        target_file_name=change_request.target_file_name,
        purpose=purpose,
        lock_version=change_request.lock_version,
        actor=actor,
    )


def sent(change_request, actor):
    return change_requests.submit(change_request=change_request, lock_version=change_request.lock_version, actor=actor)


def test_a_draft_is_told_with_its_content_and_no_copy(cast):
    change_request = draft(cast)
    event = event_of("create")
    assert (event.actor, event.change_request_id) == (cast.olga, change_request.pk)
    assert (event.after["purpose"], "copied_from" in event.after) == ("Fixes incident 2291.", False)
    assert not AuditEvent.objects.filter(action="change_request.copy").exists()


def test_a_copy_is_told_at_both_and_made_of_what_has_ended_alone(cast):
    first = draft(cast)
    assert refusal(draft, cast, copied_from=first) == (moves.TooLate, "move.wrong_status")
    change_requests.withdraw(change_request=first, actor=cast.olga)
    second = draft(cast, copied_from=first, actor=cast.omar)
    assert second.copied_from == first
    created = AuditEvent.objects.get(action="change_request.create", change_request_id=second.pk)
    assert created.after["copied_from"] == first.number
    assert (event_of("copy").change_request_id, event_of("copy").after) == (first.pk, {"copy": second.number})


def test_an_edit_is_told_with_what_was_before_and_takes_the_next_lock(cast):
    change_request = draft(cast)
    lock = change_request.lock_version
    edited(change_request, cast.omar, "Another reason.")
    event = event_of("edit")
    assert event.actor == cast.omar
    assert (event.before["purpose"], event.after["purpose"]) == ("Fixes incident 2291.", "Another reason.")
    assert (change_request.lock_version, change_request.revision) == (lock + 1, 2)
    assert change_requests.editor_ids(change_request) == {cast.olga.pk, cast.omar.pk}


def test_what_is_in_review_is_not_edited(cast):
    change_request = scenes.in_review(cast)
    assert refusal(edited, change_request, cast.olga, "Another reason.") == (moves.TooLate, "move.wrong_status")
    change_request.refresh_from_db()
    assert (change_request.purpose, change_request.revision) == ("Fixes incident 2291.", 1)


def test_what_is_in_review_is_not_sent_again_whatever_its_lock(cast):
    change_request = scenes.in_review(cast)
    call = {"change_request": change_request, "actor": cast.olga}
    for lock in (change_request.lock_version, change_request.lock_version - 1):
        assert refusal(change_requests.submit, lock_version=lock, **call) == (moves.TooLate, "move.wrong_status")


def test_sending_takes_the_next_locks_keeps_the_plan_and_rings(cast, redis):
    change_request = draft(cast)
    lock = change_request.lock_version
    redis.delete("tick")
    sent(change_request, cast.omar)
    # One for the turn, one for the move.
    assert change_request.lock_version == lock + 2
    assert Revision.objects.get().content["plan"] == change_request.plan
    assert redis.llen("tick") == 1
    assert set(Editor.objects.values_list("user_id", flat=True)) == {cast.olga.pk, cast.omar.pk}


def test_an_older_form_sends_nothing(cast):
    change_request = draft(cast)
    assert refusal(
        change_requests.submit,
        change_request=change_request,
        lock_version=change_request.lock_version - 1,
        actor=cast.olga,
    ) == (moves.TooLate, "form.older")
    change_request.refresh_from_db()
    assert change_request.status == "draft"


def test_what_was_sent_back_or_taken_back_needs_an_edit_before_it_is_sent_again(cast):
    change_request = scenes.in_review(cast)
    vote(change_request, cast.amir, "send_back", "Why?")
    change_request.refresh_from_db()
    assert refusal(sent, change_request, cast.olga) == (moves.TooLate, "change_request.unchanged_since_sent_back")
    change_request.refresh_from_db()
    edited(change_request, cast.olga, "Because of 2291.")
    sent(change_request, cast.olga)
    change_requests.take_back(change_request=change_request, actor=cast.olga)
    assert refusal(sent, change_request, cast.olga) == (moves.TooLate, "change_request.unchanged_since_sent_back")


@pytest.mark.parametrize("comment", ["", "  \n"])
def test_an_admin_says_why_a_request_of_somebody_else_is_withdrawn(cast, comment):
    change_request = draft(cast)
    call = {"change_request": change_request, "actor": cast.ada}
    assert refusal(change_requests.withdraw, comment=comment, **call) == (
        moves.Invalid,
        "form.withdraw_comment_missing",
    )
    change_requests.withdraw(comment="Olga is away.", **call)
    assert change_request.status_reason == {
        "code": "change_request.withdrawn_by_admin",
        "params": {"admin": "ada", "requester": "olga"},
    }


def test_the_requester_withdraws_without_a_word(cast):
    change_request = draft(cast)
    change_requests.withdraw(change_request=change_request, actor=cast.olga)
    assert (change_request.status, change_request.status_reason) == ("withdrawn", None)


def test_one_page_writes_one_request(cast):
    token = uuid.uuid4()
    draft(cast, form_token=token)
    assert refusal(draft, cast, form_token=token)[0] is moves.TooLate
    assert draft(cast, form_token=uuid.uuid4()).form_token != token
    assert ChangeRequest.objects.count() == 2


def test_a_start_is_refused_after_the_approval_ran_out_and_while_a_run_holds_a_cluster(cast):
    change_request = scenes.approved(cast)
    call = {"change_request": change_request, "fingerprint": change_request.fingerprint, "actor": cast.olga}
    ChangeRequest.objects.filter(pk=change_request.pk).update(expires_at=timezone.now())
    assert refusal(change_requests.start, **call) == (moves.TooLate, "change_request.approval_ran_out")
    ChangeRequest.objects.filter(pk=change_request.pk).update(expires_at=timezone.now() + timedelta(hours=1))
    other = make_run(scenes.in_review(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET))
    ClusterHold.objects.create(cluster=change_request.cluster, run=other)
    assert refusal(change_requests.start, **call) == (moves.TooLate, "hold.taken")
    assert ChangeRequest.objects.get(pk=change_request.pk).status == "approved"


def test_a_start_rings_for_itself(cast, redis):
    change_request = scenes.approved(cast)
    redis.delete("tick")
    change_requests.start(change_request=change_request, fingerprint=change_request.fingerprint, actor=cast.omar)
    [message] = [json.loads(text) for text in redis.lrange("tick", 0, -1)]
    assert (message["headers"]["task"], message["headers"]["argsrepr"]) == (
        "upgrades.submit",
        f"({change_request.pk},)",
    )
    change_request.refresh_from_db()
    assert (change_request.started_by, change_request.claimed_until) == (cast.omar, None)


def test_what_was_shown_is_started_and_nothing_else(cast):
    change_request = scenes.approved(cast)
    call = {"change_request": change_request, "actor": cast.olga}
    assert refusal(change_requests.start, fingerprint="0" * 64, **call) == (
        moves.TooLate,
        "change_request.other_plan",
    )
    ChangeRequest.objects.filter(pk=change_request.pk).update(fingerprint="0" * 64)
    # The row moved on after the page and this object were read.
    assert refusal(change_requests.start, fingerprint=change_request.fingerprint, **call)[0] is moves.TooLate
    assert ChangeRequest.objects.get().status == "approved"

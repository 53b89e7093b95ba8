"""Four eyes, quorum and races of votes, on real rows."""

import threading

import pytest
from django.db import connection

from tests import scenes
from tests.factories import make_user
from tests.scenes import vote
from upgrades.models import AuditEvent, ChangeRequest, Grant, Vote
from upgrades.services import change_requests, moves, votes

pytestmark = pytest.mark.django_db(transaction=True)


def refusal(call):
    with pytest.raises(moves.Refusal) as caught:
        call()
    return type(caught.value), caught.value.reason.code


def at_once(*calls):
    """Run the calls in threads that begin together; what each raised, or None."""
    barrier = threading.Barrier(len(calls))
    results = [None] * len(calls)

    def run(index, call):
        barrier.wait()
        try:
            call()
        except moves.Refusal as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


def test_one_approval_satisfies_a_quorum_of_one(cast):
    change_request = scenes.in_review(cast)
    vote(change_request, cast.amir)
    assert change_request.status == "approved"
    assert change_request.expires_at is not None


def test_two_distinct_voters_are_needed_for_a_quorum_of_two(cast):
    change_request = scenes.in_review(cast, quorum=2)
    vote(change_request, cast.amir)
    assert change_request.status == "in_review"
    assert refusal(lambda: vote(change_request, cast.amir)) == (moves.TooLate, "vote.already_voted")
    vote(change_request, cast.bea)
    assert change_request.status == "approved"


def test_the_requester_cannot_vote_even_as_approver_and_superuser(cast):
    Grant.objects.create(user=cast.olga, role="approver")
    cast.olga.is_superuser = True
    cast.olga.save(update_fields=["is_superuser"])
    cast.olga.refresh_from_db()
    change_request = scenes.in_review(cast)
    assert refusal(lambda: vote(change_request, cast.olga)) == (moves.Forbidden, "vote.is_requester")
    refused = AuditEvent.objects.get(action="change_request.vote")
    assert (refused.outcome, refused.actor_id) == ("refused", cast.olga.pk)


def test_an_editor_of_an_older_revision_cannot_vote(cast):
    Grant.objects.create(user=cast.omar, role="approver")
    cast.omar.refresh_from_db()
    change_request = scenes.in_review(cast)
    change_requests.take_back(change_request=change_request, actor=cast.olga)
    for person, purpose in ((cast.omar, "Second text."), (cast.olga, "Third text.")):
        change_requests.edit(
            change_request=change_request,
            target_file_name=change_request.target_file_name,
            purpose=purpose,
            lock_version=change_request.lock_version,
            actor=person,
        )
    change_requests.submit(change_request=change_request, lock_version=change_request.lock_version, actor=cast.olga)
    assert change_request.revision == 3
    assert refusal(lambda: vote(change_request, cast.omar)) == (moves.Forbidden, "vote.is_editor")


@pytest.mark.parametrize("name", ["olga", "omar", "uma", "ada"])
def test_only_an_approver_votes(cast, name):
    change_request = scenes.in_review(cast)
    kind, _code = refusal(lambda: vote(change_request, getattr(cast, name)))
    assert kind is moves.Forbidden
    assert Vote.objects.count() == 0


def test_an_approver_of_another_environment_cannot_vote(cast):
    stranger = make_user("stranger", ("approver", "dev"))
    change_request = scenes.in_review(cast)
    assert change_request.environment == "production"
    assert refusal(lambda: vote(change_request, stranger)) == (moves.Forbidden, "vote.not_approver")


def test_a_vote_on_the_plan_of_an_older_page_is_too_late(cast):
    change_request = scenes.in_review(cast)

    def cast_on_old_plan():
        votes.cast(change_request=change_request, verdict="approve", comment="", fingerprint="0" * 64, actor=cast.amir)

    assert refusal(cast_on_old_plan) == (moves.TooLate, "change_request.other_plan")
    assert Vote.objects.count() == 0


def test_a_vote_that_has_no_verdict_or_too_long_a_comment_is_refused(cast):
    change_request = scenes.in_review(cast)
    assert refusal(lambda: vote(change_request, cast.amir, "maybe")) == (moves.Invalid, "form.verdict_unknown")
    with pytest.raises(moves.Invalid) as refused:
        vote(change_request, cast.amir, "reject", "x" * (votes.COMMENT_LIMIT + 1))
    assert (refused.value.reason.code, refused.value.field) == ("form.comment_too_long", "comment")
    assert refused.value.reason.params == {"limit": votes.COMMENT_LIMIT}
    assert Vote.objects.count() == 0
    vote(change_request, cast.amir, "reject", "x" * votes.COMMENT_LIMIT)
    assert change_request.status == "rejected"


def test_a_vote_is_one_event_that_tells_what_was_signed_and_rings(cast, redis):
    change_request = scenes.in_review(cast, quorum=2)
    before, waiting = change_request.lock_version, redis.llen("tick")
    vote(change_request, cast.amir, comment=" Looks fine. ")
    assert change_request.lock_version == before + 1
    event = AuditEvent.objects.get(action="change_request.vote")
    assert (event.actor, event.comment, event.change_request_id) == (cast.amir, "Looks fine.", change_request.pk)
    assert event.after == {"verdict": "approve", "fingerprint": change_request.fingerprint, "revision": 1}
    assert redis.llen("tick") == waiting + 1


def test_a_request_that_is_approved_takes_no_further_approval(cast):
    change_request = scenes.approved(cast)
    with pytest.raises(moves.TooLate) as refused:
        vote(change_request, cast.bea)
    assert refused.value.reason.code == "move.wrong_status"
    assert refused.value.reason.params == {"status": "approved", "action": "approve"}
    change_request.refresh_from_db()
    assert (change_request.status, Vote.objects.count()) == ("approved", 1)


def test_who_sends_back_in_review_has_voted(cast):
    change_request = scenes.in_review(cast)
    vote(change_request, cast.amir, "send_back", "Why now?")
    assert [(row.voter, row.verdict, row.comment) for row in Vote.objects.all()] == [
        (cast.amir, "send_back", "Why now?")
    ]


@pytest.mark.parametrize(("verdict", "status"), [("send_back", "changes_requested"), ("reject", "rejected")])
def test_sending_back_and_rejecting_need_a_comment_and_move_the_request(cast, verdict, status):
    change_request = scenes.in_review(cast)
    assert refusal(lambda: vote(change_request, cast.amir, verdict, "  ")) == (moves.Invalid, "form.comment_missing")
    vote(change_request, cast.amir, verdict, "The window is too short.")
    assert change_request.status == status


def test_an_approver_may_send_an_approved_request_back_although_he_voted(cast):
    change_request = scenes.approved(cast)
    vote(change_request, cast.amir, "send_back", "I looked again.")
    assert change_request.status == "changes_requested"
    assert Vote.objects.count() == 1


def test_a_request_that_was_sent_back_needs_an_edit_before_it_is_sent_again(cast):
    change_request = scenes.in_review(cast)
    vote(change_request, cast.amir, "send_back", "Why now?")

    def submit():
        change_requests.submit(change_request=change_request, lock_version=change_request.lock_version, actor=cast.olga)

    assert refusal(submit) == (moves.TooLate, "change_request.unchanged_since_sent_back")
    change_request.refresh_from_db()
    change_requests.edit(
        change_request=change_request,
        target_file_name=change_request.target_file_name,
        purpose="Because of incident 2291, which came back.",
        lock_version=change_request.lock_version,
        actor=cast.olga,
    )
    submit()
    assert (change_request.status, change_request.revision) == ("in_review", 2)
    vote(change_request, cast.amir)
    assert change_request.status == "approved"


def test_the_last_two_votes_at_once_approve_once(cast):
    change_request = scenes.in_review(cast, quorum=2)

    def voting(person):
        row = ChangeRequest.objects.get(pk=change_request.pk)
        return lambda: vote(row, person)

    results = at_once(voting(cast.amir), voting(cast.bea))
    change_request.refresh_from_db()
    assert results == [None, None]
    assert change_request.status == "approved"
    assert AuditEvent.objects.filter(action="change_request.approve").count() == 1


def test_one_person_voting_twice_at_once_is_counted_once(cast):
    change_request = scenes.in_review(cast, quorum=2)
    rows = [ChangeRequest.objects.get(pk=change_request.pk) for _ in range(4)]
    results = at_once(*(lambda row=row: vote(row, cast.amir) for row in rows))
    assert [result for result in results if result is None] == [None]
    assert Vote.objects.count() == 1
    change_request.refresh_from_db()
    assert change_request.status == "in_review"


def test_an_approval_and_a_rejection_at_once_have_one_outcome(cast):
    change_request = scenes.in_review(cast)
    rows = [ChangeRequest.objects.get(pk=change_request.pk) for _ in range(2)]
    results = at_once(lambda: vote(rows[0], cast.amir), lambda: vote(rows[1], cast.bea, "reject", "No."))
    change_request.refresh_from_db()
    assert sum(result is None for result in results) == 1
    assert change_request.status in ("approved", "rejected")
    assert Vote.objects.count() == 1


def test_two_starts_at_once_start_once(cast):
    change_request = scenes.approved(cast)
    rows = [ChangeRequest.objects.get(pk=change_request.pk) for _ in range(2)]

    def starting(row, person):
        return lambda: change_requests.start(change_request=row, fingerprint=row.fingerprint, actor=person)

    results = at_once(starting(rows[0], cast.olga), starting(rows[1], cast.omar))
    assert sum(result is None for result in results) == 1
    done = AuditEvent.objects.filter(action="change_request.start", outcome="done")
    assert done.count() == 1

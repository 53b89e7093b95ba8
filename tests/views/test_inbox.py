"""What needs a person: the right things, for the right people, counted alike on the page and beside its name."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import client_of, in_review, mirror, run_of
from upgrades import selectors
from upgrades.models import ChangeRequest, Environment, User
from upgrades.rules import Reason
from upgrades.services import change_requests, decisions, votes

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return Cast()


def needs(user: User) -> dict[str, int]:
    """How many things each group of the inbox holds; the count beside its name must say the same."""
    inbox = selectors.inbox(user)
    assert selectors.inbox_count(user) == inbox.count
    groups = {
        "vote": inbox.to_vote,
        "mend": inbox.to_mend,
        "start": inbox.to_start,
        "confirm": inbox.to_confirm,
        "doubt": inbox.in_doubt,
    }
    return {name: len(rows) for name, rows in groups.items() if rows}


def vote(change_request: ChangeRequest, person: User, verdict: str = "approve", comment: str = "") -> None:
    votes.cast(
        change_request=change_request,
        verdict=verdict,
        comment=comment,
        fingerprint=change_request.fingerprint,
        actor=person,
    )


def test_a_vote_waits_for_approvers_who_have_not_voted_and_are_neither_requester_nor_editor(cast: Cast) -> None:
    both = make_user("both", "operator", "approver")
    change_request = in_review(cast, quorum=2)
    assert [needs(person) for person in (cast.amir, cast.bea, both)] == [{"vote": 1}] * 3
    assert needs(cast.olga) == needs(cast.uma) == needs(cast.ada) == {}
    assert needs(make_user("elsewhere", ("approver", Environment.DEV))) == {}
    vote(change_request, cast.amir)
    assert needs(cast.amir) == {}
    change_requests.take_back(change_request=change_request, actor=cast.olga)
    change_requests.edit(
        change_request=change_request,
        target_file_name=change_request.target_file_name,
        purpose="In other words.",
        lock_version=change_request.lock_version,
        actor=both,
    )
    change_requests.submit(change_request=change_request, lock_version=change_request.lock_version, actor=cast.olga)
    assert needs(cast.amir) == {"vote": 1}
    assert needs(both) == {}


def test_what_was_sent_back_waits_for_its_requester_and_what_was_approved_for_every_operator(cast: Cast) -> None:
    sent_back, approved = in_review(cast, mirror("a_core")), in_review(cast, mirror("b_core"))
    vote(sent_back, cast.amir, "send_back", "Which ticket?")
    vote(approved, cast.amir)
    assert needs(cast.olga) == {"mend": 1, "start": 1}
    assert needs(cast.omar) == {"start": 1}
    assert needs(cast.amir) == {}


def test_a_run_in_doubt_waits_for_all_who_decide_and_a_proposal_for_all_others(cast: Cast) -> None:
    run = run_of(in_review(cast))
    assert needs(cast.olga) == needs(cast.amir) == needs(cast.ada) == {"doubt": 1}
    assert needs(cast.uma) == {}
    decisions.propose(
        run=run,
        kind="abandon",
        purpose="OCP shows nothing.",
        evidence_hash=decisions.evidence_hash(decisions.evidence(run, "abandon")),
        actor=cast.olga,
    )
    assert needs(cast.olga) == {"doubt": 1}
    assert needs(cast.amir) == {"confirm": 1, "doubt": 1}


@pytest.mark.parametrize(("status", "waits"), [("failed", 1), ("disagrees", 1), ("running", 0), ("verified", 0)])
def test_only_a_run_that_goes_on_by_a_person_waits(cast: Cast, status: str, waits: int) -> None:
    run_of(in_review(cast), status)
    assert needs(cast.omar).get("doubt", 0) == waits


def test_the_page_lists_it_all_and_the_navigation_counts_it(cast: Cast) -> None:
    change_request = in_review(cast)
    page = client_of(cast.amir).get(reverse("inbox")).content.decode()
    assert f"Read {change_request.number} and vote" in page
    assert '<span class="count">1</span>' in page
    assert "Nothing needs you" in client_of(cast.uma).get(reverse("inbox")).content.decode()
    assert Client().get(reverse("inbox")).headers["Location"].startswith("/sign-in/?next=")


def test_a_reason_is_shown_in_words(cast: Cast) -> None:
    reason = Reason("person.inactive")
    run_of(in_review(cast), status_reason=reason.to_json())
    assert client_of(cast.olga).get(reverse("inbox")).status_code == 200

"""Who must agree, who may, and what the votes come to."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrades.rules import policy
from upgrades.rules.policy import Candidate, Policy, VoteFact

OLGA, AMIR, BEA, CARL = 1, 2, 3, 4


def vote(voter_id, verdict="approve", *, revision=2, fingerprint="f", is_active=True, is_approver=True):
    return VoteFact(voter_id, revision, fingerprint, verdict, is_active, is_approver)


def judge(votes, *, quorum=2, editor_ids=(OLGA,)):
    return policy.judge(Policy(quorum), votes, requester_id=OLGA, editor_ids=editor_ids, revision=2, fingerprint="f")


@pytest.mark.parametrize("quorum", [0, -1])
def test_policy_asks_for_one_approver_at_least(quorum):
    with pytest.raises(ValueError, match="one approver"):
        Policy(quorum)


def test_two_different_approvers_satisfy_a_quorum_of_two():
    verdict = judge([vote(BEA), vote(AMIR)])
    assert verdict == policy.Verdict(True, (AMIR, BEA), 0, (), ())


def test_one_approver_twice_is_one_approver():
    verdict = judge([vote(AMIR), vote(AMIR)])
    assert not verdict.is_satisfied
    assert verdict.missing == 1


def test_no_vote_at_all_satisfies_nothing():
    assert judge([], quorum=1) == policy.Verdict(False, (), 1, (), ())


@pytest.mark.parametrize("other", [{"revision": 1}, {"revision": 3}, {"fingerprint": "g"}, {"fingerprint": ""}])
def test_vote_on_other_content_does_not_count(other):
    verdict = judge([vote(AMIR), vote(BEA, **other)])
    assert verdict == policy.Verdict(False, (AMIR,), 1, (), ())


@pytest.mark.parametrize(
    ("is_active", "is_approver", "is_requester", "is_editor"), list(product([True, False], repeat=4))
)
def test_vote_counts_only_for_an_active_approver_who_did_not_write(is_active, is_approver, is_requester, is_editor):
    voter = OLGA if is_requester else AMIR
    editors = (voter,) if is_editor else ()
    verdict = judge([vote(voter, is_active=is_active, is_approver=is_approver)], quorum=1, editor_ids=editors)
    should_count = is_active and is_approver and not is_requester and not is_editor
    assert verdict.is_satisfied == should_count
    assert verdict.counted_voter_ids == ((voter,) if should_count else ())
    assert verdict.lost_voter_ids == (() if should_count else (voter,))


def test_a_vote_of_somebody_whose_other_vote_is_lost_counts_for_nothing():
    """Two votes of one person on the same content cannot be; if they were, the doubtful one would decide."""
    verdict = judge([vote(AMIR), vote(AMIR, is_active=False), vote(BEA)])
    assert verdict == policy.Verdict(False, (BEA,), 1, (AMIR,), ())


@pytest.mark.parametrize("objection", ["send_back", "reject", "a word of tomorrow"])
def test_objection_to_this_content_is_never_outvoted(objection):
    verdict = judge([vote(AMIR), vote(BEA), vote(CARL, objection)])
    assert not verdict.is_satisfied
    assert verdict.objecting_voter_ids == (CARL,)
    assert judge([vote(AMIR), vote(BEA), vote(CARL, objection, revision=1)]).is_satisfied


votes = st.builds(
    VoteFact,
    voter_id=st.integers(1, 6),
    revision=st.integers(1, 2),
    fingerprint=st.sampled_from("fg"),
    verdict=st.sampled_from(["approve", "approve", "approve", "send_back"]),
    is_active=st.booleans(),
    is_approver=st.booleans(),
)


@given(st.lists(votes), st.sets(st.integers(1, 6)), st.integers(1, 3), st.randoms())
def test_satisfied_means_so_many_people_other_than_the_writers(cast, editor_ids, quorum, random):
    verdict = judge(cast, quorum=quorum, editor_ids=editor_ids)
    counted = set(verdict.counted_voter_ids)
    assert not counted & ({OLGA} | editor_ids)
    assert not counted & set(verdict.lost_voter_ids)
    assert verdict.missing == max(0, quorum - len(counted))
    assert not verdict.is_satisfied or len(counted) >= quorum
    random.shuffle(cast)
    assert judge(cast, quorum=quorum, editor_ids=editor_ids) == verdict


def why(candidate, given_votes=()):
    reason = policy.why_may_not_vote(candidate, given_votes, requester_id=OLGA, editor_ids=(OLGA, CARL), revision=2)
    return reason and reason.code


def test_active_approver_may_vote():
    assert why(Candidate(AMIR, True, True)) is None


def test_why_somebody_may_not_vote():
    assert why(Candidate(AMIR, False, True)) == "person.inactive"
    assert why(Candidate(AMIR, True, False)) == "vote.not_approver"
    assert why(Candidate(OLGA, True, True)) == "vote.is_requester"
    assert why(Candidate(CARL, True, True)) == "vote.is_editor"


def test_who_voted_on_this_revision_may_not_vote_on_it_again():
    assert why(Candidate(AMIR, True, True), [vote(AMIR, fingerprint="g")]) == "vote.already_voted"
    assert why(Candidate(AMIR, True, True), [vote(AMIR, "send_back")]) == "vote.already_voted"
    assert why(Candidate(AMIR, True, True), [vote(AMIR, revision=1), vote(BEA)]) is None


def test_who_can_sign_lists_those_who_may_still_vote():
    cast = [Candidate(person, True, person != 5) for person in (CARL, 5, BEA, AMIR, OLGA, 6)]
    able = policy.who_can_sign(cast, [vote(AMIR)], requester_id=OLGA, editor_ids=(CARL,), revision=2)
    assert able == (BEA, 6)

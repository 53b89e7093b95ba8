"""Is it approved? Votes against a policy, four eyes, and who can still sign.

A policy of the first release has one stage: so many different approvers. There is no exception for anybody,
superusers included (NIST SP 800-53 AC-5, separation of duties).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from upgrades.rules import Reason

APPROVE = "approve"
SEND_BACK = "send_back"
REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Policy:
    """How many different people must approve. `quorum` is 1 or more: ValueError otherwise."""

    quorum: int
    version: int = 0

    def __post_init__(self) -> None:
        if self.quorum < 1:
            raise ValueError(f"A policy asks for one approver at least, not {self.quorum}.")


@dataclass(frozen=True, slots=True)
class VoteFact:
    """One recorded vote, and the voter's rights *now*: is_approver is meant for this request's environment."""

    voter_id: int
    revision: int
    fingerprint: str
    verdict: str
    is_active: bool
    is_approver: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person who may want to vote. is_approver is meant for this request's environment."""

    person_id: int
    is_active: bool
    is_approver: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the votes come to. Ids are sorted, each once.

    counted_voter_ids approved exactly this content and still may; lost_voter_ids approved it and no longer count
    (right taken, account closed, became an editor); objecting_voter_ids sent it back or rejected it;
    missing is how many more approvals the policy asks for.
    """

    is_satisfied: bool
    counted_voter_ids: tuple[int, ...]
    missing: int
    lost_voter_ids: tuple[int, ...]
    objecting_voter_ids: tuple[int, ...]


def judge(
    policy: Policy,
    votes: Iterable[VoteFact],
    *,
    requester_id: int,
    editor_ids: Collection[int],
    revision: int,
    fingerprint: str,
) -> Verdict:
    """Return the verdict on the content that `revision` and `fingerprint` name.

    Votes on any other revision or fingerprint are as if never given. editor_ids are those of every revision.
    An objection to this very content is never outvoted.
    """
    barred = {requester_id, *editor_ids}
    counted: set[int] = set()
    lost: set[int] = set()
    objecting: set[int] = set()
    for vote in votes:
        if (vote.revision, vote.fingerprint) != (revision, fingerprint):
            continue
        if vote.verdict != APPROVE:
            objecting.add(vote.voter_id)
        elif vote.is_active and vote.is_approver and vote.voter_id not in barred:
            counted.add(vote.voter_id)
        else:
            lost.add(vote.voter_id)
    counted -= lost
    missing = max(0, policy.quorum - len(counted))
    return Verdict(
        is_satisfied=missing == 0 and not objecting,
        counted_voter_ids=tuple(sorted(counted)),
        missing=missing,
        lost_voter_ids=tuple(sorted(lost)),
        objecting_voter_ids=tuple(sorted(objecting)),
    )


def why_may_not_vote(
    candidate: Candidate,
    votes: Iterable[VoteFact],
    *,
    requester_id: int,
    editor_ids: Collection[int],
    revision: int,
) -> Reason | None:
    """Return None when the candidate may vote on `revision`, else the first reason against it.

    A vote is final: who voted on a revision does not vote on it again, whatever its fingerprint was.
    """
    person_id = candidate.person_id
    if not candidate.is_active:
        return Reason("person.inactive")
    if person_id == requester_id:
        return Reason("vote.is_requester")
    if person_id in editor_ids:
        return Reason("vote.is_editor")
    if not candidate.is_approver:
        return Reason("vote.not_approver")
    if any(vote.voter_id == person_id and vote.revision == revision for vote in votes):
        return Reason("vote.already_voted", {"revision": revision})
    return None


def who_can_sign(
    candidates: Iterable[Candidate],
    votes: Collection[VoteFact],
    *,
    requester_id: int,
    editor_ids: Collection[int],
    revision: int,
) -> tuple[int, ...]:
    """Return the sorted ids of the candidates who may still vote on `revision`."""
    able = {
        candidate.person_id
        for candidate in candidates
        if why_may_not_vote(candidate, votes, requester_id=requester_id, editor_ids=editor_ids, revision=revision)
        is None
    }
    return tuple(sorted(able))

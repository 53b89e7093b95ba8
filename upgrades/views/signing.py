"""Who signed a change request, who can, and what its reader may do with it: lines of the page. Decides nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from upgrades.models import AuditEvent, ChangeRequest, User, Vote
from upgrades.rules import policy, workflow
from upgrades.services import actions, change_requests
from upgrades.templatetags.ocpdash import time_text
from upgrades.views import briefs, content_changes

_S = workflow.RequestStatus
# The line of statuses: which step a status stands on.
STEP_OF: Mapping[str, int] = {
    _S.DRAFT: 0,
    _S.IN_REVIEW: 1,
    _S.CHANGES_REQUESTED: 1,
    _S.STALE: 1,
    _S.REJECTED: 1,
    _S.EXPIRED: 1,
    _S.WITHDRAWN: 1,
    _S.APPROVED: 2,
    _S.STARTING: 2,
    _S.IN_PROGRESS: 3,
}
EVENTS_SHOWN = 8
EVENTS_READ = 200


@dataclass(frozen=True, slots=True)
class VoidVote:
    """A vote that no longer counts, and why."""

    vote: Vote
    why: str


@dataclass(slots=True)
class Voter:
    """One person in the list of votes: the vote on the present plan, if any, and the ones that are void."""

    person: User
    can_sign: bool
    vote: Vote | None = None
    voided: list[VoidVote] = field(default_factory=list)
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the line at the head: data-status, word, a note."""

    status: str
    word: str
    note: str = ""
    is_current: bool = False


@dataclass(frozen=True)
class Signing:
    """Votes, people, actions and history of one request for one reader."""

    change_request: ChangeRequest
    user: User
    verdict: policy.Verdict
    voters: list[Voter]
    barred: list[User]
    actions: dict[str, actions.ActionState]
    events: list[AuditEvent] = field(default_factory=list)

    @property
    def counted(self) -> int:
        return len(self.verdict.counted_voter_ids)

    @property
    def can_vote(self) -> bool:
        return any(state.is_allowed for name, state in self.actions.items() if name in ("approve", "send_back"))

    @property
    def is_something_for_others(self) -> bool:
        """Whether there are secondary actions that the reader may not take."""
        names = ("edit", "take_back", "withdraw", "send_back" if self.change_request.status == _S.APPROVED else "")
        return any(name in self.actions and not self.actions[name].is_allowed for name in names)

    @property
    def is_voting(self) -> bool:
        """Whether votes are asked for now."""
        return self.change_request.status == _S.IN_REVIEW

    @property
    def events_shown(self) -> int:
        """How many of the newest events a screen shows; paper shows all."""
        return EVENTS_SHOWN

    @cached_property
    def own_void(self) -> Vote | None:
        """The reader's latest vote, where the plan has moved since."""
        own = next((voter for voter in self.voters if voter.person.pk == self.user.pk), None)
        return own.voided[-1].vote if own and own.voided and own.vote is None else None

    @cached_property
    def since_vote(self) -> list[briefs.Difference]:
        """How request and plan differ from what the reader voted on."""
        if self.own_void is None or self.change_request.plan is None:
            return []
        revisions = {row.number: row.content for row in self.change_request.revisions.all()}
        old, now = revisions.get(self.own_void.revision), revisions.get(self.change_request.revision)
        if not old or not old.get("plan"):
            return []
        said = content_changes.between(old, now, content_changes.BESIDE_PLAN) if now else []
        return said + briefs.differences(old["plan"], self.change_request.plan)

    @property
    def steps(self) -> list[Step]:
        return list(_steps(self.change_request, self.counted))


def of(change_request: ChangeRequest, user: User) -> Signing:
    """Everything about who signs `change_request`, as `user` sees it."""
    is_voting = change_request.status == _S.IN_REVIEW
    editors = [editor.user for editor in change_request.editors.all() if editor.user_id != change_request.requester_id]
    verdict = change_requests.judge(change_request)
    signers = change_requests.signers(change_request) if is_voting else []
    events = AuditEvent.objects.filter(change_request_id=change_request.pk).select_related("actor").order_by("-pk")
    return Signing(
        change_request=change_request,
        user=user,
        verdict=verdict,
        voters=_voters(change_request, verdict, signers),
        barred=editors,
        actions={state.action: state for state in actions.actions(change_request, user)},
        events=list(events[:EVENTS_READ]),
    )


def _voters(change_request: ChangeRequest, verdict: policy.Verdict, signers: list[User]) -> list[Voter]:
    """Everybody who voted, in the order of the votes, then everybody who can."""
    able = {person.pk for person in signers}
    rows: dict[int, Voter] = {}
    for vote in change_request.votes.all():
        row = rows.setdefault(vote.voter_id, Voter(vote.voter, vote.voter_id in able))
        why = _why_void(change_request, vote)
        if why:
            row.voided.append(VoidVote(vote, why))
        else:
            row.vote, row.is_lost = vote, vote.voter_id in verdict.lost_voter_ids
    for person in signers:
        rows.setdefault(person.pk, Voter(person, can_sign=True))
    return list(rows.values())


def _why_void(change_request: ChangeRequest, vote: Vote) -> str:
    if vote.fingerprint != change_request.fingerprint:
        return _("void, the plan moved")
    if vote.revision != change_request.revision:
        return _("void, the request was changed")
    return ""


def _steps(change_request: ChangeRequest, counted: int) -> Iterator[Step]:
    status = change_request.status
    run = getattr(change_request, "run", None)
    here = STEP_OF.get(status, 4)
    shown = status
    if run is not None:
        shown = run.status
        here = 4 if run.status == workflow.RunStatus.VERIFIED else 3
    rows = [
        (_S.DRAFT, _("Draft"), _("by %(name)s") % {"name": change_request.requester}),
        (_S.IN_REVIEW, _("In review"), _votes_note(change_request, counted)),
        (_S.APPROVED, _("Approved"), _approved_note(change_request)),
        (workflow.RunStatus.RUNNING, _("Running"), _("in OCP, one POST")),
        (workflow.RunStatus.VERIFIED, _("Verified"), _("by ocpdash itself")),
    ]
    for place, (_name, word, note) in enumerate(rows):
        if place == here:
            yield Step(shown, "" if shown != _name else word, note, is_current=True)
        else:
            yield Step("successful" if place < here else "pending", word, note)


def _votes_note(change_request: ChangeRequest, counted: int) -> str:
    words = {"counted": counted, "quorum": change_request.quorum}
    text = ngettext("%(counted)s of %(quorum)s vote", "%(counted)s of %(quorum)s votes", change_request.quorum)
    return text % words


def _approved_note(change_request: ChangeRequest) -> str:
    if change_request.status in (_S.APPROVED, _S.STARTING) and change_request.expires_at:
        return _("until %(time)s") % {"time": time_text(change_request.expires_at)}
    return _("starting is a step of its own")

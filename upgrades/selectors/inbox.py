"""What needs a person."""

from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from upgrades.models import ChangeRequest, ClusterHold, Decision, Mention, Role, UpgradeRun, User, Vote
from upgrades.models.change_requests import ChangeRequestQuerySet
from upgrades.models.decisions import DecisionQuerySet
from upgrades.models.runs import UpgradeRunQuerySet
from upgrades.rules import workflow

# Who may propose or confirm a decision, and the runs that go on only when a person looks.
DECIDERS = (Role.OPERATOR, Role.APPROVER, Role.ADMIN)
RUN_NEEDS_PERSON = (workflow.RunStatus.UNCONFIRMED, workflow.RunStatus.FAILED, workflow.RunStatus.DISAGREES)
REQUESTERS_TURN = (workflow.RequestStatus.CHANGES_REQUESTED, workflow.RequestStatus.STALE)


@dataclass(frozen=True, slots=True)
class Inbox:
    """What waits for one person, each group oldest first."""

    to_vote: list[ChangeRequest]
    to_mend: list[ChangeRequest]
    to_start: list[ChangeRequest]
    to_confirm: list[Decision]
    in_doubt: list[UpgradeRun]
    mentions: list[Mention]

    @property
    def count(self) -> int:
        groups = (self.to_vote, self.to_mend, self.to_start, self.to_confirm, self.in_doubt, self.mentions)
        return sum(len(group) for group in groups)

    @property
    def requests(self) -> list[ChangeRequest]:
        """The requests in it, in the order of the page, each once."""
        called = (mention.comment.change_request for mention in self.mentions)
        rows = (*self.to_vote, *self.to_start, *self.to_mend, *called)
        return list({row.pk: row for row in rows}.values())


def inbox(user: User) -> Inbox:
    """Everything that needs `user` now; one query a group."""
    own = list(own_waiting(user).select_related("cluster", "requester").order_by("status_at", "pk"))
    approved = workflow.RequestStatus.APPROVED
    return Inbox(
        to_vote=list(votes_waiting(user).select_related("cluster", "requester").order_by("submitted_at", "pk")),
        to_mend=[row for row in own if row.status != approved],
        to_start=[row for row in own if row.status == approved],
        to_confirm=list(
            decisions_waiting(user)
            .select_related("proposer", "endpoint", "run__change_request__cluster")
            .order_by("expires_at")
        ),
        in_doubt=list(runs_waiting(user).select_related("change_request__cluster").order_by("status_at", "pk")),
        mentions=list(
            mentions_waiting(user)
            .select_related("comment__author", "comment__change_request__cluster")
            .order_by("comment__created_at", "pk")
        ),
    )


def inbox_count(user: User) -> int:
    """How many things need `user`: it stands on every page."""
    waiting = (
        votes_waiting(user), own_waiting(user), decisions_waiting(user), runs_waiting(user), mentions_waiting(user)
    )  # fmt: skip
    return sum(rows.count() for rows in waiting)


def votes_waiting(user: User) -> ChangeRequestQuerySet:
    """Requests in review on which `user` may vote and has not yet: four eyes, this revision."""
    voted = Vote.objects.filter(change_request=OuterRef("pk"), voter=user, revision=OuterRef("revision"))
    rows = ChangeRequest.objects.filter(
        status=workflow.RequestStatus.IN_REVIEW, cluster__environment__in=user.environments_of(Role.APPROVER)
    )
    return rows.exclude(requester=user).exclude(editors__user=user).exclude(Exists(voted))


def own_waiting(user: User) -> ChangeRequestQuerySet:
    """Requests whose next step `user` takes as an operator: mend one's own, start an approved one."""
    to_mend = Q(requester=user, status__in=REQUESTERS_TURN)
    to_start = Q(status=workflow.RequestStatus.APPROVED, expires_at__gt=Now())
    return ChangeRequest.objects.filter(
        to_mend | to_start, cluster__environment__in=user.environments_of(Role.OPERATOR)
    )


def decisions_waiting(user: User) -> DecisionQuerySet:
    """Decisions that somebody else proposed and `user` may confirm."""
    proposed = Decision.objects.filter(status=workflow.DecisionStatus.PROPOSED, expires_at__gt=Now())
    decides = Q(run__change_request__cluster__environment__in=_decides_in(user))
    if user.has_role(Role.ADMIN, ""):
        decides |= Q(endpoint__isnull=False)
    return proposed.filter(decides).exclude(proposer=user)


def runs_waiting(user: User) -> UpgradeRunQuerySet:
    """Runs that go on only when a person looks: doubt, failure, disagreement, an alarm that holds clusters."""
    # By two indexes: an OR of them would read every run there ever was, for a figure that stands on each page.
    alarmed = ClusterHold.objects.filter(run__alarm__isnull=False).values("run")
    needs = UpgradeRun.objects.filter(status__in=RUN_NEEDS_PERSON).values("pk").union(alarmed)
    return UpgradeRun.objects.filter(pk__in=needs, change_request__cluster__environment__in=_decides_in(user))


def mentions_waiting(user: User) -> QuerySet[Mention]:
    """Comments that call `user` by name and were not seen yet, on requests that `user` may still see."""
    return Mention.objects.filter(
        user=user, seen_at=None, comment__change_request__cluster__environment__in=user.environments
    )


def _decides_in(user: User) -> frozenset[str]:
    return frozenset[str]().union(*(user.environments_of(role) for role in DECIDERS))

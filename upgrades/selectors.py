"""Reads used twice, and the database's clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.shortcuts import get_object_or_404

from upgrades.models import AuditEvent, ChangeRequest, ClusterHold, Decision, Role, UpgradeRun, User, Vote
from upgrades.models.change_requests import ChangeRequestQuerySet
from upgrades.models.decisions import DecisionQuerySet
from upgrades.models.runs import UpgradeRunQuerySet
from upgrades.rules import workflow

# Who may propose or confirm a decision, and the runs that go on only when a person looks.
DECIDERS = (Role.OPERATOR, Role.APPROVER, Role.ADMIN)
RUN_NEEDS_PERSON = (workflow.RunStatus.UNCONFIRMED, workflow.RunStatus.FAILED, workflow.RunStatus.DISAGREES)
REQUESTERS_TURN = (workflow.RequestStatus.CHANGES_REQUESTED, workflow.RequestStatus.STALE)


def database_now() -> datetime:
    """The database's clock at this moment, not at the transaction's beginning; aware, UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row: tuple[datetime] = cursor.fetchone()
    return row[0]


def observation() -> int:
    """A number for a read that is about to begin: microseconds of the database's clock.

    Drawn before reading, compared when writing: a slower, older read loses.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
        row = cursor.fetchone()
    return int(row[0])


# --- Change requests -------------------------------------------------------------------------------------------


def change_request_list(user: User, filters: Mapping[str, Any]) -> ChangeRequestQuerySet:
    """The change requests that `user` may see, newest first, with the votes that count now.

    `filters`: status (a status, or "open" or "ended"), mine (flag), cluster (primary key); missing ones filter nothing.
    """
    rows = ChangeRequest.objects.visible_to(user).select_related("cluster", "requester", "run")
    status = filters.get("status")
    if status in ("open", "ended"):
        is_final = Q(status__in=workflow.REQUEST_FINAL)
        rows = rows.filter(is_final if status == "ended" else ~is_final)
    elif status:
        rows = rows.filter(status=status)
    if filters.get("mine"):
        rows = rows.filter(requester=user)
    if filters.get("cluster"):
        rows = rows.filter(cluster_id=filters["cluster"])
    counted = Q(
        votes__revision=F("revision"),
        votes__fingerprint=F("fingerprint"),
        votes__verdict=Vote.Verdict.APPROVE,
    )
    return rows.annotate(approvals=Count("votes", filter=counted)).order_by("-pk")


def change_request_detail(pk: int, user: User) -> ChangeRequest:
    """One change request with everything its page shows, or Http404 where `user` may not see it."""
    rows = ChangeRequest.objects.visible_to(user).select_related(
        "endpoint", "cluster", "requester", "started_by", "run"
    )
    rows = rows.prefetch_related("votes__voter", "editors__user", "revisions__author")
    return get_object_or_404(rows, pk=pk)


# --- What needs a person ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Inbox:
    """What waits for one person, each group oldest first."""

    to_vote: list[ChangeRequest]
    to_mend: list[ChangeRequest]
    to_start: list[ChangeRequest]
    to_confirm: list[Decision]
    in_doubt: list[UpgradeRun]

    @property
    def count(self) -> int:
        groups = (self.to_vote, self.to_mend, self.to_start, self.to_confirm, self.in_doubt)
        return sum(len(group) for group in groups)


def inbox(user: User) -> Inbox:
    """Everything that needs `user` now; one query a group."""
    own = list(own_waiting(user).select_related("cluster", "requester").order_by("status_at", "pk"))
    approved = workflow.RequestStatus.APPROVED
    return Inbox(
        to_vote=list(votes_waiting(user).select_related("cluster", "requester").order_by("submitted_at", "pk")),
        to_mend=[row for row in own if row.status != approved],
        to_start=[row for row in own if row.status == approved],
        to_confirm=list(
            decisions_waiting(user).select_related("proposer", "run__change_request__cluster").order_by("expires_at")
        ),
        in_doubt=list(runs_waiting(user).select_related("change_request__cluster").order_by("status_at", "pk")),
    )


def inbox_count(user: User) -> int:
    """How many things need `user`: it stands on every page."""
    waiting = (votes_waiting(user), own_waiting(user), decisions_waiting(user), runs_waiting(user))
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
    return proposed.filter(run__change_request__cluster__environment__in=_decides_in(user)).exclude(proposer=user)


def runs_waiting(user: User) -> UpgradeRunQuerySet:
    """Runs that go on only when a person looks: doubt, failure, disagreement, an alarm that holds clusters."""
    alarmed = Q(alarm__isnull=False, pk__in=ClusterHold.objects.values("run"))
    needs = Q(status__in=RUN_NEEDS_PERSON) | alarmed
    return UpgradeRun.objects.filter(needs, change_request__cluster__environment__in=_decides_in(user))


def _decides_in(user: User) -> frozenset[str]:
    return frozenset[str]().union(*(user.environments_of(role) for role in DECIDERS))


# --- Audit -----------------------------------------------------------------------------------------------------


def audit_list(user: User, filters: Mapping[str, Any]) -> QuerySet[AuditEvent]:
    """The audit events that `user` may see, newest first.

    An auditor of all environments sees every event; others see what belongs to an environment of theirs.
    `filters`: group (prefix of the action), actor (user name; "system"), number (of a change request), outcome,
    environment, since and until (aware datetimes), before (an event's number: older ones only).
    """
    rows = AuditEvent.objects.order_by("-pk")
    if (Role.AUDITOR, "") not in user.granted:
        rows = rows.filter(environment__in=user.environments)
    for name, condition in _AUDIT_CONDITIONS.items():
        value = filters.get(name)
        if value:
            rows = rows.filter(condition(value))
    return rows


_AUDIT_CONDITIONS: Mapping[str, Callable[[Any], Q]] = {
    "group": lambda group: Q(action__startswith=f"{group}."),
    "actor": lambda name: Q(actor__isnull=True) if name == "system" else Q(actor__username__iexact=name),
    "number": lambda number: Q(change_request_id=number),
    "outcome": lambda outcome: Q(outcome=outcome),
    "environment": lambda environment: Q(environment=environment),
    "since": lambda since: Q(at__gte=since),
    "until": lambda until: Q(at__lt=until),
    "before": lambda number: Q(pk__lt=number),
}

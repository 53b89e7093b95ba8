"""Reads used twice, and the database's clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Concat, Now
from django.shortcuts import get_object_or_404

from upgrades.models import (
    AuditEvent,
    ChangeRequest,
    Cluster,
    ClusterHold,
    Decision,
    Role,
    Server,
    UpgradeRun,
    User,
    Vote,
)
from upgrades.models.change_requests import ChangeRequestQuerySet
from upgrades.models.clusters import ClusterQuerySet
from upgrades.models.decisions import DecisionQuerySet
from upgrades.models.runs import UpgradeRunQuerySet
from upgrades.rules import workflow
from upgrades.rules.versions import version_key

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


# --- Clusters ---------------------------------------------------------------------------------------------------

_SORTS: Mapping[str, str] = {
    "name": "name",
    "environment": "environment",
    "state": "status",
    "servers": "server_count",
    "seen": "observed_at",
}


def cluster_list(user: User, filters: Mapping[str, Any]) -> ClusterQuerySet:
    """The clusters that `user` may see, in order.

    `filters`: q (part of the name, of a server's address, or an OCP id), environment, region, state (OCP's word),
    only ("open": a change request has it, "mixed": servers of different versions, "gone": no longer in OCP's list),
    sort ("version", the default, or a key of the page's columns; "-" before it turns the order round).
    """
    rows = Cluster.objects.visible_to(user).select_related("endpoint")
    only = filters.get("only")
    rows = rows.filter(missing_since__isnull=only != "gone")
    for name, condition in _CLUSTER_CONDITIONS.items():
        if filters.get(name):
            rows = rows.filter(condition(filters[name]))
    if only == "open":
        rows = rows.filter(Exists(taking_requests()))
    elif only == "mixed":
        rows = rows.filter(pk__in=mixed_clusters())
    return _in_order(rows, filters.get("sort") or "version")


def taking_requests() -> ChangeRequestQuerySet:
    """The request that has the place on the cluster of an outer query."""
    return ChangeRequest.objects.filter(cluster=OuterRef("pk"), status__in=workflow.REQUEST_TAKING_CLUSTER)


def mixed_clusters() -> QuerySet[Server, Any]:
    """Keys of the clusters whose servers do not all run one version and build."""
    build = Count(Concat("version", Value("-"), "build"), distinct=True)
    rows = Server.objects.filter(missing_since=None).values("cluster").order_by()
    return rows.annotate(builds=build).filter(builds__gt=1).values("cluster")


def version_counts(rows: ClusterQuerySet) -> dict[str, int]:
    """How many of `rows` run each version, the newest first; what cannot be compared comes last."""
    counted = rows.order_by().values_list("version").annotate(Count("pk"))
    return dict(sorted(counted, key=lambda pair: _version_rank(pair[0]), reverse=True))


def _version_rank(version: str) -> tuple[Any, ...]:
    try:
        return (1, version_key(version))
    except ValueError:
        return (0, version)


def _in_order(rows: ClusterQuerySet, sort: str) -> ClusterQuerySet:
    name = sort.removeprefix("-")
    if name in _SORTS:
        return rows.order_by(f"-{_SORTS[name]}" if sort.startswith("-") else _SORTS[name], "name", "pk")
    ranks = [When(version=version, then=rank) for rank, version in enumerate(version_counts(rows))]
    by_version = Case(*ranks, default=len(ranks), output_field=IntegerField()) if ranks else F("version")
    return rows.order_by(by_version, "name", "pk")


_CLUSTER_CONDITIONS: Mapping[str, Callable[[Any], Q]] = {
    "q": lambda text: (
        Q(name__icontains=text)
        | Q(pk__in=Server.objects.filter(ip__startswith=text, missing_since=None).values("cluster"))
        | (Q(ocp_id=int(text)) if text.isascii() and text.isdigit() and len(text) < 19 else Q())
    ),
    "environment": lambda environment: Q(environment=environment),
    "region": lambda region: Q(region_names__contains=[region]),
    "state": lambda state: Q(status=state),
}


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

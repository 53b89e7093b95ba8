"""`move()`: one legal change of status, with its audit event, as a compare-and-set.

Also the three refusals that every service speaks in, and `attempt()`, which keeps a record
of what was refused after the transaction has been undone.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from django.db import models, transaction
from django.db.models import F
from django.db.models.functions import Now

from upgrades import audit
from upgrades.models import AuditEvent, ChangeRequest, Decision, Role, RunAction, UpgradeRun, User
from upgrades.rules import Reason, workflow

Moved: TypeAlias = ChangeRequest | UpgradeRun | RunAction | Decision

_MACHINES: Mapping[type[models.Model], str] = {
    ChangeRequest: "change_request",
    UpgradeRun: "run",
    RunAction: "run_action",
    Decision: "decision",
}
_COUNTERS: Mapping[type[models.Model], str] = {ChangeRequest: "lock_version", UpgradeRun: "version"}


class Refusal(Exception):
    """A service said no, and nothing was changed. `reason` says why, in codes."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


class Forbidden(Refusal):
    """Not permitted to this person (403)."""


class TooLate(Refusal):
    """Permitted, but the object is no longer, or not yet, in a fitting state (409)."""


class Invalid(Refusal):
    """What was handed in cannot be taken (400). `field` names the form field, or ""."""

    def __init__(self, reason: Reason, field: str = "") -> None:
        super().__init__(reason)
        self.field = field


def actor_of(user: User, environment: str) -> workflow.Actor:
    """What the rules need to know of `user` for an object of `environment`."""
    return workflow.Actor(
        user_id=user.pk,
        is_active=user.is_active,
        is_operator=user.has_role(Role.OPERATOR, environment),
        is_approver=user.has_role(Role.APPROVER, environment),
        is_admin=user.has_role(Role.ADMIN, environment),
    )


@contextmanager
def attempt(action: str, *, actor: User | None, subject: models.Model | None) -> Iterator[None]:
    """One transaction; a Refusal undoes it and leaves an audit event of its own."""
    try:
        with transaction.atomic():
            yield
    except Refusal as refusal:
        audit.record(
            action,
            actor=actor,
            subject=subject,
            outcome=AuditEvent.Outcome.REFUSED,
            reason=refusal.reason,
        )
        raise


_NEEDS_ADMIN = {
    "user": Reason("user.needs_admin"),
    "endpoint": Reason("endpoint.needs_admin"),
    "path_file": Reason("path_file.needs_admin"),
    "halt": Reason("halt.needs_admin"),
    # Of an endpoint's address: decisions about runs belong to the people of their environment.
    "decision": Reason("endpoint.needs_admin"),
}


def is_admin_of_all(user: User) -> bool:
    """Whether `user` may change what serves every environment: people, endpoints, path files.

    An admin of one environment could else grant itself another, or lead it to another OCP.
    """
    return user.has_role(Role.ADMIN, "")


@contextmanager
def attempt_as_admin(action: str, *, actor: User | None, subject: models.Model | None) -> Iterator[None]:
    """`attempt`, for admins of all environments; an `actor` of None is a management command. Raises Forbidden."""
    with attempt(action, actor=actor, subject=subject):
        if actor is not None and not is_admin_of_all(actor):
            raise Forbidden(_NEEDS_ADMIN[action.partition(".")[0]])
        yield


def require_admin(action: str, *, actor: User, subject: models.Model | None) -> None:
    """Raise Forbidden, and keep the try of `action` on `subject` in the audit, unless `actor` is an admin of all."""
    with attempt_as_admin(action, actor=actor, subject=subject):
        pass


def require(obj: Moved, action: str, actor: User | None, *, requester_id: int | None = None) -> workflow.Move:
    """The move `action` of `obj`, if `actor` may make it now.

    Raises Forbidden before TooLate, so that nobody learns a state from a refusal of rights.
    """
    found = workflow.find(_MACHINES[type(obj)], action)
    if actor is None:
        if found.is_for_people:
            raise Forbidden(Reason("move.not_permitted", {"by": str(found.by)}))
    else:
        person = actor_of(actor, obj.environment)
        refusal = workflow.why_not_permitted(found, person, requester_id=requester_id)
        if refusal is not None:
            raise Forbidden(refusal)
    too_late = workflow.why_not_now(found, obj.status)
    if too_late is not None:
        raise TooLate(too_late)
    return found


def move(
    obj: Moved,
    action: str,
    *,
    actor: User | None = None,
    reason: Reason | None = None,
    comment: str = "",
    fields: Mapping[str, Any] | None = None,
    where: Mapping[str, Any] | None = None,
    trace_id: str | None = None,
) -> None:
    """Make the move `action`, or raise TooLate and change nothing.

    Writes status, `fields` and the audit event in the caller's transaction; `where` narrows
    the compare-and-set (a worker token, a lock version). `obj` is refreshed afterwards.
    Raises Forbidden or TooLate.
    """
    requester_id = obj.requester_id if isinstance(obj, ChangeRequest) else None
    found = require(obj, action, actor, requester_id=requester_id)
    before = obj.status
    changes: dict[str, Any] = {
        "status": found.target,
        "status_at": Now(),
        "status_reason": reason.to_json() if reason is not None else None,
        **(fields or {}),
    }
    counter = _COUNTERS.get(type(obj))
    if counter is not None:
        changes.setdefault(counter, F(counter) + 1)
    rows = type(obj)._default_manager.filter(pk=obj.pk, **(where or {}))
    if rows.filter(status=before).update(**changes) != 1:
        # Somebody moved it since `obj` was read. Another source is as good, and the audit tells the true one.
        left = rows.filter(status__in=found.sources).select_for_update().values_list("status", flat=True).first()
        if left is None or rows.filter(status=left).update(**changes) != 1:
            raise TooLate(Reason("move.lost_race", {"action": action}))
        before = left
    obj.refresh_from_db()
    audit.record(
        f"{_MACHINES[type(obj)]}.{action}",
        actor=actor,
        subject=obj,
        before={"status": before},
        after={"status": obj.status},
        reason=reason,
        comment=comment,
        trace_id=trace_id,
    )

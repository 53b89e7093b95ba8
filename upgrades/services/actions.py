"""What a person could do with a change request now: for its buttons. The moves check again themselves."""

from dataclasses import dataclass

from upgrades.models import ChangeRequest, Role, User
from upgrades.rules import Reason, workflow
from upgrades.services import change_requests, moves, votes

_VOTES = ("approve", "send_back", "reject")
_EDITABLE = workflow.Move("edit", frozenset(workflow.REQUEST_EDITABLE), "", workflow.By.OPERATOR)
_COPYABLE = workflow.Move("copy_ended", frozenset(workflow.REQUEST_FINAL), "", workflow.By.OPERATOR)


@dataclass(frozen=True, slots=True)
class ActionState:
    """One action: allowed, or not with the reason; `who` are people who could do it."""

    action: str
    is_allowed: bool
    reason: Reason | None
    who: list[User]


def actions(change_request: ChangeRequest, user: User) -> list[ActionState]:
    """Every action that the status of `change_request` offers to people, in the order of the table."""
    person = moves.actor_of(user, change_request.environment)
    rows = [*workflow.REQUEST_MOVES, _EDITABLE, _COPYABLE]
    offered = [row for row in rows if row.is_for_people and change_request.status in row.sources]
    return [_state(change_request, user, person, row) for row in offered]


def _state(change_request: ChangeRequest, user: User, person: workflow.Actor, row: workflow.Move) -> ActionState:
    reason = workflow.why_not_permitted(row, person, requester_id=change_request.requester_id)
    if row.action in _VOTES:
        reason = _why_not_vote(change_request, user, row.action)
    elif reason is None and row.action == "submit" and change_request.revision <= change_request.sent_back_revision:
        reason = Reason("change_request.unchanged_since_sent_back")
    return ActionState(row.action, reason is None, reason, [] if reason is None else _who(change_request, row))


def _why_not_vote(change_request: ChangeRequest, user: User, action: str) -> Reason | None:
    reason = votes.why_not(change_request, user)
    is_approved = change_request.status == workflow.RequestStatus.APPROVED
    if reason is not None and reason.code == "vote.already_voted" and action == "send_back" and is_approved:
        return None
    return reason


def _who(change_request: ChangeRequest, row: workflow.Move) -> list[User]:
    if row.action in _VOTES:
        return change_requests.signers(change_request)
    if row.by in (workflow.By.REQUESTER, workflow.By.REQUESTER_OR_ADMIN):
        return [change_request.requester]
    people = User.objects.filter(is_active=True, grants__role=Role.OPERATOR).distinct().order_by("username")
    environment = change_request.environment
    return [person for person in people if person.has_role(Role.OPERATOR, environment)]

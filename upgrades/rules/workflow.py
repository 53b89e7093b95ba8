"""The machines: statuses, their groups, and the MOVES tables. Nothing else may change a status.

`REQUEST_MOVES` answers *is it allowed?*, `RUN_MOVES` answers *what is happening?*,
`RUN_ACTION_MOVES` what became of a retry, skip or cancel that was asked of OCP;
`DECISION_MOVES` holds an act that needs two people. One service, `services.moves.move`,
carries a row of these tables out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from upgrades.rules import Reason


class By(StrEnum):
    """Who may make a move. No value means nobody may."""

    SYSTEM = "system"
    OPERATOR = "operator"
    APPROVER = "approver"
    REQUESTER = "requester"
    REQUESTER_OR_ADMIN = "requester_or_admin"
    DECIDER = "decider"


@dataclass(frozen=True, slots=True)
class Move:
    """One legal change of status: `action` leads from any of `sources` to `target`."""

    action: str
    sources: frozenset[str]
    target: str
    by: By

    @property
    def is_for_people(self) -> bool:
        """Whether a person makes it, so that a page shows a button."""
        return self.by is not By.SYSTEM


@dataclass(frozen=True, slots=True)
class Actor:
    """What the rules need to know of a person: id and rights in the object's environment."""

    user_id: int
    is_active: bool = True
    is_operator: bool = False
    is_approver: bool = False
    is_admin: bool = False


class RequestStatus(StrEnum):
    """Statuses of a change request (design, section 4)."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    CHANGES_REQUESTED = "changes_requested"
    STALE = "stale"
    APPROVED = "approved"
    STARTING = "starting"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    REJECTED = "rejected"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class RunStatus(StrEnum):
    """Statuses of an upgrade run. OCP's FAILED is open: it can be retried."""

    SUBMITTING = "submitting"
    UNCONFIRMED = "unconfirmed"
    RUNNING = "running"
    FAILED = "failed"
    VERIFYING = "verifying"
    DISAGREES = "disagrees"
    VERIFIED = "verified"
    REFUSED = "refused"
    ABANDONED = "abandoned"
    ROLLED_BACK = "rolled_back"
    CLOSED = "closed"


class RunActionStatus(StrEnum):
    """Statuses of a run action. What became of it is read from OCP, never believed from an answer alone."""

    ASKED = "asked"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    UNCONFIRMED = "unconfirmed"
    LAPSED = "lapsed"


class DecisionStatus(StrEnum):
    """Statuses of a decision: proposed by one, confirmed by another, then carried out."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    DONE = "done"
    OVERTAKEN = "overtaken"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class DecisionKind(StrEnum):
    """What two people may decide."""

    ADOPT = "adopt"
    RELEASE = "release"
    ABANDON = "abandon"
    CLOSE = "close"
    ADDRESS = "address"
    SKIP = "skip"
    CANCEL = "cancel"


def _move(action: str, sources: Iterable[str], target: str, by: By) -> Move:
    return Move(action, frozenset(str(source) for source in sources), str(target), by)


_R, _U, _D, _A = RequestStatus, RunStatus, DecisionStatus, RunActionStatus

REQUEST_MOVES: tuple[Move, ...] = (
    _move("submit", [_R.DRAFT, _R.CHANGES_REQUESTED, _R.STALE], _R.IN_REVIEW, By.OPERATOR),
    _move("approve", [_R.IN_REVIEW], _R.APPROVED, By.APPROVER),
    _move("send_back", [_R.IN_REVIEW, _R.APPROVED], _R.CHANGES_REQUESTED, By.APPROVER),
    _move("take_back", [_R.IN_REVIEW, _R.APPROVED], _R.CHANGES_REQUESTED, By.REQUESTER),
    _move("reject", [_R.IN_REVIEW], _R.REJECTED, By.APPROVER),
    _move(
        "withdraw",
        [_R.DRAFT, _R.IN_REVIEW, _R.CHANGES_REQUESTED, _R.STALE, _R.APPROVED, _R.STARTING],
        _R.WITHDRAWN,
        By.REQUESTER_OR_ADMIN,
    ),
    _move("start", [_R.APPROVED], _R.STARTING, By.OPERATOR),
    _move("call_off", [_R.STARTING], _R.APPROVED, By.OPERATOR),
    _move("block", [_R.STARTING], _R.APPROVED, By.SYSTEM),
    _move("lose_voter", [_R.STARTING], _R.IN_REVIEW, By.SYSTEM),
    _move("begin", [_R.STARTING], _R.IN_PROGRESS, By.SYSTEM),
    _move("turn_stale", [_R.IN_REVIEW, _R.APPROVED, _R.STARTING], _R.STALE, By.SYSTEM),
    _move(
        "expire",
        [_R.IN_REVIEW, _R.CHANGES_REQUESTED, _R.STALE, _R.APPROVED, _R.STARTING],
        _R.EXPIRED,
        By.SYSTEM,
    ),
    _move("finish", [_R.IN_PROGRESS], _R.DONE, By.SYSTEM),
)

RUN_MOVES: tuple[Move, ...] = (
    _move("accept", [_U.SUBMITTING, _U.UNCONFIRMED], _U.RUNNING, By.SYSTEM),
    _move("refuse", [_U.SUBMITTING, _U.UNCONFIRMED], _U.REFUSED, By.SYSTEM),
    _move("doubt", [_U.SUBMITTING], _U.UNCONFIRMED, By.SYSTEM),
    _move("adopt", [_U.SUBMITTING, _U.UNCONFIRMED], _U.RUNNING, By.SYSTEM),
    _move("abandon", [_U.UNCONFIRMED], _U.ABANDONED, By.SYSTEM),
    _move("end", [_U.RUNNING, _U.FAILED], _U.VERIFYING, By.SYSTEM),
    _move("fail", [_U.RUNNING], _U.FAILED, By.SYSTEM),
    _move("resume", [_U.FAILED], _U.RUNNING, By.SYSTEM),
    _move("roll_back", [_U.RUNNING, _U.FAILED], _U.ROLLED_BACK, By.SYSTEM),
    _move("verify", [_U.VERIFYING, _U.DISAGREES], _U.VERIFIED, By.SYSTEM),
    _move("disagree", [_U.VERIFYING], _U.DISAGREES, By.SYSTEM),
    _move("close", [_U.RUNNING, _U.FAILED, _U.VERIFYING, _U.DISAGREES], _U.CLOSED, By.SYSTEM),
)

RUN_ACTION_MOVES: tuple[Move, ...] = (
    _move("send", [_A.ASKED], _A.SENDING, By.SYSTEM),
    _move("refuse", [_A.ASKED, _A.SENDING], _A.REFUSED, By.SYSTEM),
    _move("doubt", [_A.SENDING], _A.UNCONFIRMED, By.SYSTEM),
    _move("finish", [_A.SENDING, _A.UNCONFIRMED], _A.DONE, By.SYSTEM),
    _move("lapse", [_A.UNCONFIRMED], _A.LAPSED, By.SYSTEM),
)

DECISION_MOVES: tuple[Move, ...] = (
    _move("confirm", [_D.PROPOSED], _D.CONFIRMED, By.DECIDER),
    _move("withdraw", [_D.PROPOSED], _D.WITHDRAWN, By.DECIDER),
    _move("expire", [_D.PROPOSED, _D.CONFIRMED], _D.EXPIRED, By.SYSTEM),
    _move("carry_out", [_D.CONFIRMED], _D.DONE, By.SYSTEM),
    _move("overtake", [_D.PROPOSED, _D.CONFIRMED], _D.OVERTAKEN, By.SYSTEM),
)

MOVES: Mapping[str, tuple[Move, ...]] = {
    "change_request": REQUEST_MOVES,
    "run": RUN_MOVES,
    "run_action": RUN_ACTION_MOVES,
    "decision": DECISION_MOVES,
}
STATUSES: Mapping[str, type[StrEnum]] = {
    "change_request": RequestStatus,
    "run": RunStatus,
    "run_action": RunActionStatus,
    "decision": DecisionStatus,
}

REQUEST_FINAL = frozenset({_R.REJECTED, _R.EXPIRED, _R.WITHDRAWN, _R.DONE})
REQUEST_OPEN = frozenset(set(_R) - REQUEST_FINAL)
REQUEST_TAKING_CLUSTER = REQUEST_OPEN - {_R.DRAFT}
REQUEST_EDITABLE = frozenset({_R.DRAFT, _R.CHANGES_REQUESTED, _R.STALE})
RUN_FINAL = frozenset({_U.REFUSED, _U.ABANDONED, _U.ROLLED_BACK, _U.VERIFIED, _U.CLOSED})
RUN_OPEN = frozenset(set(_U) - RUN_FINAL)
RUN_IN_DOUBT = frozenset({_U.SUBMITTING, _U.UNCONFIRMED})
RUN_FOLLOWED = frozenset({_U.RUNNING, _U.FAILED})
RUN_FREES_AT_ONCE = frozenset({_U.REFUSED, _U.VERIFIED})
DECISION_FINAL = frozenset({_D.DONE, _D.OVERTAKEN, _D.EXPIRED, _D.WITHDRAWN})
RUN_ACTION_FINAL = frozenset({_A.DONE, _A.REFUSED, _A.LAPSED})
FINAL: Mapping[str, frozenset[StrEnum]] = {
    "change_request": frozenset(REQUEST_FINAL),
    "run": frozenset(RUN_FINAL),
    "run_action": frozenset(RUN_ACTION_FINAL),
    "decision": frozenset(DECISION_FINAL),
}

# The decisions about a run, and the statuses in which each may be made. Another address is decided of an endpoint.
DECISION_SOURCES: Mapping[str, frozenset[str]] = {
    DecisionKind.ADOPT: frozenset({_U.UNCONFIRMED}),
    DecisionKind.ABANDON: frozenset({_U.UNCONFIRMED}),
    DecisionKind.CLOSE: frozenset({_U.RUNNING, _U.FAILED, _U.VERIFYING, _U.DISAGREES}),
    # An alarm's hold may lie on any run that ended.
    DecisionKind.RELEASE: frozenset(RUN_FINAL),
    DecisionKind.SKIP: RUN_FOLLOWED,
    DecisionKind.CANCEL: RUN_FOLLOWED,
}
# Of these, the ones about a subtask: they lead to a run action.
STEP_DECISIONS = frozenset({DecisionKind.SKIP, DecisionKind.CANCEL})


def find(machine: str, action: str) -> Move:
    """The row of `machine`'s table for `action`. Raises KeyError for an unknown action."""
    for move in MOVES[machine]:
        if move.action == action:
            return move
    raise KeyError(f"{machine}.{action}")


def why_not_permitted(move: Move, actor: Actor, *, requester_id: int | None = None) -> Reason | None:
    """None when `actor` may make `move`, else the reason (a 403, never a 409)."""
    if not actor.is_active:
        return Reason("person.inactive", {})
    is_requester = requester_id is not None and actor.user_id == requester_id
    allowed = {
        By.OPERATOR: actor.is_operator,
        By.APPROVER: actor.is_approver,
        By.REQUESTER: is_requester,
        By.REQUESTER_OR_ADMIN: is_requester or actor.is_admin,
        By.DECIDER: actor.is_operator or actor.is_approver or actor.is_admin,
    }
    if allowed.get(move.by, False):
        return None
    return Reason("move.not_permitted", {"by": str(move.by)})


def why_not_now(move: Move, status: str) -> Reason | None:
    """None when `move` may leave `status`, else the reason (a 409)."""
    if status in move.sources:
        return None
    return Reason("move.wrong_status", {"status": status, "action": move.action})

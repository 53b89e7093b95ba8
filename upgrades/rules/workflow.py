"""The machines: statuses, their groups, and the MOVES tables. Nothing else may change a status.

`REQUEST_MOVES` answers *is it allowed?*, `RUN_MOVES` answers *what is happening?*,
`DECISION_MOVES` holds an act that needs two people. One service, `services.moves.move`,
carries a row of these tables out.
"""

from collections import deque
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
    OPERATOR_OR_APPROVER = "operator_or_approver"
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


def _move(action: str, sources: Iterable[str], target: str, by: By) -> Move:
    return Move(action, frozenset(str(source) for source in sources), str(target), by)


_R, _U, _D = RequestStatus, RunStatus, DecisionStatus

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
    "decision": DECISION_MOVES,
}
STATUSES: Mapping[str, type[StrEnum]] = {
    "change_request": RequestStatus,
    "run": RunStatus,
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
FINAL: Mapping[str, frozenset[StrEnum]] = {
    "change_request": frozenset(REQUEST_FINAL),
    "run": frozenset(RUN_FINAL),
    "decision": frozenset(DECISION_FINAL),
}

# The decisions about a run, and the statuses in which each may be made. Another address is decided of an endpoint.
DECISION_SOURCES: Mapping[str, frozenset[str]] = {
    DecisionKind.ADOPT: frozenset({_U.UNCONFIRMED}),
    DecisionKind.ABANDON: frozenset({_U.UNCONFIRMED}),
    DecisionKind.CLOSE: frozenset({_U.RUNNING, _U.FAILED, _U.VERIFYING, _U.DISAGREES}),
    # An alarm's hold may lie on any run that ended.
    DecisionKind.RELEASE: frozenset(RUN_FINAL),
}


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
        By.OPERATOR_OR_APPROVER: actor.is_operator or actor.is_approver,
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


def available_moves(
    machine: str, status: str, actor: Actor, *, requester_id: int | None = None
) -> list[tuple[Move, Reason | None]]:
    """The people's moves out of `status`, each with None or why this actor may not make it."""
    return [
        (move, why_not_permitted(move, actor, requester_id=requester_id))
        for move in MOVES[machine]
        if move.is_for_people and status in move.sources
    ]


_OBSERVED: frozenset[str] = frozenset({"adopt", "end", "fail", "resume", "roll_back"})


def observed_moves(status: str, target: str) -> tuple[Move, ...] | None:
    """The shortest legal path from `status` to the observed `target`, or None.

    Only moves that an observation of OCP's task may make are walked; () when already there.
    """
    queue: deque[tuple[str, tuple[Move, ...]]] = deque([(status, ())])
    seen = {status}
    while queue:
        here, path = queue.popleft()
        if here == target:
            return path
        for move in RUN_MOVES:
            if move.action in _OBSERVED and here in move.sources and move.target not in seen:
                seen.add(move.target)
                queue.append((move.target, (*path, move)))
    return None


def status_from_task(status: str, operation: str) -> RunStatus | None:
    """What OCP's words about the parent task mean for a run; None for a word we do not know.

    A SUCCESSFUL task whose operation is ROLLBACK has been rolled back
    (ocp-express TaskState; ocp-doc task-list sample): it is never a success.
    """
    if status == "RUNNING":
        return RunStatus.RUNNING
    if status == "FAILED":
        return RunStatus.FAILED
    if status == "SUCCESSFUL":
        return RunStatus.ROLLED_BACK if operation == "ROLLBACK" else RunStatus.VERIFYING
    return None

"""Retry, skip and cancel: when one makes sense, what an answer to it means, and what shows its effect.

OCP's words and rules: ocp-doc V4.2.2, API/1100.task-management, and the task engine of ocp-express.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from upgrades.rules import Reason, workflow
from upgrades.rules.submission import Answer, digits


class Kind(StrEnum):
    """What may be asked of OCP. A rollback never: its manual says that an upgrade cannot be rolled back."""

    RETRY = "retry"
    RETRY_TASK = "retry_task"
    SKIP = "skip"
    CANCEL = "cancel"


# What one person may ask for; the others take two.
BY_ONE = (Kind.RETRY, Kind.RETRY_TASK)
OPEN = frozenset(set(workflow.RunActionStatus) - workflow.RUN_ACTION_FINAL)
_WANTED: Mapping[str, str] = {
    Kind.RETRY: "FAILED",
    Kind.RETRY_TASK: "FAILED",
    Kind.SKIP: "FAILED",
    Kind.CANCEL: "RUNNING",
}
_BACKWARD = frozenset({"ROLLBACK", "ROLLBACK_SKIP"})
# OCP's operations that somebody asked for, and what they are called.
_BY_HAND: Mapping[str, str] = {
    "RETRY": "RETRY",
    "SKIP": "SKIP",
    "ROLLBACK_SKIP": "SKIP",
    "CANCEL": "CANCEL",
    "ROLLBACK": "ROLLBACK",
}
_ACT_OF: Mapping[str, str] = {Kind.RETRY: "RETRY", Kind.RETRY_TASK: "RETRY", Kind.SKIP: "SKIP", Kind.CANCEL: "CANCEL"}

# OCP's "another state than this needs" (its error table, TSK): proved or disproved by reading.
_WRONG_STATE = frozenset({"10007", "10010", "10016", "10017"})
# "There is no such task", "its definition changed under it".
_DEFINITE = frozenset({"10001", "10011"})


@dataclass(frozen=True, slots=True)
class Step:
    """What the rules need to know of a subtask. Times are texts, compared for being the same and nothing else."""

    id: int
    name: str
    status: str
    operation: str
    run_time: int | None
    started_at: str = ""
    finished_at: str = ""

    @property
    def mark(self) -> list[str | int | None]:
        """One attempt of it, as plain JSON: another mark is another attempt, or another state of this one."""
        return [self.status, self.operation, self.run_time, self.started_at, self.finished_at]


@dataclass(frozen=True, slots=True)
class Child:
    """The child task that a subtask of the parent waits for, with the names of its failed subtasks."""

    task_id: int
    status: str
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """What an action is about: the subtask, or each failed one of a task, and the children these wait for."""

    run_status: str
    task_id: int
    task_status: str
    task_operation: str
    steps: tuple[Step, ...]
    children: tuple[Child, ...] = ()


def why_not(kind: str, target: Target) -> Reason | None:
    """None where `kind` makes sense for `target` as OCP last showed it, else why not (a 409)."""
    if target.run_status not in workflow.RUN_FOLLOWED:
        return Reason("run_action.wrong_run", {"status": target.run_status})
    wanted = _WANTED[kind]
    if kind == Kind.RETRY_TASK and (target.task_status != wanted or not target.steps):
        words = {"name": str(target.task_id), "seen": target.task_status, "wanted": wanted}
        return Reason("run_action.other_state", words)
    for step in target.steps:
        if step.status != wanted:
            return Reason("run_action.other_state", {"name": step.name, "seen": step.status, "wanted": wanted})
    if target.task_operation == "ROLLBACK" or any(step.operation in _BACKWARD for step in target.steps):
        return Reason("run_action.rolling_back", {"task_id": target.task_id})
    return _why_child_first(kind, target.children)


def _why_child_first(kind: str, children: Collection[Child]) -> Reason | None:
    """The parent's subtask only waits: touched before its child it would fail, or pass, for nothing."""
    for child in children:
        if kind == Kind.CANCEL and child.status == "RUNNING":
            return Reason("run_action.child_runs", {"task_id": child.task_id})
        if kind != Kind.CANCEL and (child.status == "FAILED" or child.failed):
            name = child.failed[0] if child.failed else str(child.task_id)
            return Reason("run_action.child_first", {"name": name, "task_id": child.task_id})
    return None


class Verdict(StrEnum):
    """What an answer tells. CONTESTED: OCP says no, and reading tells whether it is so."""

    TAKEN = "taken"
    REFUSED = "refused"
    CONTESTED = "contested"
    UNKNOWN = "unknown"


def judge(answer: Answer) -> tuple[Verdict, Reason]:
    """What `answer` means. A proxy may have replayed a POST that OCP took: only what proves a no is one."""
    if not answer.is_sent:
        return Verdict.REFUSED, Reason("run_action.not_sent")
    if answer.http_status is None:
        return Verdict.UNKNOWN, Reason("run_action.no_answer")
    if 200 <= answer.http_status < 300:
        return Verdict.TAKEN, Reason("run_action.not_seen_yet")
    words: dict[str, str | int] = {"http_status": answer.http_status, "code": answer.code or ""}
    is_ocps_no = answer.has_envelope and 400 <= answer.http_status < 500
    if is_ocps_no and (answer.http_status in (401, 403) or digits(answer.code) in _DEFINITE):
        return Verdict.REFUSED, Reason("run_action.refused_by_ocp", words)
    if is_ocps_no and digits(answer.code) in _WRONG_STATE:
        return Verdict.CONTESTED, Reason("run_action.refused_by_ocp", words)
    return Verdict.UNKNOWN, Reason("run_action.odd_answer", words)


def shows_effect(kind: str, before: Mapping[str, Sequence[str | int | None]], steps: Collection[Step]) -> bool:
    """Whether OCP shows what was asked. `before`: the marks by id that were read right before it was sent.

    A failed subtask does not move by itself; that it moved by another operation is somebody else's doing.
    """
    now = {str(step.id): step for step in steps}
    return bool(before) and all(key in now and _is_moved(kind, list(mark), now[key]) for key, mark in before.items())


def _is_moved(kind: str, before: list[str | int | None], step: Step) -> bool:
    if step.mark == before:
        return False
    if kind == Kind.CANCEL:
        return step.status == "CANCELING" or step.operation == "CANCEL"
    act = _BY_HAND.get(step.operation, "")
    return act == "SKIP" if kind == Kind.SKIP else act in ("", "RETRY")


def act_seen(before: Step | None, after: Step) -> str:
    """RETRY, SKIP, CANCEL or ROLLBACK where somebody asked for it between two reads; "" where OCP went on by itself."""
    if after.status == "CANCELING":
        return "" if before is not None and before.status == "CANCELING" else "CANCEL"
    word = _BY_HAND.get(after.operation, "")
    if before is None:
        return word
    if (before.run_time or 0) >= 1 and (after.run_time or 0) > (before.run_time or 0):
        return word or "RETRY"
    if before.operation != after.operation:
        return "" if before.status == "CANCELING" else word
    return word if before.status == "FAILED" and after.status != "FAILED" else ""


def is_act_of(kind: str, act: str) -> bool:
    """Whether an action of `kind` would show as `act`."""
    return _ACT_OF[kind] == act

"""What happened in a run and when: changes of its subtasks, and its own moves."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from upgrades.models import AuditEvent, SubtaskEvent

# An upgrade of three hops has some 600; a hostile OCP may change its words each second.
EVENTS_MOST = 6000


@dataclass(frozen=True, slots=True)
class Event:
    """A change of the subtask `key` ("task id/subtask id") as ocpdash saw it.

    `act`: the retry, skip, cancel or rollback that it shows, "" for none; `asker`: who asked for it in ocpdash, ""
    where it was done in OCP.
    """

    at: datetime
    key: str
    task_id: int
    name: str
    status_before: str
    status_after: str
    operation: str
    run_time: int | None
    act: str
    asker: str


@dataclass(frozen=True, slots=True)
class RunMove:
    """An audit event of the run itself; `by` is "" for ocpdash."""

    at: datetime
    action: str
    is_failure: bool
    reason: dict[str, Any] | None
    by: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """Both, oldest first. `is_cut`: the oldest changes of subtasks are left out."""

    events: list[Event]
    moves: list[RunMove]
    is_cut: bool


def run_timeline(run_id: int) -> Timeline:
    """The timeline of a run. Two queries, however much has happened."""
    columns = ("seen_at", "task_ocp_id", "subtask_ocp_id", "name", "status_before", "status_after", "operation_after")
    acts = ("run_time", "act", "action__asker__username")
    rows = SubtaskEvent.objects.filter(run=run_id).order_by("-pk").values_list(*columns, *acts)
    newest = list(rows[: EVENTS_MOST + 1])
    events = [
        Event(at, f"{task_id}/{subtask_id}", task_id, name, before, after, operation, run_time, act, asker or "")
        for at, task_id, subtask_id, name, before, after, operation, run_time, act, asker in newest[:EVENTS_MOST][::-1]
    ]
    audited = AuditEvent.objects.filter(change_request_id=run_id, action__startswith="run.").order_by("pk")
    told = audited.exclude(outcome=AuditEvent.Outcome.REFUSED)[:EVENTS_MOST]
    moves = [
        RunMove(at, action, outcome == AuditEvent.Outcome.FAILED, reason, name)
        for at, action, outcome, reason, name in told.values_list("at", "action", "outcome", "reason", "actor_name")
    ]
    return Timeline(events, moves, is_cut=len(newest) > EVENTS_MOST)

"""What an answer to the upgrade POST means, and which task a sweep may adopt.

A definite no is the exception: whatever is not proved is doubt, and doubt is for people
(design, section 4, steps 5 and 6).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from upgrades.rules import ParamValue, Reason

# OCP's codes that say "never begun" (ocp-doc V4.2.2, OCP error table); compared on their digits, since
# V4.0.0 to V4.2.1 list bare integers and V4.2.2 prefixed strings.
_DEFINITE = frozenset(
    {"11001", "11013", "11062", "11063", "11065", "11067", "11068", "11070", "11082", "12101", "10014"}
)
_BUSY = "11020"


class Outcome(StrEnum):
    """What became of a submission, as far as its answer tells."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """The facts of an answer, or of its absence. `is_sent`: a byte of the POST may have left."""

    is_sent: bool = True
    http_status: int | None = None
    code: str | None = None
    has_envelope: bool = False
    task_id: int | None = None
    cluster_id: int | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """The outcome, why, and whether OCP said that another task keeps the cluster busy."""

    outcome: Outcome
    reason: Reason
    is_busy: bool = False


def digits(code: str | None) -> str:
    """The trailing digits of an OCP error code: OBE11020 and 11020 are the same."""
    found = re.search(r"\d+$", code or "")
    return found.group() if found else ""


def judge(answer: Answer, *, affected_ids: Collection[int], known_task_ids: Collection[int]) -> Judgement:
    """What `answer` means for the run.

    `affected_ids` are OCP's ids of the clusters of the plan, `known_task_ids` the tasks seen before the POST.
    """
    if not answer.is_sent:
        return Judgement(Outcome.REFUSED, Reason("submit.not_sent"))
    status = answer.http_status
    if status is None:
        return Judgement(Outcome.UNKNOWN, Reason("submit.no_answer"))
    if 200 <= status < 300:
        return _judge_success(answer, affected_ids, known_task_ids)
    params: dict[str, ParamValue] = {"status": status, "code": answer.code or ""}
    if answer.has_envelope and status in (401, 403):
        return Judgement(Outcome.REFUSED, Reason("submit.no_right", params))
    if answer.has_envelope and 400 <= status < 500 and digits(answer.code) in _DEFINITE:
        return Judgement(Outcome.REFUSED, Reason("submit.refused_by_ocp", params))
    if digits(answer.code) == _BUSY:
        return Judgement(Outcome.UNKNOWN, Reason("submit.busy", params), is_busy=answer.has_envelope)
    return Judgement(Outcome.UNKNOWN, Reason("submit.odd_answer", params))


def _judge_success(answer: Answer, affected_ids: Collection[int], known_task_ids: Collection[int]) -> Judgement:
    if answer.task_id is None:
        return Judgement(Outcome.UNKNOWN, Reason("submit.no_task"))
    params: dict[str, ParamValue] = {"task_id": answer.task_id, "cluster_id": answer.cluster_id}
    if answer.task_id in known_task_ids:
        return Judgement(Outcome.UNKNOWN, Reason("submit.old_task", params))
    if answer.cluster_id not in affected_ids:
        return Judgement(Outcome.UNKNOWN, Reason("submit.other_cluster", params))
    return Judgement(Outcome.ACCEPTED, Reason("submit.accepted", params))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task of OCP's list that might be ours. `started_at` is its creation where it has not started."""

    task_id: int
    is_parent: bool
    cluster_id: int | None
    creator_name: str
    started_at: datetime | None


@dataclass(frozen=True, slots=True)
class Intent:
    """What we know of the POST in doubt, on OCP's clock."""

    at: datetime
    affected_ids: frozenset[int]
    baseline: frozenset[int]
    account_name: str
    before: timedelta
    quiet: timedelta


class Fit(StrEnum):
    """How well a task fits an intent: NO, only for people to decide, or adoptable."""

    NO = "no"
    PROPOSE = "propose"
    ADOPT = "adopt"


def fit(candidate: Candidate, intent: Intent, *, bound_ids: Collection[int], is_account_ours: bool) -> Fit:
    """How `candidate` fits `intent`. Ids are compared for being the same, never for their order.

    One that OCP shows without any time is for people: it may be ours, not begun yet.
    """
    is_ours = (
        candidate.is_parent
        and candidate.cluster_id in intent.affected_ids
        and candidate.task_id not in intent.baseline
        and candidate.task_id not in bound_ids
        and candidate.creator_name == intent.account_name
    )
    if not is_ours:
        return Fit.NO
    if candidate.started_at is None:
        return Fit.PROPOSE
    if candidate.started_at < intent.at - intent.before:
        return Fit.NO
    if not is_account_ours or candidate.started_at > intent.at + intent.quiet:
        return Fit.PROPOSE
    return Fit.ADOPT

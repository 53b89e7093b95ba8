"""Kinds of odd answers, and the walks through an answer's JSON that the kinds share."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from upgrades.simulator.envelope import Reply

Json = Any
Row = dict[str, Any]

ENVELOPED = r"^/api/(?!v2/(time|info)|status)"
JSON = r"^/api/(?!v2/time|status)"
CONTENTS = (
    r"^/api/v2/(ob/clusters(/\d+/(zones|servers|parameters|backup/task/\w+))?|software-packages|tasks/instances"
    r"|alarm/alarms|audit/events)(\?|$)"
)
PAGES = (
    r"^/api/v2/(ob/clusters(/\d+/backup/task/\w+)?|software-packages|tasks/instances|alarm/alarms|audit/events)(\?|$)"
)
STATES = r"^/api/v2/(ob/clusters(?!/\d+/(parameters|upgrade))|tasks/|alarm/alarms|audit/events)(?!.*/log)"
TASKS = r"^/api/v2/tasks/(?!.*/(log|skip|cancel|subtasks))"
DETAILS = r"^/api/v2/tasks/(instances/)?\d+$"


@dataclass(frozen=True, slots=True)
class Pace:
    """How an answer is poured: a byte each `seconds`, until `released`."""

    seconds: float
    released: threading.Event


Make = Callable[[Reply, Pace], Reply]


@dataclass(frozen=True, slots=True)
class Answer:
    """One kind of odd answer, made from the honest one; `is_refusal` means that OCP did no work for it."""

    name: str
    about: str
    make: Make
    is_refusal: bool = False
    calls: str = r"^/api/"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of odd JSON: `calls` is a pattern of the targets whose answers it changes, `change` a pure function."""

    name: str
    about: str
    calls: str
    change: Callable[[Json], Json]


def in_dicts(value: Json, change: Callable[[Row], Row]) -> Json:
    """Return JSON in which every object was passed through `change`, the inner ones first."""
    if isinstance(value, list):
        return [in_dicts(item, change) for item in value]
    if isinstance(value, dict):
        return change({key: in_dicts(item, change) for key, item in value.items()})
    return value


def in_leaves(value: Json, change: Callable[[str, Any], Any], key: str = "") -> Json:
    """Return JSON in which every value that is neither object nor list was replaced; `change` has its key too."""
    if isinstance(value, list):
        return [in_leaves(item, change, key) for item in value]
    if isinstance(value, dict):
        return {name: in_leaves(item, change, name) for name, item in value.items()}
    return change(key, value)


def in_data(answer: Json, change: Callable[[Json], Json]) -> Json:
    """Return an answer with other `data`; one without data, or without an envelope, is changed as a whole."""
    if isinstance(answer, dict) and "data" in answer:
        return answer | {"data": change(answer["data"])}
    return change(answer)


def in_contents(answer: Json, change: Callable[[list[Json]], Json]) -> Json:
    """Return an answer whose list of rows is another; answers without one stay as they are."""
    if not _has_contents(answer):
        return answer
    return answer | {"data": answer["data"] | {"contents": change(answer["data"]["contents"])}}


def in_rows(answer: Json, change: Callable[[Row], Row]) -> Json:
    """Return an answer with other rows: each of its list, or the one object it is about."""
    if _has_contents(answer):
        return in_contents(answer, lambda rows: [change(row) for row in rows])
    return in_data(answer, lambda data: change(data) if isinstance(data, dict) else data)


def in_tasks(answer: Json, change: Callable[[Row], Row]) -> Json:
    """Return an answer with other tasks: the objects that have subtasks."""
    return in_dicts(answer, lambda row: change(row) if isinstance(row.get("subtasks"), list) else row)


def _has_contents(answer: Json) -> bool:
    return (
        isinstance(answer, dict)
        and isinstance(answer.get("data"), dict)
        and isinstance(answer["data"].get("contents"), list)
    )

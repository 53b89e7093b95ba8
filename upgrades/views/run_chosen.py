"""The subtask that a reader looks at: its facts, its neighbours, the tail of its log."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from upgrades.models import SubtaskLog, UpgradeRun
from upgrades.selectors import Step
from upgrades.views.run_graph import RunDrawing, ocp_word

LINES = 400
_LINE_MOST = 2000
# Colours and cursor moves of a terminal (ECMA-48, CSI and OSC).
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_LEVEL = re.compile(r"\b(ERROR|WARN(?:ING)?|FATAL)\b")
_KINDS = {"WARN": "warn", "WARNING": "warn", "ERROR": "error", "FATAL": "error"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a log, without a terminal's codes; `kind`: warn, error or ""."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Log:
    """What is known of a log. `row` None: not read yet. `hidden` lines stand before those shown."""

    key: str
    row: SubtaskLog | None
    lines: list[Line]
    hidden: int


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A subtask before or after the chosen one."""

    step: Step
    status: str
    word: str
    query: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """The chosen subtask. `is_by_hand`: a reader chose it; else it failed."""

    step: Step
    status: str
    word: str
    took: str
    places: list[str]
    after: list[Neighbour]
    before: list[Neighbour]
    log: Log
    is_by_hand: bool


def chosen(run: UpgradeRun, drawing: RunDrawing) -> Chosen | None:
    """The subtask of the address, else one that failed; None where the graph may have all of the width."""
    key = drawing.address.node
    is_by_hand = key in drawing.graph.steps
    if not is_by_hand:
        key = next(iter(drawing.failed), "")
    if not key:
        return None
    step = drawing.graph.steps[key]
    return Chosen(
        step=step,
        status=drawing.states[key],
        word=ocp_word(step),
        took=drawing.took(step),
        places=[drawing.title(drawing.boxes[box]) for box in drawing.trail(key)],
        after=_neighbours(drawing, key, is_upstream=True),
        before=_neighbours(drawing, key, is_upstream=False),
        log=log_of(run, key),
        is_by_hand=is_by_hand,
    )


def log_of(run: UpgradeRun, key: str) -> Log:
    """The log of the subtask `key` of the run as the Celery worker last read it."""
    task_id, _slash, subtask_id = key.partition("/")
    rows = SubtaskLog.objects.filter(task_instance__run=run, task_instance__ocp_id=task_id, subtask_ocp_id=subtask_id)
    row = rows.first()
    lines = row.text.splitlines() if row else []
    return Log(key, row, [_line(text) for text in lines[-LINES:]], max(0, len(lines) - LINES))


def plain(text: str) -> str:
    """`text` without a terminal's codes; what would turn or hide the text round it is shown as its number."""
    bare = _ANSI.sub("", text)[:_LINE_MOST]
    return "".join(char if char == "\t" or _is_seen(char) else f"\\u{ord(char):04x}" for char in bare)


def _is_seen(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Zl", "Zp")


def _line(text: str) -> Line:
    shown = plain(text)
    level = _LEVEL.search(shown[:80])
    return Line(shown, _KINDS[level.group(1)] if level else "")


def _neighbours(drawing: RunDrawing, key: str, *, is_upstream: bool) -> list[Neighbour]:
    """Those that OCP names at either end of an edge."""
    own = drawing.graph.steps[key]
    named = set(own.after if is_upstream else own.before)
    named |= {step.key for step in drawing.graph.steps.values() if key in (step.before if is_upstream else step.after)}
    return list(_known(drawing, sorted(named - {key})))


def _known(drawing: RunDrawing, keys: Iterable[str]) -> Iterable[Neighbour]:
    for key in keys:
        step = drawing.graph.steps.get(key)
        if step is not None:
            yield Neighbour(step, drawing.states[key], ocp_word(step), drawing.address.selecting(key))

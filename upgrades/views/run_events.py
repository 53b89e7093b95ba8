"""The events of a run as its page lists them: what happened when, under the hop it belongs to."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _

from upgrades import audit
from upgrades.selectors import Event, RunMove, Timeline
from upgrades.templatetags.ocpdash import subtask_status
from upgrades.views.run_banners import sentence
from upgrades.views.run_graph import RunDrawing

PAGE = 200
# Moves that mean that something went, or may have gone, wrong; the look of each move of the machine.
_BAD = frozenset(
    {"run.fail", "run.disagree", "run.refuse", "run.doubt", "run.unreadable", "run.alarm", "run.roll_back"}
)
_LOOKS = {
    "run.fail": "failed",
    "run.disagree": "disagrees",
    "run.refuse": "refused",
    "run.doubt": "unconfirmed",
    "run.unreadable": "stale",
    "run.alarm": "failed",
    "run.roll_back": "blocked",
    "run.verify": "verified",
    "run.end": "verifying",
    "run.abandon": "abandoned",
    "run.close": "closed",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `event` for a change of a subtask, `move` for the run's own; `text`: the move in words."""

    event: Event | None
    move: RunMove | None
    at: datetime
    status: str
    text: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Entries that follow each other under one hop; `title` is its name."""

    title: str
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Events:
    """One page of the events, in the order and with the filter of the address."""

    page: Page[Entry]
    stretches: Sequence[Stretch]
    is_cut: bool
    failed_count: int
    orders: Sequence[tuple[str, str, bool]]
    all_query: str
    failed_query: str
    earlier_query: str
    later_query: str


def events_of(timeline: Timeline, drawing: RunDrawing) -> Events:
    """What the address of `drawing` asks to see of `timeline`."""
    address = drawing.address
    entries = sorted([*_of_subtasks(timeline.events), *_of_run(timeline.moves)], key=_moment)
    failed = [entry for entry in entries if _is_bad(entry)]
    wanted = failed if address.only else entries
    page = Paginator(wanted if address.order == "oldest" else wanted[::-1], PAGE).get_page(address.page or 1)
    words = (("newest", _("Newest first")), ("oldest", _("Oldest first")))
    return Events(
        page=page,
        stretches=list(_stretches(page, drawing)),
        is_cut=timeline.is_cut,
        failed_count=len(failed),
        orders=[(word, replace(address, order=name, page=0).query(), name == address.order) for name, word in words],
        all_query=replace(address, only="", page=0).query(),
        failed_query=replace(address, only="failed", page=0).query(),
        earlier_query=replace(address, page=page.previous_page_number()).query() if page.has_previous() else "",
        later_query=replace(address, page=page.next_page_number()).query() if page.has_next() else "",
    )


def hop_titles(drawing: RunDrawing) -> dict[int, str]:
    """What the hop of each child task is called, by the task's id."""
    boxes = {box.number: drawing.title(box) for box in drawing.boxes.values() if box.kind == "hop"}
    hops = {task.ocp_id: task.hop + 1 for task in drawing.graph.tasks if task.kind == "child" and task.hop is not None}
    return {task_id: boxes.get(number, "") for task_id, number in hops.items()}


def _of_subtasks(events: Iterable[Event]) -> Iterator[Entry]:
    for event in events:
        yield Entry(event, None, event.at, subtask_status(event.status_after, event.operation))


def _of_run(moves: Iterable[RunMove]) -> Iterator[Entry]:
    for move in moves:
        text = str(audit.ACTIONS.get(move.action, move.action))
        yield Entry(None, move, move.at, _LOOKS.get(move.action, "info"), text, sentence(move.reason))


def _moment(entry: Entry) -> tuple[datetime, bool]:
    """A move that one read brought comes after the changes of that read."""
    return entry.at, entry.move is not None


def _is_bad(entry: Entry) -> bool:
    if entry.move is not None:
        return entry.move.is_failure or entry.move.action in _BAD
    return entry.status == "failed"


def _stretches(entries: Iterable[Entry], drawing: RunDrawing) -> Iterator[Stretch]:
    titles = hop_titles(drawing)

    def title(entry: Entry) -> str:
        return (titles.get(entry.event.task_id, "") if entry.event else "") or _("The run as a whole")

    for name, group in groupby(entries, title):
        yield Stretch(name, list(group))

"""The timeline of a run: a bar for each attempt of each subtask, over the time in which anything worked."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from upgrades.rules import attempts
from upgrades.rules.attempts import Attempt, Now, Sight
from upgrades.selectors import Event, Step, Timeline
from upgrades.templatetags.ocpdash import display_zone, elapsed, subtask_status
from upgrades.views.run_graph import RunDrawing, ocp_words

_STEPS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_TICKS_MOST = 6
# A bar of no length is still seen.
_SHORTEST = 0.4


@dataclass(frozen=True, slots=True)
class Bar:
    """One attempt: where its bar lies in percent of the axis, and the same in words. `count`: the number
    of the last attempt of its step."""

    step: Step
    attempt: Attempt
    count: int
    status: str
    word: str
    took: str
    left: str
    width: str
    query: str


@dataclass(frozen=True, slots=True)
class BarGroup:
    """The bars of one hop and zone."""

    title: str
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Bars:
    """All bars, the ticks of their axis as (percent, clock), and how many subtasks have not begun."""

    groups: Sequence[BarGroup]
    ticks: Sequence[tuple[str, str]]
    waiting: int
    is_cut: bool


def bars_of(timeline: Timeline, drawing: RunDrawing) -> Bars:
    """The bars of what has begun, in the order of the graph."""
    sights: dict[str, list[Sight]] = {}
    for event in timeline.events:
        sights.setdefault(event.key, []).append(_sight(event))
    found = {key: attempts.attempts(sights.get(key, ()), _now(step)) for key, step in drawing.graph.steps.items()}
    axis = _Axis.over(found.values(), drawing.now)
    groups = []
    for group in drawing.table:
        bars = [bar for step in group.rows for bar in _bars(step, found[step.key], axis, drawing)]
        if bars:
            groups.append(BarGroup(group.title, bars))
    return Bars(groups, list(axis.ticks()), sum(not tries for tries in found.values()), timeline.is_cut)


def _sight(event: Event) -> Sight:
    return Sight(event.at, event.status_after, event.operation, event.run_time)


def _now(step: Step) -> Now:
    return Now(step.status, step.operation, step.run_time, step.started_at, step.finished_at)


@dataclass(frozen=True, slots=True)
class _Axis:
    """From the first beginning to the last end, or to now where something works."""

    begin: datetime
    end: datetime

    @classmethod
    def over(cls, found: Iterable[Sequence[Attempt]], now: datetime) -> "_Axis":
        tries = [one for row in found for one in row]
        begins = [moment for one in tries if (moment := one.began_at or one.ended_at) is not None]
        ends = [one.ended_at or (one.began_at if one.is_over else now) or now for one in tries]
        begin = min(begins, default=now)
        return cls(begin, max([*ends, begin + timedelta(seconds=1)]))

    @property
    def length(self) -> float:
        return (self.end - self.begin).total_seconds()

    def percent(self, moment: datetime) -> float:
        return min(100.0, max(0.0, (moment - self.begin).total_seconds() / self.length * 100))

    def ticks(self) -> Iterator[tuple[str, str]]:
        step = next((one for one in _STEPS if self.length / one <= _TICKS_MOST), int(self.length) or 1)
        form = "%H:%M" if step >= 60 else "%H:%M:%S"
        stamp = (int(self.begin.timestamp()) // step + 1) * step
        while stamp < self.end.timestamp():
            moment = datetime.fromtimestamp(stamp, display_zone())
            if self.percent(moment) < 94:
                yield _text(self.percent(moment)), moment.strftime(form)
            stamp += step


def _bars(step: Step, tries: Sequence[Attempt], axis: _Axis, drawing: RunDrawing) -> Iterator[Bar]:
    for attempt in tries:
        end = attempt.ended_at or (attempt.began_at if attempt.is_over else drawing.now)
        begin = attempt.began_at or end or drawing.now
        left, right = axis.percent(begin), axis.percent(end or drawing.now)
        width = max(_SHORTEST, right - left)
        is_known = attempt.began_at is not None and (attempt.ended_at is not None or not attempt.is_over)
        yield Bar(
            step=step,
            attempt=attempt,
            count=tries[-1].number,
            status=subtask_status(attempt.status, attempt.operation),
            word=ocp_words(attempt.status, attempt.operation),
            took=elapsed((end or drawing.now) - begin) if is_known else "",
            left=_text(min(left, 100 - width)),
            width=_text(width),
            query=drawing.address.showing(step.key),
        )


def _text(percent: float) -> str:
    """With a point in every language: it goes into an attribute."""
    return f"{percent:.2f}%"

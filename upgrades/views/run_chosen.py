"""The subtask that a reader looks at: its facts, its neighbours, its log."""

from collections.abc import Iterable
from dataclasses import dataclass

from upgrades.models import UpgradeRun
from upgrades.selectors import Step
from upgrades.views.run_graph import RunDrawing, ocp_word
from upgrades.views.run_log_pane import Log, log_of


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
        log=log_of(run, drawing.address, key),
        is_by_hand=is_by_hand,
    )


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

"""What the pages of runs need to show: a step of the table, a finding."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy, pgettext_lazy

from upgrades.rules.run_actions import Kind
from upgrades.selectors import Step
from upgrades.views.run_graph import RunDrawing, ocp_word

register = template.Library()

# The verdict of a finding: data-status and word.
VERDICTS: Mapping[str, tuple[str, str | Promise]] = {
    "agrees": ("successful", pgettext_lazy("verdict", "agrees")),
    "disagrees": ("disagrees", pgettext_lazy("verdict", "disagrees")),
    "unread": ("unknown", pgettext_lazy("verdict", "not read")),
    "shown": ("info", pgettext_lazy("verdict", "shown, not judged")),
}

# What may be asked of OCP: its name, the words on its button, what follows.
ACTS: Mapping[str, tuple[str | Promise, str | Promise, str | Promise]] = {
    Kind.RETRY: (
        gettext_lazy("Retry"),
        gettext_lazy("Retry this subtask in OCP"),
        gettext_lazy(
            "OCP is read once more; where it still shows FAILED, it runs this subtask again and goes on after it."
        ),
    ),
    Kind.RETRY_TASK: (
        gettext_lazy("Retry of the whole task"),
        gettext_lazy("Retry every failed subtask of this task in OCP"),
        gettext_lazy("OCP is read once more; then all failed subtasks of this task run again."),
    ),
    Kind.SKIP: (gettext_lazy("Skip"), "", ""),
    Kind.CANCEL: (gettext_lazy("Cancel"), "", ""),
}


@dataclass(frozen=True, slots=True)
class Row:
    """What a row of the table shows of a step, besides the step."""

    status: str
    word: str
    took: str
    query: str


@register.simple_tag
def step_row(drawing: RunDrawing, step: Step) -> Row:
    """The row of a step."""
    query = drawing.address.showing(step.key)
    return Row(drawing.states[step.key], ocp_word(step), drawing.took(step), query)


@register.filter
def act_text(kind: str) -> str:
    """What was asked for, as a word."""
    return str(ACTS[kind][0]) if kind in ACTS else kind


@register.filter
def act_offer(kind: str) -> str:
    """What the button of a retry says."""
    return str(ACTS[kind][1]) if kind in ACTS else kind


@register.filter
def act_effect(kind: str) -> str:
    """What follows from pressing it."""
    return str(ACTS[kind][2]) if kind in ACTS else ""


@register.simple_tag
def finding_state(finding: Mapping[str, Any]) -> tuple[str, str | Promise]:
    """The data-status and the word of a finding."""
    return VERDICTS.get(finding.get("verdict", ""), ("unknown", finding.get("verdict", "")))

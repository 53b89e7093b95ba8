"""What the pages of runs need to show: a step of the table, a finding."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

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


@register.simple_tag
def finding_state(finding: Mapping[str, Any]) -> tuple[str, str | Promise]:
    """The data-status and the word of a finding."""
    return VERDICTS.get(finding.get("verdict", ""), ("unknown", finding.get("verdict", "")))

"""The admins' page of how everything stands that ocpdash stands on, each trouble with its remedy."""

from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from upgrades.reasons.doctor import remedy
from upgrades.rules import Reason
from upgrades.rules.doctor import Level, Line, Topic, worst
from upgrades.services import doctor
from upgrades.services.moves import is_admin_of_all
from upgrades.views.reader import reader

TITLES: dict[Topic, str | Promise] = {
    Topic.SENDING: _("Sending to OCP"),
    Topic.DATABASE: _("Database"),
    Topic.BROKER: _("Redis"),
    Topic.PARTS: _("Workers and beat"),
    Topic.ENDPOINTS: pgettext_lazy("page", "Endpoints"),
    Topic.RUNS: pgettext_lazy("page", "Runs"),
    Topic.AUDIT: _("Audit trail"),
    Topic.INSTALLATION: _("This web process"),
}
STATUSES = {Level.OK: "successful", Level.WARNING: "warning", Level.TROUBLE: "failed"}


@dataclass(frozen=True, slots=True)
class Told:
    """One line as the page shows it."""

    status: str
    reason: Reason
    remedy: str


@dataclass(frozen=True, slots=True)
class Section:
    """The lines of one topic, the worst first."""

    name: str
    title: str
    lines: list[Told]


@require_safe
def doctor_page(request: HttpRequest) -> HttpResponse:
    """Look at everything now. Admins of all environments alone: it tells versions and paths."""
    if not is_admin_of_all(reader(request)):
        raise PermissionDenied
    lines = doctor.examine()
    order = list(Level)[::-1]
    sections = [
        Section(
            topic,
            str(TITLES[topic]),
            [_told(line) for line in sorted(_of(topic, lines), key=lambda one: order.index(one.level))],
        )
        for topic in Topic
    ]
    counts = {level: sum(line.level is level for line in lines) for level in Level}
    facts = {
        "sections": sections,
        "status": STATUSES[worst(lines)],
        "troubles": counts[Level.TROUBLE],
        "warnings": counts[Level.WARNING],
    }
    return render(request, "upgrades/doctor/detail.html", facts)


def _of(topic: Topic, lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.topic is topic]


def _told(line: Line) -> Told:
    text = "" if line.level is Level.OK else remedy(line.reason.code)
    return Told(STATUSES[line.level], line.reason, text)

"""How what people wrote differs: between two revisions, or between what was typed and what stands. Decides nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from upgrades.models import AuditEvent, ChangeRequest
from upgrades.services import contents
from upgrades.views import briefs

LABELS: Mapping[str, str | Promise] = {
    "target_file_name": _("Package"),
    "purpose": _("Why"),
    "impact": _("What users will notice"),
    "ticket": _("Ticket"),
}
# A plan tells of its package itself.
BESIDE_PLAN = ("purpose", "impact", "ticket")


def between(
    before: Mapping[str, Any], after: Mapping[str, Any], names: Iterable[str] = contents.FIELDS
) -> list[briefs.Difference]:
    """One line for each field that differs; an old revision may lack one that came later."""
    pairs = [(name, str(before.get(name) or ""), str(after.get(name) or "")) for name in names]
    return [briefs.Difference(str(LABELS[name]), was, now) for name, was, now in pairs if was != now]


@dataclass(frozen=True, slots=True)
class Overtaken:
    """An edit that somebody else's overtook: by whom, and how what was typed differs from what stands now."""

    by: str
    rows: list[briefs.Difference]


def overtaken(change_request: ChangeRequest, typed: Mapping[str, str]) -> Overtaken:
    """What the page of an older form says of `change_request` as it is now."""
    last = change_request.revisions.select_related("author").order_by("-number").first()
    return Overtaken(str(last.author) if last else "", between(contents.of(change_request), typed))


def asked_for(change_request: ChangeRequest) -> AuditEvent | None:
    """The words with which it was sent back, or taken back, last."""
    events = AuditEvent.objects.filter(
        change_request_id=change_request.pk,
        action__in=("change_request.send_back", "change_request.take_back"),
        outcome=AuditEvent.Outcome.DONE,
    )
    return events.select_related("actor").order_by("-pk").first()

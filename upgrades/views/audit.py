"""The audit page: every act and every refused act, filtered by the address, one event opened in place."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from upgrades import selectors
from upgrades.forms.audit import AuditFilterForm
from upgrades.models import AuditEvent
from upgrades.views import audit_facts, saved_views
from upgrades.views.reader import number_of, reader

PAGE = 50


@require_safe
def audit_list(request: HttpRequest) -> HttpResponse:
    """One page of events, newest first. `before` is the number that the page begins below."""
    user = reader(request)
    form = AuditFilterForm(request.GET)
    conditions = form.conditions()
    opened = number_of(request.GET.get("event", ""))
    before = number_of(request.GET.get("before", ""))
    found = selectors.audit_list(user, conditions)
    if "until" in conditions and (behind := selectors.event_behind(conditions["until"])):
        found = found.filter(pk__lt=behind)
    rows = _page(found, before, opened)
    facts = {
        "saved": saved_views.beside(request, "audit"),
        "form": form,
        "filter_count": len(conditions),
        "events": rows[:PAGE],
        "opened": audit_facts.opened(rows[:PAGE], opened),
        "told": audit_facts.chain(),
        "older": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "is_first_page": before is None,
        "as_of": timezone.now(),
    }
    return render(request, "upgrades/audit/list.html", facts)


def _page(found: QuerySet[AuditEvent], before: int | None, opened: int | None) -> list[AuditEvent]:
    """One row more than a page. A link to an event alone begins the page at that event."""
    if before is None and opened is not None:
        newest = list(found[: PAGE + 1].select_related("actor"))
        if any(event.pk == opened for event in newest[:PAGE]):
            return newest
        before = opened + 1
    if before is not None:
        found = found.filter(pk__lt=before)
    return list(found.select_related("actor")[: PAGE + 1])

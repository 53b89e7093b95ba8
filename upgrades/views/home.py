"""The first page: what needs a person, what runs, what waits for the reader, what ended lately."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from upgrades import selectors
from upgrades.models import Role, UpgradeRun
from upgrades.rules import workflow
from upgrades.views.reader import reader

ENDED_DAYS = 7
ROWS = 8


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The reader's own work beside everything that is open."""
    user = reader(request)
    now = timezone.now()
    runs = UpgradeRun.objects.visible_to(user).select_related("change_request__cluster")
    ended = runs.filter(status__in=workflow.RUN_FINAL, status_at__gte=now - timedelta(days=ENDED_DAYS))
    facts = {
        "inbox": selectors.inbox(user),
        "open_runs": list(runs.open().order_by("intent_at")),
        "ended": list(ended.order_by("-status_at")[:ROWS]),
        "ended_days": ENDED_DAYS,
        "rows": ROWS,
        "may_request": user.has_role(Role.OPERATOR),
        "today": now,
    }
    return render(request, "upgrades/home.html", facts)

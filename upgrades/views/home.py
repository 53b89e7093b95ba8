"""The first page, and what waits for the reader."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from upgrades import selectors
from upgrades.models import Role, UpgradeRun, User
from upgrades.rules import workflow
from upgrades.views.reader import reader

ENDED_DAYS = 7
ROWS = 8
TROUBLED = (workflow.RunStatus.FAILED, workflow.RunStatus.UNCONFIRMED, workflow.RunStatus.DISAGREES)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What needs a person, what runs, what ended in the last days."""
    user = reader(request)
    runs = UpgradeRun.objects.visible_to(user).select_related("change_request__cluster")
    since = timezone.now() - timedelta(days=ENDED_DAYS)
    ended = runs.filter(status__in=workflow.RUN_FINAL, status_at__gte=since).order_by("-status_at")
    facts = {
        **_waiting(user),
        "troubled": runs.filter(status__in=TROUBLED).order_by("status_at"),
        "open_runs": runs.open().order_by("intent_at"),
        "ended": ended[:ROWS],
        "ended_days": ENDED_DAYS,
        "may_request": user.has_role(Role.OPERATOR),
        "today": timezone.now(),
    }
    return render(request, "upgrades/home.html", facts)


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """Votes, own requests and decisions that wait for the reader."""
    return render(request, "upgrades/inbox.html", _waiting(reader(request)))


def _waiting(user: User) -> dict[str, Any]:
    return {
        "votes": selectors.votes_waiting(user).select_related("cluster", "requester").order_by("submitted_at"),
        "own": selectors.own_waiting(user).select_related("cluster").order_by("status_at"),
        "decisions": selectors.decisions_waiting(user)
        .select_related("run__change_request__cluster", "proposer")
        .order_by("expires_at"),
    }

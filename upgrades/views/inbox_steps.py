"""From one request of the inbox to the next, without going back. The mark `?inbox` in the address keeps it going."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from upgrades import selectors
from upgrades.models import ChangeRequest
from upgrades.views.reader import reader

MARK = "inbox"


@dataclass(frozen=True, slots=True)
class Steps:
    """Where a request stands among those that need the reader. `place` is None once it needs nobody here any more."""

    place: int | None
    total: int
    previous: ChangeRequest | None
    next: ChangeRequest | None


def of(request: HttpRequest, change_request: ChangeRequest) -> Steps | None:
    """The steps from `change_request`, or None where the reader did not come from the inbox."""
    if MARK not in request.GET:
        return None
    rows = selectors.inbox(reader(request)).requests
    at = next((place for place, row in enumerate(rows) if row.pk == change_request.pk), None)
    if at is None:
        return Steps(None, len(rows), None, rows[0] if rows else None)
    following = rows[at + 1] if at + 1 < len(rows) else None
    return Steps(at + 1, len(rows), rows[at - 1] if at else None, following)


def back(request: HttpRequest, pk: int, anchor: str = "") -> HttpResponse:
    """To the page of a request after an act on it, or to `anchor` there; the mark stays."""
    mark = f"?{MARK}" if MARK in request.GET else ""
    return redirect(reverse("requests-detail", args=[pk]) + mark + (f"#{anchor}" if anchor else ""))

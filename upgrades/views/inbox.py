"""What needs the reader: votes, requests to mend or start, decisions to confirm, runs in doubt."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from upgrades import selectors
from upgrades.views.reader import reader


@require_safe
def inbox_list(request: HttpRequest) -> HttpResponse:
    """Everything that goes on only when the reader acts."""
    return render(request, "upgrades/inbox/list.html", {"inbox": selectors.inbox(reader(request))})

"""Error pages: what failed, whether anything was changed, the way back, and the request id."""

import logging
import sys
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext as _

from upgrades import audit, reasons
from upgrades.context import theme_of
from upgrades.reasons import outage
from upgrades.reasons.problems import MEDIA_TYPE, problem
from upgrades.rules import Reason
from upgrades.services import moves

logger = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: a request that no page of ours makes."""
    if is_api(request):
        return _problem(400, Reason("api.bad_request"))
    return _plain(request, 400, {})


def permission_denied(request: HttpRequest, exception: PermissionDenied | None = None) -> HttpResponse:
    """403: visible, but not permitted to this person."""
    return render(request, "403.html", _facts(), status=403)


def not_found(request: HttpRequest, exception: Http404 | None = None) -> HttpResponse:
    """404: not there, or not visible to this person; the page does not say which."""
    if is_api(request):
        return _problem(404, Reason("api.not_found"))
    return render(request, "404.html", _facts(), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """500, or 503 where the database is away; without database, session or context processors: they may be what broke.

    Django asks for it while it handles the error.
    """
    if outage.is_away(sys.exception()):
        return _database_away(request)
    if is_api(request):
        return _problem(500, Reason("api.failed"))
    return _plain(request, 500, {"back_url": _same_page(request)})


def _database_away(request: HttpRequest) -> HttpResponse:
    """503, and when to come again."""
    if hasattr(request, "session"):
        # Django saves a session beside any answer but a 500: it would wait for the database once more.
        request.session.modified = False
    if is_api(request):
        answer = _problem(503, Reason("api.database_away"))
    else:
        answer = _plain(request, 503, {"back_url": _same_page(request)})
    answer.headers["Retry-After"] = str(outage.RETRY_SECONDS)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 where a form's token does not fit: most often the page was open since before a sign-in."""
    logger.warning("csrf refused", extra={"path": request.path, "why": reason})
    words = {
        "title": _("This page is older than your sign-in"),
        "text": _(
            "Nothing was changed. Open the page again and send it once more; what you typed is kept in this tab."
        ),
        "back_text": _("Open the page again"),
        "back_url": page_before(request),
    }
    return render(request, "403.html", {**_facts(), **words}, status=403)


def refused(request: HttpRequest, refusal: moves.Refusal) -> HttpResponse:
    """403, 409 or 400 for a refusal of a service, with its reason in the reader's language."""
    text = reasons.sentence(refusal.reason)
    facts = {**_facts(), "text": text, "back_url": page_before(request)}
    if isinstance(refusal, moves.Forbidden):
        return render(request, "403.html", {**facts, "back_text": _("Go back")}, status=403)
    if isinstance(refusal, moves.TooLate):
        return render(request, "409.html", facts, status=409)
    return _plain(request, 400, facts)


def _plain(request: HttpRequest, status: int, facts: dict[str, Any]) -> HttpResponse:
    """The page <status>.html, made of `facts` and the colours that this browser chose: nothing stored is needed."""
    context = {**_facts(), "frame": {"theme": theme_of(request)}, **facts}
    return HttpResponse(render_to_string(f"{status}.html", context), status=status)


def _same_page(request: HttpRequest) -> str:
    """What was asked for; where a form was sent, the page that it stood on."""
    return request.get_full_path() if request.method in {"GET", "HEAD"} else page_before(request)


def page_before(request: HttpRequest) -> str:
    """The page that the form stood on: the browser names it, and only our own origin counts."""
    page = urlsplit(request.headers.get("Referer", ""))
    if (page.scheme, page.netloc) != (request.scheme, request.get_host()):
        return "/"
    # Two slashes at the beginning would name a host.
    path = escape_leading_slashes(page.path)
    return f"{path}?{page.query}" if page.query else path


def is_api(request: HttpRequest) -> bool:
    """Whether a program asks, which reads problem details and no page."""
    return request.path.startswith("/api/") and not request.path.startswith("/api/v1/docs")


def _problem(status: int, reason: Reason) -> HttpResponse:
    """What goes wrong before the API itself is asked, or around it."""
    return JsonResponse(problem(status, reason), status=status, content_type=MEDIA_TYPE)


def _facts() -> dict[str, Any]:
    return {"request_id": audit.origin.get().request_id, "seen_at": timezone.now()}

"""What happens round every request: its id, the content security policy, who must sign in, refusals."""

import secrets
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from ocpdash import logs
from upgrades import audit
from upgrades.services import moves, sign_in
from upgrades.views import errors

GetResponse = Callable[[HttpRequest], HttpResponse]

# Scripts, styles and pictures come from our own static files alone; nothing is inline.
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
# A session row is written at most this often for being used.
SEEN_STEP_SECONDS = 60


class RequestIdMiddleware:
    """Gives each request an id: in log lines, in audit events, on the answer and on error pages.

    An id sent by the browser is not taken over: audit events are grouped by it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = secrets.token_hex(8)
        address = request.META.get("REMOTE_ADDR") or ""
        log_token = logs.request_id.set(request_id)
        origin_token = audit.origin.set(audit.Origin(request_id=request_id, address=address))
        try:
            response = self.get_response(request)
        finally:
            logs.request_id.reset(log_token)
            audit.origin.reset(origin_token)
        response.headers["X-Request-Id"] = request_id
        return response


class ContentSecurityPolicyMiddleware:
    """Sends the strict policy with every answer; one that is stricter still says so itself."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        return response


class NoStoreMiddleware:
    """Keeps the pages of somebody signed in out of every cache: the next person at that machine reads none of them.

    An answer that says itself how it may be kept is left alone. Static files and streams never come by here.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Before the view, which may sign out.
        is_signed_in = request.user.is_authenticated
        response = self.get_response(request)
        if is_signed_in or request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class SessionLifetimeMiddleware:
    """Ends a session after SESSION_IDLE_SECONDS without a click, and SESSION_COOKIE_AGE after sign-in.

    What a page asks for by itself (a poll) is no sign of a person, and keeps nobody signed in.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = timezone.now().timestamp()
            request.session.setdefault("signed_in_at", now)
            seen_at = request.session.setdefault("seen_at", now)
            if sign_in.is_over(request.session, now):
                logout(request)
            elif now - seen_at > SEEN_STEP_SECONDS and not is_background(request):
                request.session["seen_at"] = now
        return self.get_response(request)


class TimeZoneMiddleware:
    """Every time on a page is told in the reader's own zone, or in that of the installation."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(_zone_of(getattr(request.user, "time_zone", ""))):
            return self.get_response(request)


def _zone_of(name: str) -> ZoneInfo:
    """The zone chosen; a newer database of zones may have dropped its name."""
    try:
        return ZoneInfo(name or settings.DISPLAY_TIME_ZONE)
    except (ValueError, ZoneInfoNotFoundError):
        return ZoneInfo(settings.DISPLAY_TIME_ZONE)


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Every page needs a signed-in person unless its view says otherwise; polls get a plain 401."""

    def handle_no_permission(  # type: ignore[override]  # Django's own only ever redirects
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase]
    ) -> HttpResponseBase:
        if is_background(request):
            return HttpResponse(status=401)
        if request.method not in {"GET", "HEAD"}:
            # What a form is sent to is no page to come back to; the page it stood on is.
            return redirect_to_login(errors.page_before(request), self.get_login_url(view_func))
        return super().handle_no_permission(request, view_func)


class RefusalMiddleware:
    """Turns a service's refusal that no view has answered into its page: 403, 409 or 400."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, moves.Refusal):
            return errors.refused(request, exception)
        return None


def is_background(request: HttpRequest) -> bool:
    """Whether a script of a page asked, not a person by a link or a form (Fetch Metadata, W3C)."""
    return request.headers.get("Sec-Fetch-Dest") == "empty"

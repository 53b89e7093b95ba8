"""What belongs to every page and to no noun: the colours a reader chose, and whether single keys do something."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from upgrades.context import SHORTCUTS_COOKIE, THEME_COOKIE, THEMES


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep light, dark or system in a cookie, and go back."""
    chosen = request.POST.get("theme", "")
    return _kept(request, THEME_COOKIE, chosen if chosen in THEMES else "")


@require_POST
def shortcuts(request: HttpRequest) -> HttpResponse:
    """Keep in a cookie whether single keys do something, and go back."""
    chosen = request.POST.get("shortcuts", "")
    return _kept(request, SHORTCUTS_COOKIE, chosen if chosen in {"on", "off"} else "")


def _kept(request: HttpRequest, cookie: str, value: str) -> HttpResponse:
    """The way back, with a choice of this browser that lasts a year; "" changes nothing."""
    response = HttpResponseRedirect(next_url(request))
    if value:
        response.set_cookie(
            cookie,
            value,
            max_age=365 * 24 * 3600,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
        )
    return response


def next_url(request: HttpRequest, default: str = "/") -> str:
    """Where to go on: `next` of the form or the address, if it is a page of ours."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else default

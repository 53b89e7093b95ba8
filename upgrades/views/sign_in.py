"""Signing in and out, and setting a password by a link."""

from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlsafe_base64_decode
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from upgrades import audit, reasons
from upgrades.forms.users import PasswordForm, SignInForm
from upgrades.models import User
from upgrades.services import sign_in as sign_ins
from upgrades.services import users
from upgrades.services.moves import Refusal
from upgrades.views.frame import next_url

STATUSES = {"sign_in.too_many": 429, "sign_in.cannot_count": 503}


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Username and password; too many failed tries answer 429, tries that cannot be counted 503."""
    if request.user.is_authenticated:
        return HttpResponseRedirect(next_url(request))
    form = SignInForm(request.POST or None)
    status = 200
    if form.is_valid():
        try:
            user = sign_ins.check(**form.cleaned_data, address=audit.origin.get().address)
        except Refusal as refusal:
            form.add_error(None, reasons.sentence(refusal.reason))
            status = STATUSES.get(refusal.reason.code, 200)
        else:
            _open_session(request, user)
            return HttpResponseRedirect(next_url(request))
    return render(request, "upgrades/sign_in.html", {"form": form, "next": next_url(request)}, status=status)


def _open_session(request: HttpRequest, user: User) -> None:
    begin_session(request, user)
    sign_ins.record_sign_in(user=user)


def begin_session(request: HttpRequest, user: User) -> None:
    """A new session with a new key: one planted before the sign-in is worth nothing."""
    login(request, user)
    now = timezone.now().timestamp()
    request.session["signed_in_at"] = request.session["seen_at"] = now


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if isinstance(request.user, User):
        sign_ins.record_sign_out(user=request.user)
    logout(request)
    return redirect("sign-in")


@login_not_required
@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def set_password(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    """The page behind a link that an admin made: choose a password, once."""
    user = _user_of(uid)
    if user is None or not users.is_link_good(user=user, token=token):
        return render(request, "upgrades/link_is_dead.html", status=404)
    form = PasswordForm(user, request.POST or None)
    if form.is_valid():
        users.set_password(user=user, token=token, password=form.cleaned_data["password"])
        if request.user == user:
            logout(request)
        return redirect("sign-in")
    return render(request, "upgrades/set_password.html", {"form": form, "person": user})


def _user_of(uid: str) -> User | None:
    try:
        return User.objects.filter(pk=int(urlsafe_base64_decode(uid))).first()
    except (ValueError, OverflowError):
        return None

"""The people's pages: list, one person, a new one. Auditors look, admins of all environments change."""

from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from upgrades import reasons
from upgrades.forms.users import GrantsForm, UserForm
from upgrades.models import Role, User
from upgrades.services import users
from upgrades.services.moves import Invalid, is_admin_of_all, require_admin
from upgrades.views import tokens
from upgrades.views.reader import reader


def reader_of(request: HttpRequest) -> User:
    """The signed-in person, who may look at people. Raises PermissionDenied."""
    user = reader(request)
    if is_admin_of_all(user) or user.has_role(Role.AUDITOR, ""):
        return user
    raise PermissionDenied


def _admin_and_person(request: HttpRequest, pk: int, action: str) -> tuple[User, User]:
    """The signed-in admin and the person to be changed. Rights first: a refusal tells nobody who exists.

    Raises Forbidden, which leaves an audit event, or Http404.
    """
    admin = reader(request)
    person = User.objects.filter(pk=pk).first()
    require_admin(action, actor=admin, subject=person)
    if person is None:
        raise Http404
    return admin, person


@require_safe
def user_list(request: HttpRequest) -> HttpResponse:
    """Everybody: roles, state, last sign-in."""
    looking = reader_of(request)
    people = User.objects.prefetch_related("grants").order_by("-is_active", "username")
    return render(request, "upgrades/users/list.html", {"people": people, "may_manage": is_admin_of_all(looking)})


@require_http_methods(["GET", "HEAD", "POST"])
def user_create(request: HttpRequest) -> HttpResponse:
    """A new person; the next page offers the link to set a password."""
    admin = reader(request)
    require_admin("user.add", actor=admin, subject=None)
    form = UserForm(request.POST or None)
    if form.is_valid():
        try:
            user = users.add(
                actor=admin,
                username=form.cleaned_data["username"],
                full_name=form.cleaned_data["full_name"],
                grants=form.pairs(),
            )
        except Invalid as refusal:
            form.add_error(refusal.field or None, reasons.sentence(refusal.reason))
        else:
            messages.success(request, _("%(name)s was added. A link lets the person set a password.") % {"name": user})
            return redirect("users-detail", user.pk)
    return render(request, "upgrades/users/form.html", {"form": form})


@require_safe
def user_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: facts, roles, and what an admin may do."""
    return _detail(request, reader_of(request), get_object_or_404(User, pk=pk))


@require_POST
def user_grants(request: HttpRequest, pk: int) -> HttpResponse:
    """Set the roles."""
    admin, user = _admin_and_person(request, pk, "user.set_grants")
    form = GrantsForm(request.POST)
    if not form.is_valid():
        raise BadRequest
    users.set_grants(actor=admin, user=user, grants=form.pairs())
    messages.success(request, _("The roles of %(name)s were saved.") % {"name": user})
    return _next(request, user)


@require_POST
def user_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the person in no more."""
    admin, user = _admin_and_person(request, pk, "user.deactivate")
    users.deactivate(actor=admin, user=user)
    messages.success(request, _("%(name)s can no longer sign in.") % {"name": user})
    return _next(request, user)


@require_POST
def user_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the person in again."""
    admin, user = _admin_and_person(request, pk, "user.reactivate")
    users.reactivate(actor=admin, user=user)
    messages.success(request, _("%(name)s can sign in again.") % {"name": user})
    return redirect("users-detail", pk)


@never_cache
@require_POST
def user_link(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a link to set a password, and show it this once: it is kept nowhere."""
    admin, user = _admin_and_person(request, pk, "user.reset_link")
    token = users.make_reset_link(actor=admin, user=user)
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    link = request.build_absolute_uri(reverse("set-password", args=[uid, token]))
    return _detail(request, admin, user, link=link)


def _next(request: HttpRequest, changed: User) -> HttpResponse:
    """The page of who was changed; the sign-in for who ended the own session by it."""
    if changed == request.user:
        logout(request)
        return redirect("sign-in")
    return redirect("users-detail", changed.pk)


def _detail(request: HttpRequest, looking: User, user: User, *, link: str = "") -> HttpResponse:
    held = [f"{role}:{place}" for role, place in user.granted]
    cannot = (
        "" if is_admin_of_all(looking) else _("You may look at people. Admins of all environments can change them.")
    )
    inactive = "" if user.is_active else _("Deactivated people cannot set a password.")
    facts = {
        **tokens.rows_of(user, looking),
        "person": user,
        "form": GrantsForm(initial={"grants": held}),
        "cannot_change": cannot,
        "cannot_link": cannot or inactive,
        "link": link,
    }
    return render(request, "upgrades/users/detail.html", facts)

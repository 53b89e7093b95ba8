"""What a person sets for oneself: the zone of times and the password; language and colours have switches."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from upgrades import audit, reasons
from upgrades.forms.settings import OwnPasswordForm, TimeZoneForm
from upgrades.models import User
from upgrades.services import users
from upgrades.services.moves import Refusal
from upgrades.views.reader import reader
from upgrades.views.sign_in import begin_session


@require_http_methods(["GET", "HEAD", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    """Look at the own settings; POST chooses the time zone."""
    user = reader(request)
    form = TimeZoneForm(request.POST or None, initial={"time_zone": user.time_zone})
    if request.method == "POST" and form.is_valid():
        users.set_time_zone(user=user, time_zone=form.cleaned_data["time_zone"])
        messages.success(request, _("The time zone was saved. All times are now told in it."))
        return redirect("settings")
    return _page(request, user, form=form)


@sensitive_post_parameters("current", "password", "again")
@require_POST
def settings_password(request: HttpRequest) -> HttpResponse:
    """Change the own password. Every other browser of this person is signed out."""
    user = reader(request)
    form = OwnPasswordForm(user, request.POST)
    if form.is_valid():
        values = {name: form.cleaned_data[name] for name in ("current", "password")}
        try:
            users.change_password(user=user, address=audit.origin.get().address, **values)
        except Refusal as refusal:
            form.add_error(getattr(refusal, "field", None), reasons.sentence(refusal.reason))
        else:
            begin_session(request, user)
            messages.success(request, _("Your password was changed. Other browsers of yours were signed out."))
            return redirect("settings")
    return _page(request, user, password_form=form)


def _page(
    request: HttpRequest, user: User, *, form: TimeZoneForm | None = None, password_form: OwnPasswordForm | None = None
) -> HttpResponse:
    facts = {
        "form": form or TimeZoneForm(initial={"time_zone": user.time_zone}),
        "password_form": password_form or OwnPasswordForm(user),
    }
    return render(request, "upgrades/settings.html", facts)

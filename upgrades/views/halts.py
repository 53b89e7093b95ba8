"""The page that says why nothing is sent to OCP, and where an admin lets things be sent again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from upgrades import reasons, selectors
from upgrades.forms.halts import LiftForm
from upgrades.models import Halt
from upgrades.rules import Reason, halts
from upgrades.services import halts as service
from upgrades.services.moves import Invalid, is_admin_of_all, require_admin
from upgrades.views.reader import reader

MOST_LIFTED = 20


@require_safe
def halt_list(request: HttpRequest) -> HttpResponse:
    """What is in force, what to do about it, and what was lifted before. For everybody who is signed in."""
    return _page(request, LiftForm(initial={"shown": _keys()}))


@require_POST
def halt_lift(request: HttpRequest) -> HttpResponse:
    """An admin's word that things may be sent again."""
    admin = reader(request)
    require_admin("halt.lift", actor=admin, subject=None)
    form = LiftForm(request.POST)
    form.is_valid()
    given = form.cleaned_data
    try:
        service.lift(
            actor=admin,
            comment=given.get("comment", ""),
            is_restored=given.get("is_restored", False),
            shown=form.keys(),
        )
    except Invalid as invalid:
        if not form.errors:
            form.add_error("comment", reasons.sentence(invalid.reason))
        return _page(request, form, status=400)
    messages.success(request, _("Things are sent to OCP again."))
    return redirect("halts-list")


def _keys() -> str:
    return ",".join(str(halt.pk) for halt in selectors.open_halts())


def _page(request: HttpRequest, form: LiftForm, *, status: int = 200) -> HttpResponse:
    found = selectors.open_halts()
    user = reader(request)
    facts = {
        "found": found,
        "form": form,
        "is_proved": any(halt.kind == halts.Kind.RESTORED for halt in found),
        "cannot_lift": "" if is_admin_of_all(user) else reasons.sentence(Reason("halt.needs_admin")),
        "lifted": Halt.objects.exclude(lifted_at=None).select_related("lifted_by").order_by("-lifted_at")[:MOST_LIFTED],
    }
    return render(request, "upgrades/halts/list.html", facts, status=status)

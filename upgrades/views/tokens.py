"""API tokens: one's own, a new one that is shown once, and the end of one. A person's page shows those of a person."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from upgrades import reasons
from upgrades.forms.tokens import TokenForm
from upgrades.models import ApiToken, User
from upgrades.services import tokens
from upgrades.services.moves import Invalid, is_admin_of_all
from upgrades.views.reader import reader

# Old ones stay to be seen, for audit events name them; nobody needs hundreds.
SHOWN = 100


@require_safe
def token_list(request: HttpRequest) -> HttpResponse:
    """One's own tokens, and the form for a new one."""
    return _page(request, reader(request), TokenForm())


@never_cache
@require_POST
def token_create(request: HttpRequest) -> HttpResponse:
    """Make a token and show it this once: it is kept nowhere."""
    user, form = reader(request), TokenForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            token, text = tokens.create(actor=user, **values)
        except Invalid as refusal:
            form.add_error(refusal.field or None, reasons.sentence(refusal.reason))
        else:
            return _page(request, user, TokenForm(), made=token, text=text)
    return _page(request, user, form, status=400)


@require_POST
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a token, of one's own or as an admin."""
    user = reader(request)
    token = get_object_or_404(ApiToken.objects.visible_to(user).select_related("owner"), pk=pk)
    tokens.revoke(token=token, actor=user)
    messages.success(request, _("The token %(prefix)s is revoked. It lets nobody in any more.") % {"prefix": token})
    return redirect("tokens-list") if token.owner_id == user.pk else redirect("users-detail", token.owner_id)


def rows_of(person: User, looking: User) -> dict[str, object]:
    """What templates/upgrades/tokens/_table.html shows of the tokens of `person` to who is looking."""
    now = timezone.now()
    found = list(ApiToken.objects.filter(owner=person).select_related("revoked_by")[:SHOWN])
    is_own = person.pk == looking.pk
    cannot = "" if is_own or is_admin_of_all(looking) else _("You may look at people. Admins can revoke their tokens.")
    return {"tokens": [(token, token.state_at(now)) for token in found], "cannot_revoke": cannot, "is_own": is_own}


def _page(
    request: HttpRequest,
    user: User,
    form: TokenForm,
    *,
    made: ApiToken | None = None,
    text: str = "",
    status: int = 200,
) -> HttpResponse:
    facts = {**rows_of(user, user), "form": form, "made": made, "text": text}
    return render(request, "upgrades/tokens/list.html", facts, status=status)

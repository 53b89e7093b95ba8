"""What a person hands in for an API token."""

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from upgrades.forms.look import LookForm
from upgrades.models import Scope

LIVES = (7, 30, 90, 180, 365)


def _lives() -> list[tuple[int, str]]:
    return [(days, ngettext("%(days)s day", "%(days)s days", days) % {"days": days}) for days in LIVES]


class TokenForm(LookForm):
    """A new token. The service holds the rules of its name and number."""

    name = forms.CharField(
        label=pgettext_lazy("token", "Name"),
        required=False,
        help_text=_("Where it will be used, such as “CI of payments”."),
        widget=forms.TextInput(attrs={"maxlength": 60, "required": True, "autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=_("May be used to"), required=False, choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    days = forms.TypedChoiceField(label=_("Ends after"), coerce=int, choices=_lives, initial=30)

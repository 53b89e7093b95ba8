"""Forms about people: signing in, adding, roles, a new password."""

from collections.abc import Iterator
from dataclasses import dataclass

from django import forms
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    UserAttributeSimilarityValidator,
    get_default_password_validators,
    validate_password,
)
from django.contrib.auth.validators import ASCIIUsernameValidator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from upgrades.forms.look import LookForm
from upgrades.models import Environment, Role, User

PLACES = [("", pgettext_lazy("environments", "all")), *Environment.choices]


class SignInForm(LookForm):
    """Username and password."""

    username = forms.CharField(
        label=_("Username"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True, "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@dataclass(frozen=True, slots=True)
class GrantBox:
    """One box of the table of roles."""

    value: str
    label: str
    is_checked: bool


class GrantsForm(LookForm):
    """Roles by environment, as a table of boxes; a box is worth "role:environment"."""

    grants = forms.MultipleChoiceField(
        label=_("Roles"),
        required=False,
        choices=[(f"{role}:{place}", "") for role in Role.values for place, _name in PLACES],
        widget=forms.CheckboxSelectMultiple,
    )

    def rows(self) -> Iterator[tuple[str, list[GrantBox]]]:
        """Each role with its boxes, one for each environment of `columns`."""
        chosen = set(self["grants"].value() or [])
        for role in Role:
            boxes = [
                GrantBox(f"{role}:{place}", f"{role.label}, {name}", f"{role}:{place}" in chosen)
                for place, name in PLACES
            ]
            yield str(role.label), boxes

    def columns(self) -> list[str]:
        """The heads of the table."""
        return [str(name) for _place, name in PLACES]

    def pairs(self) -> list[tuple[str, str]]:
        """The chosen (role, environment), "" for all environments."""
        return [
            (role, place) for role, _colon, place in (value.partition(":") for value in self.cleaned_data["grants"])
        ]


class UserForm(GrantsForm):
    """A new person."""

    username = forms.CharField(
        label=_("Username"),
        max_length=150,
        validators=[ASCIIUsernameValidator()],
        help_text=_("What the person signs in with. It stays in the audit for ever and cannot be changed."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    full_name = forms.CharField(
        label=_("Full name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    field_order = ["username", "full_name", "grants"]


def _demand(validator: object) -> str:
    """What one validator wants, in our words: Django's Chinese speaks to the reader less politely than ours."""
    match validator:
        case MinimumLengthValidator():
            return _("It has at least %(count)s characters.") % {"count": validator.min_length}
        case UserAttributeSimilarityValidator():
            return str(_("It is not like your name or your username."))
        case CommonPasswordValidator():
            return str(_("It is not one of the passwords that many people use."))
    raise TypeError(f"No words for {validator!r}")


class PasswordForm(LookForm):
    """A new password, twice, judged by AUTH_PASSWORD_VALIDATORS for this person."""

    password = forms.CharField(
        label=_("New password"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("The same password again"),
        strip=False,
        max_length=4096,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, user: User, data: object = None) -> None:
        super().__init__(data)
        self.user = user

    def demands(self) -> list[str]:
        """What a password must be, in words."""
        return [_demand(validator) for validator in get_default_password_validators()]

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self.user)
        return password

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if again != self.cleaned_data.get("password", again):
            raise forms.ValidationError(_("The two passwords differ."))
        return again

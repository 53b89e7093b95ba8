"""What admins enter about an endpoint. Secrets are written, never shown again."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from upgrades.forms.change_requests import TextField
from upgrades.forms.look import LookForm
from upgrades.models import CredentialsKind, Endpoint
from upgrades.rules.upgrade_body import BodyForm

PEM_LIMIT = 100_000
_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class EndpointForm(LookForm):
    """A new endpoint, or with `endpoint` one that stands: then its address stays and the secret may stay empty."""

    name = forms.CharField(
        label=pgettext_lazy("endpoint", "Name"),
        max_length=100,
        help_text=_("What people here call this OCP: its site or its use."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    base_url = forms.CharField(
        label=_("Address"),
        max_length=255,
        help_text=_(
            "Scheme, host and port, such as https://ocp.example.com:8443. Later it changes by two admins only."
        ),
        widget=forms.TextInput(attrs={**_PLAIN, "inputmode": "url"}),
    )
    account_name = forms.CharField(
        label=_("Account"),
        max_length=100,
        help_text=_("The name of our account in OCP. Tasks that it created there are ours."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    kind = forms.ChoiceField(label=_("Signed in by"), choices=CredentialsKind.choices)
    access_key = forms.CharField(
        label=_("Access key"),
        required=False,
        max_length=128,
        help_text=_("Only to sign in by access key: the key's id, which OCP shows beside its secret."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    secret = forms.CharField(
        label=_("Password or secret key"),
        required=False,
        strip=False,
        max_length=1024,
        help_text=_("It is sealed before it is stored, and never shown again."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "required": True}),
    )
    upgrade_body = forms.ChoiceField(
        label=_("What an upgrade names"),
        choices=[
            (BodyForm.FILE_NAME.value, _("The package alone")),
            (BodyForm.EXTENDED.value, _("Package, mode, version, system and order of zones")),
        ],
        help_text=_("The longer form is for later OCP 4.3.x. Approved requests there have to be voted on anew."),
    )
    ca_pem = TextField(
        label=_("Certificate authority"),
        rows=4,
        help_text=_("In PEM, where a private authority signed OCP's certificate. It alone is trusted then."),
    )
    is_http_allowed = forms.BooleanField(required=False)
    is_account_ours = forms.BooleanField(required=False)
    lock_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, endpoint: Endpoint | None = None) -> None:
        super().__init__(data, initial=_shown(endpoint) if endpoint else None)
        self.fields["ca_pem"].widget.attrs.update({"maxlength": PEM_LIMIT, "spellcheck": "false"})
        if endpoint is None:
            return
        address, secret = self.fields["base_url"], self.fields["secret"]
        address.disabled = True
        address.help_text = _("Plans and runs are bound to it: on the endpoint's page, two admins can change it.")
        if endpoint.credentials:
            del secret.widget.attrs["required"]
            secret.help_text = _("Empty leaves the stored one. A new one is sealed, and never shown again.")

    def lock(self) -> int:
        """The version that the form was made from; -1, which fits nothing, where it is missing."""
        value: int | None = self.cleaned_data["lock_version"]
        return -1 if value is None else value

    def entered(self) -> dict[str, Any]:
        """The fields of services.administration.Entry."""
        return {name: value for name, value in self.cleaned_data.items() if name != "lock_version"}


def _shown(endpoint: Endpoint) -> dict[str, Any]:
    names = ("name", "base_url", "account_name", "access_key", "ca_pem", "is_http_allowed", "is_account_ours")
    shown = {name: getattr(endpoint, name) for name in (*names, "upgrade_body")}
    return {**shown, "kind": endpoint.credentials_kind, "lock_version": endpoint.lock_version}

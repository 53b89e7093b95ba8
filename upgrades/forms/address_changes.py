"""What an admin hands in to propose another address for an endpoint."""

from django import forms
from django.utils.translation import gettext_lazy as _

from upgrades.forms.change_requests import TextField
from upgrades.forms.look import LookForm


class AddressForm(LookForm):
    """The new address, why, and the hash of the evidence that the proposer was shown."""

    base_url = forms.CharField(
        label=_("New address"),
        max_length=255,
        help_text=_("Scheme, host and port, such as https://ocp.example.com:8443."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "inputmode": "url"}
        ),
    )
    is_http_allowed = forms.BooleanField(required=False)
    purpose = TextField(label=_("Why"), rows=3)
    evidence_hash = forms.CharField(required=False)

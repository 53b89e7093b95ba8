"""What people hand in about a change request, and how they filter the list.

The fields are not required here: services hold the rules and refuse in one order, rights first.
"""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from upgrades.forms.look import LookForm

TEXT_LIMIT = 4000


class TextField(forms.CharField):
    """Longer text. Line ends count once, as in the browser's own counter."""

    def __init__(self, *, rows: int, is_needed: bool = False, **kwargs: Any) -> None:
        attrs = {"rows": rows, "maxlength": TEXT_LIMIT} | ({"required": True} if is_needed else {})
        super().__init__(required=False, widget=forms.Textarea(attrs=attrs), **kwargs)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        # PostgreSQL keeps no NUL; the rest of what was typed must not be lost for one.
        return text.replace("\r\n", "\n").replace("\x00", "")


class ChangeRequestForm(LookForm):
    """The content: which package, and why. `lock_version` is what the form was made from."""

    target_file_name = forms.CharField(label=_("Package"), required=False, max_length=255)
    purpose = TextField(
        label=_("Why"),
        rows=5,
        is_needed=True,
        help_text=_("Approvers read it first: the reason, and what was agreed with whom."),
    )
    impact = TextField(
        label=_("What users will notice"),
        rows=4,
        help_text=_(
            "While it runs OceanBase allows no DDL in some phases, no major compaction, no new tenant and only some "
            "backups; on the zone that is upgraded leaders move and sessions reconnect. Whom does it hit, who was told?"
        ),
    )
    ticket = forms.CharField(
        label=_("Ticket"),
        required=False,
        help_text=_("Its address (https://…) or its number, such as OPS-4417."),
        widget=forms.TextInput(attrs={"maxlength": 500, "autocomplete": "off", "spellcheck": "false"}),
    )
    form_token = forms.UUIDField(required=False, widget=forms.HiddenInput)
    lock_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_lock_version(self) -> int:
        """A form without it is as an older form: the service refuses it."""
        value: int | None = self.cleaned_data["lock_version"]
        return -1 if value is None else value

    def content(self) -> dict[str, str]:
        """What was typed, as the services take it: they hold the rules."""
        names = ("target_file_name", "purpose", "impact", "ticket")
        return {name: self.cleaned_data.get(name) or "" for name in names}


class LockForm(forms.Form):
    """A button whose effect depends on nobody having written meanwhile."""

    lock_version = forms.IntegerField(required=False)

    def shown(self) -> int:
        """The lock version that the page showed; -1, which fits nothing, where it is missing."""
        value = self.cleaned_data.get("lock_version") if self.is_valid() else None
        return -1 if value is None else int(value)


class VoteForm(LookForm):
    """A verdict on one fingerprint. The verdict is the button that was pressed."""

    comment = TextField(label=_("Comment (needed to send back or reject)"), rows=3)
    verdict = forms.CharField(required=False)
    fingerprint = forms.CharField(required=False)


class CommentForm(LookForm):
    """Why somebody takes back, withdraws or calls off."""

    comment = TextField(label=_("Comment"), rows=2)


class CopyForm(forms.Form):
    """The button that copies an ended request; what is sent twice from one page counts once."""

    form_token = forms.UUIDField(required=False)


class StartForm(forms.Form):
    """The start of what was approved: the plan that the page showed, and that there is no way back from it."""

    fingerprint = forms.CharField(required=False)
    is_understood = forms.BooleanField(required=False)

"""What people hand in about a change request, and how they filter the list.

The fields are not required here: services hold the rules and refuse in one order, rights first.
"""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from upgrades.forms.look import LookForm
from upgrades.rules import workflow

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
        help_text=_("Approvers read it first: the reason, the ticket, what was agreed with whom."),
    )
    lock_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def clean_lock_version(self) -> int:
        """A form without it is as an older form: the service refuses it."""
        value: int | None = self.cleaned_data["lock_version"]
        return -1 if value is None else value


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


class StartForm(forms.Form):
    """The start of what was approved: the plan that the page showed, and that there is no way back from it."""

    fingerprint = forms.CharField(required=False)
    is_understood = forms.BooleanField(required=False)


class ChangeRequestFilterForm(forms.Form):
    """Filters of the list; they live in the address. A value nobody knows filters nothing."""

    status = forms.ChoiceField(
        required=False,
        choices=[("open", ""), ("ended", ""), *((str(status), "") for status in workflow.RequestStatus)],
    )
    mine = forms.BooleanField(required=False)
    cluster = forms.IntegerField(required=False, min_value=1)

    def chosen(self) -> dict[str, Any]:
        """The filters that make sense, by name."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

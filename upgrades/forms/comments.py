"""What people say in the thread of a change request, and the files they lay beside it."""

from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from upgrades.forms.change_requests import TextField
from upgrades.forms.look import LookForm
from upgrades.rules import attachments


class ThreadForm(LookForm):
    """A comment. `form_token` is the page's own: what is sent twice from one page counts once."""

    text = TextField(
        label=pgettext_lazy("thread", "Comment"),
        rows=3,
        is_needed=True,
        help_text=_("@username tells somebody who may see this request. A comment stays: it is never changed."),
    )
    form_token = forms.UUIDField(required=False, widget=forms.HiddenInput, initial=uuid4)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="thread_%s", **kwargs)


class AttachmentForm(LookForm):
    """One file. What it is called and what it holds is for the service to judge."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ",".join(f".{ending}" for ending in attachments.KINDS)}),
        help_text=_("Text, log, CSV, JSON, YAML, PDF, PNG, JPEG or ZIP, 5 MB at most. It is never removed."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id="attach_%s", **kwargs)

    def taken(self) -> tuple[str, bytes]:
        """Name and content of what was chosen, one byte more than may be kept at most; ("", b"") for nothing."""
        self.is_valid()
        upload = self.cleaned_data.get("file")
        return (upload.name, upload.read(attachments.MOST_BYTES + 1)) if upload else ("", b"")

"""A path file as a file or as pasted text, and what the explorer of paths is asked."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from upgrades import reasons
from upgrades.forms.look import LookForm
from upgrades.rules import Reason, path_files


class PathFileForm(LookForm):
    """oceanbase_upgrade_dep.yml. After clean() `text` is the text, wherever it came from."""

    file = forms.FileField(
        label=_("File"), required=False, help_text=_("Or paste its text below: one of the two is needed.")
    )
    text = forms.CharField(
        label=_("Text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "in mono"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        upload = cleaned.get("file")
        if isinstance(upload, UploadedFile):
            if cleaned.get("text"):
                self.add_error("file", reasons.sentence(Reason("path_file.both")))
            else:
                cleaned["text"] = self._read(upload)
        if not cleaned.get("text") and not self.errors:
            self.add_error("text", reasons.sentence(Reason("path_file.no_text")))
        return cleaned

    def _read(self, upload: UploadedFile) -> str:
        if (upload.size or 0) > path_files.MOST_BYTES:
            limit = path_files.MOST_BYTES // 1024
            self.add_error("file", reasons.sentence(Reason("path_file.too_large", {"limit": limit})))
            return ""
        try:
            return bytes(upload.read()).decode("utf-8-sig")
        except UnicodeDecodeError:
            self.add_error("file", reasons.sentence(Reason("path_file.not_utf8")))
            return ""


class ExplorerForm(LookForm):
    """From which version, to which, on what. Everything stands in the address."""

    source = forms.CharField(label=_("From version"), max_length=64, required=False)
    target = forms.CharField(label=_("To version"), max_length=64, required=False)
    architecture = forms.CharField(max_length=32, required=False)

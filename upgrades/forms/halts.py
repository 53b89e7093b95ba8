"""What an admin hands in to let things be sent again."""

from django import forms
from django.utils.translation import gettext_lazy as _

from upgrades.forms.change_requests import TextField
from upgrades.forms.look import LookForm


class LiftForm(LookForm):
    """What happened and was checked, the halts that the page told of, and whether the database was restored."""

    comment = TextField(label=_("What happened, and what you checked"), rows=3)
    is_restored = forms.BooleanField(required=False)
    shown = forms.CharField(required=False, max_length=200)

    def keys(self) -> list[int]:
        """Keys of the halts that the page told of; what is no number was told by no page."""
        words = str(self["shown"].value() or "").split(",")
        return [int(word) for word in words if word.isascii() and word.isdecimal() and len(word) <= 18]

"""Filters of the audit page; they live in the address."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from upgrades import audit
from upgrades.forms.look import LookForm
from upgrades.models import AuditEvent, Environment
from upgrades.templatetags.ocpdash import display_zone

GROUP_WORDS = {
    "change_request": _("change requests"),
    "run": _("runs"),
    "hold": _("holds"),
    "decision": _("decisions"),
    "endpoint": _("endpoints"),
    "cluster": _("clusters"),
    "package": _("packages"),
    "user": _("people"),
    "token": _("API tokens"),
}
OUTCOME_WORDS = {
    AuditEvent.Outcome.DONE: pgettext_lazy("outcome", "Done"),
    AuditEvent.Outcome.REFUSED: pgettext_lazy("outcome", "Refused"),
    AuditEvent.Outcome.FAILED: pgettext_lazy("outcome", "Failed"),
}


def group_choices() -> list[tuple[str, Any]]:
    """The groups of actions, in the order of the catalogue."""
    groups = dict.fromkeys(action.partition(".")[0] for action in audit.ACTIONS)
    return [(group, GROUP_WORDS.get(group, group)) for group in groups]


class AuditFilterForm(LookForm):
    """Which events to show. Days are those of the display zone, both ends included."""

    group = forms.ChoiceField(label=_("Action"), required=False)
    actor = forms.CharField(label=_("Who"), required=False, max_length=150)
    number = forms.CharField(label=_("Change request"), required=False, max_length=24)
    outcome = forms.ChoiceField(
        label=_("Result"), required=False, choices=[("", _("any result")), *OUTCOME_WORDS.items()]
    )
    environment = forms.ChoiceField(
        label=_("Environment"), required=False, choices=[("", _("all environments")), *Environment.choices]
    )
    first_day = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].choices = [("", _("any action")), *group_choices()]  # type: ignore[attr-defined]
        self.fields["actor"].widget.attrs.update({"placeholder": _("user name, or system"), "autocapitalize": "none"})
        self.fields["number"].widget.attrs["placeholder"] = "CR-17"

    def clean_number(self) -> int | None:
        """CR-17, cr-17 and 17 mean the same."""
        text = self.cleaned_data["number"].strip().upper().removeprefix("CR-")
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise forms.ValidationError(_("Write the number as CR-17."))
        return int(text)

    def clean_first_day(self) -> dt.date | None:
        return _day(self.cleaned_data["first_day"])

    def clean_last_day(self) -> dt.date | None:
        return _day(self.cleaned_data["last_day"])

    def conditions(self) -> dict[str, Any]:
        """The filters as `selectors.audit_list` takes them; a bad field filters nothing and says so beside it."""
        self.is_valid()
        found = {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}
        first, last = found.pop("first_day", None), found.pop("last_day", None)
        if first:
            found["since"] = _midnight(first)
        if last:
            found["until"] = _midnight(last + dt.timedelta(days=1))
        return found


def _day(day: dt.date | None) -> dt.date | None:
    if day is not None and not 2000 <= day.year < 3000:
        raise forms.ValidationError(_("Nothing was written in that year."))
    return day


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=display_zone())

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
    "path_file": _("path files"),
    "audit": _("the audit itself"),
    "token": _("API tokens"),
}
OUTCOME_WORDS = {
    AuditEvent.Outcome.DONE: pgettext_lazy("outcome", "Done"),
    AuditEvent.Outcome.REFUSED: pgettext_lazy("outcome", "Refused"),
    AuditEvent.Outcome.FAILED: pgettext_lazy("outcome", "Failed"),
}


def acts_by_group() -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Each group of the catalogue with its acts, in the catalogue's order; a group's own name means all of them."""
    groups: dict[str, list[tuple[str, Any]]] = {}
    for action, words in audit.ACTIONS.items():
        group = action.partition(".")[0]
        groups.setdefault(group, [(group, _("every act"))]).append((action, words))
    return [(GROUP_WORDS.get(group, group), choices) for group, choices in groups.items()]


class AuditFilterForm(LookForm):
    """Which events to show. Days are those of the display zone, both ends included."""

    action = forms.MultipleChoiceField(label=_("Acts"), required=False, widget=forms.CheckboxSelectMultiple)
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
    request_id = forms.CharField(label=_("Request id"), required=False, max_length=80)
    trace_id = forms.CharField(label=_("OCP trace"), required=False, max_length=128)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["action"].choices = acts_by_group()  # type: ignore[attr-defined]
        self.fields["actor"].widget.attrs.update({"placeholder": _("user name, or system"), "autocapitalize": "none"})
        self.fields["number"].widget.attrs["placeholder"] = "CR-17"
        for name in ("request_id", "trace_id"):
            self.fields[name].widget.attrs.update({"autocapitalize": "none", "autocomplete": "off"})

    def acts(self) -> list[tuple[Any, list[tuple[str, Any, bool]]]]:
        """The choices of acts as the page shows them: group, and (value, words, whether it is chosen)."""
        chosen = set(self["action"].value() or ())
        return [(word, [(*act, act[0] in chosen) for act in choices]) for word, choices in acts_by_group()]

    def clean_request_id(self) -> str:
        """As pages show it, in groups of four, or in one piece."""
        return "".join(self.cleaned_data["request_id"].split())

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
        found = {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}
        first, last = found.pop("first_day", None), found.pop("last_day", None)
        if "action" in found:
            chosen = set(found.pop("action"))
            found["actions"] = [name for name in audit.ACTIONS if {name, name.partition(".")[0]} & chosen]
        if first:
            found["since"] = _midnight(first)
        if last:
            found["until"] = _midnight(last + dt.timedelta(days=1))
        return found

    def chosen(self) -> dict[str, Any]:
        """The filters in force by the names and in the words of the address, for a record of them."""
        self.is_valid()
        found = {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}
        return {name: value if isinstance(value, list) else str(value) for name, value in found.items()}


def _day(day: dt.date | None) -> dt.date | None:
    if day is not None and not 2000 <= day.year < 3000:
        raise forms.ValidationError(_("Nothing was written in that year."))
    return day


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=display_zone())

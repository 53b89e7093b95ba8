"""How people filter the lists of change requests and of runs; all of it lives in the address.

A value that nobody offers filters nothing.
"""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from upgrades.forms.look import LookForm
from upgrades.models import Environment
from upgrades.rules import workflow
from upgrades.templatetags.ocpdash import display_zone

_FOLDED = ("environment", "requester", "first_day", "last_day")
STATES = ("open", "needs", "ended", *workflow.RunStatus)


class PeriodForm(LookForm):
    """What both lists are filtered by. Days are those of the reader's zone, both ends included."""

    q = forms.CharField(
        label=_("Cluster or number"), required=False, max_length=80, widget=forms.TextInput(attrs={"type": "search"})
    )
    environment = forms.ChoiceField(
        label=_("Environment"), required=False, choices=[("", _("all environments")), *Environment.choices]
    )
    requester = forms.CharField(label=_("Asked for by"), required=False, max_length=150)
    first_day = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last_day = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    @property
    def folded(self) -> list[forms.BoundField]:
        """The fields that are typed in seldom."""
        return [self[name] for name in _FOLDED]

    @property
    def is_unfolded(self) -> bool:
        """Whether one of them filters, or is wrong."""
        return any(self[name].value() for name in _FOLDED)

    def clean_first_day(self) -> dt.date | None:
        return _day(self.cleaned_data["first_day"])

    def clean_last_day(self) -> dt.date | None:
        return _day(self.cleaned_data["last_day"])

    def chosen(self) -> dict[str, Any]:
        """The filters that make sense, by name; the days as `since` and `until`, aware."""
        self.is_valid()
        found = {name: value for name, value in self.cleaned_data.items() if value}
        first, last = found.pop("first_day", None), found.pop("last_day", None)
        if first:
            found["since"] = _midnight(first)
        if last:
            found["until"] = _midnight(last + dt.timedelta(days=1))
        return found


class ChangeRequestFilterForm(PeriodForm):
    """Filters of the list of requests. `vote`: those that wait for the reader's vote."""

    status = forms.ChoiceField(
        required=False,
        choices=[("open", ""), ("ended", ""), *((str(status), "") for status in workflow.RequestStatus)],
        widget=forms.HiddenInput,
    )
    mine = forms.BooleanField(required=False, widget=forms.HiddenInput)
    vote = forms.BooleanField(required=False, widget=forms.HiddenInput)
    cluster = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)


class RunFilterForm(PeriodForm):
    """Filters of the list of runs."""

    state = forms.ChoiceField(choices=[(state, state) for state in STATES], required=False, widget=forms.HiddenInput)


def _day(day: dt.date | None) -> dt.date | None:
    if day is not None and not 2000 <= day.year < 3000:
        raise forms.ValidationError(_("Nothing was written in that year."))
    return day


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=display_zone())

"""Filters of the list of runs."""

from typing import Any

from django import forms

from upgrades.rules import workflow

STATES = ("open", "needs", "ended", *workflow.RunStatus)


class RunFilterForm(forms.Form):
    """The address of the list. A value that nobody offers filters nothing."""

    state = forms.ChoiceField(choices=[(state, state) for state in STATES], required=False)

    def chosen(self) -> dict[str, Any]:
        """The filters that are set and known."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

"""What people and programs hand in about a retry."""

from typing import Any

from django import forms

from upgrades.rules.run_actions import BY_ONE, Kind


class ActForm(forms.Form):
    """What, of which subtask, and the hash of the state that the button was drawn on. Fields are OCP's ids."""

    kind = forms.CharField(required=False)
    task_id = forms.IntegerField(min_value=1)
    subtask_id = forms.IntegerField(required=False, min_value=1)
    shown = forms.CharField(required=False)


class OfferForm(forms.Form):
    """Which retry a program asks about, by OCP's ids."""

    kind = forms.ChoiceField(choices=[(str(kind), "") for kind in BY_ONE])
    task_id = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    subtask_id = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def clean(self) -> dict[str, Any]:
        """A retry of a whole task names no subtask, any other one does."""
        found = super().clean() or {}
        is_whole = found.get("kind") == Kind.RETRY_TASK
        if "subtask_id" in found and is_whole is (found["subtask_id"] is not None):
            self.add_error("subtask_id", "")
        return found

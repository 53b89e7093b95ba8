"""What people hand in about a decision: proposing one, confirming one."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from upgrades.forms.change_requests import TextField
from upgrades.forms.look import LookForm
from upgrades.rules import workflow


class ProposeForm(LookForm):
    """A proposal: what, why, and the hash of the evidence that the proposer was shown."""

    kind = forms.CharField(required=False)
    purpose = TextField(label=_("Why"), rows=3)
    evidence_hash = forms.CharField(required=False)
    ocp_task_id = forms.IntegerField(required=False, min_value=1)
    # Of a skip or cancel.
    ocp_subtask_id = forms.IntegerField(required=False, min_value=1)
    cluster_name = forms.CharField(required=False, max_length=255)


class ConfirmForm(forms.Form):
    """The hash of the evidence that the confirmer was shown, and that it was looked at."""

    evidence_hash = forms.CharField(required=False)
    is_read = forms.BooleanField(required=False)
    cluster_name = forms.CharField(required=False, max_length=255)


class DecisionFilterForm(forms.Form):
    """Filters of the API's list."""

    status = forms.ChoiceField(required=False, choices=[(str(status), "") for status in workflow.DecisionStatus])
    run = forms.IntegerField(required=False, min_value=1)

    def chosen(self) -> dict[str, Any]:
        """The filters that are set."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class EvidenceForm(forms.Form):
    """Which decision about a run the evidence is asked for."""

    kind = forms.ChoiceField(choices=[(str(kind), "") for kind in workflow.DECISION_SOURCES])
    ocp_task_id = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    ocp_subtask_id = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)

    def clean(self) -> dict[str, Any]:
        """Of a skip or cancel the subtask must be named."""
        found = super().clean() or {}
        for name in ("ocp_task_id", "ocp_subtask_id"):
            if found.get("kind") in workflow.STEP_DECISIONS and name in found and found[name] is None:
                self.add_error(name, "")
        return found

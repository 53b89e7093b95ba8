"""What people hand in about a decision: proposing one, confirming one."""

from django import forms
from django.utils.translation import gettext_lazy as _

from upgrades.forms.change_requests import TextField
from upgrades.forms.look import LookForm


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

"""What people hand in to ask for a retry."""

from django import forms


class ActForm(forms.Form):
    """What, of which subtask, and the hash of the state that the button was drawn on. Fields are OCP's ids."""

    kind = forms.CharField(required=False)
    task_id = forms.IntegerField(min_value=1)
    subtask_id = forms.IntegerField(required=False, min_value=1)
    shown = forms.CharField(required=False)

"""Filters of the lists of clusters and packages; what people say of a cluster."""

import json
import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from upgrades.forms.look import LookForm
from upgrades.models import Environment

CLUSTER_SORTS = ("version", "name", "environment", "state", "servers", "seen")


class FilterForm(forms.Form):
    """Filters that live in the address. A value that makes no sense filters nothing."""

    q = forms.CharField(required=False, max_length=255)

    def chosen(self) -> dict[str, Any]:
        """The filters that make sense, by name."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}


class ClusterFilterForm(FilterForm):
    """Which clusters, in which order."""

    environment = forms.ChoiceField(required=False, choices=Environment.choices)
    region = forms.CharField(required=False, max_length=500)
    version = forms.CharField(required=False, max_length=64)
    state = forms.CharField(required=False, max_length=64)
    architecture = forms.CharField(required=False, max_length=32)
    endpoint = forms.CharField(required=False, max_length=100)
    owner = forms.CharField(required=False, max_length=100)
    label = forms.CharField(required=False, max_length=40)
    only = forms.ChoiceField(required=False, choices=[("open", ""), ("mixed", ""), ("gone", "")])
    sort = forms.ChoiceField(
        required=False, choices=[(f"{sign}{name}", "") for name in CLUSTER_SORTS for sign in ("", "-")]
    )


class PackageFilterForm(FilterForm):
    """Which packages."""

    architecture = forms.CharField(required=False, max_length=32)
    system = forms.CharField(required=False, max_length=32)
    endpoint = forms.CharField(required=False, max_length=100)
    only = forms.ChoiceField(required=False, choices=[("replaced", ""), ("others", ""), ("gone", "")])


class EnvironmentForm(LookForm):
    """Where a cluster serves."""

    environment = forms.ChoiceField(label=_("Environment"), choices=Environment.choices)


class DescribeForm(LookForm):
    """Owner and labels of a cluster. `seen` is what they were when the form was shown, so that nobody overwrites."""

    owner = forms.CharField(
        label=_("Owner"), required=False, max_length=100, help_text=_("A team or a person: whom one asks.")
    )
    labels = forms.CharField(
        label=_("Labels"), required=False, max_length=1000, help_text=_("Words, with commas between them.")
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean_labels(self) -> list[str]:
        """The words; Chinese commas part them too."""
        return [word for word in re.split(r"[,\uff0c\u3001;\uff1b]", self.cleaned_data["labels"]) if word.strip()]

    def clean_seen(self) -> dict[str, Any] | None:
        """What was shown; None for a form that does not tell."""
        try:
            found = json.loads(self.cleaned_data["seen"] or "null")
        except ValueError:
            return None
        return found if isinstance(found, dict) else None

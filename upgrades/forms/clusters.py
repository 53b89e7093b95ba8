"""Filters of the lists of clusters and packages, and the environment of a cluster."""

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
    only = forms.ChoiceField(required=False, choices=[("open", ""), ("mixed", ""), ("gone", "")])
    sort = forms.ChoiceField(
        required=False, choices=[(f"{sign}{name}", "") for name in CLUSTER_SORTS for sign in ("", "-")]
    )


class PackageFilterForm(FilterForm):
    """Which packages."""

    architecture = forms.CharField(required=False, max_length=32)
    system = forms.CharField(required=False, max_length=32)
    only = forms.ChoiceField(required=False, choices=[("replaced", ""), ("others", ""), ("gone", "")])


class EnvironmentForm(LookForm):
    """Where a cluster serves."""

    environment = forms.ChoiceField(label=_("Environment"), choices=Environment.choices)

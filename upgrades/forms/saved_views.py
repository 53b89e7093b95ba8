"""Views of lists that people keep: the name, and what of an address is worth keeping."""

from collections.abc import Mapping
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from upgrades.forms.audit import AuditFilterForm
from upgrades.forms.clusters import ClusterFilterForm, PackageFilterForm
from upgrades.forms.look import LookForm
from upgrades.forms.request_filters import ChangeRequestFilterForm, RunFilterForm
from upgrades.models.saved_views import SavedList

FILTERS: Mapping[str, type[forms.Form]] = {
    SavedList.CLUSTERS: ClusterFilterForm,
    SavedList.PACKAGES: PackageFilterForm,
    SavedList.REQUESTS: ChangeRequestFilterForm,
    SavedList.RUNS: RunFilterForm,
    SavedList.AUDIT: AuditFilterForm,
}
# Longer than any address that a filter's fields let through.
LONGEST = 16_000


def query_of(page: str, given: QueryDict | str) -> str:
    """What of an address's parameters filters or orders the list `page`, encoded in one order; "" for nothing.

    Pages, opened rows and names that the list does not know are left out, and so is what its form refuses.
    """
    if page not in FILTERS:
        return ""
    data = QueryDict(given[:LONGEST]) if isinstance(given, str) else given
    form = FILTERS[page](data)
    form.is_valid()
    chosen = [
        (name, text.strip()) for name in form.fields if form.cleaned_data.get(name) for text in _texts(form, name)
    ]
    return urlencode([(name, text) for name, text in chosen if text])


def _texts(form: forms.Form, name: str) -> list[str]:
    """What the address gives for a field: of most the last text, of one that takes several all."""
    data: QueryDict = form.data  # type: ignore[assignment]
    is_several = isinstance(form.fields[name], forms.MultipleChoiceField)
    return data.getlist(name) if is_several else [data.get(name, "")]


class NameForm(LookForm):
    """The name of a view. The service holds the rules, so that the field refuses nothing that was typed."""

    name = forms.CharField(
        label=_("Name of the view"),
        required=False,
        widget=forms.TextInput(attrs={"maxlength": 60, "required": True, "autocomplete": "off"}),
    )


class SaveForm(NameForm):
    """A view to be kept: the list and the filters that stand in its address."""

    page = forms.CharField(required=False, widget=forms.HiddenInput)
    query = forms.CharField(required=False, widget=forms.HiddenInput)
    replaces = forms.BooleanField(required=False)

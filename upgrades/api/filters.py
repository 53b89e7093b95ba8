"""Filters of lists: the pages' own forms and names. An unknown name or an unusable value is refused."""

from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from upgrades.rules import Reason
from upgrades.services.moves import Invalid

PAGING = ("limit", "cursor")
# The order of a list of the API is its cursor's.
NOT_FILTERS = frozenset({"sort"})
_TYPES: tuple[tuple[type[forms.Field], Any], ...] = (
    (forms.IntegerField, OpenApiTypes.INT),
    (forms.BooleanField, OpenApiTypes.BOOL),
    (forms.DateField, OpenApiTypes.DATE),
)


def read(request: Request, form: type[forms.Form] = forms.Form, *, known: Collection[str] = PAGING) -> Any:
    """The form, filled from the address and valid; `known` are parameters beside its fields.

    Raises Invalid for a parameter nobody knows, for one that comes twice, and for a value that cannot be used.
    """
    names = [name for name in form().fields if name not in NOT_FILTERS]
    for name, values in request.query_params.lists():
        if name not in (*names, *known):
            listed = ", ".join((*names, *known)) or "-"
            raise Invalid(Reason("api.unknown_parameter", {"name": name[:100], "known": listed}), name[:100])
        if len(values) != 1:
            raise bad(name)
    filled = form(request.query_params)
    if not filled.is_valid():
        raise bad(next(iter(filled.errors)))
    return filled


def bad(name: str) -> Invalid:
    """The refusal of a parameter's value."""
    return Invalid(Reason("api.bad_parameter", {"name": name}), name)


def parameters(form: type[forms.Form]) -> list[OpenApiParameter]:
    """The fields of a filter form as OpenAPI tells of them."""
    fields = form().fields.items()
    return [_parameter(name, field) for name, field in fields if name not in NOT_FILTERS]


def _parameter(name: str, field: forms.Field) -> OpenApiParameter:
    kind = next((told for of, told in _TYPES if isinstance(field, of)), OpenApiTypes.STR)
    return OpenApiParameter(name, kind, enum=_choices(field) or None)


def _choices(field: forms.Field) -> list[str]:
    choices: Iterable[Any] = getattr(field, "choices", ())
    return [str(value) for value, _label in choices if value != ""]

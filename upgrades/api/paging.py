"""Pages of a list by key: each page names the next by a cursor, nothing is counted, and no row is told twice.

A cursor is signed: it is what we made, for the same list and the same filters, or it is refused.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.db.models import Model, Q, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from upgrades.api import filters
from upgrades.rules import Reason
from upgrades.services.moves import Invalid

USUAL, MOST = 50, 200
_SALT = "upgrades.api.paging"


def page(
    request: Request, rows: QuerySet[Any], shape: type[serializers.BaseSerializer[Any]], order: Sequence[str]
) -> Response:
    """One page of `rows`, which are put in `order` (columns, "-" before one that falls; the last one is unique)."""
    limit, cursor = _limit(request), request.query_params.get("cursor")
    if cursor is not None:
        rows = rows.filter(_after(order, _opened(request, cursor)))
    found = list(rows.order_by(*order)[: limit + 1])
    following = _next(request, found[limit - 1], order) if len(found) > limit else None
    return Response({"items": shape(found[:limit], many=True, context={"request": request}).data, "next": following})


def _limit(request: Request) -> int:
    """How many rows are asked for, and MOST where it is more than that."""
    text = request.query_params.get("limit", str(USUAL))
    if not text.isascii() or not text.isdigit() or not 0 < len(text) <= 18 or int(text) < 1:
        raise filters.bad("limit")
    return min(int(text), MOST)


def _after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """The rows behind the one that has these values."""
    # Where the list's index begins: of the conditions below PostgreSQL would pass over every newer row.
    begins = "lte" if order[0].startswith("-") else "gte"
    bound = Q(**{f"{order[0].removeprefix('-')}__{begins}": values[0]})
    found, same = Q(pk__in=()), Q()
    for column, value in zip(order, values, strict=True):
        name = column.removeprefix("-")
        side = "lt" if column.startswith("-") else "gt"
        found |= same & Q(**{f"{name}__{side}": value})
        same &= Q(**{name: value})
    return bound & found


def _next(request: Request, last: Model, order: Sequence[str]) -> str:
    values = [getattr(last, column.removeprefix("-")) for column in order]
    told = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    cursor = signing.dumps([_list_of(request), told], salt=_SALT)
    return f"{request.path}?{urlencode({**request.query_params.dict(), 'cursor': cursor})}"


def _opened(request: Request, cursor: str) -> list[Any]:
    try:
        made_for, values = signing.loads(cursor, salt=_SALT)
    except signing.BadSignature as error:
        raise Invalid(Reason("api.bad_cursor"), "cursor") from error
    if made_for != _list_of(request):
        raise Invalid(Reason("api.bad_cursor"), "cursor")
    return list(values)


def _list_of(request: Request) -> str:
    """The list and its filters, as a few digits."""
    asked = sorted((name, value) for name, value in request.query_params.items() if name not in filters.PAGING)
    return hashlib.sha256(repr((request.path, asked)).encode()).hexdigest()[:16]

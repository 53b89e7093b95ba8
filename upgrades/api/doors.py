"""An address of the API: a function for each method, the scope it asks of a token, what OpenAPI tells of it."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from django import forms
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.views import APIView

from upgrades.api import filters
from upgrades.api.bodies import Body, NoFields
from upgrades.api.paging import MOST, USUAL
from upgrades.api.shapes import ProblemSerializer, page_of
from upgrades.reasons.problems import MEDIA_TYPE

Handler = Callable[..., HttpResponseBase]
_PAGE = (
    OpenApiParameter("limit", OpenApiTypes.INT, description=f"Rows of a page: {USUAL}, at most {MOST}."),
    OpenApiParameter("cursor", description="Where the page begins, from `next` of the one before."),
)
_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="Sent twice within a day, the call acts once and is answered alike.",
)


def reads(scope: str, shape: Any, *, parameters: Sequence[OpenApiParameter] = (), also: Sequence[int] = ()) -> Any:
    """Marks a function that answers one thing. `also`: statuses beside the usual problems."""
    return _operation(scope, shape, 200, (400, 401, 403, 404, 406, *also), parameters=list(parameters))


def lists(scope: str, shape: Any, form: type[forms.Form] = forms.Form, *, also: Sequence[int] = ()) -> Any:
    """Marks a function that answers a page of a list, by `form`; `also`: statuses beside the usual problems."""
    asked = [*filters.parameters(form), *_PAGE]
    return _operation(scope, page_of(shape), 200, (400, 401, 403, 406, *also), parameters=asked)


def acts(scope: str, shape: Any, body: type[Body] = NoFields, *, status: int = 200) -> Any:
    """Marks a function that does something, with `body`."""
    problems = (400, 401, 403, 404, 406, 409, 413, 415, 422)
    request = None if body is NoFields else body
    return _operation(scope, shape, status, problems, parameters=[_KEY], request=request)


def _operation(scope: str, shape: Any, status: int, problems: Sequence[int], **more: Any) -> Any:
    told = {(code, MEDIA_TYPE): OpenApiResponse(ProblemSerializer) for code in (*problems, 429)}
    answer = shape if isinstance(shape, OpenApiResponse) else OpenApiResponse(shape)

    def mark(function: Handler) -> Handler:
        name = function.__name__
        tag = name.partition("_")[0]
        text = f"{(function.__doc__ or '').strip()}\n\nScope: `{scope}`."
        marked: Any = extend_schema(
            operation_id=name, tags=[tag], description=text, responses={status: answer, **told}, **more
        )(function)
        marked.scope = scope
        return marked  # type: ignore[no-any-return]

    return mark


def at(
    *,
    renderers: Sequence[type[BaseRenderer]] = (),
    parsers: Sequence[type[BaseParser]] = (),
    **handlers: Handler,
) -> Handler:
    """The view of an address: `at(GET=..., POST=...)` of marked functions. `renderers`: besides JSON; `parsers`: other
    than the usual one."""
    members: dict[str, Any] = {method.lower(): _bound(handler) for method, handler in handlers.items()}
    members["http_method_names"] = [*members, *(["head"] if "GET" in handlers else [])]
    if renderers:
        members["renderer_classes"] = renderers
    if parsers:
        members["parser_classes"] = parsers
    members["scopes"] = {method: getattr(handler, "scope", "") for method, handler in handlers.items()}
    return type("Door", (APIView,), members).as_view()  # type: ignore[attr-defined,no-any-return]


def _bound(function: Handler) -> Handler:
    @wraps(function)
    def method(view: APIView, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return function(*args, **kwargs)

    return method

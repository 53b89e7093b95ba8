"""What the API says of itself: the OpenAPI text, made of its code, and Swagger's page over it."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

from upgrades.api import filters
from upgrades.api.doors import Handler, at

MEDIA_TYPE = "application/yaml"


class TokenScheme(OpenApiAuthenticationExtension):
    """How OpenAPI calls our tokens."""

    target_class = "upgrades.api.access.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """A bearer token (RFC 6750)."""
        return {"type": "http", "scheme": "bearer", "description": "An API token of yours: ocpdash_…"}


class SessionScheme(OpenApiAuthenticationExtension):
    """How OpenAPI calls the session of a browser. Swagger sends it by itself, so that there is nothing to enter."""

    target_class = "upgrades.api.access.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """The session's cookie, and the CSRF token as a header where something is done."""
        told = "The session of a browser, with its CSRF token where something is done."
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": told}


class ClosedBody(OpenApiSerializerExtension):
    """Bodies take no field beside those that they name, and the text says so."""

    target_class = "upgrades.api.bodies.Body"
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """The usual schema, closed."""
        told = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**told, "additionalProperties": False}


class Yaml(JSONRenderer):
    """Lets clients ask for YAML; what goes wrong is told in JSON all the same."""

    media_type = MEDIA_TYPE
    format = "yaml"


@cache
def written() -> str:
    """The OpenAPI text of this release, the same for everybody and in every language."""
    with translation.override("en"):
        made: Callable[..., Any] = SchemaGenerator().get_schema
        return str(OpenApiYamlRenderer().render(made(request=None, public=True), renderer_context={}).decode())


@extend_schema(exclude=True)
def openapi_text(request: Request) -> HttpResponse:
    """The OpenAPI text."""
    filters.read(request, known=())
    return HttpResponse(written(), content_type=MEDIA_TYPE)


@extend_schema(exclude=True)
def nowhere(request: Request, rest: str) -> HttpResponse:
    """Nothing is here."""
    raise Http404


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Swagger, for who is signed in: it calls the API by the session."""
    return render(request, "upgrades/api_docs.html")


text: Handler = at(renderers=(JSONRenderer, Yaml), GET=openapi_text)
nothing: Handler = at(GET=nowhere, POST=nowhere, PUT=nowhere, PATCH=nowhere, DELETE=nowhere)

"""Who calls: an API token, or the session of somebody who is signed in, with its CSRF token."""

from dataclasses import replace
from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication
from rest_framework.authentication import SessionAuthentication as Session
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from upgrades import audit
from upgrades.models import ApiToken, User
from upgrades.rules import Reason
from upgrades.services import moves, rates, tokens

if TYPE_CHECKING:
    # Its own module reads the settings, which name this one.
    from rest_framework.views import APIView


class Unauthorized(moves.Refusal):
    """Nobody is signed in, or not by what was sent (401)."""


class TokenAuthentication(BaseAuthentication):
    """Authorization: Bearer ocpdash_... (RFC 6750). From here on audit events name the token."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """The token's owner and the token; None without such a header. Raises Unauthorized or TooLate."""
        scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        origin = audit.origin.get()
        try:
            token = tokens.recognise(text.strip(), address=origin.address)
        except moves.Invalid as refusal:
            raise Unauthorized(refusal.reason) from None
        audit.origin.set(replace(origin, token=token.prefix))
        return token.owner, token


class SessionAuthentication(Session):
    """The session that the pages use: for Swagger, and for scripts of our own pages."""

    def enforce_csrf(self, request: Request) -> None:
        """DRF's check, refused in our words."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            raise moves.Forbidden(Reason("api.csrf")) from None


class Unhurried(BasePermission):
    """Nobody calls more often than may be, signed in or not: this comes first."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """True, or raises rates.TooOften."""
        token = request.auth.pk if isinstance(request.auth, ApiToken) else None
        user = request.user.pk if isinstance(request.user, User) else None
        rates.count(token=token, user=user, address=audit.origin.get().address)
        return True


class Scoped(BasePermission):
    """Somebody must be signed in; a token must have the scope that the view names for the method."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """True, or raises Unauthorized or Forbidden. Where the method does not exist, that is told first."""
        if not isinstance(request.user, User):
            raise Unauthorized(Reason("token.needed"))
        method = "GET" if request.method == "HEAD" else str(request.method)
        scope = getattr(view, "scopes", {}).get(method, "")
        if isinstance(request.auth, ApiToken) and scope:
            call = f"{method} {request.path}"
            tokens.require_scope(token=request.auth, scope=scope, call=call, is_act=method != "GET")
        return True


def caller(request: Request) -> User:
    """Who calls; the permission has seen to it that there is somebody. Raises Unauthorized where it has not."""
    if isinstance(request.user, User):
        return request.user
    raise Unauthorized(Reason("token.needed"))

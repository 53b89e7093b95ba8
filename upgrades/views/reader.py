"""Who reads the page, and what the address asks for."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from upgrades.models import User


def reader(request: HttpRequest) -> User:
    """The signed-in person. SignInRequiredMiddleware has seen to it; PermissionDenied where it has not."""
    if isinstance(request.user, User):
        return request.user
    raise PermissionDenied


def number_of(text: str) -> int | None:
    """The key that a parameter of the address names; None for anything that can be none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None

"""Who reads the page."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from upgrades.models import User


def reader(request: HttpRequest) -> User:
    """The signed-in person. SignInRequiredMiddleware has seen to it; PermissionDenied where it has not."""
    if isinstance(request.user, User):
        return request.user
    raise PermissionDenied

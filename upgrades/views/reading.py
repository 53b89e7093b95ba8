"""How well OCP is read: what every page that shows OCP's facts says about their age."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from upgrades.models import Endpoint
from upgrades.templatetags.ocpdash import age_of


@dataclass(frozen=True, slots=True)
class Reading:
    """The endpoint, when what the page shows was read, and why nothing new comes: "", "ocp", "quota" or "worker"."""

    endpoint: Endpoint | None
    at: datetime | None
    trouble: str

    @property
    def is_refused(self) -> bool:
        """Whether all reading stopped because OCP does not accept our sign-in."""
        return self.endpoint is not None and self.endpoint.breaker_opened_at is not None

    @property
    def is_plain(self) -> bool:
        """Whether OCP is read over plain http."""
        return self.endpoint is not None and self.endpoint.base_url.startswith("http://")


def of_clusters() -> Reading:
    """The reading of the list of clusters."""
    endpoint = Endpoint.objects.filter(is_active=True).first()
    return _reading(endpoint, endpoint.lists_observed_at if endpoint else None)


def of_packages() -> Reading:
    """The reading of the list of packages."""
    endpoint = Endpoint.objects.filter(is_active=True).first()
    return _reading(endpoint, endpoint.packages_observed_at if endpoint else None)


def _reading(endpoint: Endpoint | None, at: datetime | None) -> Reading:
    if endpoint is None:
        return Reading(None, None, "")
    if endpoint.failing_since is not None:
        return Reading(endpoint, at, "ocp")
    if endpoint.rate_limited_until is not None and endpoint.rate_limited_until > timezone.now():
        return Reading(endpoint, at, "quota")
    # Nobody failed, and still nothing came: then our own Celery worker does not read.
    is_late = age_of(at or endpoint.created_at) > settings.STALE_SECONDS
    return Reading(endpoint, at, "worker" if is_late else "")

"""How well OCP is read: what every page that shows OCP's facts says about their age."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone

from upgrades.models import Cluster, Endpoint
from upgrades.templatetags.ocpdash import age_of


@dataclass(frozen=True, slots=True)
class Reading:
    """The endpoint, when what the page shows was read, and why nothing new comes: "", "ocp", "quota" or "worker"."""

    endpoint: Endpoint | None
    at: datetime | None
    trouble: str
    # How many endpoints the page shows rows of; the others, of which there is something to tell, worst first.
    count: int = 1
    beside: tuple["Reading", ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether all reading stopped because OCP does not accept our sign-in."""
        return self.endpoint is not None and self.endpoint.breaker_opened_at is not None

    @property
    def is_plain(self) -> bool:
        """Whether OCP is read over plain http."""
        return self.endpoint is not None and self.endpoint.base_url.startswith("http://")


def of_cluster(cluster: Cluster) -> Reading:
    """The reading of the endpoint that shows this cluster."""
    return _reading(cluster.endpoint, cluster.endpoint.lists_observed_at)


def of_clusters() -> Reading:
    """The reading of the lists of clusters of all endpoints."""
    return _worst([_reading(row, row.lists_observed_at) for row in Endpoint.objects.filter(is_active=True)])


def of_packages() -> Reading:
    """The reading of the lists of packages of all endpoints."""
    return _worst([_reading(row, row.packages_observed_at) for row in Endpoint.objects.filter(is_active=True)])


def _worst(readings: list[Reading]) -> Reading:
    """The one that a page must not be believed beyond: in trouble before well, then the oldest."""
    first = datetime.min.replace(tzinfo=UTC)
    found = sorted(readings, key=lambda reading: (not reading.trouble, reading.at or first))
    if not found:
        return Reading(None, None, "")
    return replace(found[0], count=len(found), beside=tuple(reading for reading in found[1:] if reading.trouble))


def _reading(endpoint: Endpoint, at: datetime | None) -> Reading:
    if endpoint.failing_since is not None:
        return Reading(endpoint, at, "ocp")
    if endpoint.rate_limited_until is not None and endpoint.rate_limited_until > timezone.now():
        return Reading(endpoint, at, "quota")
    # Nobody failed, and still nothing came: then our own Celery worker does not read.
    is_late = age_of(at or endpoint.created_at) > settings.STALE_SECONDS
    return Reading(endpoint, at, "worker" if is_late else "")

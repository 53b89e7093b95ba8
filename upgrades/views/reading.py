"""How well OCP is read: what every page that shows OCP's facts says about their age."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from upgrades.models import Cluster, Endpoint, Package
from upgrades.rules import Reason
from upgrades.services import endpoints
from upgrades.templatetags.ocpdash import age_of

# A bar to reading that is a state of its own; any other is "barred".
_BARS = {
    "endpoint.is_off": "off",
    "endpoint.breaker_open": "refused",
    "endpoint.breaker_clock": "refused",
    "ocp.rate_limited": "quota",
    "ocp.quota_used_up": "quota",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The endpoint, when what the page shows was read, and why nothing new comes: see `trouble_of`."""

    endpoint: Endpoint | None
    at: datetime | None
    trouble: str
    reason: Reason | None = None
    # How many endpoints the page shows rows of; the others, of which there is something to tell, worst first.
    count: int = 1
    beside: tuple["Reading", ...] = ()

    @property
    def until(self) -> datetime | None:
        """When OCP takes requests again, as far as it told us."""
        text = self.reason.params.get("until") if self.reason else None
        return datetime.fromisoformat(str(text)) if text else None


def trouble_of(endpoint: Endpoint, at: datetime | None) -> tuple[str, Reason | None]:
    """Why nothing newer than `at` comes from `endpoint`, and its reason.

    "off", "refused" (our sign-in), "barred" (credentials or CA fail us), "quota", "ocp" (it does not answer),
    "worker" (ours does not ask); "" where all is well.
    """
    bar = endpoints.why_not_read(endpoint, timezone.now())
    if bar is not None:
        return _BARS.get(bar.code, "barred"), bar
    if endpoint.failing_since is not None:
        return "ocp", Reason.from_json(endpoint.failure) if endpoint.failure else None
    # Nobody failed, and still nothing came: then our own Celery worker does not read.
    if age_of(at or endpoint.created_at) > settings.STALE_SECONDS:
        return "worker", Reason("endpoint.worker_silent")
    return "", None


def of_cluster(cluster: Cluster) -> Reading:
    """The reading of the endpoint that shows this cluster."""
    return _reading(cluster.endpoint, cluster.endpoint.lists_observed_at)


def of_clusters() -> Reading:
    """The reading of the lists of clusters of all endpoints."""
    return _worst([_reading(row, row.lists_observed_at) for row in _showing(Cluster)])


def of_package(package: Package) -> Reading:
    """The reading of the endpoint that holds this package."""
    return _reading(package.endpoint, package.endpoint.packages_observed_at)


def of_packages() -> Reading:
    """The reading of the lists of packages of all endpoints."""
    return _worst([_reading(row, row.packages_observed_at) for row in _showing(Package)])


def _showing(kind: type[Cluster | Package]) -> QuerySet[Endpoint]:
    """Endpoints that are read, and those switched off whose rows the page still shows."""
    present = kind._default_manager.filter(endpoint=OuterRef("pk"), missing_since=None)
    return Endpoint.objects.filter(Q(is_active=True) | Exists(present))


def _worst(readings: list[Reading]) -> Reading:
    """The one that a page must not be believed beyond: in trouble before well, then the oldest."""
    first = datetime.min.replace(tzinfo=UTC)
    found = sorted(readings, key=lambda reading: (not reading.trouble, reading.at or first))
    if not found:
        return Reading(None, None, "")
    return replace(found[0], count=len(found), beside=tuple(reading for reading in found[1:] if reading.trouble))


def _reading(endpoint: Endpoint, at: datetime | None) -> Reading:
    return Reading(endpoint, at, *trouble_of(endpoint, at))

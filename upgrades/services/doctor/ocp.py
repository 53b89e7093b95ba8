"""Endpoints, by what was last read of each: nothing is asked of OCP here."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from upgrades import selectors
from upgrades.models import Endpoint, UpgradeRun
from upgrades.rules import Reason
from upgrades.rules.doctor import Level, Line, Topic
from upgrades.services.endpoints import why_not_read

# A sweep looks for tasks by OCP's clock.
SKEW_SECONDS = 60


def _line(level: Level, code: str, endpoint: Endpoint, **params: str | int) -> Line:
    return Line(Topic.ENDPOINTS, level, Reason(code, {"name": endpoint.name, **params}))


def endpoints() -> Iterator[Line]:
    """Each endpoint in use: whether it may be and is read, and how it is signed in to."""
    rows, now = list(Endpoint.objects.filter(is_active=True)), selectors.database_now()
    if not rows:
        yield Line(Topic.ENDPOINTS, Level.WARNING, Reason("doctor.no_endpoint"))
    for endpoint in rows:
        yield _read(endpoint, now)
        yield from _entered(endpoint)
        yield from _clock(endpoint)


def _read(endpoint: Endpoint, now: datetime) -> Line:
    bar = why_not_read(endpoint, now)
    if bar is not None:
        return Line(Topic.ENDPOINTS, Level.TROUBLE, bar)
    age = int((now - (endpoint.observed_at or endpoint.created_at)).total_seconds())
    if endpoint.failing_since is not None:
        return _line(Level.TROUBLE, "doctor.endpoint_fails", endpoint, count=endpoint.failure_count, seconds=age)
    if age > settings.STALE_SECONDS:
        return _line(Level.TROUBLE, "doctor.endpoint_not_read", endpoint, seconds=age)
    return _line(Level.OK, "doctor.endpoint_read", endpoint, seconds=max(age, 0))


def _entered(endpoint: Endpoint) -> Iterator[Line]:
    if endpoint.is_plain:
        yield _line(Level.WARNING, "doctor.endpoint_plain", endpoint)
    if not endpoint.is_account_ours:
        yield _line(Level.WARNING, "doctor.account_shared", endpoint, account=endpoint.account_name)


def _clock(endpoint: Endpoint) -> Iterator[Line]:
    """By the last start: it keeps OCP's own time beside the database's."""
    run = UpgradeRun.objects.filter(endpoint=endpoint).exclude(ocp_intent_at=None).order_by("-intent_at").first()
    if run is None or run.ocp_intent_at is None:
        return
    seconds = int((run.ocp_intent_at - run.intent_at).total_seconds())
    if abs(seconds) > SKEW_SECONDS:
        yield _line(Level.WARNING, "doctor.endpoint_clock", endpoint, seconds=seconds)

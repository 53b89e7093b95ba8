"""What is due now, and under which lease. The database is the queue: losing a message loses nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from upgrades import live, selectors
from upgrades.models import ClusterHold, Decision, Endpoint, Heartbeat, UpgradeRun
from upgrades.rules import workflow
from upgrades.services import endpoints, submission

LEASE_SECONDS = 5
_SWEEP_DOUBT_SECONDS = 1
# Ticks come each second, give or take: a read that is due a moment after one would wait for the next.
_TICK_SLACK_SECONDS = 0.4
_SWEEP_HELD_SECONDS = 3
_SWEEP_IDLE_SECONDS = 15

Call = tuple[str, int]


def beat_heart(name: str) -> None:
    """Note that this part of ocpdash is alive, by the database's clock."""
    Heartbeat.objects.update_or_create(name=name, defaults={"at": Now()})


def due() -> list[Call]:
    """Celery tasks to send now: (name, id). Each claims its row itself, so sending one twice does no harm."""
    calls: list[Call] = [("upgrades.submit", change_request_id) for change_request_id in submission.due()]
    for endpoint in Endpoint.objects.filter(is_active=True):
        _bring_forward(endpoint)
    for kind in ("sweep", "follow", "inventory", "topology"):
        calls += [(f"upgrades.{kind}", endpoint.pk) for endpoint in endpoints.due(kind)]
    verifying = UpgradeRun.objects.filter(status__in=[workflow.RunStatus.VERIFYING, workflow.RunStatus.DISAGREES])
    waiting = verifying.filter(Q(verify_due_at=None) | Q(verify_due_at__lte=Now()))
    calls += [("upgrades.verify", endpoint_id) for endpoint_id in set(waiting.values_list("endpoint_id", flat=True))]
    return calls


def _bring_forward(endpoint: Endpoint) -> None:
    """Let no due time stand later than today's interval: somebody may have begun to look since."""
    for kind in ("follow", "sweep"):
        column = f"{kind}_due_at"
        latest = Now() + timedelta(seconds=interval(endpoint.pk, kind))
        rows = Endpoint.objects.filter(
            endpoints.has_quota(), pk=endpoint.pk, failing_since=None, breaker_opened_at=None
        )
        rows.filter(**{f"{column}__gt": latest}).update(**{column: latest})


def interval(endpoint_id: int, kind: str) -> float:
    """Seconds between two reads of `kind`, by what is open and who looks."""
    return _follow_interval(endpoint_id) if kind == "follow" else _sweep_interval(endpoint_id)


def _follow_interval(endpoint_id: int) -> float:
    rows = UpgradeRun.objects.filter(endpoint_id=endpoint_id, status__in=workflow.RUN_OPEN)
    open_ids = set(rows.values_list("pk", flat=True))
    if not open_ids:
        return float(settings.INVENTORY_SECONDS)
    watched = live.watched(now=selectors.database_now().timestamp())
    is_watched = bool(open_ids & watched.keys())
    return float(settings.FOLLOW_WATCHED_SECONDS if is_watched else settings.FOLLOW_OPEN_SECONDS)


def _sweep_interval(endpoint_id: int) -> float:
    in_doubt = UpgradeRun.objects.filter(endpoint_id=endpoint_id, status__in=workflow.RUN_IN_DOUBT)
    confirmed = Decision.objects.filter(run__endpoint_id=endpoint_id, status=workflow.DecisionStatus.CONFIRMED)
    if in_doubt.exists() or confirmed.exists():
        return _SWEEP_DOUBT_SECONDS
    if ClusterHold.objects.filter(run__endpoint_id=endpoint_id, run__status__in=workflow.RUN_FINAL).exists():
        return _SWEEP_HELD_SECONDS
    return _SWEEP_IDLE_SECONDS


@contextmanager
def lease(endpoint_id: int, kind: Any) -> Iterator[Endpoint | None]:
    """Hold the lease of `kind` while inside; None where another worker has it or nothing is due."""
    if not endpoints.claim(endpoint_id, kind, seconds=settings.OCP_TOTAL_SECONDS + LEASE_SECONDS):
        yield None
        return
    began_at = selectors.database_now()
    try:
        yield Endpoint.objects.get(pk=endpoint_id)
    finally:
        endpoints.release(endpoint_id, kind, _next(endpoint_id, kind, began_at))


def _next(endpoint_id: int, kind: str, began_at: datetime) -> datetime:
    """When the next read is due: counted from the beginning of this one, so that its length adds nothing."""
    return began_at + timedelta(seconds=interval(endpoint_id, kind) - _TICK_SLACK_SECONDS)

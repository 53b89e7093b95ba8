"""What is due now, and under which lease. The database is the queue: losing a message loses nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now

from upgrades import live, selectors
from upgrades.models import ClusterHold, Decision, Endpoint, Heartbeat, UpgradeRun
from upgrades.rules import workflow
from upgrades.services import acting, endpoints, submission

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


def begins(name: str, *, apart: float) -> bool:
    """Beat the heart `name`, unless that was done within `apart` seconds: then what was to begin has begun.

    Messages bear no date: the sender's clock is not ours, and those that waited for a worker are void by this.
    """
    since = Now() - timedelta(seconds=apart)
    # A heart that beats in the future tells of a clock that was set back.
    is_over = Q(at__lt=since) | Q(at__gt=Now())
    if Heartbeat.objects.filter(is_over, name=name).update(at=Now()):
        return True
    return Heartbeat.objects.get_or_create(name=name, defaults={"at": Now()})[1]


def due() -> list[Call]:
    """Celery tasks to send now: (name, id). Each claims its row itself, so sending one twice does no harm."""
    calls: list[Call] = [("upgrades.submit", change_request_id) for change_request_id in submission.due()]
    calls += [("upgrades.act", run_action_id) for run_action_id in acting.due()]
    for endpoint in Endpoint.objects.filter(is_active=True):
        _bring_forward(endpoint)
    return calls + _reads() + _looks()


def _reads() -> list[Call]:
    """The reads that are due; of an endpoint that is silent one at a time, each kind in its turn.

    A read of an OCP that hangs holds a worker's thread to its deadline: no more of them than tell us that it is back.
    """
    calls: list[Call] = []
    silent: dict[Endpoint, list[endpoints.Kind]] = {}
    for kind in endpoints.KINDS:
        for endpoint in endpoints.due(kind):
            if endpoints.is_silent(endpoint):
                silent.setdefault(endpoint, []).append(kind)
            else:
                calls.append((f"upgrades.{kind}", endpoint.pk))
    for endpoint, kinds in silent.items():
        if not endpoints.is_claimed(endpoint.pk):
            calls.append((f"upgrades.{min(kinds, key=lambda kind: _due_at(endpoint, kind))}", endpoint.pk))
    return calls


def _due_at(endpoint: Endpoint, kind: endpoints.Kind) -> datetime:
    """Since when this read is due: every try puts it off, so that whichever waits longest comes next."""
    return getattr(endpoint, f"{kind}_due_at") or datetime.min.replace(tzinfo=UTC)


def _looks() -> list[Call]:
    """Where servers are to be read for runs that have ended; not while the endpoint is silent."""
    verifying = UpgradeRun.objects.filter(status__in=[workflow.RunStatus.VERIFYING, workflow.RunStatus.DISAGREES])
    waiting = verifying.filter(Q(verify_due_at=None) | Q(verify_due_at__lte=Now()))
    rows = Endpoint.objects.filter(pk__in=waiting.values("endpoint_id"))
    return [("upgrades.verify", endpoint.pk) for endpoint in rows if not endpoints.is_silent(endpoint)]


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

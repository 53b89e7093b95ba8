"""What somebody on call wants to be woken by, as numbers. Every query stays with rows that are open, or in an index."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from math import inf

import redis
from django.db import connection
from django.db.models import Count, Min, Q

from upgrades import live
from upgrades.models import AuditEvent, ChainState, ChangeRequest, ClusterHold, Endpoint, Heartbeat, UpgradeRun
from upgrades.rules import halts, workflow
from upgrades.selectors.clock import database_now
from upgrades.selectors.halts import open_halts
from upgrades.selectors.heartbeats import PARTS_WITH_WEB

_UNSEALED = """SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(e.at)), 0)
    FROM upgrades_auditevent e
    WHERE e.id > %s AND NOT EXISTS (SELECT FROM upgrades_auditseal s WHERE s.event_id = e.id)"""


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: `samples` are its labels' values and the number. `is_counter`: it only grows."""

    name: str
    text: str
    labels: tuple[str, ...]
    samples: tuple[tuple[tuple[str, ...], float], ...]
    is_counter: bool = False


def metrics() -> list[Family]:
    """Every metric of ocpdash, as the database and Redis are now. Ages are seconds; infinite: never yet."""
    now = database_now()
    return [*_of_runs(now), *_of_requests(), *_of_parts(now), *_of_endpoints(now), *_of_queues(), *_of_audit(now)]


def _one(name: str, text: str, value: float, *, is_counter: bool = False) -> Family:
    return Family(name, text, (), (((), float(value)),), is_counter)


def _age(at: datetime | None, now: datetime) -> float:
    """Seconds since `at`; infinite where there is none."""
    return max((now - at).total_seconds(), 0.0) if at is not None else inf


def _of_runs(now: datetime) -> Iterator[Family]:
    rows = UpgradeRun.objects.open()
    counted = dict(rows.values_list("status").annotate(count=Count("pk")))
    by_status = tuple(((str(status),), float(counted.get(status, 0))) for status in sorted(workflow.RUN_OPEN))
    yield Family("ocpdash_runs_open", "Upgrade runs that are not final, by status.", ("status",), by_status)
    doubt = rows.filter(status__in=workflow.RUN_IN_DOUBT).aggregate(at=Min("intent_at"))["at"]
    text = "Age of the oldest run of which nobody knows whether OCP has it; 0 without one."
    yield _one("ocpdash_run_in_doubt_age_seconds", text, _age(doubt, now) if doubt else 0)
    unreadable = rows.exclude(unreadable_since=None)
    yield _one("ocpdash_runs_unreadable", "Open runs that cannot be read in OCP.", unreadable.count())
    alarmed = Q(alarm__isnull=False) & (Q(status__in=workflow.RUN_OPEN) | Q(holds__isnull=False))
    loud = UpgradeRun.objects.filter(alarmed).distinct().count()
    yield _one("ocpdash_run_alarms", "Runs with an alarm that are open or still hold a cluster.", loud)
    held = ClusterHold.objects.aggregate(all=Count("pk"), alarm=Count("pk", filter=Q(is_alarm=True)))
    samples = ((("run",), float(held["all"] - held["alarm"])), (("alarm",), float(held["alarm"])))
    yield Family("ocpdash_cluster_holds", "Clusters held, by a run or by an alarm.", ("by",), samples)
    foreign = AuditEvent.objects.filter(action="cluster.foreign_upgrade").count()
    yield _one("ocpdash_foreign_upgrades", "Upgrades that were begun in OCP itself.", foreign, is_counter=True)
    refused = UpgradeRun.objects.filter(status=workflow.RunStatus.REFUSED).count()
    yield _one("ocpdash_starts_refused", "Starts that ended as refused.", refused, is_counter=True)


def _of_requests() -> Iterator[Family]:
    _S = workflow.RequestStatus
    shown = (_S.IN_REVIEW, _S.APPROVED, _S.STARTING, _S.STALE)
    counted = dict(ChangeRequest.objects.filter(status__in=shown).values_list("status").annotate(count=Count("pk")))
    samples = tuple(((str(status),), float(counted.get(status, 0))) for status in shown)
    yield Family("ocpdash_requests", "Change requests under way, by status.", ("status",), samples)
    blocked = AuditEvent.objects.filter(action="change_request.block").count()
    yield _one("ocpdash_starts_blocked", "Starts that were blocked before anything was sent.", blocked, is_counter=True)
    found = {halt.kind for halt in open_halts()}
    by_kind = tuple(((str(kind),), float(kind in found)) for kind in halts.Kind)
    text = "1 while nothing is sent to OCP, by why: the database may be older than what was done."
    yield Family("ocpdash_halted", text, ("kind",), by_kind)


def _of_parts(now: datetime) -> Iterator[Family]:
    found = dict(Heartbeat.objects.values_list("name", "at"))
    samples = tuple(((part,), _age(found.get(name), now)) for part, (name, _is_canary) in PARTS_WITH_WEB.items())
    text = "Since when a part of ocpdash gave no sign of life: worker (the tick), follower, inventory, beat, web."
    yield Family("ocpdash_heartbeat_age_seconds", text, ("part",), samples)
    canaries = tuple(((queue,), _age(found.get(f"queue {queue}"), now)) for queue in live.QUEUES)
    text = "Since when no canary was taken from a queue."
    yield Family("ocpdash_canary_age_seconds", text, ("queue",), canaries)


def _of_endpoints(now: datetime) -> Iterator[Family]:
    rows = list(Endpoint.objects.filter(is_active=True).order_by("name"))
    ages = tuple(((row.name,), _age(row.observed_at, now)) for row in rows)
    yield Family("ocpdash_endpoint_observed_age_seconds", "Since when OCP gave no answer.", ("endpoint",), ages)
    broken = tuple(((row.name,), float(row.breaker_opened_at is not None)) for row in rows)
    text = "1 while OCP is not asked: it refused our sign-in."
    yield Family("ocpdash_endpoint_breaker_open", text, ("endpoint",), broken)
    failing = tuple(((row.name,), float(row.failure_count)) for row in rows)
    yield Family("ocpdash_endpoint_failures", "Reads of OCP that failed in a row.", ("endpoint",), failing)


def _of_queues() -> Iterator[Family]:
    samples = []
    with suppress(redis.RedisError):
        samples = [((queue,), float(live.waiting(queue))) for queue in live.QUEUES]
    yield Family("ocpdash_queue_length", "Messages that nobody has taken yet.", ("queue",), tuple(samples))
    yield _one("ocpdash_redis_up", "1 where Redis answers.", bool(samples))


def _of_audit(now: datetime) -> Iterator[Family]:
    state = ChainState.objects.first() or ChainState()
    with connection.cursor() as cursor:
        cursor.execute(_UNSEALED, [state.settled_event])
        count, seconds = cursor.fetchone()
    yield _one("ocpdash_audit_unsealed_events", "Audit events without a seal.", count)
    yield _one("ocpdash_audit_unsealed_age_seconds", "Age of the oldest of them; 0 without one.", float(seconds))
    checked = _age(state.checked_at, now)
    yield _one("ocpdash_audit_checked_age_seconds", "Since when the newest seals were not checked.", checked)
    yield _one("ocpdash_audit_findings", "Places where the trail is not as it was sealed.", len(state.findings))

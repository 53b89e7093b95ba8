"""Following the runs of an endpoint: the list of RUNNING tasks tells what changed, the detail tells what is written."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import F

from upgrades import live, selectors
from upgrades.models import Endpoint, TaskInstance, UpgradeRun
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import BadAnswer, OcpError, RateLimited, Unauthorized
from upgrades.rules import Reason, workflow
from upgrades.services import endpoints, listing, logs, observing, readability, watching
from upgrades.services.budget import Budget
from upgrades.services.listing import Listing
from upgrades.services.observing import apply, refresh

__all__ = ["apply", "follow", "refresh"]

logger = logging.getLogger(__name__)

_AFTER_END = (workflow.RunStatus.VERIFYING, workflow.RunStatus.DISAGREES)


@dataclass(slots=True)
class _Tick:
    """One call of follow()."""

    endpoint: Endpoint
    client: OcpClient
    observation: int
    at: datetime
    watched: dict[int, set[str]]
    budget: Budget


def follow(endpoint: Endpoint) -> None:
    """Read what changed of every run of `endpoint` that is running or failed, and watch over the finished ones.

    The caller holds the endpoint's lease and has asked endpoints.may_read(). Takes OCP_TOTAL_SECONDS at most, give
    or take one read's overhead; runs not reached come first in the next tick.
    """
    observation = selectors.observation()
    tick = _Tick(
        endpoint=endpoint,
        client=endpoints.client(endpoint),
        observation=observation,
        at=observing.moment_of(observation),
        watched=live.watched(now=time.time()),
        budget=Budget(settings.OCP_TOTAL_SECONDS),
    )
    try:
        running = listing.read_running(tick.client, tick.budget)
    except OcpError as error:
        _without_list(tick, error)
        return
    endpoints.note_success(endpoint, running.at)
    if _follow_runs(tick, running):
        watching.watch_finished(endpoint, running.tasks, read_at=running.at)
        logs.read_watched(endpoint, tick.client, tick.watched, tick.budget)


def _without_list(tick: _Tick, error: OcpError) -> None:
    reason = readability.blame(tick.endpoint, error, tick.at)
    if isinstance(error, BadAnswer):
        # One poisoned task spoils the whole list. The details of the others can still be read.
        _follow_runs(tick, None)
    else:
        _lose_all(tick, reason)


def _lose_all(tick: _Tick, reason: Reason) -> None:
    statuses = [*workflow.RUN_FOLLOWED, *_AFTER_END]
    for run in UpgradeRun.objects.filter(endpoint=tick.endpoint, status__in=statuses):
        readability.lose(run, reason, observation=tick.observation)


def _follow_runs(tick: _Tick, running: Listing | None) -> bool:
    """Read the runs whose detail is due, those tried longest ago first. False where OCP told us to stop."""
    rows = UpgradeRun.objects.filter(
        endpoint=tick.endpoint, status__in=workflow.RUN_FOLLOWED, ocp_task_id__isnull=False
    ).select_related("endpoint")
    # Asked once: a run may be accepted between two questions.
    followed = list(rows.order_by(F("detail_due_at").asc(nulls_first=True), "pk"))
    bound = _bound_ids(followed)
    for run in followed:
        if tick.budget.is_spent:
            break
        digest = None
        if running is not None:
            digest = listing.digest(running.about(bound[run.pk], run.affected_ocp_ids))
        if _is_due(tick, run, running, digest) and not _follow_run(tick, run, running, digest):
            return False
    return True


def _bound_ids(followed: Sequence[UpgradeRun]) -> dict[int, set[int]]:
    """OCP's ids of the tasks of every followed run, by run."""
    found = {run.pk: {run.ocp_task_id} for run in followed if run.ocp_task_id is not None}
    for run_id, task_id in TaskInstance.objects.filter(run__in=found).values_list("run_id", "ocp_id"):
        found[run_id].add(task_id)
    return found


def _is_due(tick: _Tick, run: UpgradeRun, running: Listing | None, digest: str | None) -> bool:
    """Whether the detail is to be read: never read, changed in the list, watched, or not in the list.

    The last two, and a run that cannot be read, wait for their own time.
    """
    is_time = run.detail_due_at is None or run.detail_due_at <= tick.at
    if run.unreadable_since is not None or running is None:
        return is_time
    if run.observed_at is None or digest != run.list_digest:
        return True
    return is_time and (run.pk in tick.watched or run.ocp_task_id not in running.by_id)


def _follow_run(tick: _Tick, run: UpgradeRun, running: Listing | None, digest: str | None) -> bool:
    """Read one run. Whatever goes wrong stays its own, but False where OCP wants no further call of ours."""
    observation = selectors.observation()
    if run.pk in tick.watched and digest != run.list_digest:
        live.announce(run.pk)
    try:
        # Half of what is left: a slow one leaves time for others.
        deadline = tick.budget.left / 2
        observing.read_and_apply(
            run, tick.client, observation=observation, listing=running, list_digest=digest, deadline=deadline
        )
    except (Unauthorized, RateLimited) as error:
        _lose_all(tick, readability.blame(tick.endpoint, error, tick.at))
        return False
    except OcpError as error:
        reason = readability.reason_of(error, run.ocp_task_id)
        readability.lose(run, reason, observation=observation, at=tick.at)
    except Exception as error:
        logger.exception("run cannot be followed", extra={"run": run.pk})
        reason = Reason("unreadable.unexpected", {"error": type(error).__name__})
        readability.lose(run, reason, observation=observation, at=tick.at)
    return True

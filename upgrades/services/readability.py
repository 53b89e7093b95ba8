"""When a run cannot be read: since when and why, kept once, and taken back by the next good read."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from upgrades import audit, live, selectors
from upgrades.models import AuditEvent, Endpoint, UpgradeRun
from upgrades.ocp.errors import NotFound, OcpError
from upgrades.rules import Reason, workflow
from upgrades.services import endpoints

_SHORTEST_BACK_OFF = timedelta(seconds=5)
_LONGEST_BACK_OFF = timedelta(minutes=5)
_ABOUT_TASK = frozenset({"unreadable.vanished", "unreadable.other_cluster", "unreadable.other_task"})


def reason_of(error: OcpError, task_id: int | None = None) -> Reason:
    """Why a read failed, of the task `task_id` where one is named; a 404 says that the task has vanished."""
    if task_id is None:
        return endpoints.reason_of(error)
    if isinstance(error, NotFound):
        return Reason("unreadable.vanished", {"task_id": task_id})
    reason = endpoints.reason_of(error)
    return Reason(reason.code, {**reason.params, "task_id": task_id})


def blame(endpoint: Endpoint, error: OcpError, at: datetime) -> Reason:
    """Put a failure down to the whole endpoint, and return the reason that is kept there."""
    endpoints.note_failure(endpoint, error, at)
    endpoint.refresh_from_db(fields=["failure"])
    return Reason.from_json(endpoint.failure or endpoints.reason_of(error).to_json())


def lose(run: UpgradeRun, reason: Reason, *, observation: int, at: datetime | None = None) -> None:
    """Keep that the read which drew `observation` failed: the first time with an audit event, later only the reason.

    Writes nothing where a newer read has been good. `at` puts the next detail read off, the longer the run has been
    unreadable; None leaves it due at once.
    """
    value = reason.to_json()
    with transaction.atomic():
        rows = UpgradeRun.objects.filter(pk=run.pk, observation__lt=observation)
        if not rows.update(detail_due_at=_next_try(run, at)):
            return
        change = {"unreadable_reason": value, "version": F("version") + 1}
        if rows.filter(unreadable_since=None).update(unreadable_since=Now(), **change):
            audit.record("run.unreadable", subject=run, reason=reason, outcome=AuditEvent.Outcome.FAILED)
        elif not rows.exclude(unreadable_reason=value).update(**change):
            return
        run.refresh_from_db()
        transaction.on_commit(lambda: live.publish(run.pk, run.version))


def lose_unasked() -> None:
    """Keep as unreadable the followed runs of endpoints that may not be asked for STALE_SECONDS: nobody reads them."""
    before = selectors.database_now() - timedelta(seconds=settings.STALE_SECONDS)
    is_stale = Q(endpoint__observed_at=None) | Q(endpoint__observed_at__lte=before)
    rows = UpgradeRun.objects.filter(is_stale, status__in=workflow.RUN_FOLLOWED, unreadable_since=None)
    for run in rows.select_related("endpoint"):
        if not endpoints.may_read(run.endpoint, selectors.database_now()):
            lose(run, why_not_asked(run.endpoint), observation=selectors.observation())


def why_not_asked(endpoint: Endpoint) -> Reason:
    """Why nothing is asked of `endpoint`: its last failure, or what keeps us from asking."""
    if endpoint.failure:
        return Reason.from_json(endpoint.failure)
    return endpoints.why_not_read(endpoint, selectors.database_now()) or Reason("unreadable.not_asked")


def regain(run: UpgradeRun) -> bool:
    """Take an unreadable mark back, in the caller's transaction; return whether there was one."""
    cleared = {"unreadable_since": None, "unreadable_reason": None}
    if not UpgradeRun.objects.filter(pk=run.pk, unreadable_since__isnull=False).update(**cleared):
        return False
    since = run.unreadable_since.isoformat() if run.unreadable_since else ""
    audit.record("run.readable", subject=run, before={"unreadable_since": since})
    return True


def is_about_task(run: UpgradeRun) -> bool:
    """Whether `run` is unreadable because its own task is: vanished, another one, or not readable, whatever else is."""
    reason = run.unreadable_reason or {}
    is_own = reason.get("params", {}).get("task_id") == run.ocp_task_id is not None
    return is_own or reason.get("code") in _ABOUT_TASK


def is_another(run: UpgradeRun) -> bool:
    """Whether OCP itself said that the bound task is gone, or another one under the same number."""
    return (run.unreadable_reason or {}).get("code") in _ABOUT_TASK


def _next_try(run: UpgradeRun, at: datetime | None) -> datetime | None:
    """Twice as late as the trouble is old, between the two bounds: one poisoned run must not cost a read each tick."""
    if at is None:
        return None
    age = at - run.unreadable_since if run.unreadable_since else timedelta()
    return at + min(max(age, _SHORTEST_BACK_OFF), _LONGEST_BACK_OFF)

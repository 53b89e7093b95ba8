"""Applying one detail read of a run's tasks to its rows: atomic, newest read wins, moves come last."""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from upgrades import live, selectors
from upgrades.models import UpgradeRun
from upgrades.ocp import types
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import OcpError, RateLimited, Unauthorized
from upgrades.rules import Reason, observed, workflow
from upgrades.services import children, readability, run_actions, runs, task_rows
from upgrades.services.children import Child
from upgrades.services.listing import Listing

logger = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def refresh(run: UpgradeRun, client: OcpClient) -> bool:
    """Read the parent and every child in detail and apply them; return whether this read was good and written.

    Keeps the run as unreadable where it cannot be read: after a time it may be closed without. Raises nothing.
    """
    observation = selectors.observation()
    at = moment_of(observation)
    try:
        return read_and_apply(run, client, observation=observation)
    except OcpError as error:
        is_general = isinstance(error, Unauthorized | RateLimited)
        reason = (
            readability.blame(run.endpoint, error, at) if is_general else readability.reason_of(error, run.ocp_task_id)
        )
    except Exception as error:
        logger.exception("run cannot be read", extra={"run": run.pk})
        reason = Reason("unreadable.unexpected", {"error": type(error).__name__, "task_id": run.ocp_task_id})
    readability.lose(run, reason, observation=observation, at=at)
    return False


def read_and_apply(
    run: UpgradeRun,
    client: OcpClient,
    *,
    observation: int,
    listing: Listing | None = None,
    list_digest: str | None = None,
    deadline: float | None = None,
) -> bool:
    """One detail read, applied. `observation` was drawn before; `list_digest` is kept with a good read.

    With a `listing`, children that ended well and do not run are not read again. Returns whether it was good and
    written. Raises OcpError where the parent cannot be read.
    """
    if run.ocp_task_id is None:
        return False
    at = moment_of(observation)
    parent = client.task(run.ocp_task_id, deadline=deadline)
    trouble = why_another(run, parent)
    if trouble is not None:
        readability.lose(run, trouble, observation=observation, at=at)
        return False
    found = children.read(run, parent, client, listing=listing, deadline=deadline)
    return apply(
        run, parent, found.children, observation=observation, at=at, trouble=found.trouble, list_digest=list_digest
    )


def moment_of(observation: int) -> datetime:
    """The database's time at which an observation number was drawn."""
    return _EPOCH + timedelta(microseconds=observation)


def why_another(run: UpgradeRun, parent: types.TaskInstance) -> Reason | None:
    """None where `parent` is the bound task, else why it is another one under the same id.

    Bound are OCP's cluster id and createTime, start where that is absent. What a detail does not show is not judged.
    """
    task_id = parent.id
    if None not in (parent.cluster_id, run.ocp_task_cluster_id) and parent.cluster_id != run.ocp_task_cluster_id:
        return Reason("unreadable.other_cluster", {"task_id": task_id, "cluster_id": parent.cluster_id})
    created_at = parent.create_time or parent.start_time
    if None not in (created_at, run.ocp_task_created_at) and created_at != run.ocp_task_created_at:
        return Reason("unreadable.other_task", {"task_id": task_id})
    return None


def apply(
    run: UpgradeRun,
    parent: types.TaskInstance,
    found: Sequence[Child],
    *,
    observation: int,
    at: datetime,
    trouble: Reason | None = None,
    list_digest: str | None = None,
) -> bool:
    """Write one read of `parent` and of its children, and make the moves that OCP's words ask for.

    `observation` was drawn, and `at` is the database's time, before reading. A read older than what the rows hold
    writes nothing and returns False. `trouble`: why a child could not be read. Raises nothing of OCP's.
    """
    with transaction.atomic():
        if not _take(run, parent, observation=observation, at=at, list_digest=list_digest):
            return False
        is_changed = task_rows.store(run, [Child(parent, "parent"), *found], observation=observation, at=at)
        is_changed |= _keep_word(run, parent)
        run_actions.settle_seen(run, at)
        is_changed |= trouble is None and readability.regain(run)
        if is_changed:
            UpgradeRun.objects.filter(pk=run.pk).update(version=F("version") + 1)
        run.refresh_from_db()
        if is_changed:
            transaction.on_commit(lambda: live.publish(run.pk, run.version))
        _move(run, parent, at)
        if trouble is not None and not run.is_final:
            # This read is the newest now, and must not be taken for a newer good one.
            readability.lose(run, trouble, observation=observation + 1, at=at)
    return trouble is None


def _take(
    run: UpgradeRun, parent: types.TaskInstance, *, observation: int, at: datetime, list_digest: str | None
) -> bool:
    """The compare-and-set of a read: False where a newer one has been written. Holds the row until commit."""
    bound: dict[str, object] = {"ocp_task_started_at": parent.start_time or run.ocp_task_started_at}
    if run.ocp_task_cluster_id is None:
        bound["ocp_task_cluster_id"] = parent.cluster_id
    if run.ocp_task_created_at is None:
        bound["ocp_task_created_at"] = parent.create_time or parent.start_time
    if list_digest is not None:
        bound["list_digest"] = list_digest
    rows = UpgradeRun.objects.filter(pk=run.pk, ocp_task_id=parent.id, observation__lt=observation)
    return bool(
        rows.update(
            observation=observation,
            observed_at=at,
            detail_due_at=at + timedelta(seconds=settings.DETAIL_WATCHED_SECONDS),
            **bound,
        )
    )


def _keep_word(run: UpgradeRun, parent: types.TaskInstance) -> bool:
    """Keep a status of OCP that we do not know, verbatim; return whether that changed."""
    is_known = observed.status_from_task(parent.status, parent.operation) is not None
    word = "" if is_known else parent.status[:64]
    return bool(UpgradeRun.objects.filter(pk=run.pk).exclude(ocp_word=word).update(ocp_word=word))


def _move(run: UpgradeRun, parent: types.TaskInstance, at: datetime) -> None:
    """Take the shortest legal path to what OCP says; none from a status that following may not leave."""
    target = observed.status_from_task(parent.status, parent.operation)
    if target is None or run.status not in workflow.RUN_FOLLOWED:
        return
    reason = Reason("run.ocp_says", {"status": parent.status, "operation": parent.operation})
    for move in observed.observed_moves(run.status, target) or ():
        is_end = move.action in ("end", "roll_back")
        runs.move(run, move.action, reason=reason, fields={"ended_at": at, "verify_due_at": at} if is_end else None)

"""Holds that outlive their run: given back once OCP shows the clusters whole and at rest."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from upgrades import live, selectors
from upgrades.models import ClusterHold, Endpoint, TaskInstance, UpgradeRun
from upgrades.ocp import types, words
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import OcpError, RateLimited, Unauthorized
from upgrades.rules import Reason, workflow
from upgrades.services import endpoints, holds, listing
from upgrades.services.budget import Budget
from upgrades.services.listing import Listing


def release_due(endpoint: Endpoint) -> int:
    """Free the holds of each final run that a complete read allows, later than its move and its alarm.

    The read shows every affected cluster RUNNING, one version on all its servers, and no upgrade parent or child
    RUNNING on them. A run is looked at every VERIFY_SECONDS, taken by compare-and-set. Returns how many runs were
    freed. Raises nothing of OCP's.
    """
    at = selectors.database_now()
    endpoint.refresh_from_db()
    if not endpoints.may_read(endpoint, at):
        return 0
    due = [run for run in _waiting(endpoint) if _claim(run)]
    if not due:
        return 0
    client = endpoints.client(endpoint)
    budget = Budget(settings.OCP_TOTAL_SECONDS)
    freed = 0
    try:
        running = listing.read_running(client, budget)
        shown = {cluster.id: cluster for cluster in client.clusters(deadline=budget.left)}
        for run in due:
            freed += _is_at_rest(run, running, shown, client, budget) and _free(run, running)
    except OcpError as error:
        # Nothing is known then, and the hold stays.
        endpoints.note_failure(endpoint, error, at)
    return freed


def _waiting(endpoint: Endpoint) -> list[UpgradeRun]:
    held = ClusterHold.objects.filter(run__endpoint=endpoint).values("run")
    is_due = Q(verify_due_at=None) | Q(verify_due_at__lte=Now())
    rows = UpgradeRun.objects.filter(is_due, pk__in=held, status__in=workflow.RUN_FINAL)
    return list(rows.select_related("endpoint").order_by("pk"))


def _claim(run: UpgradeRun) -> bool:
    rows = UpgradeRun.objects.filter(pk=run.pk, status=run.status, verify_due_at=run.verify_due_at)
    return rows.update(verify_due_at=Now() + timedelta(seconds=settings.VERIFY_SECONDS)) == 1


def _is_at_rest(
    run: UpgradeRun, running: Listing, shown: dict[int, types.Cluster], client: OcpClient, budget: Budget
) -> bool:
    """Whether the clusters may be given back. Raises Unauthorized and RateLimited alone."""
    if running.at <= max(run.status_at, run.alarm_at or run.status_at) or _is_upgrading(run, running):
        return False
    if any(ocp_id not in shown or shown[ocp_id].status != "RUNNING" for ocp_id in run.affected_ocp_ids):
        return False
    try:
        return all(_has_one_version(client.servers(ocp_id, deadline=budget.left)) for ocp_id in run.affected_ocp_ids)
    except (Unauthorized, RateLimited):
        raise
    except OcpError:
        return False


def _is_upgrading(run: UpgradeRun, running: Listing) -> bool:
    """Whether a parent or a child runs there, anybody's.

    No manual names the children. So a task counts as one when it is known to a run, is by our account, or has a name
    that speaks of an upgrade: a hold that stays too long is the smaller harm.
    """
    tasks = running.about({run.ocp_task_id or -1}, run.affected_ocp_ids)
    known = TaskInstance.objects.filter(run__endpoint=run.endpoint_id, ocp_id__in=[task.id for task in tasks])
    return known.exists() or any(
        task.id == run.ocp_task_id
        or words.is_upgrade_parent(task)
        or words.names_an_upgrade(task)
        or task.creator_name == run.endpoint.account_name
        for task in tasks
    )


def _has_one_version(servers: tuple[types.Server, ...]) -> bool:
    versions = {(server.version, server.build) for server in servers}
    return len(versions) == 1 and all(version for version, _build in versions)


def _free(run: UpgradeRun, running: Listing) -> bool:
    """Give the clusters back, unless the run moved or an alarm was raised since it was read."""
    with transaction.atomic():
        rows = UpgradeRun.objects.filter(pk=run.pk, status=run.status, alarm_at=run.alarm_at)
        if rows.update(version=F("version") + 1) != 1:
            return False
        run.refresh_from_db()
        holds.free(run, reason=Reason("hold.clusters_at_rest", {"at": running.at.isoformat()}))
        transaction.on_commit(lambda: live.publish(run.pk, run.version))
    return True

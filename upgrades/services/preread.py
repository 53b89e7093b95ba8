"""Reading OCP just before a submission. It writes the mirror first, then judges what it saw."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from upgrades import selectors
from upgrades.models import ChangeRequest, Cluster, UpgradeRun
from upgrades.ocp import types, words
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import OcpError
from upgrades.rules import Reason, preread
from upgrades.services import endpoints, identity, inventory, ocp_upgrades, plans, readability
from upgrades.services.moves import Invalid

_NEWEST = 200


class Blocked(Exception):
    """The start may not go on; nothing was sent. `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reading:
    """What one pre-read brought: OCP's own time, and the ids of every task it showed."""

    at: datetime
    ocp_now: datetime
    task_ids: frozenset[int]


class _Budget:
    """Seconds left for all calls of one pre-read together."""

    def __init__(self, seconds: float) -> None:
        self._end = time.clock_gettime(time.CLOCK_BOOTTIME) + seconds

    @property
    def left(self) -> float:
        return self._end - time.clock_gettime(time.CLOCK_BOOTTIME)


def read(change_request: ChangeRequest, *, seconds: float) -> Reading:
    """Read every affected cluster, its servers and tasks, and the packages, within `seconds`.

    Raises Blocked when anything is missing, unreadable, or speaks against a start.
    """
    endpoint = change_request.endpoint
    # An admin may have changed it since: what was switched off or has another account is not upgraded.
    endpoint.refresh_from_db()
    why = endpoints.why_not_read(endpoint, selectors.database_now())
    if why is not None:
        raise Blocked(why)
    try:
        return _read(change_request, endpoints.client(endpoint), _Budget(seconds))
    except OcpError as error:
        found = readability.blame(endpoint, error, selectors.database_now())
        raise Blocked(Reason("start.unreadable", {**found.params, "why": found.code})) from error
    except Invalid as error:
        raise Blocked(error.reason) from error


def _read(change_request: ChangeRequest, client: OcpClient, budget: _Budget) -> Reading:
    endpoint = change_request.endpoint
    at = selectors.database_now()
    ocp_now = client.time(deadline=budget.left)
    shown = {cluster.id: cluster for cluster in client.clusters(deadline=budget.left)}
    inventory.mirror_clusters(endpoint, list(shown.values()), at)
    inventory.mirror_packages(endpoint, client.packages(deadline=budget.left), at)
    clusters = _affected(change_request)
    tasks: list[types.TaskInstance] = []
    for cluster in clusters:
        servers = client.servers(cluster.ocp_id, deadline=budget.left)
        found = _tasks_of(client, cluster.ocp_id, budget)
        mirror_servers(cluster, servers, found, at)
        tasks += found
    known = _with_types(client, {task.id: task for task in tasks}, budget)
    facts = [_fact(task) for task in known.values()]
    elsewhere = identity.why_only_read(clusters)
    if elsewhere is not None:
        raise Blocked(elsewhere)
    reason = preread.why_blocked(
        [preread.ClusterFact(c.ocp_id, c.name, shown[c.ocp_id].status if c.ocp_id in shown else "") for c in clusters],
        facts,
        account_name=endpoint.account_name,
        approved_at=_on_ocp_clock(change_request, ocp_now, at),
        bound_ids=bound_task_ids(endpoint.pk),
    )
    if reason is not None:
        raise Blocked(reason)
    return Reading(at=at, ocp_now=ocp_now, task_ids=frozenset(known))


def _affected(change_request: ChangeRequest) -> list[Cluster]:
    """Every cluster of the plan, and whichever OCP associates with it today."""
    ids = set(plans.affected_ids(change_request.plan or {}))
    ids.update(cluster.ocp_id for cluster in plans.affected(Cluster.objects.get(pk=change_request.cluster_id)))
    found = list(Cluster.objects.filter(endpoint=change_request.endpoint, ocp_id__in=ids).order_by("ocp_id"))
    if len(found) < len(ids):
        missing = sorted(ids - {cluster.ocp_id for cluster in found})
        raise Blocked(Reason("start.cluster_missing", {"ocp_ids": tuple(missing)}))
    return found


def _tasks_of(client: OcpClient, cluster_id: int, budget: _Budget) -> list[types.TaskInstance]:
    newest = client.tasks(cluster_id=cluster_id, size=_NEWEST, deadline=budget.left)
    return [*newest.items, *_running_tasks(client, cluster_id, budget)]


def _running_tasks(client: OcpClient, cluster_id: int, budget: _Budget) -> Iterable[types.TaskInstance]:
    """Every RUNNING task of a cluster, all pages."""
    number = 1
    while True:
        page = client.tasks(cluster_id=cluster_id, status=("RUNNING",), page=number, size=_NEWEST, deadline=budget.left)
        yield from page.items
        if page.is_last:
            return
        number += 1


def _with_types(
    client: OcpClient, tasks: dict[int, types.TaskInstance], budget: _Budget
) -> dict[int, types.TaskInstance]:
    """The list does not tell a task's type, the detail does: read it for those that run."""
    return {
        task_id: client.task(task_id, deadline=budget.left) if task.status == "RUNNING" else task
        for task_id, task in tasks.items()
    }


def _fact(task: types.TaskInstance) -> preread.TaskFact:
    return preread.TaskFact(
        task_id=task.id,
        cluster_id=task.cluster_id,
        name=task.name[:100],
        status=task.status,
        type=task.type,
        creator_name=task.creator_name,
        started_at=task.start_time,
        is_parent=words.is_upgrade_parent(task),
    )


def mirror_servers(
    cluster: Cluster, servers: Sequence[types.Server], tasks: Sequence[types.TaskInstance], at: datetime
) -> None:
    """Mirror the servers of a cluster and the upgrades among its newest `tasks`, both read since `at`.

    Together, since every plan for the cluster names servers and failed upgrades: an older read writes neither over a
    younger one.
    """
    facts = [_fact(task) for task in tasks]
    with transaction.atomic():
        inventory.mirror_servers(cluster, servers, at)
        rows = Cluster.objects.filter(pk=cluster.pk, topology_observed_at__lte=at)
        known = rows.values_list("failed_leftover_ids", "upgrades_in_ocp").first()
        if known is None:
            return
        # On a busy cluster the newest tasks push an old failure out: that is no reason to void votes.
        leftovers = preread.failed_leftovers(facts, cluster.ocp_id, known[0] if len(tasks) >= _NEWEST else ())
        upgrades = ocp_upgrades.mirrored(cluster, tasks, known[1])
        found = {"failed_leftover_ids": leftovers, "upgrades_in_ocp": upgrades}
        rows.exclude(**found).update(**found)


def newest_tasks(cluster: Cluster, client: OcpClient) -> Sequence[types.TaskInstance]:
    """The newest tasks of a cluster, of every status. Raises OcpError."""
    return client.tasks(cluster_id=cluster.ocp_id, size=_NEWEST).items


def _on_ocp_clock(change_request: ChangeRequest, ocp_now: datetime, at: datetime) -> datetime:
    approved_at = change_request.approved_at or at
    return approved_at + (ocp_now - at)


def bound_task_ids(endpoint_id: int) -> frozenset[int]:
    """OCP ids of every parent task that belongs to a run of this endpoint."""
    rows = UpgradeRun.objects.filter(endpoint_id=endpoint_id, ocp_task_id__isnull=False)
    return frozenset(task_id for task_id in rows.values_list("ocp_task_id", flat=True) if task_id is not None)

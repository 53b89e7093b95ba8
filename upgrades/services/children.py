"""Binding child tasks to the hops of a run: candidates by the rules, confirmed by the submit subtask's log."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from upgrades.models import TaskInstance, UpgradeRun
from upgrades.ocp import types, words
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import OcpError, RateLimited, Unauthorized
from upgrades.rules import Reason, hops
from upgrades.rules.hops import Hop
from upgrades.services import readability
from upgrades.services.listing import Listing

_PAGE_SIZE = 200
_PAGE_CAP = 25
# More tasks of our account in one window than this are ambiguous anyway: their types need not be read.
_DETAIL_CAP = 8
_NUMBER = re.compile(r"(?<!\w)[0-9]{1,19}(?!\w)")


@dataclass(frozen=True, slots=True)
class Child:
    """A task as read in detail, what it is to the run (a TaskInstance.Kind), and its hop, counted from 0."""

    task: types.TaskInstance
    kind: str
    hop: int | None = None


@dataclass(slots=True)
class Reading:
    """What one look at the children brought. `trouble`: why one of them, or the list of them, could not be read."""

    children: list[Child] = field(default_factory=list)
    trouble: Reason | None = None


def read(
    run: UpgradeRun,
    parent: types.TaskInstance,
    client: OcpClient,
    *,
    listing: Listing | None = None,
    deadline: float | None = None,
) -> Reading:
    """Read the bound children in detail, and look for the child of each hop that has none.

    With a `listing`, children that ended well and do not run are left out: nothing of theirs changes.
    One child that cannot be read hides no other. Raises Unauthorized and RateLimited alone.
    """
    known = list(TaskInstance.objects.filter(run=run))
    bound = [row for row in known if row.kind == TaskInstance.Kind.CHILD]
    reading = Reading()
    for row in bound:
        if listing is None or row.status != "SUCCESSFUL" or row.ocp_id in listing.by_id:
            _try(reading, partial(_read_bound, run, row, client, deadline), row.ocp_id)
    for hop in _open_hops(parent, known):
        _try(reading, partial(_look_for, run, parent, hop, client, deadline))
    return reading


def _try(reading: Reading, look: Callable[[], list[Child]], task_id: int | None = None) -> None:
    """Add what `look` finds, or keep why it failed. A task that fits two hops stands there once."""
    try:
        found = {child.task.id: child for child in reading.children}
        for child in look():
            if child.task.id not in found or found[child.task.id].kind == TaskInstance.Kind.POSSIBLE:
                found[child.task.id] = child
        reading.children = list(found.values())
    except (Unauthorized, RateLimited):
        raise
    except OcpError as error:
        reading.trouble = readability.reason_of(error, task_id)
    except _Another as another:
        reading.trouble = another.reason


class _Another(Exception):
    """Under a bound child's id OCP shows another task."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.code)
        self.reason = reason


def _read_bound(run: UpgradeRun, row: TaskInstance, client: OcpClient, deadline: float | None) -> list[Child]:
    task = client.task(row.ocp_id, deadline=deadline)
    if task.cluster_id is not None and task.cluster_id not in run.affected_ocp_ids:
        raise _Another(Reason("unreadable.other_cluster", {"task_id": task.id, "cluster_id": task.cluster_id}))
    if None not in (task.create_time, row.created_in_ocp_at) and task.create_time != row.created_in_ocp_at:
        raise _Another(Reason("unreadable.other_task", {"task_id": task.id}))
    return [Child(task, TaskInstance.Kind.CHILD, row.hop)]


def _open_hops(parent: types.TaskInstance, known: Iterable[TaskInstance]) -> list[Hop]:
    """Hops whose submit subtask has started and that have no child yet.

    One that is over and stayed ambiguous is not looked at again: nothing new can come.
    """
    bound = {row.hop for row in known if row.kind == TaskInstance.Kind.CHILD}
    ambiguous = {row.hop for row in known if row.kind == TaskInstance.Kind.POSSIBLE}
    found = hops.hops(parent.subtasks, submit=words.SUBMIT_SUBTASK, wait=words.WAIT_SUBTASK)
    return [
        hop
        for hop in found
        if hop.opens_at is not None
        and hop.index not in bound
        and not (hop.closes_at is not None and hop.index in ambiguous)
    ]


def _look_for(
    run: UpgradeRun, parent: types.TaskInstance, hop: Hop, client: OcpClient, deadline: float | None
) -> list[Child]:
    fitting = _fitting(run, hop, client, deadline)
    if not fitting:
        return []
    named = _named(parent.id, hop, client, deadline)
    # Those that the log names come first, so that the cap never hides them.
    ordered = sorted(fitting, key=lambda task_id: (task_id not in named, -task_id))
    details = [client.task(task_id, deadline=deadline) for task_id in ordered[:_DETAIL_CAP]]
    candidates = {task.id: task for task in details if not words.is_system_type(task.type)}
    chosen = hops.choose(hop, {*candidates, *ordered[_DETAIL_CAP:]}, named)
    if chosen is not None:
        return [Child(candidates[chosen], TaskInstance.Kind.CHILD, hop.index)]
    return [Child(task, TaskInstance.Kind.POSSIBLE, hop.index) for task in candidates.values()]


def _fitting(run: UpgradeRun, hop: Hop, client: OcpClient, deadline: float | None) -> list[int]:
    """Ids of tasks that the list lets through: ours, on an affected cluster, begun inside the hop, bound to nothing."""
    seen = {
        task.id: task
        for cluster_id in run.affected_ocp_ids
        for task in _tasks_since(client, cluster_id, hop.opens_at, deadline)
    }
    fitting = [
        task.id
        for task in seen.values()
        if task.creator_name == run.endpoint.account_name
        and task.cluster_id in run.affected_ocp_ids
        and hop.is_start_inside(task.start_time)
        and not words.is_upgrade_parent(task)
        and not words.is_system_type(task.type)
    ]
    taken = _bound_elsewhere(run, fitting)
    return [task_id for task_id in fitting if task_id not in taken]


def _tasks_since(
    client: OcpClient, cluster_id: int, opens_at: datetime | None, deadline: float | None
) -> Iterable[types.TaskInstance]:
    """A cluster's tasks of all statuses, newest first, down to the page on which all began before the hop."""
    for number in range(1, _PAGE_CAP + 1):
        page = client.tasks(cluster_id=cluster_id, page=number, size=_PAGE_SIZE, deadline=deadline)
        yield from page.items
        starts = [task.start_time for task in page.items if task.start_time is not None]
        if page.is_last or (starts and opens_at is not None and max(starts) < opens_at):
            return


def _bound_elsewhere(run: UpgradeRun, task_ids: Collection[int]) -> set[int]:
    rows = TaskInstance.objects.filter(run__endpoint=run.endpoint_id, ocp_id__in=task_ids)
    taken = set(rows.exclude(kind=TaskInstance.Kind.POSSIBLE).values_list("ocp_id", flat=True))
    parents = UpgradeRun.objects.filter(endpoint=run.endpoint_id, ocp_task_id__in=task_ids)
    return taken | {task_id for task_id in parents.values_list("ocp_task_id", flat=True) if task_id is not None}


def _named(parent_id: int, hop: Hop, client: OcpClient, deadline: float | None) -> set[int]:
    """Every number that stands alone in the submit subtask's log; none where the log cannot be read."""
    try:
        log = client.subtask_log(parent_id, hop.submit_id, deadline=deadline)
    except (Unauthorized, RateLimited):
        raise
    except OcpError:
        return set()
    return {int(number) for number in _NUMBER.findall(log.text)}

"""OCP's list of RUNNING tasks, as one read saw it. A change detector: what it shows is never written to a run."""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from upgrades import selectors
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import BadAnswer
from upgrades.ocp.types import TaskInstance
from upgrades.services.budget import Budget

_PAGE_SIZE = 200
_PAGE_CAP = 100


@dataclass(frozen=True)
class Listing:
    """Every RUNNING task of an endpoint. `at`: the database's clock before the read began."""

    at: datetime
    tasks: tuple[TaskInstance, ...]

    @cached_property
    def by_id(self) -> Mapping[int, TaskInstance]:
        return {task.id: task for task in self.tasks}

    @cached_property
    def _by_cluster(self) -> Mapping[int, list[TaskInstance]]:
        found: dict[int, list[TaskInstance]] = {}
        for task in self.tasks:
            if task.cluster_id is not None:
                found.setdefault(task.cluster_id, []).append(task)
        return found

    def about(self, task_ids: Collection[int], cluster_ids: Collection[int]) -> list[TaskInstance]:
        """The tasks that are among `task_ids` or work on one of `cluster_ids`."""
        found = {task_id: self.by_id[task_id] for task_id in task_ids if task_id in self.by_id}
        for cluster_id in cluster_ids:
            found.update((task.id, task) for task in self._by_cluster.get(cluster_id, ()))
        return list(found.values())


def read_running(client: OcpClient, budget: Budget) -> Listing:
    """All pages of the list, newest first, within `budget`. Raises OcpError."""
    at = selectors.database_now()
    found: dict[int, TaskInstance] = {}
    for number in range(1, _PAGE_CAP + 1):
        page = client.tasks(status=("RUNNING",), page=number, size=_PAGE_SIZE, deadline=budget.left)
        found.update((task.id, task) for task in page.items)
        if page.is_last:
            return Listing(at, tuple(found.values()))
    raise BadAnswer("The list of running tasks does not end.", http_status=200)


def digest(tasks: Iterable[TaskInstance]) -> str:
    """A hash of ids, statuses and operations of tasks and subtasks; the order of the list does not matter."""
    facts = sorted(
        [task.id, task.status, task.operation, sorted([one.id, one.status, one.operation] for one in task.subtasks)]
        for task in tasks
    )
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

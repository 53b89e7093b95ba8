"""OCP's list of RUNNING tasks, as one read saw it. A change detector: what it shows is never written to a run."""

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from upgrades import selectors
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import BadAnswer
from upgrades.ocp.types import TaskInstance

_PAGE_SIZE = 200
_PAGE_CAP = 100


@dataclass(frozen=True, slots=True)
class Listing:
    """Every RUNNING task of an endpoint. `at`: the database's clock before the read began."""

    at: datetime
    tasks: tuple[TaskInstance, ...]

    @property
    def ids(self) -> frozenset[int]:
        return frozenset(task.id for task in self.tasks)

    def about(self, task_ids: Collection[int], cluster_ids: Collection[int]) -> list[TaskInstance]:
        """The tasks that are among `task_ids` or work on one of `cluster_ids`."""
        return [task for task in self.tasks if task.id in task_ids or task.cluster_id in cluster_ids]


def read_running(client: OcpClient, *, deadline: float | None = None) -> Listing:
    """All pages of the list, newest first. Raises OcpError."""
    at = selectors.database_now()
    found: dict[int, TaskInstance] = {}
    for number in range(1, _PAGE_CAP + 1):
        page = client.tasks(status=("RUNNING",), page=number, size=_PAGE_SIZE, deadline=deadline)
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

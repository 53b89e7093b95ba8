"""What a call of OCP's port is: method, path, the right it needs, and the function that answers it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from upgrades.simulator.envelope import Reply, dumps
from upgrades.simulator.listing import Query
from upgrades.simulator.records import Account
from upgrades.simulator.shapes import Json

CLUSTER = r"/api/v2/ob/clusters/(\d{1,18})"
TASK = r"/api/v2/tasks/instances/(\d{1,18})"
SUBTASK = TASK + r"/subtasks/(\d{1,18})"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was let in: who asks, its query, what the path's pattern found, and from which address."""

    account: Account
    query: Query
    found: Sequence[str]
    client: str

    @property
    def id(self) -> int:
        """Return the first id of the path."""
        return int(self.found[0])


# The answer is the JSON text of `data`, None for an answer without data, or a whole reply.
Answer = str | Reply | None


@dataclass(frozen=True, slots=True)
class Route:
    """One call. `right` is empty where signing in is enough; {0} in it stands for the first id of the path."""

    method: str
    path: str
    right: str
    answer: Callable[[Call], Answer]


def contents(rows: list[Json]) -> str:
    """Return the `data` of a list that is not paged."""
    return dumps({"contents": rows})

"""The upgrades of one cluster before: those asked for here, and those that only OCP knows of."""

from dataclasses import dataclass
from datetime import datetime

from upgrades.models import ChangeRequest, Cluster, UpgradeRun
from upgrades.views import cluster_rows

MOST = 20


@dataclass(frozen=True, slots=True)
class Found:
    """An upgrade that OCP shows and no run of ours is bound to. status, operation: OCP's own words."""

    task_id: int
    status: str
    operation: str
    creator: str
    started_at: datetime | None


def ours(cluster: Cluster) -> list[tuple[ChangeRequest, str]]:
    """The newest requests for `cluster`, each with the status to show."""
    rows = cluster.change_requests.select_related("run", "requester").order_by("-pk")[:MOST]
    return [(row, cluster_rows.status_of(row)) for row in rows]


def found(cluster: Cluster) -> list[Found]:
    """The upgrades among the newest tasks of OCP that nobody asked for here, newest first."""
    ids = {row["task_id"] for row in cluster.upgrades_in_ocp}
    runs = UpgradeRun.objects.filter(endpoint=cluster.endpoint_id, ocp_task_id__in=ids)
    bound = set(runs.values_list("ocp_task_id", flat=True)) if ids else set()
    return [
        Found(
            row["task_id"],
            row["status"],
            row["operation"],
            row["creator_name"],
            datetime.fromisoformat(row["started_at"]) if row["started_at"] else None,
        )
        for row in cluster.upgrades_in_ocp
        if row["task_id"] not in bound
    ]

"""What OCP shows now of every affected cluster of a run: the reading that verifying judges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings

from upgrades.models import Cluster, UpgradeRun
from upgrades.ocp import types
from upgrades.ocp.client import OcpClient
from upgrades.ocp.errors import OcpError, RateLimited, Unauthorized
from upgrades.rules import Reason
from upgrades.rules.verification import ClusterFact, ServerFact
from upgrades.services import inventory, readability, readings
from upgrades.services.budget import Budget

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reading:
    """Facts of every affected cluster. `trouble`: why servers of one could not be read, None where all were.

    records: the same, server by server, as the run keeps it (services.readings).
    """

    facts: tuple[ClusterFact, ...]
    trouble: Reason | None
    records: tuple[dict[str, Any], ...] = ()


def read(run: UpgradeRun, client: OcpClient, at: datetime) -> Reading:
    """Read clusters, servers and parameters, and mirror them; `at` is the database's clock before reading.

    Takes OCP_TOTAL_SECONDS at most. Parameters that cannot be read are no trouble. Raises OcpError where the list of
    clusters cannot be read, Unauthorized and RateLimited at any call.
    """
    budget = Budget(settings.OCP_TOTAL_SECONDS)
    shown = {cluster.id: cluster for cluster in client.clusters(deadline=budget.left)}
    inventory.mirror_clusters(run.endpoint, list(shown.values()), at)
    planned = {item["ocp_id"]: item for item in (run.change_request.plan or {}).get("clusters", [])}
    facts: list[ClusterFact] = []
    records: list[dict[str, Any]] = []
    trouble: Reason | None = None
    for ocp_id in run.affected_ocp_ids:
        servers, why_not = _part(client.servers, ocp_id, budget)
        parameters, no_trouble = _part(client.parameters, ocp_id, budget)
        trouble = trouble or why_not
        _mirror(run, ocp_id, servers, parameters, at)
        fact = _fact(run, shown.get(ocp_id), planned.get(ocp_id, {"name": str(ocp_id)}), servers, parameters)
        facts.append(fact)
        part = readings.Part(ocp_id, fact, servers, why_not, parameters, no_trouble)
        records.append(readings.record(part, at))
    return Reading(tuple(facts), trouble, tuple(records))


def _part(read_one: Callable[..., T], ocp_id: int, budget: Budget) -> tuple[T | None, Reason | None]:
    """What one call brings for a cluster, or why it brings nothing."""
    try:
        return read_one(ocp_id, deadline=budget.left), None
    except (Unauthorized, RateLimited):
        raise
    except OcpError as error:
        return None, readability.reason_of(error)


def _mirror(
    run: UpgradeRun,
    ocp_id: int,
    servers: tuple[types.Server, ...] | None,
    parameters: tuple[types.Parameter, ...] | None,
    at: datetime,
) -> None:
    cluster = Cluster.objects.filter(endpoint=run.endpoint_id, ocp_id=ocp_id).first()
    if cluster is None:
        return
    if servers is not None:
        inventory.mirror_servers(cluster, servers, at)
    if parameters is not None:
        inventory.mirror_parameters(cluster, parameters, at)


def _fact(
    run: UpgradeRun,
    shown: types.Cluster | None,
    planned: Mapping[str, Any],
    servers: tuple[types.Server, ...] | None,
    parameters: tuple[types.Parameter, ...] | None,
) -> ClusterFact:
    values = {parameter.name: parameter.values for parameter in parameters or ()}
    return ClusterFact(
        name=shown.name if shown is not None else planned["name"],
        status=shown.status if shown is not None else None,
        is_standby=shown is not None and (shown.primary_id is not None or shown.type == "STANDBY"),
        planned=tuple(server["address"] for server in planned.get("servers", ())),
        servers=None if servers is None else tuple(_server(server) for server in servers),
        min_observer_version=values.get("min_observer_version"),
        compatible=values.get("compatible"),
        compatible_before=tuple(run.baseline_compatible.get(str(planned.get("ocp_id"))) or ()),
    )


def _server(server: types.Server) -> ServerFact:
    return ServerFact(readings.address_of(server), server.version, server.build)

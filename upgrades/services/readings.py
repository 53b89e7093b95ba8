"""What was read of each server while a run was verified, kept on the run: its page stays the record after the end."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from upgrades.ocp import types
from upgrades.rules import Reason
from upgrades.rules.verification import ClusterFact

# OCP shows no port where the server listens on OceanBase's own.
_DEFAULT_PORT = 2882
# The parameters of OceanBase that an upgrade moves.
_NAMES = ("min_observer_version", "compatible")
_VALUE_CAP = 64
# What one part of a reading is made of: its facts, when it was read, why it was not.
_PARTS = ("servers", "parameters")


@dataclass(frozen=True, slots=True)
class Part:
    """One cluster as read: None with the reason beside it for what could not be read."""

    ocp_id: int
    fact: ClusterFact
    servers: Sequence[types.Server] | None
    why_no_servers: Reason | None
    parameters: Sequence[types.Parameter] | None
    why_no_parameters: Reason | None


def address_of(server: types.Server) -> str:
    """`ip:port`, as plans and findings name a server."""
    return f"{server.ip}:{server.port if server.port is not None else _DEFAULT_PORT}"


def record(part: Part, at: datetime) -> dict[str, Any]:
    """`part` for a JSON column, read `at`."""
    fact, moment = part.fact, at.isoformat()
    return {
        "ocp_id": part.ocp_id,
        "cluster": fact.name,
        "status": fact.status,
        "is_standby": fact.is_standby,
        "before": list(fact.compatible_before),
        "servers": None if part.servers is None else [_server(server) for server in part.servers],
        "servers_at": moment,
        "servers_why": _stored(part.why_no_servers),
        "parameters": None if part.parameters is None else _parameters(part.parameters),
        "parameters_at": moment,
        "parameters_why": _stored(part.why_no_parameters),
    }


def merge(before: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`now`, where what could not be read is as it was read before, with the time of that reading."""
    older = {row.get("ocp_id"): row for row in before}
    return [_merged(older.get(row["ocp_id"], {}), row) for row in now]


def untimed(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """`rows` without their times, to tell whether a reading brought anything new."""
    return [{name: value for name, value in row.items() if not name.endswith("_at")} for row in rows]


def _merged(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(now)
    for part in _PARTS:
        if now[part] is None and before.get(part) is not None:
            kept |= {part: before[part], f"{part}_at": before[f"{part}_at"]}
    return kept


def _server(server: types.Server) -> dict[str, str]:
    return {
        "address": address_of(server),
        "zone": server.zone_name,
        "status": server.status,
        "version": server.version,
        "build": server.build,
    }


def _parameters(parameters: Iterable[types.Parameter]) -> dict[str, Any]:
    """Of each known name its distinct values, and the value on each server."""
    return {
        parameter.name: {
            "values": [value[:_VALUE_CAP] for value in parameter.values],
            "by_server": {address: value[:_VALUE_CAP] for address, value in parameter.by_server},
        }
        for parameter in parameters
        if parameter.name in _NAMES
    }


def _stored(reason: Reason | None) -> dict[str, Any] | None:
    return None if reason is None else reason.to_json()

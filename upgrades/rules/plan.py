"""The plan: what exactly will happen, its canonical bytes and its fingerprint. Votes are given on the fingerprint.

A plan is plain JSON with a `plan_format`. An older plan is rebuilt by build(facts, format_of(old)), so that a new
release makes nothing stale. plan_changes.py tells two plans apart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from upgrades.rules.paths import Hop
from upgrades.rules.plan_changes import Change, describe, difference, unread
from upgrades.rules.upgrade_body import BodyOption, contradiction

__all__ = [
    "PLAN_FORMAT",
    "Change",
    "ClusterPlan",
    "EndpointPlan",
    "Hop",
    "Override",
    "PlanFacts",
    "ServerPlan",
    "TargetPlan",
    "body",
    "build",
    "canonical",
    "describe",
    "difference",
    "fingerprint",
    "format_of",
    "unread",
]

PLAN_FORMAT = 1


@dataclass(frozen=True, slots=True)
class EndpointPlan:
    """The OCP server that is told to upgrade. ca_pin names the CA that its certificate must come from, "" for none."""

    id: int
    address: str
    account: str
    ca_pin: str = ""


@dataclass(frozen=True, slots=True)
class ServerPlan:
    """One observer as it is before the upgrade; address is `ip:port`."""

    address: str
    version: str
    build: str


@dataclass(frozen=True, slots=True)
class ClusterPlan:
    """One affected cluster as it is before the upgrade. leftover_ids: failed upgrade tasks that were seen."""

    ocp_id: int
    name: str
    ob_cluster_id: int | None
    version: str
    build: str
    servers: tuple[ServerPlan, ...]
    leftover_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """The package that is asked for."""

    file_name: str
    sha1: str
    version: str
    build: str


@dataclass(frozen=True, slots=True)
class Override:
    """A finding (its code) that somebody goes on against, and why."""

    check: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlanFacts:
    """All that a plan is built from. Order of clusters, servers, leftovers and overrides does not matter.

    cluster_ocp_id: the cluster that the upgrade is posted to, one of `clusters` (a standby goes along).
    body_options: what the upgrade body says besides rpmFileName. opens_at and closes_at are aware, or None.
    """

    endpoint: EndpointPlan
    cluster_ocp_id: int
    clusters: tuple[ClusterPlan, ...]
    target: TargetPlan
    hops: tuple[Hop, ...]
    revision: int
    policy_version: int
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    is_auto_start: bool = False
    body_options: Mapping[str, BodyOption] = field(default_factory=lambda: MappingProxyType({}))
    overrides: tuple[Override, ...] = ()


def build(facts: PlanFacts, plan_format: int = PLAN_FORMAT) -> dict[str, Any]:
    """Return the plan of the facts in the given format.

    Raises ValueError for a format this release does not know, a cluster twice or none, a posted cluster that is
    not among them, a last hop that is not the target, a body option rpmFileName, and a time without a zone.
    """
    builder = _BUILDERS.get(plan_format)
    if builder is None:
        raise ValueError(f"Plan format {plan_format!r} is not known.")
    _check(facts)
    return builder(facts)


def format_of(plan: Mapping[str, Any]) -> int:
    """Return the format of a stored plan. Raises ValueError where it does not say one."""
    plan_format = plan.get("plan_format")
    if type(plan_format) is not int:
        raise ValueError("The plan does not say its format.")
    return plan_format


def canonical(plan: Mapping[str, Any]) -> bytes:
    """Return the one byte string of a plan: UTF-8 JSON, keys sorted, no spaces.

    Raises ValueError for a float (NaN too) and for anything else that JSON may write in more than one way.
    """
    _check_value(plan, "plan")
    return json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def fingerprint(plan: Mapping[str, Any]) -> str:
    """Return the SHA-256 of the canonical plan, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(plan)).hexdigest()


def body(plan: Mapping[str, Any]) -> bytes:
    """Return the exact bytes of the upgrade POST that the plan describes.

    Raises ValueError where the body does not name the plan's own target.
    """
    wrong = contradiction(plan["body"], plan["target"])
    if wrong is not None:
        raise ValueError(wrong)
    _check_value(plan["body"], "body")
    return json.dumps(plan["body"], sort_keys=True, ensure_ascii=False).encode()


def _build_1(facts: PlanFacts) -> dict[str, Any]:
    return {
        "plan_format": 1,
        "revision": facts.revision,
        "endpoint": asdict(facts.endpoint),
        "cluster_ocp_id": facts.cluster_ocp_id,
        "clusters": [_cluster_1(cluster) for cluster in sorted(facts.clusters, key=lambda cluster: cluster.ocp_id)],
        "target": asdict(facts.target),
        "hops": [asdict(hop) for hop in facts.hops],
        "body": {**facts.body_options, "rpmFileName": facts.target.file_name},
        "window": {
            "opens_at": _utc(facts.opens_at),
            "closes_at": _utc(facts.closes_at),
            "is_auto_start": facts.is_auto_start,
        },
        "policy_version": facts.policy_version,
        "overrides": [asdict(item) for item in sorted(facts.overrides, key=lambda item: (item.check, item.reason))],
    }


def _cluster_1(cluster: ClusterPlan) -> dict[str, Any]:
    """Return one cluster: servers by address (then version, build), leftovers by id, each once."""
    servers = sorted(cluster.servers, key=lambda server: (server.address, server.version, server.build))
    return {
        "ocp_id": cluster.ocp_id,
        "name": cluster.name,
        "ob_cluster_id": cluster.ob_cluster_id,
        "version": cluster.version,
        "build": cluster.build,
        "servers": [asdict(server) for server in servers],
        "leftover_ids": sorted(set(cluster.leftover_ids)),
    }


_BUILDERS: Mapping[int, Callable[[PlanFacts], dict[str, Any]]] = MappingProxyType({1: _build_1})


def _check(facts: PlanFacts) -> None:
    ids = [cluster.ocp_id for cluster in facts.clusters]
    if len(set(ids)) != len(ids):
        raise ValueError("A cluster stands in the plan twice.")
    if facts.cluster_ocp_id not in ids:
        raise ValueError("The cluster to upgrade is not among the affected clusters.")
    last = facts.hops[-1] if facts.hops else None
    if last != Hop(facts.target.version, facts.target.build, facts.target.file_name, facts.target.sha1):
        raise ValueError("The last hop is not the target.")
    if "rpmFileName" in facts.body_options:
        raise ValueError("The package is named by the target, not by an option of the body.")


def _check_value(value: Any, where: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{where}: a key that is not text.")
            _check_value(item, f"{where}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_value(item, f"{where}[{index}]")
    elif value is not None and not isinstance(value, str | int):
        raise ValueError(f"{where}: {type(value).__name__} has no canonical form.")


def _utc(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("A time of the plan has no zone.")
    return moment.astimezone(UTC).isoformat()

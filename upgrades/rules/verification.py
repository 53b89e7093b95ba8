"""Whether the servers agree with what OCP calls successful. Ended is not verified.

Conditions as OceanBase's own checks have them (oceanbase tools/upgrade; obdiag issue 759): one version and build,
min_observer_version equal everywhere, `compatible` equal (a standby's follows later).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from upgrades.rules import ParamValue, Reason
from upgrades.rules.versions import version_key

_VALUE_CAP = 64
_VALUES_CAP = 20


class Verdict(StrEnum):
    """What one finding says. SHOWN: read, and not judged. UNREAD: the fact could not be read."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    UNREAD = "unread"
    SHOWN = "shown"


class Outcome(StrEnum):
    """What all findings say together. WAITING: a needed fact is unread, or a cluster is not RUNNING yet."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class ServerFact:
    """One observer as read; version and build "" where they cannot be told. `address` is ip:port."""

    address: str
    version: str
    build: str


@dataclass(frozen=True, slots=True)
class ClusterFact:
    """One affected cluster as read after the upgrade. None means not read.

    status: OCP's word, None also where the list no longer has the cluster. planned: its servers' addresses in the plan.
    min_observer_version, compatible: distinct values on its servers. compatible_before: those at the start, if known.
    """

    name: str
    status: str | None
    is_standby: bool
    planned: tuple[str, ...]
    servers: tuple[ServerFact, ...] | None
    min_observer_version: tuple[str, ...] | None
    compatible: tuple[str, ...] | None
    compatible_before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact beside what it should be. Parameters of OceanBase are judged where they can be read, never needed."""

    reason: Reason
    verdict: Verdict
    is_needed: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return {"code", "params", "verdict"} for a JSON column."""
        return {**self.reason.to_json(), "verdict": str(self.verdict)}


@dataclass(frozen=True, slots=True)
class Judgement:
    """All findings, what they say, and a hash of the disagreement ("" for none) that tells it from another."""

    findings: tuple[Finding, ...]
    outcome: Outcome
    disagreement: str


def judge(version: str, build: str, clusters: Sequence[ClusterFact]) -> Judgement:
    """Compare every affected cluster with the target `version` and `build` of the plan."""
    findings = tuple(finding for cluster in clusters for finding in _findings(version, build, cluster))
    wrong = [finding for finding in findings if finding.verdict is Verdict.DISAGREES]
    is_unread = any(finding.verdict is Verdict.UNREAD and finding.is_needed for finding in findings)
    if not clusters or is_unread or any(cluster.status != "RUNNING" for cluster in clusters):
        return Judgement(findings, Outcome.WAITING, "")
    if wrong:
        return Judgement(findings, Outcome.DISAGREES, _digest(wrong))
    return Judgement(findings, Outcome.AGREES, "")


def stands(disagreement: str, before: str, *, now: datetime, ended_at: datetime, after: timedelta) -> bool:
    """Whether a disagreement is believed: `before`, an earlier read, had the same, and the end is `after` ago.

    OCP's own synchronisation lags by a minute.
    """
    return disagreement != "" and disagreement == before and now >= ended_at + after


def verdict_of(version: str, build: str, server: ServerFact) -> Verdict:
    """What one server's version and build say beside those of the plan."""
    return _server_verdict(version, build, server)


def is_version(value: str, version: str) -> bool:
    """Whether a value that OceanBase gives is `version`: 3.1.2 is 3.1.2.0."""
    return _is_same(value, version)


def _findings(version: str, build: str, cluster: ClusterFact) -> Iterator[Finding]:
    yield _status(cluster)
    yield from _servers(version, build, cluster)
    yield _min_observer_version(version, cluster)
    yield _compatible(cluster)


def _status(cluster: ClusterFact) -> Finding:
    if cluster.status is None:
        return Finding(Reason("verify.status_unread", {"cluster": cluster.name}), Verdict.UNREAD)
    reason = Reason("verify.cluster_status", {"cluster": cluster.name, "status": cluster.status})
    return Finding(reason, Verdict.AGREES if cluster.status == "RUNNING" else Verdict.DISAGREES)


def _servers(version: str, build: str, cluster: ClusterFact) -> Iterator[Finding]:
    if not cluster.servers:
        yield Finding(Reason("verify.servers_unread", {"cluster": cluster.name}), Verdict.UNREAD)
        return
    for server in sorted(cluster.servers, key=lambda one: one.address):
        yield _server(version, build, cluster.name, server)
    for address in sorted(set(cluster.planned) - {server.address for server in cluster.servers}):
        reason = Reason("verify.server_missing", {"cluster": cluster.name, "address": address})
        yield Finding(reason, Verdict.DISAGREES)


def _server(version: str, build: str, cluster: str, server: ServerFact) -> Finding:
    params = {
        "cluster": cluster,
        "address": server.address,
        "version": server.version,
        "build": server.build,
        "wanted_version": version,
        "wanted_build": build,
    }
    verdict = _server_verdict(version, build, server)
    code = "verify.server_unread" if verdict is Verdict.UNREAD else "verify.server_version"
    return Finding(Reason(code, params), verdict)


def _server_verdict(version: str, build: str, server: ServerFact) -> Verdict:
    if not server.version:
        return Verdict.UNREAD
    if not _is_same(server.version, version):
        return Verdict.DISAGREES
    if build and not server.build:
        return Verdict.UNREAD
    return Verdict.AGREES if server.build == build or not build else Verdict.DISAGREES


def _min_observer_version(version: str, cluster: ClusterFact) -> Finding:
    values = _readable(cluster.min_observer_version)
    params: dict[str, ParamValue] = {"cluster": cluster.name, "values": values, "wanted_version": version}
    if not values:
        return Finding(Reason("verify.min_observer_version_unread", params), Verdict.UNREAD, is_needed=False)
    is_right = all(_is_same(value, version) for value in values)
    return Finding(Reason("verify.min_observer_version", params), Verdict.AGREES if is_right else Verdict.DISAGREES)


def _compatible(cluster: ClusterFact) -> Finding:
    values = _readable(cluster.compatible)
    before = _readable(cluster.compatible_before)
    params: dict[str, ParamValue] = {"cluster": cluster.name, "values": values, "before": before}
    if not values:
        return Finding(Reason("verify.compatible_unread", params), Verdict.UNREAD, is_needed=False)
    if cluster.is_standby:
        return Finding(Reason("verify.compatible_of_standby", params), Verdict.SHOWN, is_needed=False)
    is_lower = any(_is_lower(values[0], old) for old in before)
    is_right = len({_key(value) for value in values}) == 1 and not is_lower
    return Finding(Reason("verify.compatible", params), Verdict.AGREES if is_right else Verdict.DISAGREES)


def _readable(values: Iterable[str] | None) -> tuple[str, ...]:
    """Sorted distinct values; none where one of them is no version, since then the fact cannot be judged."""
    found = sorted({value[:_VALUE_CAP] for value in values or ()})
    if len(found) > _VALUES_CAP or any(_key(value) is None for value in found):
        return ()
    return tuple(found)


def _key(version: str) -> tuple[int, ...] | None:
    try:
        return version_key(version)
    except ValueError:
        return None


def _is_same(left: str, right: str) -> bool:
    """Equal as versions (3.1.2 is 3.1.2.0), else as texts."""
    keys = _key(left), _key(right)
    return left == right if None in keys else keys[0] == keys[1]


def _is_lower(value: str, before: str) -> bool:
    now, then = _key(value), _key(before)
    return now is not None and then is not None and now < then


def _digest(wrong: Iterable[Finding]) -> str:
    facts = sorted(json.dumps(finding.to_json(), sort_keys=True) for finding in wrong)
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()

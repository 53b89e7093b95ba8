"""What ocpdash read of each server after the upgrade, beside what the plan says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from upgrades.models import UpgradeRun
from upgrades.rules import verification
from upgrades.rules.verification import ServerFact, Verdict
from upgrades.templatetags.runs import VERDICTS
from upgrades.views.run_banners import sentence


@dataclass(frozen=True, slots=True)
class Value:
    """A value as read, "" for none; `verdict`: agrees, disagrees, unread or shown."""

    text: str
    verdict: str

    @property
    def status(self) -> str:
        return VERDICTS[self.verdict][0]

    @property
    def word(self) -> str:
        return str(VERDICTS[self.verdict][1])


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One server: OCP's word for its state, and its values. `is_gone`: it stands in the plan, OCP shows it no more."""

    address: str
    zone: str
    state: str
    version: Value
    min_observer_version: Value
    compatible: Value
    is_gone: bool = False

    @property
    def is_wrong(self) -> bool:
        found = (self.version, self.min_observer_version, self.compatible)
        return self.is_gone or any(value.verdict == Verdict.DISAGREES for value in found)


@dataclass(frozen=True, slots=True)
class ClusterPart:
    """One affected cluster; times and reasons of what was and what could not be read."""

    name: str
    is_standby: bool
    state: Value
    before: str
    servers: Sequence[ServerRow]
    servers_at: datetime | None
    servers_why: str
    parameters_at: datetime | None
    parameters_why: str


@dataclass(frozen=True, slots=True)
class Servers:
    """All affected clusters, beside the version and build of the plan."""

    wanted: str
    clusters: Sequence[ClusterPart]


def servers_of(run: UpgradeRun) -> Servers | None:
    """What the run keeps of its last readings; None before the first."""
    if not run.readings:
        return None
    target: Mapping[str, Any] = (run.change_request.plan or {}).get("target", {})
    wanted = _Wanted(target.get("version", ""), target.get("build", ""), run.findings)
    words = "-".join(filter(None, (wanted.version, wanted.build)))
    return Servers(words, [_cluster(row, wanted) for row in run.readings])


@dataclass(frozen=True, slots=True)
class _Wanted:
    version: str
    build: str
    findings: Sequence[Mapping[str, Any]]

    def of(self, cluster: str, code: str) -> list[Mapping[str, Any]]:
        """The findings of that code about a cluster."""
        rows = [row for row in self.findings if row.get("code") == code]
        return [row for row in rows if row.get("params", {}).get("cluster") == cluster]


def _cluster(row: Mapping[str, Any], wanted: _Wanted) -> ClusterPart:
    status = row["status"]
    state = Value(status or "", _is_so(status == "RUNNING") if status else Verdict.UNREAD)
    return ClusterPart(
        name=row["cluster"],
        is_standby=row["is_standby"],
        state=state,
        before=", ".join(row["before"]),
        servers=list(_servers(row, wanted)),
        servers_at=parse_datetime(row["servers_at"]),
        servers_why=sentence(row["servers_why"]),
        parameters_at=parse_datetime(row["parameters_at"]),
        parameters_why=sentence(row["parameters_why"]),
    )


def _servers(row: Mapping[str, Any], wanted: _Wanted) -> Iterator[ServerRow]:
    for server in row["servers"] or ():
        fact = ServerFact(server["address"], server["version"], server["build"])
        text = "-".join(filter(None, (fact.version, fact.build)))
        yield ServerRow(
            address=fact.address,
            zone=server["zone"],
            state=server["status"],
            version=Value(text, verification.verdict_of(wanted.version, wanted.build, fact)),
            min_observer_version=_min_observer_version(row, fact.address, wanted),
            compatible=_compatible(row, fact.address, wanted),
        )
    for finding in wanted.of(row["cluster"], "verify.server_missing"):
        gone = Value("", Verdict.UNREAD)
        yield ServerRow(finding["params"]["address"], "", "", gone, gone, gone, is_gone=True)


def _min_observer_version(row: Mapping[str, Any], address: str, wanted: _Wanted) -> Value:
    text = _on_server(row, "min_observer_version", address)
    return Value(text, _is_so(verification.is_version(text, wanted.version)) if text else Verdict.UNREAD)


def _compatible(row: Mapping[str, Any], address: str, wanted: _Wanted) -> Value:
    """As the whole cluster's: whether it is right depends on the others, and on what it was before."""
    text = _on_server(row, "compatible", address)
    codes = ("verify.compatible", "verify.compatible_of_standby")
    verdicts = [finding.get("verdict", "") for code in codes for finding in wanted.of(row["cluster"], code)]
    verdict = verdicts[0] if verdicts and verdicts[0] in VERDICTS else Verdict.SHOWN
    return Value(text, verdict if text else Verdict.UNREAD)


def _on_server(row: Mapping[str, Any], name: str, address: str) -> str:
    """Its value on one server; the cluster's one value where OCP does not tell servers apart."""
    found = (row["parameters"] or {}).get(name, {})
    values = found.get("values", [])
    shared = values[0] if len(values) == 1 and not found.get("by_server") else ""
    return str(found.get("by_server", {}).get(address, shared))


def _is_so(is_right: bool) -> str:
    return Verdict.AGREES if is_right else Verdict.DISAGREES

"""The head of a run's page: the figures of its gauge, how fresh they are, what its plan said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from upgrades.models import UpgradeRun
from upgrades.rules import workflow
from upgrades.selectors import Mark
from upgrades.templatetags.change_requests import package_version
from upgrades.templatetags.ocpdash import age_of
from upgrades.views.run_graph import AT_WORK, DONE, DrawnBox, RunDrawing, status_of

# What is shown of OCP may still move, so that its age matters.
AGEING = frozenset({*workflow.RUN_IN_DOUBT, *workflow.RUN_FOLLOWED})


@dataclass(frozen=True, slots=True)
class Plan:
    """What the plan said of the upgrade: versions, one version for each hop, the clusters taken along."""

    source: str
    target: str
    hop_versions: Sequence[str]
    others: Sequence[str]


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old the page's facts are, and which parts are silent: OCP, our own worker. `is_stale`: too old to believe."""

    at: datetime | None
    is_ageing: bool
    ocp_since: datetime | None
    worker_since: datetime | None
    is_worker_silent: bool

    @property
    def trouble(self) -> str:
        if not self.is_ageing:
            return ""
        if self.ocp_since is not None:
            return "ocp"
        return "worker" if self.is_worker_silent else ""

    @property
    def is_stale(self) -> bool:
        return self.is_ageing and self.at is not None and age_of(self.at) > settings.STALE_SECONDS


@dataclass(frozen=True, slots=True)
class Gauge:
    """The figures above the graph. `hop` is the box of the hop at work, None where no child is known."""

    hop_number: int
    hop_count: int
    hop_version: str
    hop: DrawnBox | None
    zones_done: int
    zone_count: int
    done: int
    total: int
    members: str
    word: str
    rest: str
    elapsed: timedelta


def plan_of(run: UpgradeRun) -> Plan:
    """The plan as the page needs it; a run whose plan lacks something shows less."""
    content: Mapping[str, Any] = run.change_request.plan or {}
    clusters = list(content.get("clusters", ()))
    posted: Mapping[str, Any] = next((row for row in clusters if row.get("ocp_id") == run.cluster_ocp_id), {})
    target = content.get("target", {}).get("version") or package_version(run.change_request.target_file_name)
    return Plan(
        source=posted.get("version", ""),
        target=target,
        hop_versions=[hop["version"] for hop in content.get("hops", ())] or [target],
        others=[row["name"] for row in clusters if row is not posted],
    )


def freshness(mark: Mark) -> Freshness:
    """How old the state of `mark` is."""
    row, beat_at = mark.columns, mark.columns["heartbeat_at"]
    is_open = row["status"] not in workflow.RUN_FINAL
    return Freshness(
        at=mark.seen_at,
        is_ageing=row["status"] in AGEING,
        ocp_since=(row["breaker_opened_at"] or row["failing_since"]) if is_open else None,
        worker_since=beat_at,
        is_worker_silent=is_open and (beat_at is None or age_of(beat_at) > settings.SILENT_SECONDS),
    )


def gauge(run: UpgradeRun, drawing: RunDrawing, plan: Plan) -> Gauge:
    """The figures of the hop at work: the first that is not done, else the last one known."""
    hops = drawing.hops
    hop = next((box for box in hops if box.status != "successful"), hops[-1] if hops else None)
    zones = _zones(drawing, hop)
    keys = hop.place.node_keys if hop else tuple(drawing.states)
    number = hop.place.number if hop else 1
    parent = drawing.graph.parent
    versions = plan.hop_versions
    return Gauge(
        hop_number=number,
        hop_count=max(len(versions), hop.place.count if hop else 0),
        hop_version=versions[number - 1] if number <= len(versions) else "",
        hop=hop,
        zones_done=sum(status_of([drawing.states[key] for key in keys]) == "successful" for keys in zones),
        zone_count=len(zones),
        done=sum(drawing.states[key] in DONE for key in keys),
        total=len(keys),
        members=" ".join(keys),
        word=_parent_word(parent.status, parent.operation) if parent else "",
        rest=_rest([drawing.states[key] for key in keys]),
        elapsed=(run.ended_at or (run.status_at if run.is_final else drawing.now)) - run.intent_at,
    )


def _zones(drawing: RunDrawing, hop: DrawnBox | None) -> list[list[str]]:
    """The subtasks of each zone of a hop, folded or not."""
    if hop is None:
        return []
    found: dict[str, list[str]] = {}
    for key in hop.place.node_keys:
        for box in drawing.trail(key):
            if drawing.boxes[box].kind == "zone":
                found.setdefault(box, []).append(key)
    return list(found.values())


def _rest(states: Sequence[str]) -> str:
    """What is not done. static/js/run/states.js does the same."""
    running, failed = sum(state in AT_WORK for state in states), states.count("failed")
    left = len(states) - sum(state in DONE for state in states) - running - failed
    words = {"running": running, "failed": failed, "left": left}
    return _("%(running)s running, %(failed)s failed, %(left)s to come") % words


def _parent_word(status: str, operation: str) -> str:
    if operation in ("", "EXECUTE"):
        return status
    return _("%(status)s by %(operation)s") % {"status": status, "operation": operation}

"""What a reader of a change request must know: from the plan and the mirror to lines of the page. Decides nothing."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from upgrades import reasons, selectors
from upgrades.models import ChangeRequest, Cluster, ClusterHold, Package
from upgrades.rules import Reason, paths, plan, workflow
from upgrades.services import moves, plans
from upgrades.templatetags.change_requests import package_version
from upgrades.templatetags.sources import source

# Until then the mirror is compared with the plan; afterwards the plan is history.
BEFORE_RUN = frozenset(workflow.REQUEST_TAKING_CLUSTER) - {workflow.RequestStatus.IN_PROGRESS} | {
    workflow.RequestStatus.DRAFT
}
# Parts of a plan that a preview of today cannot know.
NOT_PREVIEWED = ("plan_format", "revision", "policy_version", "window", "overrides")
STOPS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Stop:
    """One version on the path; `passed` > 0 stands for so many versions passed through without a restart."""

    version: str
    is_binary: bool = False
    passed: int = 0


@dataclass(frozen=True, slots=True)
class Check:
    """One finding: data-status, what was looked at, more words, and how old it is."""

    status: str
    title: str
    text: str = ""
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Brief:
    """Everything above the signature. `why_none` says why there is no plan."""

    plan: Mapping[str, Any] | None
    why_none: str
    source: str
    target: str
    stops: list[Stop]
    hop_count: int
    posted: Mapping[str, Any]
    body: str
    others: list[Mapping[str, Any]]
    checks: list[Check] = field(default_factory=list)
    moved: list["Difference"] = field(default_factory=list)

    def count(self, status: str) -> int:
        return sum(check.status == status for check in self.checks)

    @property
    def passed(self) -> int:
        return self.count("successful")

    @property
    def warnings(self) -> int:
        return self.count("warning")

    @property
    def blocked(self) -> int:
        return self.count("blocked")

    @property
    def clusters(self) -> list[Mapping[str, Any]]:
        return [self.posted, *self.others] if self.posted else []

    @property
    def server_count(self) -> int:
        """Servers of every affected cluster: a standby's observers are replaced as well."""
        return sum(len(row["servers"]) for row in self.clusters)


@dataclass(frozen=True, slots=True)
class Difference:
    """One line of the table of differences: what, as it was, as it is."""

    what: str
    was: str
    now: str


def of(change_request: ChangeRequest) -> Brief:
    """The brief of a request: of its plan, or of a preview where it has none yet."""
    is_before_run = change_request.status in BEFORE_RUN
    preview = plans.preview(change_request.cluster, change_request.target_file_name) if is_before_run else None
    verdict = preview.eligibility if preview else None
    content = change_request.plan or (preview.content if preview else None) or {}
    clusters = list(content.get("clusters", ()))
    posted: Mapping[str, Any] = next((row for row in clusters if row["ocp_id"] == content["cluster_ocp_id"]), {})
    return Brief(
        plan=content or None,
        why_none=reasons.sentence(preview.reason) if preview and preview.reason and not content else "",
        source=posted.get("version") or change_request.cluster.version,
        target=content.get("target", {}).get("version") or package_version(change_request.target_file_name),
        stops=list(_stops(content, verdict)),
        hop_count=len(content.get("hops", ())),
        posted=posted,
        body=_body(content),
        others=[row for row in clusters if row is not posted],
        checks=list(_checks(change_request, content, preview)) if preview else [],
        moved=_moved(change_request, preview),
    )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """How two plans differ, in words; the revision, which every renewal raises, is left out."""
    shown = [reason for reason in plan.describe(before, after) if reason.code != "plan.revision_changed"]
    return [_difference(reason) for reason in shown]


def _difference(reason: Reason) -> Difference:
    was, now = (_text(reason.params.get(name)) for name in ("before", "after"))
    if reason.code == "plan.server_added":
        now = _text(reason.params["server"])
    elif reason.code == "plan.server_gone":
        was = _text(reason.params["server"])
    return Difference(reasons.sentence(reason), was, now)


def _text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(str(item) for item in value)
    return "" if value is None else str(value)


def _moved(change_request: ChangeRequest, preview: plans.Preview | None) -> list[Difference]:
    """What a renewal would change: today's mirror against the plan that was asked for."""
    if change_request.plan is None or preview is None or preview.content is None:
        return []
    kept = {name: change_request.plan[name] for name in NOT_PREVIEWED}
    return differences(change_request.plan, {**preview.content, **kept})


def _body(content: Mapping[str, Any]) -> str:
    """What would be sent; "" where the row's plan contradicts itself: it can not be started, and its page stands."""
    try:
        return plans.body(content) if content else ""
    except ValueError:
        return ""


def _stops(content: Mapping[str, Any], verdict: paths.Eligibility | None) -> Iterator[Stop]:
    """The binary hops of the plan, and between them what the graph passes through, where it is known."""
    hops = [hop["version"] for hop in content.get("hops", ())]
    steps = verdict.path.steps if verdict is not None and verdict.path is not None else ()
    if [step.version for step in steps if step.is_binary] != hops:
        yield from (Stop(version, is_binary=True) for version in hops)
        return
    passed: list[str] = []
    for step in steps:
        if not step.is_binary:
            passed.append(step.version)
            continue
        yield from _passed(passed)
        passed = []
        yield Stop(step.version, is_binary=True)


def _passed(versions: list[str]) -> Iterator[Stop]:
    if len(versions) <= STOPS_SHOWN:
        yield from (Stop(version) for version in versions)
    else:
        yield Stop("", passed=len(versions))


def _checks(change_request: ChangeRequest, content: Mapping[str, Any], preview: plans.Preview) -> Iterator[Check]:
    try:
        clusters = plans.affected(change_request.cluster)
    except moves.Invalid as refusal:
        yield Check("blocked", _("Every affected cluster is known"), reasons.sentence(refusal.reason))
        clusters = [change_request.cluster]
    for cluster in clusters:
        yield _running(cluster)
    yield from _path_checks(change_request, content, preview)
    yield _hold(change_request, clusters)
    for cluster in clusters:
        if cluster.failed_leftover_ids:
            ids = ", ".join(str(number) for number in cluster.failed_leftover_ids)
            text = _("Tasks %(ids)s. They do not block the start, and you see them before you sign.") % {"ids": ids}
            title = _("Failed upgrade tasks are left in OCP for %(cluster)s") % {"cluster": cluster.name}
            yield Check("warning", title, text, cluster.observed_at)


def _running(cluster: Cluster) -> Check:
    servers = list(cluster.servers.filter(missing_since=None))
    running = sum(server.status == "RUNNING" for server in servers)
    versions = sorted({server.version for server in servers})
    words = {
        "cluster": cluster.name,
        "status": cluster.status or _("not known"),
        "running": running,
        "all": len(servers),
        "versions": ", ".join(versions) or _("a version not known"),
    }
    title = _("%(cluster)s is %(status)s, %(running)s of %(all)s servers RUNNING on %(versions)s") % words
    is_fine = cluster.status == "RUNNING" and running == len(servers) > 0 and len(versions) == 1
    text = "" if is_fine else _("The start is blocked until this is so, with one version on all servers.")
    return Check("successful" if is_fine else "blocked", title, text, cluster.topology_observed_at)


def _path_checks(change_request: ChangeRequest, content: Mapping[str, Any], preview: plans.Preview) -> Iterator[Check]:
    at = change_request.endpoint.packages_observed_at
    verdict = preview.eligibility
    if verdict is None or not verdict.is_possible:
        against = verdict.reasons if verdict else (preview.reason,)
        for reason in against:
            if reason is not None:
                text = f"{reasons.sentence(reason)} {source(reason)}".strip()
                yield Check("blocked", _("The cluster can take the package"), text, at)
    else:
        hops = [hop.file_name for hop in verdict.hops]
        title = _("A path leads there, and every package of it is in OCP's repository")
        text = ngettext("%(count)s package", "%(count)s packages", len(hops)) % {"count": len(hops)}
        yield Check("successful", title, text, at)
        if change_request.plan is not None:
            yield _sha1(content, verdict, at)
    for caution in verdict.cautions if verdict else ():
        yield Check("warning", reasons.sentence(caution), source(caution), at)


def _sha1(content: Mapping[str, Any], verdict: paths.Eligibility, at: dt.datetime | None) -> Check:
    planned = [(hop["file_name"], hop["sha1"]) for hop in content["hops"]]
    found = [(hop.file_name, hop.sha1) for hop in verdict.hops]
    if planned == found:
        return Check("successful", _("The packages are the ones of the plan, sha1 unchanged"), "", at)
    text = _("The plan names other packages, or others by the same name. It turns stale, and the votes are void.")
    return Check("blocked", _("The packages are the ones of the plan"), text, at)


def _hold(change_request: ChangeRequest, clusters: list[Cluster]) -> Check:
    hold = ClusterHold.objects.filter(cluster__in=clusters).select_related("cluster").first()
    if hold is None:
        return Check("successful", _("No other run holds an affected cluster"))
    words = {"cluster": hold.cluster.name, "number": f"CR-{hold.run_id}"}
    text = _("%(cluster)s is held by the run of %(number)s until that one has ended and was seen whole.") % words
    return Check("blocked", _("No other run holds an affected cluster"), text, hold.created_at)


@dataclass(frozen=True, slots=True)
class Option:
    """A package of the repository for one cluster: what it brings, or why it cannot be taken."""

    package: Package
    verdict: paths.Eligibility

    @property
    def is_possible(self) -> bool:
        return self.verdict.is_possible

    @property
    def hops(self) -> list[str]:
        return [hop.version for hop in self.verdict.hops]


def options(cluster: Cluster) -> list[Option]:
    """Every server package of the endpoint for `cluster`: what it can take first, the newest on top."""
    rows = list(Package.objects.filter(endpoint=cluster.endpoint_id, missing_since=None, type=paths.SERVER_PACKAGE))
    facts = plans.cluster_facts(cluster)
    packages = [plans.package_facts(row) for row in rows]
    graph = selectors.path_graph(cluster.endpoint_id)
    found = [
        Option(row, paths.eligibility(facts, package, packages, graph))
        for row, package in zip(rows, packages, strict=True)
    ]
    return sorted(found, key=lambda option: (option.is_possible, _order(option.package)), reverse=True)


def shared_cautions(choices: list[Option]) -> list[Reason]:
    """What is not known whichever package is chosen: said once, not beside each."""
    if not choices:
        return []
    first, *others = (choice.verdict.cautions for choice in choices)
    return [caution for caution in first if all(caution in other for other in others)]


def _order(package: Package) -> tuple[int, ...]:
    try:
        return paths.version_key(package.version, package.build)
    except ValueError:
        return ()

"""Building the plan of a change request from the mirror: the rows as OCP last showed them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from upgrades import selectors
from upgrades.models import ChangeRequest, Cluster, Package
from upgrades.rules import Reason, paths, plan, upgrade_body
from upgrades.services import moves


@dataclass(frozen=True, slots=True)
class Built:
    """A plan and its fingerprint."""

    content: dict[str, Any]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a request would bring: the verdict on the package, and the plan or why there is none."""

    eligibility: paths.Eligibility | None
    content: dict[str, Any] | None
    reason: Reason | None


def affected(cluster: Cluster) -> list[Cluster]:
    """Every cluster that an upgrade of `cluster` would change, by OCP id: a standby goes along."""
    found: dict[int, Cluster] = {cluster.ocp_id: cluster}
    wanted = set(cluster.affected_ocp_ids)
    while wanted - found.keys():
        rows = list(Cluster.objects.filter(endpoint=cluster.endpoint_id, ocp_id__in=wanted - found.keys()))
        if len(rows) < len(wanted - found.keys()):
            missing = sorted(wanted - found.keys() - {row.ocp_id for row in rows})
            raise moves.Invalid(Reason("start.cluster_missing", {"ocp_ids": tuple(missing)}))
        for row in rows:
            found[row.ocp_id] = row
            wanted.update(row.affected_ocp_ids)
    return [found[ocp_id] for ocp_id in sorted(found)]


def affected_ids(content: Mapping[str, Any]) -> list[int]:
    """OCP ids of the clusters of a plan, sorted; [] for no plan."""
    return sorted(int(cluster["ocp_id"]) for cluster in content.get("clusters", ()))


def body(content: Mapping[str, Any]) -> str:
    """The text of the upgrade POST that a plan describes."""
    return plan.body(content).decode()


def preview(cluster: Cluster, target_file_name: str) -> Preview:
    """What a new request for `cluster` and this package would say; writes nothing."""
    draft = ChangeRequest(cluster=cluster, endpoint=cluster.endpoint, target_file_name=target_file_name)
    try:
        target = _target(draft)
        verdict = _eligibility(cluster, target)
        if not verdict.is_possible:
            return Preview(verdict, None, verdict.reasons[0])
        return Preview(verdict, plan.build(_facts(draft, target, verdict.hops)), None)
    except moves.Refusal as refusal:
        return Preview(None, None, refusal.reason)


def build(change_request: ChangeRequest) -> Built:
    """The plan as things stand. Raises Invalid, with the first reason, where there can be none."""
    target = _target(change_request)
    verdict = _eligibility(change_request.cluster, target)
    if not verdict.is_possible:
        raise moves.Invalid(verdict.reasons[0], "target_file_name")
    return _built(plan.build(_facts(change_request, target, verdict.hops)))


def rebuild(change_request: ChangeRequest) -> Built:
    """The plan again, in the format it was approved in, to be compared with that one.

    Where the package cannot be taken any more, what definitely moved still shows in the result.
    Raises Invalid where nothing moved and it may still not run, or where something is missing or unread.
    """
    approved = change_request.plan or {}
    change_request.cluster.refresh_from_db()
    target = _target(change_request)
    verdict = _eligibility(change_request.cluster, target)
    hops = verdict.hops if verdict.is_possible else _old_hops(approved, target)
    again = _built(plan.build(_facts(change_request, target, hops), plan.format_of(approved)))
    if not verdict.is_possible and again.fingerprint == change_request.fingerprint:
        raise moves.Invalid(verdict.reasons[0])
    missing = plan.unread(approved, again.content)
    if missing is not None:
        raise moves.Invalid(Reason("plan.value_unread", {"path": missing.dotted}))
    return again


def _old_hops(approved: Mapping[str, Any], target: Package) -> tuple[paths.Hop, ...]:
    hops = [paths.Hop(**hop) for hop in approved.get("hops", ())][:-1]
    return (*hops, paths.Hop(target.version, target.build, target.file_name, target.sha1))


def why_stale(change_request: ChangeRequest, now: Built) -> Reason:
    """The first difference between the approved plan and today's; the page shows them all."""
    reasons = plan.describe(change_request.plan or {}, now.content)
    return reasons[0] if reasons else Reason("plan.other_changed", {"path": ""})


def compatible(cluster: Cluster) -> dict[str, Any]:
    """The parameter `compatible` of every affected cluster as last read, by OCP id: what may not fall."""
    return {str(row.ocp_id): row.facts.get("compatible") for row in affected(cluster)}


def _built(content: dict[str, Any]) -> Built:
    return Built(content, plan.fingerprint(content))


def _target(change_request: ChangeRequest) -> Package:
    rows = Package.objects.filter(endpoint=change_request.endpoint_id, missing_since=None)
    target = rows.filter(file_name=change_request.target_file_name).first()
    if target is None:
        raise moves.Invalid(
            Reason("package.unknown", {"file_name": change_request.target_file_name}), "target_file_name"
        )
    return target


def _eligibility(cluster: Cluster, target: Package) -> paths.Eligibility:
    packages = Package.objects.filter(endpoint=cluster.endpoint_id, missing_since=None)
    return paths.eligibility(
        cluster_facts(cluster),
        package_facts(target),
        [package_facts(package) for package in packages],
        selectors.path_graph(cluster.endpoint_id),
    )


def cluster_facts(cluster: Cluster, servers: Iterable[tuple[str, str]] | None = None) -> paths.ClusterFacts:
    """What the rules need to know of a cluster. `servers`: (version, build) of each, where they were read already."""
    if servers is None:
        servers = cluster.servers.filter(missing_since=None).values_list("version", "build")
    told = (cluster.version, cluster.build, cluster.architecture)
    return cluster_facts_of(told, servers, len(cluster.zone_names), cluster.endpoint.ocp_version)


def cluster_facts_of(
    told: tuple[str, str, str], servers: Iterable[tuple[str, str]], zone_count: int, ocp_version: str
) -> paths.ClusterFacts:
    """cluster_facts() of columns, for lists of thousands that make no rows. `told`: version, build, architecture."""
    version, build, architecture = told
    return paths.ClusterFacts(
        version=version,
        build=build,
        architecture=architecture,
        server_versions=tuple(servers),
        zone_count=zone_count,
        ocp_version=ocp_version,
    )


PACKAGE_FACTS = ("name", "file_name", "version", "build", "operating_system", "architecture", "sha1", "type")


def package_facts(package: Package) -> paths.PackageFacts:
    """What the rules need to know of a package: its columns PACKAGE_FACTS."""
    return paths.PackageFacts(**{name: getattr(package, name) for name in PACKAGE_FACTS})


def _facts(change_request: ChangeRequest, target: Package, hops: tuple[paths.Hop, ...]) -> plan.PlanFacts:
    endpoint = change_request.endpoint
    return plan.PlanFacts(
        endpoint=plan.EndpointPlan(endpoint.pk, endpoint.base_url, endpoint.account_name, endpoint.ca_pin),
        cluster_ocp_id=change_request.cluster.ocp_id,
        clusters=tuple(_cluster(cluster) for cluster in affected(change_request.cluster)),
        target=plan.TargetPlan(target.file_name, target.sha1, target.version, target.build),
        hops=hops,
        body_options=_body_options(change_request.cluster, target),
        revision=change_request.revision,
        policy_version=change_request.policy_version,
        opens_at=change_request.window_opens_at,
        closes_at=change_request.window_closes_at,
        is_auto_start=change_request.auto_start,
    )


def _body_options(cluster: Cluster, target: Package) -> dict[str, upgrade_body.BodyOption]:
    form = cluster.endpoint.upgrade_body
    if form == upgrade_body.BodyForm.FILE_NAME:
        return {}
    if not (target.version and target.build):
        raise moves.Invalid(Reason("package.unreadable", {"file_name": target.file_name}), "target_file_name")
    if not target.operating_system:
        raise moves.Invalid(Reason("package.system_unknown", {"file_name": target.file_name}), "target_file_name")
    return upgrade_body.options(
        form,
        version=target.version,
        build=target.build,
        operating_system=target.operating_system,
        zone_names=_zones_of_primary(cluster),
    )


def _zones_of_primary(cluster: Cluster) -> list[str]:
    """The zone of each server of the primary cluster, whichever of the pair the upgrade is posted to."""
    primary = cluster
    if cluster.primary_ocp_id is not None:
        primary = Cluster.objects.filter(endpoint=cluster.endpoint_id, ocp_id=cluster.primary_ocp_id).first() or cluster
    return list(primary.servers.filter(missing_since=None).values_list("zone_name", flat=True))


def _cluster(cluster: Cluster) -> plan.ClusterPlan:
    if cluster.missing_since is not None:
        raise moves.Invalid(Reason("start.cluster_missing", {"ocp_ids": (cluster.ocp_id,)}))
    servers = list(cluster.servers.filter(missing_since=None))
    if cluster.topology_observed_at is None or not servers:
        raise moves.Invalid(Reason("cluster.servers_unread"))
    return plan.ClusterPlan(
        ocp_id=cluster.ocp_id,
        name=cluster.name,
        ob_cluster_id=cluster.ob_cluster_id,
        version=cluster.version,
        build=cluster.build,
        servers=tuple(plan.ServerPlan(server.address, server.version, server.build) for server in servers),
        leftover_ids=tuple(cluster.failed_leftover_ids),
    )

"""The path files of an endpoint: kept, put in force, taken out of force. For admins of all environments."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models.functions import Now

from upgrades import audit, selectors
from upgrades.models import ChangeRequest, Endpoint, Package, PathFile, User
from upgrades.rules import Reason, path_files, paths, workflow
from upgrades.rules.stops import Graph
from upgrades.rules.verdicts import stock_of
from upgrades.services import plans
from upgrades.services.moves import Invalid, TooLate, attempt_as_admin

# Whose plans are rebuilt while they wait: a start rebuilds its own once more.
_WAITING = (workflow.RequestStatus.IN_REVIEW, workflow.RequestStatus.APPROVED)
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Effect:
    """What another graph means for a request that waits. hops: versions; reason: why no way would remain."""

    change_request: ChangeRequest
    before: tuple[str, ...]
    after: tuple[str, ...]
    reason: Reason | None
    is_stale: bool


def upload(*, endpoint: Endpoint, text: str, actor: User) -> PathFile:
    """Keep a file, not yet in force, and return its row.

    Raises Forbidden; Invalid on "text", with line and column, for a file that cannot be read or is there already.
    """
    with attempt_as_admin("path_file.upload", actor=actor, subject=endpoint):
        text = text.replace("\r\n", "\n")
        entries = path_files.parse(text)
        if isinstance(entries, Reason):
            raise Invalid(entries, "text")
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        row, is_new = PathFile.objects.get_or_create(
            endpoint=endpoint, sha256=sha256, defaults={"text": text, "uploaded_by": actor}
        )
        if not is_new:
            raise Invalid(Reason("path_file.there_already", {"sha256": sha256[:12]}), "text")
        after = {"endpoint": endpoint.name, "sha256": sha256, "entries": len(entries)}
        audit.record("path_file.upload", subject=row, actor=actor, after=after)
    return row


def activate(*, path_file: PathFile, in_force: int | None, actor: User) -> None:
    """Put a kept file in force in place of the one that the admin saw there (its key; None: the published graph).

    The plans of requests that wait are rebuilt at the next read. Raises Forbidden, or TooLate where another file
    came into force meanwhile.
    """
    with attempt_as_admin("path_file.activate", actor=actor, subject=path_file):
        before = _locked(path_file.endpoint_id)
        if (before.pk if before else None) != in_force or path_file.pk == in_force:
            raise TooLate(Reason("path_file.other_in_force"))
        PathFile.objects.filter(endpoint=path_file.endpoint_id, is_active=True).update(is_active=False)
        PathFile.objects.filter(pk=path_file.pk).update(is_active=True, activated_by=actor, activated_at=Now())
        _note(path_file, "path_file.activate", actor, before=before, after=path_file)


def remove(*, path_file: PathFile, actor: User) -> None:
    """Take a file out of force: the published graph holds again, and the file is kept.

    Raises Forbidden, or TooLate where it is not in force.
    """
    with attempt_as_admin("path_file.remove", actor=actor, subject=path_file):
        before = _locked(path_file.endpoint_id)
        if PathFile.objects.filter(pk=path_file.pk, is_active=True).update(is_active=False) != 1:
            raise TooLate(Reason("path_file.not_in_force"))
        _note(path_file, "path_file.remove", actor, before=before, after=None)


def effects(endpoint: Endpoint, graph: Graph, user: User) -> list[Effect]:
    """What `graph` would mean for each request that waits there and that `user` may see; MOST_SHOWN at most."""
    return list(_effects(endpoint, graph, user))


def _effects(endpoint: Endpoint, graph: Graph, user: User) -> Iterator[Effect]:
    rows = ChangeRequest.objects.visible_to(user).filter(endpoint=endpoint, status__in=_WAITING)
    packages = Package.objects.filter(endpoint=endpoint, missing_since=None).order_by("pk")
    stock = stock_of(tuple(plans.package_facts(package) for package in packages), graph)
    targets = {package.file_name: package for package in stock.packages}
    for row in rows.select_related("cluster__endpoint").order_by("pk")[:MOST_SHOWN]:
        target = targets.get(row.target_file_name)
        if target is None:
            gone = Reason("package.unknown", {"file_name": row.target_file_name})
            yield Effect(row, _versions(row), (), gone, is_stale=False)
        else:
            cluster = plans.cluster_facts(row.cluster, row.cluster.shown_versions)
            yield _effect(row, stock.eligibility(cluster, target))


def _versions(row: ChangeRequest) -> tuple[str, ...]:
    return tuple(hop["version"] for hop in (row.plan or {}).get("hops", ()))


def _effect(row: ChangeRequest, verdict: paths.Eligibility) -> Effect:
    planned = _versions(row)
    if not verdict.is_possible:
        return Effect(row, planned, (), verdict.reasons[0], is_stale=False)
    files = [hop["file_name"] for hop in (row.plan or {}).get("hops", ())]
    is_stale = files != [hop.file_name for hop in verdict.hops]
    return Effect(row, planned, tuple(hop.version for hop in verdict.hops), None, is_stale)


def _locked(endpoint_id: int) -> PathFile | None:
    """The file in force; the endpoint's row is ours until the transaction ends, so that two clicks queue."""
    Endpoint.objects.select_for_update().get(pk=endpoint_id)
    return selectors.path_file_in_force(endpoint_id)


def _note(subject: PathFile, action: str, actor: User, *, before: PathFile | None, after: PathFile | None) -> None:
    subject.refresh_from_db()
    waiting = ChangeRequest.objects.filter(endpoint=subject.endpoint_id, status__in=_WAITING)
    waiting.update(plan_checked_at=None)
    shas = [{"endpoint": subject.endpoint.name, "sha256": row.sha256 if row else None} for row in (before, after)]
    audit.record(action, subject=subject, actor=actor, before=shas[0], after=shas[1])

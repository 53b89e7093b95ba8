"""What ocpdash itself says of a cluster: where it serves, who owns it, its labels; and who took the list away."""

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef

from upgrades import audit
from upgrades.models import ChangeRequest, Cluster, Environment, Role, User
from upgrades.rules import Reason, workflow
from upgrades.services.moves import Forbidden, Invalid, TooLate, attempt

MOST_LABELS = 20
LABEL_LENGTH = 40
OWNER_LENGTH = 100
_STAGING_OF_THE_DEMO = frozenset({"settle_batch", "report_ap"})


def guess_environment(name: str) -> str:
    """The environment of a cluster not seen before: production, the strictest. Only the demo knows its fleet."""
    if settings.MODE == "demo":
        if name.endswith("_dev"):
            return Environment.DEV
        if name in _STAGING_OF_THE_DEMO:
            return Environment.STAGING
    return Environment.PRODUCTION


def is_another(row: Cluster, columns: Mapping[str, Any]) -> bool:
    """Whether OCP shows another OceanBase cluster under an id we know, as a rebuilt OCP does.

    Nothing that was said of the old one may hold for the new one.
    """
    ids = (row.ob_cluster_id, columns["ob_cluster_id"])
    return None not in ids and ids[0] != ids[1]


def record_another(row: Cluster, columns: Mapping[str, Any]) -> None:
    """Audit, in the caller's transaction, that another cluster has the id of `row` and an environment of its own."""
    audit.record(
        "cluster.set_environment",
        subject=row,
        before={**described(row), "environment": row.environment, "ob_cluster_id": row.ob_cluster_id},
        after={name: columns[name] for name in ("owner", "labels", "environment", "ob_cluster_id")},
        reason=Reason("cluster.another_under_its_id", {"name": row.name}),
    )


def set_environment(*, cluster: Cluster, environment: str, actor: User) -> None:
    """Say where a cluster serves. For admins of the old and the new environment.

    Raises Forbidden; Invalid for an unknown environment; TooLate while a change request has the cluster, since its
    approvers are those of the old one.
    """
    with attempt("cluster.set_environment", actor=actor, subject=cluster):
        before = Cluster.objects.values_list("environment", flat=True).get(pk=cluster.pk)
        if not (actor.has_role(Role.ADMIN, before) and actor.has_role(Role.ADMIN, environment)):
            raise Forbidden(Reason("cluster.not_admin"))
        if environment not in Environment.values:
            raise Invalid(Reason("cluster.environment_unknown"), "environment")
        if before == environment:
            return
        taking = ChangeRequest.objects.filter(cluster=OuterRef("pk"), status__in=workflow.REQUEST_TAKING_CLUSTER)
        rows = Cluster.objects.filter(pk=cluster.pk, environment=before).exclude(Exists(taking))
        if rows.update(environment=environment) != 1:
            raise TooLate(Reason("cluster.taken"))
        cluster.refresh_from_db()
        audit.record(
            "cluster.set_environment",
            subject=cluster,
            actor=actor,
            before={"environment": before},
            after={"environment": environment},
        )


def described(cluster: Cluster) -> dict[str, Any]:
    """What people said of a cluster, as the audit keeps it."""
    return {"owner": cluster.owner, "labels": list(cluster.labels)}


def describe(
    *, cluster: Cluster, owner: str, labels: Sequence[str], seen: Mapping[str, Any] | None = None, actor: User
) -> None:
    """Say who owns a cluster and which labels it has. For operators of its environment; neither decides anything.

    `labels` are trimmed, sorted and kept once. `seen`: described() as the person saw it.
    Raises Forbidden; Invalid for what is too much, too long or cannot be seen; TooLate where somebody was quicker.
    """
    kept = sorted({label.strip() for label in labels} - {""})
    wanted = {"owner": owner.strip(), "labels": kept}
    with attempt("cluster.describe", actor=actor, subject=cluster):
        row = Cluster.objects.select_for_update().get(pk=cluster.pk)
        require_operator(actor, row)
        _check(owner.strip(), kept)
        before = described(row)
        if seen is not None and dict(seen) != before:
            raise TooLate(Reason("form.older"))
        if wanted == before:
            return
        Cluster.objects.filter(pk=row.pk).update(**wanted)
        cluster.refresh_from_db()
        audit.record("cluster.describe", subject=cluster, actor=actor, before=before, after=wanted)


def require_operator(actor: User, cluster: Cluster) -> None:
    """Raise Forbidden unless `actor` may describe this cluster."""
    if not actor.has_role(Role.OPERATOR, cluster.environment):
        raise Forbidden(Reason("cluster.not_operator"))


def _check(owner: str, labels: Sequence[str]) -> None:
    if len(owner) > OWNER_LENGTH:
        raise Invalid(Reason("cluster.owner_too_long", {"limit": OWNER_LENGTH}), "owner")
    if _has_unseen(owner):
        raise Invalid(Reason("cluster.word_unseen"), "owner")
    if len(labels) > MOST_LABELS:
        raise Invalid(Reason("cluster.labels_too_many", {"limit": MOST_LABELS}), "labels")
    if any(len(label) > LABEL_LENGTH for label in labels):
        raise Invalid(Reason("cluster.label_too_long", {"limit": LABEL_LENGTH}), "labels")
    if any(_has_unseen(label) for label in labels):
        raise Invalid(Reason("cluster.word_unseen"), "labels")


def _has_unseen(word: str) -> bool:
    """Whether a word holds what nobody can see, such as a mark that turns the text round."""
    return any(unicodedata.category(letter).startswith(("C", "Zl", "Zp")) for letter in word)


def note_export(*, actor: User, filters: Mapping[str, Any], count: int) -> None:
    """Record that a list of clusters left ocpdash as a file: whose, narrowed how, how many."""
    with transaction.atomic():
        audit.record("cluster.export", subject=None, actor=actor, after={"filters": dict(filters), "count": count})

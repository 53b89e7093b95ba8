"""What ocpdash itself says of a cluster: the environment in which it serves."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef

from upgrades import audit
from upgrades.models import ChangeRequest, Cluster, Environment, Role, User
from upgrades.rules import Reason, workflow
from upgrades.services.moves import Forbidden, Invalid, TooLate, attempt

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
        before={"environment": row.environment, "ob_cluster_id": row.ob_cluster_id},
        after={"environment": columns["environment"], "ob_cluster_id": columns["ob_cluster_id"]},
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

"""Taking clusters for a run, and giving them back."""

from collections.abc import Iterable

from django.db import IntegrityError, transaction

from upgrades import audit
from upgrades.models import Cluster, ClusterHold, UpgradeRun, User
from upgrades.rules import Reason
from upgrades.services.moves import TooLate


def take(run: UpgradeRun, clusters: Iterable[Cluster]) -> None:
    """Hold every affected cluster for `run`, or raise TooLate and hold none of them."""
    for cluster in clusters:
        try:
            with transaction.atomic():
                ClusterHold.objects.create(cluster=cluster, run=run)
        except IntegrityError as error:
            held = ClusterHold.objects.filter(cluster=cluster).first()
            number = held.run.number if held is not None else ""
            raise TooLate(Reason("hold.taken", {"cluster": cluster.name, "number": number})) from error
    audit.record("hold.take", subject=run, after={"clusters": list(run.affected_ocp_ids)})


def take_for_alarm(run: UpgradeRun) -> list[UpgradeRun]:
    """Hold the affected clusters because of an alarm; return the other runs that hold some.

    Where another run holds a cluster already no row is added: the alarm is put on that run.
    """
    others: list[UpgradeRun] = []
    clusters = Cluster.objects.filter(endpoint=run.endpoint, ocp_id__in=run.affected_ocp_ids)
    # In the order of take(): two that wait for each other's cluster would end in a deadlock.
    for cluster in clusters.order_by("ocp_id"):
        hold, is_new = ClusterHold.objects.get_or_create(cluster=cluster, defaults={"run": run, "is_alarm": True})
        if is_new:
            audit.record("hold.take", subject=run, after={"clusters": [cluster.ocp_id]})
        elif hold.run_id != run.pk:
            others.append(hold.run)
    return others


def free(run: UpgradeRun, *, reason: Reason, actor: User | None = None) -> int:
    """Give back every cluster that `run` holds; return how many. Writes the audit event."""
    holds = list(ClusterHold.objects.filter(run=run).select_related("cluster"))
    if not holds:
        return 0
    names = sorted(hold.cluster.name for hold in holds)
    ClusterHold.objects.filter(pk__in=[hold.pk for hold in holds]).delete()
    audit.record("hold.free", subject=run, actor=actor, after={"clusters": names}, reason=reason)
    return len(names)

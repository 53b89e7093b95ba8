"""The mirror of OCP's clusters, zones and servers. Vanished rows are marked, never deleted."""

from typing import TYPE_CHECKING, ClassVar

from django.db import models

from upgrades.models.endpoints import Endpoint
from upgrades.models.users import Environment

if TYPE_CHECKING:
    from upgrades.models.users import User


class ClusterQuerySet(models.QuerySet["Cluster"]):
    """Clusters, as far as a person may see them."""

    def visible_to(self, user: "User") -> "ClusterQuerySet":
        """Clusters of the environments in which `user` holds any role."""
        return self.filter(environment__in=user.environments)


class Cluster(models.Model):
    """An OceanBase cluster under OCP. `ocp_id` is OCP's key, `ob_cluster_id` OceanBase's own.

    `server_versions` repeats the different [version, build] of its servers, sorted, so that lists of thousands need not
    look at servers; more than one makes it mixed. Written with the servers, in one transaction.
    `environment`, `owner` (a team or a person) and `labels` (words, sorted) are ours: OCP knows nothing of them.
    `upgrades_in_ocp`: the newest upgrade parents that OCP shows, ours too, as services.preread writes them.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="clusters")
    ocp_id = models.BigIntegerField()
    ob_cluster_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=255)
    version = models.CharField(max_length=64, blank=True)
    build = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=64, blank=True)
    type = models.CharField(max_length=32, blank=True)
    architecture = models.CharField(max_length=32, blank=True)
    primary_ocp_id = models.BigIntegerField(null=True)
    standby_ocp_ids = models.JSONField(default=list)
    server_count = models.IntegerField(default=0)
    region_names = models.JSONField(default=list)
    zone_names = models.JSONField(default=list)
    environment = models.CharField(max_length=16, choices=Environment.choices, default=Environment.PRODUCTION)
    server_versions = models.JSONField(default=list)
    is_mixed = models.GeneratedField(
        expression=models.ExpressionWrapper(
            models.Q(server_versions__1__isnull=False), output_field=models.BooleanField()
        ),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    owner = models.CharField(max_length=100, blank=True)
    labels = models.JSONField(default=list)
    facts = models.JSONField(default=dict)
    failed_leftover_ids = models.JSONField(default=list)
    upgrades_in_ocp = models.JSONField(default=list, db_default=[])

    observed_at = models.DateTimeField()
    topology_observed_at = models.DateTimeField(null=True)
    topology_wanted_at = models.DateTimeField(null=True)
    topology_tried_at = models.DateTimeField(null=True)
    topology_failure = models.JSONField(null=True)
    list_digest = models.CharField(max_length=64, blank=True)
    missing_since = models.DateTimeField(null=True)

    objects = ClusterQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "ocp_id"], name="cluster_once_per_endpoint")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_versions(self) -> tuple[tuple[str, str], ...]:
        """The different (version, build) of its servers."""
        return tuple((version, build) for version, build in self.server_versions)

    @property
    def affected_ocp_ids(self) -> list[int]:
        """OCP ids of every cluster an upgrade of this one would change, sorted.

        OCP upgrades an associated standby along from either one's page
        (ocp-doc V4.2.2, oceanbase-cluster-faq).
        """
        ids = {self.ocp_id, *self.standby_ocp_ids}
        if self.primary_ocp_id is not None:
            ids.add(self.primary_ocp_id)
        return sorted(ids)


class Zone(models.Model):
    """A part of a cluster; an upgrade rolls zone by zone."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="zones")
    name = models.CharField(max_length=128)
    region = models.CharField(max_length=128, blank=True)
    idc = models.CharField(max_length=128, blank=True)
    status = models.CharField(max_length=64, blank=True)
    observed_at = models.DateTimeField()
    missing_since = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["cluster", "name"], name="zone_once_per_cluster")]

    def __str__(self) -> str:
        return self.name


class Server(models.Model):
    """One observer with its own version: what an upgrade really changes."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="servers")
    ocp_id = models.BigIntegerField()
    zone_name = models.CharField(max_length=128, blank=True)
    ip = models.CharField(max_length=128)
    port = models.IntegerField(default=2882)
    version = models.CharField(max_length=64, blank=True)
    build = models.CharField(max_length=64, blank=True)
    status = models.CharField(max_length=64, blank=True)
    observed_at = models.DateTimeField()
    missing_since = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ["zone_name", "ip", "port"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["cluster", "ocp_id"], name="server_once_per_cluster")]

    def __str__(self) -> str:
        return self.address

    @property
    def address(self) -> str:
        """`ip:port`, the name of a server in plans and findings."""
        return f"{self.ip}:{self.port}"

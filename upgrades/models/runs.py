"""The one execution of an approved change request, and the holds on its clusters."""

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.db.models.functions import Now

from upgrades.models.change_requests import ChangeRequest
from upgrades.models.clusters import Cluster
from upgrades.models.endpoints import Endpoint
from upgrades.rules import workflow

if TYPE_CHECKING:
    from upgrades.models.users import User


class UpgradeRunQuerySet(models.QuerySet["UpgradeRun"]):
    """Upgrade runs, as far as a person may see them."""

    def visible_to(self, user: "User") -> "UpgradeRunQuerySet":
        """Runs on clusters of the environments in which `user` holds any role."""
        return self.filter(change_request__cluster__environment__in=user.environments)

    def open(self) -> "UpgradeRunQuerySet":
        """Not yet final."""
        return self.filter(status__in=workflow.RUN_OPEN)


class UpgradeRun(models.Model):
    """*What is happening?* Born in T1; its primary key is the change request.

    That key is the promise "one approval, at most one POST": a second intent for the same
    request cannot be inserted.
    """

    change_request = models.OneToOneField(ChangeRequest, primary_key=True, on_delete=models.PROTECT, related_name="run")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="runs")
    status = models.CharField(max_length=20, default=workflow.RunStatus.SUBMITTING)
    status_at = models.DateTimeField(db_default=Now())
    status_reason = models.JSONField(null=True)
    version = models.IntegerField(default=1)

    # What was intended, kept byte for byte.
    cluster_ocp_id = models.BigIntegerField()
    affected_ocp_ids = models.JSONField()
    body = models.TextField()
    fingerprint = models.CharField(max_length=64)
    baseline = models.JSONField(default=list)
    worker_token = models.CharField(max_length=64)
    intent_at = models.DateTimeField(db_default=Now())
    ocp_intent_at = models.DateTimeField(null=True)

    # What is known of the sending.
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.JSONField(null=True)
    busy_seen_at = models.DateTimeField(null=True)
    late_evidence = models.JSONField(default=list)
    swept_at = models.DateTimeField(null=True)
    swept_until = models.DateTimeField(null=True)
    candidates = models.JSONField(default=list)

    # What is bound in OCP.
    ocp_task_id = models.BigIntegerField(null=True)
    ocp_task_cluster_id = models.BigIntegerField(null=True)
    ocp_task_created_at = models.DateTimeField(null=True)
    ocp_task_started_at = models.DateTimeField(null=True)
    ocp_word = models.CharField(max_length=64, blank=True)

    # How well it is read.
    observed_at = models.DateTimeField(null=True)
    list_digest = models.CharField(max_length=64, blank=True)
    detail_due_at = models.DateTimeField(null=True)
    observation = models.BigIntegerField(default=0)
    unreadable_since = models.DateTimeField(null=True)
    unreadable_reason = models.JSONField(null=True)

    # What ocpdash itself found afterwards.
    ended_at = models.DateTimeField(null=True)
    verify_due_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    findings = models.JSONField(default=list)
    readings = models.JSONField(default=list)
    disagreement = models.CharField(max_length=64, blank=True)
    disagreement_since = models.DateTimeField(null=True)
    baseline_compatible = models.JSONField(default=dict)

    # Movement seen after the end.
    alarm = models.JSONField(null=True)
    alarm_at = models.DateTimeField(null=True)
    is_watched_after_end = models.BooleanField(default=True)

    objects = UpgradeRunQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(status__in=sorted(workflow.RunStatus)),
                name="run_status_is_known",
            ),
            models.UniqueConstraint(
                fields=["endpoint", "ocp_task_id"],
                condition=models.Q(ocp_task_id__isnull=False),
                name="task_bound_to_one_run",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["submitting", "unconfirmed", "refused", "abandoned"])
                | models.Q(ocp_task_id__isnull=False),
                name="run_past_doubt_has_a_task",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "-intent_at"], name="run_by_status"),
            models.Index(fields=["-intent_at", "-change_request"], name="run_by_intent"),
        ]

    def __str__(self) -> str:
        return f"{self.number} run"

    @property
    def number(self) -> str:
        """The number of its change request: CR-17."""
        return f"CR-{self.pk}"

    @property
    def environment(self) -> str:
        return self.change_request.cluster.environment

    @property
    def is_final(self) -> bool:
        return self.status in workflow.RUN_FINAL


class ClusterHold(models.Model):
    """A cluster is taken by a run. The unique cluster keeps every other start away."""

    cluster = models.OneToOneField(Cluster, on_delete=models.PROTECT, related_name="hold")
    run = models.ForeignKey(UpgradeRun, on_delete=models.PROTECT, related_name="holds")
    created_at = models.DateTimeField(db_default=Now())
    is_alarm = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.cluster_id} held by {self.run_id}"

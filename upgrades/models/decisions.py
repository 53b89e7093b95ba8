"""An act that needs two people: proposer, evidence, confirmer."""

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from upgrades.models.endpoints import Endpoint
from upgrades.models.runs import UpgradeRun
from upgrades.models.users import Role
from upgrades.rules import workflow

if TYPE_CHECKING:
    from upgrades.models.users import User


class DecisionQuerySet(models.QuerySet["Decision"]):
    """Decisions, as far as a person may see them."""

    def visible_to(self, user: "User") -> "DecisionQuerySet":
        """Decisions about runs in the environments in which `user` holds any role.

        An endpoint serves every environment: who decides of it, or audits, does so for all of them.
        """
        seen = models.Q(run__change_request__cluster__environment__in=user.environments)
        if user.has_role(Role.ADMIN, "") or user.has_role(Role.AUDITOR, ""):
            seen |= models.Q(endpoint__isnull=False)
        return self.filter(seen)

    def open(self) -> "DecisionQuerySet":
        """Proposed or confirmed, not yet carried out or ended."""
        return self.exclude(status__in=workflow.DECISION_FINAL)


class Decision(models.Model):
    """An act on a run, on one subtask of it, or on an endpoint's address, on evidence both people saw.

    `evidence_hash` binds the confirmer to what the proposer was shown.
    """

    run = models.ForeignKey(UpgradeRun, null=True, on_delete=models.PROTECT, related_name="decisions")
    endpoint = models.ForeignKey(Endpoint, null=True, on_delete=models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=10)
    status = models.CharField(max_length=10, default=workflow.DecisionStatus.PROPOSED)
    status_at = models.DateTimeField(db_default=Now())
    status_reason = models.JSONField(null=True)
    proposer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    confirmer = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    purpose = models.TextField(max_length=4000)
    ocp_task_id = models.BigIntegerField(null=True)
    ocp_subtask_id = models.BigIntegerField(null=True)
    evidence = models.JSONField()
    evidence_hash = models.CharField(max_length=64)
    proposed_at = models.DateTimeField(db_default=Now())
    confirmed_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()

    objects = DecisionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run"],
                condition=models.Q(status__in=["proposed", "confirmed"]),
                name="one_open_decision_per_run",
            ),
            models.UniqueConstraint(
                fields=["endpoint"],
                condition=models.Q(status__in=["proposed", "confirmed"]),
                name="one_open_decision_per_endpoint",
            ),
            models.CheckConstraint(
                condition=models.Q(run__isnull=False, endpoint__isnull=True)
                & ~models.Q(kind=workflow.DecisionKind.ADDRESS)
                | models.Q(run__isnull=True, endpoint__isnull=False, kind=workflow.DecisionKind.ADDRESS),
                name="decision_is_about_a_run_or_an_endpoint",
            ),
            models.CheckConstraint(
                condition=models.Q(ocp_subtask_id__isnull=True) ^ models.Q(kind__in=sorted(workflow.STEP_DECISIONS)),
                name="decision_of_a_step_names_it",
            ),
            models.CheckConstraint(
                condition=models.Q(confirmer__isnull=True) | ~models.Q(confirmer=models.F("proposer")),
                name="confirmer_is_not_the_proposer",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=sorted(workflow.DecisionKind)),
                name="decision_kind_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=sorted(workflow.DecisionStatus)),
                name="decision_status_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.run_id or self.endpoint}"

    @property
    def environment(self) -> str:
        """That of the run; "" for an endpoint, which serves them all."""
        return self.run.environment if self.run is not None else ""

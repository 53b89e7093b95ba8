"""A retry, skip or cancel that somebody asked of OCP during a run."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from upgrades.models.decisions import Decision
from upgrades.models.runs import UpgradeRun
from upgrades.rules import run_actions, workflow

_BY_ONE = list(run_actions.BY_ONE)
_BY_TWO = [run_actions.Kind.SKIP, run_actions.Kind.CANCEL]


class RunActionQuerySet(models.QuerySet["RunAction"]):
    """Run actions; who may see the run may see them."""

    def open(self) -> "RunActionQuerySet":
        """Asked, on their way, or not yet seen in OCP."""
        return self.exclude(status__in=workflow.RUN_ACTION_FINAL)


class RunAction(models.Model):
    """What was asked of OCP for one subtask, or for all failed ones of a task where `subtask_ocp_id` is None.

    The row is the intent: committed before the POST, which the worker of `worker_token` sends once. `before` are
    the subtasks' marks (rules.run_actions.Step.mark) as shown when it was asked, and still so right before it is sent:
    by them the effect is known.
    """

    run = models.ForeignKey(UpgradeRun, on_delete=models.PROTECT, related_name="actions")
    decision = models.OneToOneField(Decision, null=True, on_delete=models.PROTECT, related_name="run_action")
    kind = models.CharField(max_length=10)
    status = models.CharField(max_length=12, default=workflow.RunActionStatus.ASKED)
    status_at = models.DateTimeField(db_default=Now())
    status_reason = models.JSONField(null=True)
    asker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    task_ocp_id = models.BigIntegerField()
    subtask_ocp_id = models.BigIntegerField(null=True)
    name = models.CharField(max_length=500, blank=True)
    due_at = models.DateTimeField(db_default=Now())

    worker_token = models.CharField(max_length=64, blank=True)
    before = models.JSONField(default=dict)
    intent_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answer = models.JSONField(null=True)

    objects = RunActionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["run", "task_ocp_id", "subtask_ocp_id"],
                condition=models.Q(status__in=sorted(run_actions.OPEN)),
                nulls_distinct=False,
                name="one_open_action_per_subtask",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=sorted(workflow.RunActionStatus)), name="run_action_status_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=_BY_ONE, decision__isnull=True)
                | models.Q(kind__in=_BY_TWO, decision__isnull=False, subtask_ocp_id__isnull=False),
                name="skip_and_cancel_take_two_people",
            ),
            models.CheckConstraint(
                condition=models.Q(subtask_ocp_id__isnull=False) | models.Q(kind=run_actions.Kind.RETRY_TASK),
                name="only_a_retry_is_of_a_whole_task",
            ),
            models.CheckConstraint(
                condition=models.Q(sent_at__isnull=True) | models.Q(intent_at__isnull=False),
                name="no_action_is_sent_without_intent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.task_ocp_id}/{self.subtask_ocp_id or 'all'}"

    @property
    def environment(self) -> str:
        return self.run.environment

    @property
    def is_open(self) -> bool:
        return self.status not in workflow.RUN_ACTION_FINAL

"""OCP's tasks of a run as last read: task instances, subtasks, their events and log tails."""

from typing import ClassVar

from django.db import models

from upgrades.models.runs import UpgradeRun


class TaskInstance(models.Model):
    """OCP's asynchronous task: the parent of a run, the child of a hop, or a possible child."""

    class Kind(models.TextChoices):
        PARENT = "parent"
        CHILD = "child"
        POSSIBLE = "possible"

    run = models.ForeignKey(UpgradeRun, on_delete=models.PROTECT, related_name="task_instances")
    ocp_id = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    hop = models.IntegerField(null=True)
    name = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=64, blank=True)
    operation = models.CharField(max_length=64, blank=True)
    type = models.CharField(max_length=64, blank=True)
    creator_name = models.CharField(max_length=255, blank=True)
    cluster_ocp_id = models.BigIntegerField(null=True)
    created_in_ocp_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    topology_hash = models.CharField(max_length=64, blank=True)
    observation = models.BigIntegerField(default=0)
    observed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["kind", "hop", "ocp_id"]
        indexes: ClassVar = [models.Index(fields=["ocp_id"], name="task_instance_by_ocp_id")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "ocp_id"], name="task_instance_once_per_run"),
            models.UniqueConstraint(
                fields=["run", "hop"],
                condition=models.Q(kind="child"),
                name="one_child_per_hop",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ocp_id} {self.name}"


class Subtask(models.Model):
    """OCP's step, with its upstreams and downstreams (lists of OCP ids)."""

    task_instance = models.ForeignKey(TaskInstance, on_delete=models.CASCADE, related_name="subtasks")
    ocp_id = models.BigIntegerField()
    name = models.CharField(max_length=500, blank=True)
    description = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=64, blank=True)
    operation = models.CharField(max_length=64, blank=True)
    upstreams = models.JSONField(default=list)
    downstreams = models.JSONField(default=list)
    run_time = models.IntegerField(null=True)
    timeout = models.IntegerField(null=True)
    series_id = models.IntegerField(null=True)
    parallel_idx = models.IntegerField(null=True)
    executor = models.CharField(max_length=255, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    is_rollback_prohibited = models.BooleanField(null=True)

    class Meta:
        ordering: ClassVar = ["ocp_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task_instance", "ocp_id"], name="subtask_once_per_task")
        ]

    def __str__(self) -> str:
        return f"{self.ocp_id} {self.name}"


class SubtaskEvent(models.Model):
    """One change of one subtask, as first seen: the run's timeline. Insert only, but for `action`.

    `act`: RETRY, SKIP, CANCEL or ROLLBACK where the change is somebody's doing. `action`: ours that did it; None
    where it was done in OCP, not by ocpdash.
    """

    run = models.ForeignKey(UpgradeRun, on_delete=models.PROTECT, related_name="subtask_events")
    task_ocp_id = models.BigIntegerField()
    subtask_ocp_id = models.BigIntegerField()
    name = models.CharField(max_length=500, blank=True)
    seen_at = models.DateTimeField()
    status_before = models.CharField(max_length=64, blank=True)
    status_after = models.CharField(max_length=64, blank=True)
    operation_before = models.CharField(max_length=64, blank=True)
    operation_after = models.CharField(max_length=64, blank=True)
    run_time = models.IntegerField(null=True)
    act = models.CharField(max_length=8, blank=True)
    action = models.ForeignKey("upgrades.RunAction", null=True, on_delete=models.PROTECT, related_name="events")

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["run", "-id"], name="subtask_event_by_run")]

    def __str__(self) -> str:
        return f"{self.subtask_ocp_id}: {self.status_before} to {self.status_after}"


class SubtaskLog(models.Model):
    """The tail of a subtask's log as last read by a Celery worker."""

    task_instance = models.ForeignKey(TaskInstance, on_delete=models.CASCADE, related_name="logs")
    subtask_ocp_id = models.BigIntegerField()
    text = models.TextField(blank=True)
    is_cut = models.BooleanField(default=False)
    failure = models.JSONField(null=True)
    observed_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["task_instance", "subtask_ocp_id"], name="log_once_per_subtask")
        ]

    def __str__(self) -> str:
        return f"log of {self.subtask_ocp_id}"

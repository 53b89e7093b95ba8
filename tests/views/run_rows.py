"""A run with its tasks, as the tests of run pages need them."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests.scenes import Cast
from tests.views.acting import in_review, run_of
from upgrades.models import Endpoint, Heartbeat, Subtask, TaskInstance, UpgradeRun


def make_run(cast: Cast, status: str = "running", **over: Any) -> UpgradeRun:
    """A run that was read a moment ago, by a worker that lives."""
    Heartbeat.objects.update_or_create(name="follower", defaults={"at": timezone.now()})
    run = run_of(in_review(cast), status, **{"observed_at": timezone.now(), "sent_at": timezone.now()} | over)
    Endpoint.objects.filter(pk=run.endpoint_id).update(follow_due_at=timezone.now())
    return run


def make_task(run: UpgradeRun, count: int = 5, *, name: str = "Step") -> TaskInstance:
    """The parent of `run`: a line of subtasks, the first done, the second at work, the rest to come."""
    values: dict[str, Any] = {"ocp_id": run.ocp_task_id, "kind": "parent", "status": "RUNNING", "operation": "EXECUTE"}
    task = TaskInstance.objects.create(
        run=run, observed_at=timezone.now(), topology_hash=f"{count}{name}"[:64], **values
    )
    now = timezone.now()
    Subtask.objects.bulk_create(
        Subtask(
            task_instance=task,
            ocp_id=100 + number,
            name=f"{name} {number}",
            status=("SUCCESSFUL", "RUNNING")[number] if number < 2 else "PENDING",
            operation="EXECUTE",
            upstreams=[99 + number] if number else [],
            run_time=1,
            timeout=1800,
            started_at=now - timedelta(seconds=90) if number < 2 else None,
            finished_at=now - timedelta(seconds=20) if not number else None,
        )
        for number in range(count)
    )
    return task


def page_of(run: UpgradeRun, rest: str = "") -> str:
    return f"/runs/{run.pk}/{rest}"

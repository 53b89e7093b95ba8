"""The snapshot of a run of 500 subtasks: 200 and 304, through the whole of Django, beside an empty view of ours.

Its own PostgreSQL and Redis. Run from the root: python -m bench.snapshot
"""

from __future__ import annotations

from django.test import Client
from django.utils import timezone

from bench.frame import own_services
from bench.record import record, timed
from tests.scenes import Cast
from tests.views.acting import in_review, run_of
from upgrades.models import Subtask, TaskInstance

SUBTASKS = 500
TURNS = 200


def make() -> tuple[Client, str]:
    """Return a browser and the address of the snapshot of a run with a parent of 500 subtasks."""
    cast, now = Cast(), timezone.now()
    run = run_of(in_review(cast), "running", observed_at=now)
    task = TaskInstance.objects.create(
        run=run, ocp_id=run.ocp_task_id or 0, kind="parent", status="RUNNING", operation="EXECUTE", observed_at=now
    )
    Subtask.objects.bulk_create(
        Subtask(
            task_instance=task, ocp_id=number, name=f"Step {number}", status="SUCCESSFUL", operation="EXECUTE",
            run_time=1, started_at=now, finished_at=now,
        )
        for number in range(SUBTASKS)
    )  # fmt: skip
    client = Client()
    client.force_login(cast.olga)
    return client, f"/runs/{run.pk}/snapshot/"


def main() -> None:
    """Print and keep the figures."""
    with own_services():
        client, address = make()
        first = client.get(address)
        assert first.status_code == 200
        etag = {"If-None-Match": first.headers["ETag"]}
        assert client.get(address, headers=etag).status_code == 304
        found = timed(
            TURNS,
            floor=lambda: client.get("/healthz"),
            whole=lambda: client.get(address),
            unmoved=lambda: client.get(address, headers=etag),
        )
        record("snapshot", f"snapshot of {SUBTASKS} subtasks, ms", found["whole"], found["floor"])
        record("snapshot", "304, ms", found["unmoved"], found["floor"])
        packed = client.get(address, headers={"Accept-Encoding": "gzip"})
        record("snapshot", "bytes of it, packed", len(packed.content), len(first.content))


if __name__ == "__main__":
    main()

"""The snapshot of a run of 500 subtasks: 200 and 304, through the whole of Django, beside an empty view of ours.

Its own PostgreSQL and Redis. Run from the root: python -m bench.snapshot
"""

# ruff: noqa: E402 (Django must be set up before models are imported)
from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from statistics import median
from time import perf_counter

from tests import settings as test_settings

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from bench.record import record
from ocpdash import embedded, processes
from tests.scenes import Cast
from tests.views.acting import in_review, run_of
from upgrades.models import Subtask, TaskInstance

SUBTASKS = 500
TURNS = 200


def timed(**calls: Callable[[], object]) -> dict[str, float]:
    """Return the median of each call in milliseconds. They take turns, so that a slow moment is slow for all."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _turn in range(TURNS):
        for name, call in calls.items():
            begun = perf_counter()
            call()
            times[name].append(perf_counter() - begun)
    return {name: median(taken) * 1000 for name, taken in times.items()}


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
    guard = processes.Guard()
    services = embedded.Services(test_settings.SERVICES, guard=guard, is_durable=False)
    services.start()
    try:
        call_command("migrate", verbosity=0)
        client, address = make()
        first = client.get(address)
        assert first.status_code == 200
        etag = {"If-None-Match": first.headers["ETag"]}
        assert client.get(address, headers=etag).status_code == 304
        found = timed(
            floor=lambda: client.get("/healthz"),
            whole=lambda: client.get(address),
            unmoved=lambda: client.get(address, headers=etag),
        )
        record("snapshot", f"snapshot of {SUBTASKS} subtasks, ms", found["whole"], found["floor"])
        record("snapshot", "304, ms", found["unmoved"], found["floor"])
        packed = client.get(address, headers={"Accept-Encoding": "gzip"})
        record("snapshot", "bytes of it, packed", len(packed.content), len(first.content))
    finally:
        services.stop()
        guard.close()
        shutil.rmtree(test_settings.SERVICES, ignore_errors=True)


if __name__ == "__main__":
    main()

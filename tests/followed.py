"""Runs that were really posted to the look-alike, and the moves of its engine and console around them."""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from tests import scenes
from tests.scenes import Cast, control
from upgrades.models import AuditEvent, ChangeRequest, TaskInstance, UpgradeRun
from upgrades.services import following, submission, verifying
from upgrades.simulator.server import LookAlike

# More engine seconds than an upgrade of a few hops takes.
TO_THE_END = 100_000


def posted(cast: Cast, **over: Any) -> UpgradeRun:
    """A run that OCP has accepted and that nobody has followed yet."""
    change_request = scenes.starting(cast, **over)
    submission.submit(change_request.pk)
    run = UpgradeRun.objects.get(pk=change_request.pk)
    assert run.status == "running", run.status_reason
    return run


def advance(look_alike: LookAlike, seconds: float) -> None:
    """Move the look-alike's engine."""
    control(look_alike, "POST", "/advance", seconds=seconds)


def follow(run: UpgradeRun) -> UpgradeRun:
    """One tick of following, and the run as it stands then."""
    following.follow(run.endpoint)
    return fresh(run)


def fresh(run: UpgradeRun) -> UpgradeRun:
    return UpgradeRun.objects.get(pk=run.pk)


def verify(run: UpgradeRun) -> UpgradeRun:
    """One look at the servers, and the run as it stands then."""
    verifying.verify(fresh(run))
    return fresh(run)


def step(look_alike: LookAlike, run: UpgradeRun, is_reached: Callable[[], Any], *, seconds: float = 20) -> UpgradeRun:
    """Advance and follow in turn until `is_reached()`."""
    for _turn in range(200):
        if is_reached():
            return fresh(run)
        advance(look_alike, seconds)
        follow(run)
    raise AssertionError("the run never got there")


def child_of(run: UpgradeRun) -> TaskInstance | None:
    """The first bound child."""
    return run.task_instances.filter(kind="child").order_by("hop").first()


def to_failure(look_alike: LookAlike, run: UpgradeRun) -> UpgradeRun:
    """Let a step of the child fail, and follow the run until it is failed."""
    control(look_alike, "POST", "/fail", step="Wait observer active", times=1)
    advance(look_alike, TO_THE_END)
    return follow(run)


def moves(run: UpgradeRun) -> list[str]:
    """The audit events about a run itself, oldest first."""
    rows = AuditEvent.objects.filter(change_request_id=run.pk, action__startswith="run.").order_by("pk")
    return list(rows.values_list("action", flat=True))


def requests_of(look_alike: LookAlike, since: int = 0) -> list[dict[str, Any]]:
    """The requests that OCP's port received after number `since`."""
    return list(control(look_alike, "GET", f"/requests?since={since}"))


def in_thread(work: Callable[[UpgradeRun], Any], run: UpgradeRun) -> threading.Thread:
    """Another worker at work on `run`, started, with a database connection of its own."""

    def body() -> None:
        try:
            work(run)
        finally:
            connection.close()

    worker = threading.Thread(target=body, daemon=True)
    worker.start()
    return worker


def wait_until(is_so: Callable[[], Any], seconds: float = 10) -> None:
    """Wait for a condition, `seconds` at most."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        threading.Event().wait(0.01)


def submit(change_request: ChangeRequest) -> UpgradeRun | None:
    """One submission of a request whose start was asked for; its run, if there is one."""
    submission.submit(change_request.pk)
    change_request.refresh_from_db()
    return UpgradeRun.objects.filter(pk=change_request.pk).first()

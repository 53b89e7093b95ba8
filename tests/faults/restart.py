"""After a death: what beat and the workers do until nothing moves any more, without waiting for the clock."""

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from tests.faults.ocp_process import OcpProcess
from tests.scenes import posts
from upgrades import tasks
from upgrades.models import ChangeRequest, Decision, Endpoint, RunAction, UpgradeRun

# A late POST is handled within parts of a second.
_PATIENCE_SECONDS = 10.0
_MOST_TURNS = 12


def settle(ocp: OcpProcess, *, is_followed: bool = True) -> None:
    """Let time pass and every door be called until two turns show the same. Raises AssertionError without an end.

    Without `is_followed` runs that OCP has accepted stay where they are.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for _turn in range(_MOST_TURNS):
        while _is_late(ocp) or _is_young():
            assert time.monotonic() < deadline, "OCP never took the late POST, or an intent never grew old"
        before = _state()
        pass_time()
        tick(is_followed=is_followed)
        if _state() == before:
            return
    raise AssertionError(f"it never came to rest: {_state()}")


def _is_late(ocp: OcpProcess) -> bool:
    return any((post["handled"], post["task_id"], post["code"]) == ("late", None, None) for post in posts(ocp))  # type: ignore[arg-type]


def _is_young() -> bool:
    """Whether an intent is not yet in doubt: by the database's clock, which nobody turns."""
    since = Now() - timedelta(seconds=settings.UNCONFIRMED_AFTER_SECONDS)
    return UpgradeRun.objects.filter(status="submitting", intent_at__gt=since).exists()


def pass_time() -> None:
    """Leases of the dead run out, and all that was put off is due."""
    kinds = ("sweep", "follow", "inventory", "topology")
    free: dict[str, Any] = {f"{kind}_{what}": None for kind in kinds for what in ("claimed_until", "due_at")}
    Endpoint.objects.update(rate_limited_until=None, **free)
    ChangeRequest.objects.update(claimed_until=None)
    UpgradeRun.objects.update(detail_due_at=None, verify_due_at=None)


def tick(*, is_followed: bool) -> None:
    """Every door that something is due behind."""
    tasks.expire_all()
    for row in ChangeRequest.objects.filter(status="starting"):
        tasks.submit(row.pk)
    for action in RunAction.objects.filter(status__in=["asked", "unconfirmed"]):
        RunAction.objects.filter(pk=action.pk).update(due_at=action.asked_at)
        tasks.act(action.pk)
    for endpoint in Endpoint.objects.all():
        tasks.sweep(endpoint.pk)
        if is_followed and UpgradeRun.objects.filter(status__in=["running", "failed"]).exists():
            tasks.follow(endpoint.pk)
        if is_followed and UpgradeRun.objects.filter(status="verifying").exists():
            tasks.verify(endpoint.pk)


def _state() -> list[Any]:
    """What a move changes; not what every read writes anew."""
    return [
        *ChangeRequest.objects.order_by("pk").values_list("pk", "status"),
        *UpgradeRun.objects.order_by("pk").values_list("pk", "status", "ocp_task_id", "alarm", "candidates"),
        *RunAction.objects.order_by("pk").values_list("pk", "status"),
        *Decision.objects.order_by("pk").values_list("pk", "status"),
    ]

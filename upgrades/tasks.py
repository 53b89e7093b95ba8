"""Celery doors: load by id, call one service. Every one may run at any time, any number of times."""

import logging
import socket
from typing import Any

from celery import Task, current_app, shared_task
from celery.signals import worker_ready

from upgrades import live
from upgrades.models import Endpoint
from upgrades.services import (
    acting,
    carrying_out,
    checking,
    expiring,
    following,
    halts,
    heartbeats,
    inventory,
    moves,
    readability,
    registration,
    releasing,
    schedule,
    sealing,
    staleness,
    submission,
    sweeping,
    topology,
    verifying,
)

logger = logging.getLogger(__name__)

# Seconds between two of a kind: those that come closer have waited for a worker, or came twice.
TICKS_APART = 0.1
CHORES_APART = 0.5
# Minutes of ticks that wait.
CROWDED = 500


@worker_ready.connect
def register_endpoint(**_signal: Any) -> None:
    """A worker that starts makes the endpoint what its environment says; while a run is open it may not move."""
    try:
        registration.register_from_environment()
    except moves.Refusal as refusal:
        logger.error("the endpoint was not registered", extra={"reason": refusal.reason.to_json()})


@worker_ready.connect
def compare_with_file(**_signal: Any) -> None:
    """Before a worker sends anything: is this database as new as what this host did?"""
    if halts.look() is None:
        heartbeats.note_state(socket.gethostname())


@shared_task(name="upgrades.tick")
def tick() -> None:
    """Ring for everything that is due. Beat sends it each second; a service may ring earlier."""
    if not schedule.begins("worker", apart=TICKS_APART):
        return
    halts.look()
    calls = [(name, [key]) for name, key in schedule.due()] + [("upgrades.expire", []), ("upgrades.seal", [])]
    routes = current_app.conf.task_routes
    # Nobody serves a queue that is crowded: what is sent there would only fill Redis.
    served = {queue for queue in live.QUEUES if live.waiting(queue) < CROWDED}
    for name, keys in calls:
        if routes[name]["queue"] in served:
            current_app.send_task(name, args=keys)


@shared_task(name="upgrades.submit")
def submit(change_request_id: int) -> None:
    submission.submit(change_request_id)


@shared_task(name="upgrades.act")
def act(run_action_id: int) -> None:
    acting.act(run_action_id)


@shared_task(name="upgrades.sweep")
def sweep(endpoint_id: int) -> None:
    with schedule.lease(endpoint_id, "sweep") as endpoint:
        if endpoint is not None:
            sweeping.sweep(endpoint)
            carrying_out.carry_out_all(endpoint)
            releasing.release_due(endpoint)


@shared_task(name="upgrades.follow")
def follow(endpoint_id: int) -> None:
    with schedule.lease(endpoint_id, "follow") as endpoint:
        if endpoint is not None:
            following.follow(endpoint)


@shared_task(name="upgrades.verify")
def verify(endpoint_id: int) -> None:
    verifying.verify_due(Endpoint.objects.get(pk=endpoint_id))


@shared_task(name="upgrades.expire")
def expire() -> None:
    if schedule.begins("follower", apart=CHORES_APART):
        expire_all()


def expire_all() -> None:
    """What time alone brings about, and needs no OCP."""
    sweeping.turn_unconfirmed()
    acting.turn_unconfirmed()
    expiring.expire_all()
    readability.lose_unasked()
    carrying_out.carry_out_unread()


@shared_task(name="upgrades.seal")
def seal() -> None:
    if schedule.begins("sealer", apart=CHORES_APART):
        sealing.seal_new()
        checking.check_due()


@shared_task(name="upgrades.inventory")
def sync_inventory(endpoint_id: int) -> None:
    if inventory.sync_due(endpoint_id):
        staleness.check_all(endpoint_id)


@shared_task(name="upgrades.topology")
def sync_topology(endpoint_id: int) -> None:
    if topology.sync_due(endpoint_id):
        staleness.check_all(endpoint_id)


@shared_task(name="upgrades.canary", bind=True)
def canary(self: "Task[Any, Any]") -> None:
    came_by = self.request.delivery_info or {}
    is_beats = live.STANDS_IN not in (self.request.headers or {})
    heartbeats.note_canary(str(came_by.get("routing_key")), str(self.request.hostname), is_beats=is_beats)
    # The tick is taken by one host: canaries come to each.
    if halts.look() is None:
        heartbeats.note_state(socket.gethostname())

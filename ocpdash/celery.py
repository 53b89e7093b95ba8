"""Celery: a doorbell over Redis. The database says what is due; a lost or doubled message costs one tick at most."""

import logging
import os
from pathlib import Path
from typing import Any

import redis
from celery import Celery
from celery.signals import (
    after_task_publish,
    beat_init,
    setup_logging,
    task_postrun,
    task_received,
    worker_ready,
    worker_shutdown,
)
from celery.utils.nodenames import worker_direct
from django.conf import settings
from django.db import close_old_connections
from kombu import Exchange, Queue
from kombu.exceptions import OperationalError

from ocpdash.watchdog import Watchdog, each
from upgrades.live import QUEUES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ocpdash.settings")

logger = logging.getLogger(__name__)

BROKER_ERRORS = (redis.RedisError, OperationalError, OSError)

TICK_SECONDS = 1.0
# kombu looks for messages of a dead worker this often; without the two unacked_* options, only about every 100 s.
VISIBILITY_SECONDS = 3600
TRANSPORT_OPTIONS = {
    "visibility_timeout": VISIBILITY_SECONDS,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    # A web request rings too: a Redis that swallows packets may cost it this long, not for ever.
    "socket_connect_timeout": 2,
    "socket_timeout": 5,
}
# A queue is named once here, and each worker process is told which it serves (WORKERS): a long inventory read never
# stands before a submission.
ROUTES = {
    "upgrades.tick": "tick",
    "upgrades.submit": "tick",
    "upgrades.act": "tick",
    "upgrades.sweep": "follow",
    "upgrades.follow": "follow",
    "upgrades.verify": "follow",
    "upgrades.expire": "follow",
    "upgrades.seal": "follow",
    "upgrades.inventory": "inventory",
    "upgrades.topology": "inventory",
}
WORKERS = {"tick": ("tick",), "follow": ("follow", "inventory")}
# Started as they are needed. An OCP that falls silent holds one for each kind of read until their deadline, later one
# at a time (services/schedule.py): enough for three that do so together, and for those that are well.
WORKER_THREADS = 16

CANARY = "upgrades.canary"

app = Celery("ocpdash")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    accept_content=["json"],
    task_serializer="json",
    result_serializer="json",
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    # Whoever reaches the broker may ring the bell, and nothing else.
    worker_enable_remote_control=False,
    broker_connection_retry_on_startup=True,
    # Celery's Redis guide: the same value in all three places, since the shortest one wins.
    visibility_timeout=VISIBILITY_SECONDS,
    broker_transport_options=TRANSPORT_OPTIONS,
    result_backend_transport_options={"visibility_timeout": VISIBILITY_SECONDS},
    task_default_queue="follow",
    # A key of its own each: without one, all would be bound to the default's and every message go to every queue.
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
    # And one for each worker alone: by it come its own canaries.
    worker_direct=True,
    task_routes={task: {"queue": queue} for task, queue in ROUTES.items()},
    timezone="UTC",
    # In memory: beat keeps no file, and a tick that was missed is not made up for.
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule={
        "tick": {"task": "upgrades.tick", "schedule": TICK_SECONDS, "options": {"expires": 2 * TICK_SECONDS}},
    },
)
app.autodiscover_tasks(["upgrades"])


def canary_seconds() -> float:
    """Four canaries fly in the time after which a silent process ends itself."""
    return float(settings.IDLE_EXIT_SECONDS / 4)


@app.on_after_configure.connect
def add_canaries(sender: Celery, **_signal: Any) -> None:
    """Beat sends one to each queue: where it is consumed, both live."""
    for queue in QUEUES:
        sender.add_periodic_task(canary_seconds(), sender.signature(CANARY), name=f"canary {queue}", queue=queue)


@setup_logging.connect
def keep_our_logging(**_signal: Any) -> None:
    """Django's LOGGING stands already; a listener here keeps Celery from putting its own over it."""


@beat_init.connect
def say_that_beat_runs(**_signal: Any) -> None:
    """Beat's own lines are silenced: one a second would bury the rest."""
    logger.info("beat rings every %g s", TICK_SECONDS)


@task_postrun.connect
@after_task_publish.connect
def touch_pulse(**_signal: Any) -> None:
    """A worker that ends tasks and a beat that rings are alive; healthcheck.py looks at the file's time."""
    if settings.PULSE_FILE:
        Path(settings.PULSE_FILE).touch()


@worker_ready.connect
def watch_over_worker(sender: Any, **_signal: Any) -> None:
    """A worker sends canaries to itself, and ends where it takes nothing; it rings where beat does not."""
    name = str(sender.hostname)
    own_queue = worker_direct(name)
    dog = Watchdog(lambda: _send_canary(own_queue), settings.IDLE_EXIT_SECONDS)
    for sign in (task_received, task_postrun):
        sign.connect(lambda **_signal: dog.heard(), weak=False)
    dog.start()
    each(TICK_SECONDS, _stand_in_for_beat, name="stand in for beat")


def _send_canary(queue: Any) -> bool:
    try:
        # celery's guide: a Queue may stand for its name; a worker's own says how it is bound.
        app.send_task(CANARY, queue=queue, retry=False)
    except BROKER_ERRORS:
        return False
    return True


def _stand_in_for_beat() -> None:
    # Models are there only now.
    from upgrades.services import heartbeats

    close_old_connections()
    heartbeats.stand_in_for_beat(2 * TICK_SECONDS)


@worker_shutdown.connect
def forget_worker(sender: Any, **_signal: Any) -> None:
    """Ended as it was told to: its silence from now on is no trouble."""
    from upgrades.services import heartbeats

    heartbeats.forget(str(sender.hostname))


@beat_init.connect
def send_first_canaries(**_signal: Any) -> None:
    """Beat waits before it sends any: until then every queue would be called silent, and beat itself."""
    for queue in QUEUES:
        _send_canary(queue)


@beat_init.connect
def watch_over_beat(**_signal: Any) -> None:
    """Beat ends where it rings no more though the broker answers."""
    dog = Watchdog(_broker_answers, settings.IDLE_EXIT_SECONDS)
    after_task_publish.connect(lambda **_signal: dog.heard(), weak=False)
    dog.start()


def _broker_answers() -> bool:
    try:
        with app.connection_for_write(transport_options=TRANSPORT_OPTIONS) as connection:
            connection.ensure_connection(max_retries=1)
    except BROKER_ERRORS:
        return False
    return True

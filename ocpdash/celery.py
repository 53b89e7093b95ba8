"""Celery: a doorbell over Redis. The database says what is due; a lost or doubled message costs one tick at most."""

import logging
import os
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import after_task_publish, beat_init, setup_logging, task_postrun
from django.conf import settings
from kombu import Exchange, Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ocpdash.settings")

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
# kombu looks for messages of a dead worker this often; without the two unacked_* options, only about every 100 s.
VISIBILITY_SECONDS = 3600
TRANSPORT_OPTIONS = {
    "visibility_timeout": VISIBILITY_SECONDS,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    # A web request rings too: a Redis that swallows packets may cost it this long, not for ever.
    "socket_connect_timeout": 2,
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
    task_queues=[Queue(name, Exchange(name), routing_key=name) for name in ("tick", "follow", "inventory")],
    task_routes={task: {"queue": queue} for task, queue in ROUTES.items()},
    timezone="UTC",
    # In memory: beat keeps no file, and a tick that was missed is not made up for.
    beat_scheduler="celery.beat:Scheduler",
    beat_schedule={
        "tick": {"task": "upgrades.tick", "schedule": TICK_SECONDS, "options": {"expires": 2 * TICK_SECONDS}},
    },
)
app.autodiscover_tasks(["upgrades"])


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

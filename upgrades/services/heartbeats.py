"""Signs of life of ocpdash's own parts, and the clock's stand-in.

`schedule.beat_heart` notes one. A canary is a Celery task that does nothing else: where it is consumed, its queue or
its worker lives.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now

from upgrades import live
from upgrades.models import Heartbeat
from upgrades.services import schedule

# A worker that was taken away for good leaves a row behind.
_KEPT = timedelta(days=1)
_WORKER = "worker "
_QUEUE = "queue "
# A host whose file was compared with the database (services.halts).
STATE = "state "
# When the tick was last consumed (tasks.tick).
_TICK = "worker"


def note_canary(queue: str, worker: str, *, is_beats: bool = True) -> None:
    """A canary came by `queue` to `worker`: by a queue of all beat's or its stand-in's, by its own the worker's own."""
    if queue in live.QUEUES:
        if is_beats:
            schedule.beat_heart("beat")
        schedule.beat_heart(f"{_QUEUE}{queue}")
        return
    schedule.beat_heart(_worker(worker))
    Heartbeat.objects.filter(name__startswith=_WORKER, at__lt=Now() - _KEPT).delete()


def note_state(host: str) -> None:
    """`host` compared its file outside the database with it, and they fit."""
    schedule.beat_heart(f"{STATE}{host}"[:64])
    Heartbeat.objects.filter(name__startswith=STATE, at__lt=Now() - _KEPT).delete()


def forget(worker: str) -> None:
    """`worker` ends as it was told to: its silence is no trouble."""
    Heartbeat.objects.filter(name=_worker(worker)).delete()


def stand_in_for_beat(tick_seconds: float) -> None:
    """Do what beat does where it does not: ring, and send canaries. Any number of processes may do so at once."""
    ring_for_beat(tick_seconds)
    send_canaries_for_beat()


def send_canaries_for_beat() -> list[str]:
    """Send one by each queue that takes what comes and yet got none for longer than beat pauses; those queues.

    Without them every queue would be called silent, and nobody could tell that it is beat that is away.
    """
    recent = Heartbeat.objects.filter(at__gte=Now() - timedelta(seconds=settings.IDLE_EXIT_SECONDS * 3 / 8))
    heard = set(recent.values_list("name", flat=True))
    empty = [queue for queue in live.QUEUES if f"{_QUEUE}{queue}" not in heard and not live.waiting(queue)]
    for queue in empty:
        live.send_canary_for_beat(queue)
    return empty


def ring_for_beat(seconds: float) -> bool:
    """Ring where no tick was consumed for so long though none waits: beat is away. Whether it rang.

    Any number of processes may do so at once: ticks do no harm, and are fewer than seconds pass.
    """
    is_ticking = Heartbeat.objects.filter(name=_TICK, at__gte=Now() - timedelta(seconds=seconds)).exists()
    if is_ticking or live.waiting("tick"):
        return False
    live.ring()
    return True


def _worker(name: str) -> str:
    return f"{_WORKER}{name}"[:64]

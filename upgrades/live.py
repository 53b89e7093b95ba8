"""The doorbell and the loudspeaker: both through Redis, and nothing is lost when it is away.

`ring()` wakes a Celery worker early, `publish()` tells open pages of a new version. The next
tick and the next poll do the same without them. Also which runs somebody is looking at.
"""

import json
import logging
from functools import lru_cache
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

WATCH_KEY = "ocpdash:watch"
# All workers share these; a message by any other came by the worker's own. Which task goes by which: ocpdash.celery.
QUEUES = ("tick", "follow", "inventory")
_SOON = b"soon"
# On a canary that somebody sent in beat's place: it tells of its queue, and not of beat.
STANDS_IN = "ocpdash_stands_in"
_RING_ERRORS = (redis.RedisError, OperationalError, OSError)


@lru_cache(maxsize=1)
def connection() -> "redis.Redis":
    """The process's pooled connection to Redis, with short time-outs."""
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=1.0, socket_connect_timeout=1.0, decode_responses=True
    )


def channel(run_id: int | str) -> str:
    """Where the versions of `run_id` are told. Redis has its channels in common for all indexes, so ours is named."""
    index = connection().connection_pool.connection_kwargs.get("db") or 0
    return f"ocpdash:{index}:run:{run_id}"


def ring() -> None:
    """Ask for a tick now. Losing it costs one second: beat rings each second anyway."""
    _send("upgrades.tick")


def waiting(queue: str) -> int:
    """How many messages nobody has taken from `queue` yet. Raises redis.RedisError where nobody knows."""
    return int(connection().llen(queue))


def ring_start(change_request_id: int) -> None:
    """Ask for this start to be carried out now. Losing it costs one second: each tick asks for what nobody claimed."""
    _send("upgrades.submit", change_request_id)


def send_canary_for_beat(queue: str) -> None:
    """Send a canary by `queue` in beat's place."""
    _send("upgrades.canary", queue=queue, headers={STANDS_IN: True})


def _send(name: str, *args: int, **options: Any) -> None:
    try:
        current_app.send_task(name, args=args, retry=False, ignore_result=True, **options)
    except _RING_ERRORS as error:
        logger.warning("ring lost", extra={"error": type(error).__name__})


def publish(run_id: int, version: int) -> None:
    """Tell open pages that `run_id` is now at `version`. Losing it costs one poll, no data."""
    try:
        connection().publish(channel(run_id), json.dumps({"version": version}))
    except redis.RedisError as error:
        logger.warning("publish lost", extra={"error": type(error).__name__})


def announce(run_id: int) -> None:
    """Tell web processes that a change of `run_id` is being read: they get ready for it. Losing it costs nothing."""
    try:
        connection().publish(channel(run_id), _SOON)
    except redis.RedisError as error:
        logger.warning("announcement lost", extra={"error": type(error).__name__})


def is_announcement(data: bytes) -> bool:
    """Whether what was told on a run's channel is announce()'s word, and no new version."""
    return data == _SOON


def watch(run_id: int, subtask: str, *, now: float) -> None:
    """Note that somebody looks at `run_id` (and at `subtask`, "task id/subtask id", or "").

    The note lasts WATCH_SECONDS; `now` is in epoch seconds.
    """
    until = now + settings.WATCH_SECONDS
    try:
        pipe = connection().pipeline(transaction=False)
        pipe.zadd(WATCH_KEY, {f"{run_id}|": until, f"{run_id}|{subtask}": until})
        pipe.zremrangebyscore(WATCH_KEY, "-inf", now)
        pipe.execute()
    except redis.RedisError as error:
        logger.warning("watch lost", extra={"error": type(error).__name__})


def watched(*, now: float) -> dict[int, set[str]]:
    """Run ids that somebody looks at, each with the subtasks selected there."""
    found: dict[int, set[str]] = {}
    try:
        entries = connection().zrangebyscore(WATCH_KEY, now, "+inf")
    except redis.RedisError:
        return found
    for entry in entries:
        run_id, _bar, subtask = str(entry).partition("|")
        if not (run_id.isascii() and run_id.isdigit()):
            # Redis is a doorbell: what somebody else wrote there must not stop the tick.
            continue
        found.setdefault(int(run_id), set()).update({subtask} - {""})
    return found

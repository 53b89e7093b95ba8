"""How often programs may call: so many a minute, counted in Redis; without Redis nobody is counted, all are served."""

import hashlib
import logging
import time

import redis
from django.conf import settings

from upgrades import live
from upgrades.rules import Reason
from upgrades.services.moves import Refusal

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60


class TooOften(Refusal):
    """Called more often than API_CALLS_A_MINUTE lets; `reason` says in how many seconds it may again (429)."""


def count(*, token: int | None, user: int | None, address: str) -> None:
    """Count one call: of a token, else of a person, else of an address. Raises TooOften.

    It guards the installation from a program that runs wild and is no secret: so it fails open, where Redis is away or
    was wiped, and leaves no audit event.
    """
    if not settings.API_CALLS_A_MINUTE:
        return
    now = time.time()
    key = f"ocpdash:calls:{_who(token, user, address)}:{int(now // WINDOW_SECONDS)}"
    try:
        pipe = live.connection().pipeline(transaction=False)
        pipe.incr(key)
        pipe.expire(key, 2 * WINDOW_SECONDS)
        calls, _is_set = pipe.execute()
    except redis.RedisError as error:
        logger.warning("calls of the API cannot be counted", extra={"error": type(error).__name__})
        return
    if calls > settings.API_CALLS_A_MINUTE:
        seconds = WINDOW_SECONDS - int(now % WINDOW_SECONDS)
        raise TooOften(Reason("api.too_often", {"limit": settings.API_CALLS_A_MINUTE, "seconds": seconds}))


def _who(token: int | None, user: int | None, address: str) -> str:
    if token is not None:
        return f"token:{token}"
    return f"user:{user}" if user is not None else f"address:{hashlib.sha256(address.encode()).hexdigest()}"

"""Signing in by username and password: tries are counted, and each one that fails leaves an audit event."""

import hashlib
import logging
from typing import Any

import redis
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.cache import cache
from django.db import transaction

from upgrades import audit
from upgrades.models import AuditEvent, User
from upgrades.rules import Reason
from upgrades.services.moves import Invalid, TooLate

logger = logging.getLogger(__name__)

# Failed tries allowed, and in how many seconds: for one name from one address, for one address (a whole
# office may sit behind it), for one name from anywhere.
LIMITS = {"pair": (5, 300), "address": (50, 300), "name": (50, 3600)}


def check(*, username: str, password: str, address: str) -> User:
    """Return the person whom username and password belong to.

    Raises Invalid where they do not fit (without saying which), TooLate after too many failed tries or where
    tries cannot be counted.
    """
    name = username.strip()[:150]
    keys = _keys(name.lower(), address)
    try:
        # Counted before the password is looked at: many tries at once would all see a low count.
        over = [kind for kind, key in keys.items() if _count(kind, key) > LIMITS[kind][0]]
    except redis.RedisError as error:
        logger.warning("sign-in refused: tries cannot be counted", extra={"error": type(error).__name__})
        raise TooLate(Reason("sign_in.cannot_count")) from error
    if over:
        wait = max(LIMITS[kind][1] for kind in over) // 60
        raise TooLate(Reason("sign_in.too_many", {"minutes": wait}))
    user = authenticate(username=name, password=password)
    if not isinstance(user, User):
        _record_failure(name)
        raise Invalid(Reason("sign_in.wrong"))
    _forget(keys)
    return user


def record_sign_in(*, user: User) -> None:
    """Leave the audit event of a person who is in."""
    audit.record("user.sign_in", actor=user, subject=user)


def record_sign_out(*, user: User) -> None:
    """Leave the audit event of a person who went out."""
    audit.record("user.sign_out", actor=user, subject=user)


@transaction.atomic
def _record_failure(name: str) -> None:
    # A name nobody has is not written down: it may be a password in the wrong field, and the record is for ever.
    user = User.objects.filter(username__iexact=name).first()
    audit.record("user.sign_in", subject=user, outcome=AuditEvent.Outcome.FAILED, reason=Reason("sign_in.wrong"))


def _keys(name: str, address: str) -> dict[str, str]:
    parts = {"pair": f"{name}\0{address}", "address": address, "name": name}
    return {kind: f"sign-in:{kind}:{hashlib.sha256(part.encode()).hexdigest()}" for kind, part in parts.items()}


def _count(kind: str, key: str) -> int:
    cache.add(key, 0, timeout=LIMITS[kind][1])
    try:
        return int(cache.incr(key))
    except ValueError:  # it ran out between the two calls
        return 1


def _forget(keys: dict[str, str]) -> None:
    """A success clears the pair; the wider counts only lose this one try."""
    cache.delete(keys["pair"])
    for kind in ("address", "name"):
        try:
            cache.decr(keys[kind])
        except ValueError:  # it ran out meanwhile
            continue


def is_over(session: Any, now: float) -> bool:
    """Whether a session has ended at `now` (epoch seconds): too long without a click, or too long since sign-in."""
    is_idle = now - session.get("seen_at", now) > settings.SESSION_IDLE_SECONDS
    return bool(is_idle or now - session.get("signed_in_at", now) > settings.SESSION_COOKIE_AGE)

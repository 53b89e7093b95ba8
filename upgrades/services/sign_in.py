"""Signing in by username and password: tries are counted, and each one that fails leaves an audit event."""

import hashlib
import logging
from dataclasses import dataclass
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
# office may sit behind it), for one name from anywhere. The last is more than one address is let through in that
# time, and does not hold where the person signed in before: nobody can lock somebody else out for good.
LIMITS = {"pair": (5, 300), "address": (50, 300), "name": (100, 3600)}
KNOWN_SECONDS = 30 * 86400


def check(
    *, username: str, password: str, address: str, action: str = "user.sign_in", actor: User | None = None
) -> User:
    """Return the person whom username and password belong to. A try that fails is in the audit, as `action` of `actor`.

    Raises Invalid where they do not fit (without saying which), TooLate after too many failed tries or where
    tries cannot be counted.
    """
    name = username.strip()[:150]
    keys = _keys(name.lower(), address)
    try:
        over = _count_try(keys)
    except redis.RedisError as error:
        logger.warning("sign-in refused: tries cannot be counted", extra={"error": type(error).__name__})
        raise TooLate(Reason("sign_in.cannot_count")) from error
    if over is not None:
        reason = Reason("sign_in.too_many", {"minutes": over.seconds // 60})
        if over.is_first:
            _record(action, actor, name, AuditEvent.Outcome.REFUSED, reason)
        raise TooLate(reason)
    user = authenticate(username=name, password=password)
    if not isinstance(user, User):
        reason = Reason("sign_in.wrong")
        _record(action, actor, name, AuditEvent.Outcome.FAILED, reason)
        raise Invalid(reason)
    _forget(keys)
    return user


def record_sign_in(*, user: User) -> None:
    """Leave the audit event of a person who is in."""
    audit.record("user.sign_in", actor=user, subject=user)


def record_sign_out(*, user: User) -> None:
    """Leave the audit event of a person who went out."""
    audit.record("user.sign_out", actor=user, subject=user)


@transaction.atomic
def _record(action: str, actor: User | None, name: str, outcome: str, reason: Reason) -> None:
    # A name nobody has is not written down: it may be a password in the wrong field, and the record is for ever.
    user = User.objects.filter(username__iexact=name).first()
    audit.record(action, actor=actor, subject=user, outcome=outcome, reason=reason)


@dataclass(frozen=True, slots=True)
class _Over:
    """A limit that a try is over. `is_first`: the try that went over it, so that a flood leaves one audit event."""

    seconds: int
    is_first: bool


def _count_try(keys: dict[str, str]) -> _Over | None:
    """Count a try before its password is looked at: many tries at once would all see a low count.

    What a narrower limit refuses is not counted by the wider ones.
    """
    for kind in _counted(keys):
        most, seconds = LIMITS[kind]
        count = _count(kind, keys[kind])
        if count > most:
            return _Over(seconds, count == most + 1)
    return None


def _counted(keys: dict[str, str]) -> tuple[str, ...]:
    return ("pair", "address") if cache.get(keys["known"]) else ("pair", "address", "name")


def _keys(name: str, address: str) -> dict[str, str]:
    pair = f"{name}\0{address}"
    parts = {"pair": pair, "known": pair, "address": address, "name": name}
    return {kind: f"sign-in:{kind}:{hashlib.sha256(part.encode()).hexdigest()}" for kind, part in parts.items()}


def _count(kind: str, key: str) -> int:
    cache.add(key, 0, timeout=LIMITS[kind][1])
    try:
        return int(cache.incr(key))
    except ValueError:  # it ran out between the two calls
        return 1


def _forget(keys: dict[str, str]) -> None:
    """A success clears the pair, which is known from now on; the wider counts only lose this one try."""
    for kind in _counted(keys)[1:]:
        try:
            cache.decr(keys[kind])
        except ValueError:  # it ran out meanwhile
            continue
    cache.delete(keys["pair"])
    cache.set(keys["known"], 1, timeout=KNOWN_SECONDS)


def is_over(session: Any, now: float) -> bool:
    """Whether a session has ended at `now` (epoch seconds): too long without a click, or too long since sign-in."""
    is_idle = now - session.get("seen_at", now) > settings.SESSION_IDLE_SECONDS
    return bool(is_idle or now - session.get("signed_in_at", now) > settings.SESSION_COOKIE_AGE)

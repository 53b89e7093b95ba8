"""API tokens: made, shown once, revoked, and recognised when a program comes with one."""

import hashlib
import logging
import secrets
from collections.abc import Iterable
from datetime import timedelta

import redis
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from upgrades import audit
from upgrades.models import ApiToken, AuditEvent, Scope, User
from upgrades.models.tokens import LONGEST_LIFE
from upgrades.rules import Reason
from upgrades.services.moves import Forbidden, Invalid, TooLate, attempt, is_admin_of_all

logger = logging.getLogger(__name__)

MARK = "ocpdash_"
# Characters of the secret that people see later, to tell their tokens apart; 37 more stay secret.
SHOWN = 6
MOST = 50
LONGEST_NAME = 60
# A row is written at most this often for being used.
USED_STEP_SECONDS = 60
# Tries with bad tokens that are heard from one address, and in how many seconds: a guess is hopeless anyway, a flood
# of audit events is not.
TRIES, TRIES_SECONDS = 20, 300


def create(*, actor: User, name: str, scopes: Iterable[str], days: int) -> tuple[ApiToken, str]:
    """Make a token of `actor` that lives `days`, and return its row and the token itself, which is kept nowhere.

    Raises Invalid for a bad name, scope or life, or one token too many.
    """
    with attempt("token.create", actor=actor, subject=actor):
        name, wanted = _good_name(name), _good_scopes(scopes)
        if not 1 <= days <= LONGEST_LIFE.days:
            raise Invalid(Reason("token.life_length", {"most": LONGEST_LIFE.days}), "days")
        # Two windows that make one at once go one after the other, for the number of tokens.
        User.objects.select_for_update().get(pk=actor.pk)
        if ApiToken.objects.filter(owner=actor, revoked_at=None, expires_at__gt=Now()).count() >= MOST:
            raise Invalid(Reason("token.too_many", {"most": MOST}), "name")
        text = MARK + secrets.token_urlsafe(32)
        token = ApiToken.objects.create(
            owner=actor,
            name=name,
            prefix=text[: len(MARK) + SHOWN],
            digest=_digest(text),
            scopes=wanted,
            expires_at=Now() + timedelta(days=days),
        )
        token.refresh_from_db()
        after = {"name": name, "scopes": wanted, "expires_at": token.expires_at.isoformat(timespec="seconds")}
        audit.record("token.create", actor=actor, subject=token, after=after)
    return token, text


def revoke(*, token: ApiToken, actor: User) -> None:
    """End a token: its owner, or an admin of all environments. Raises Forbidden, TooLate where it is revoked."""
    with attempt("token.revoke", actor=actor, subject=token):
        if actor.pk != token.owner_id and not is_admin_of_all(actor):
            raise Forbidden(Reason("token.not_owner"))
        _end(token, actor)


def revoke_all(*, owner: User, actor: User | None) -> None:
    """End every token of `owner`, in the caller's transaction: who is let in no more leaves none behind."""
    for token in ApiToken.objects.filter(owner=owner, revoked_at=None):
        _end(token, actor)


def recognise(text: str, *, address: str) -> ApiToken:
    """The token that `text` is, its owner beside it, and that it was used now from `address`.

    Raises Invalid where it is none, is revoked, has expired or its owner is deactivated; TooLate after too many tries
    with such tokens from that address. The text itself is written nowhere.
    """
    token = ApiToken.objects.filter(digest=_digest(text)).select_related("owner").first()
    reason = _why_not(token)
    if token is None or reason is not None:
        raise _refusal(token, reason or Reason("token.unknown"), address)
    moment = timezone.now() - timedelta(seconds=USED_STEP_SECONDS)
    if token.last_used_at is None or token.last_used_at < moment or token.last_used_address != address:
        fresh = Q(last_used_at=None) | Q(last_used_at__lt=moment)
        ApiToken.objects.filter(fresh, pk=token.pk).update(last_used_at=Now(), last_used_address=address[:64])
    return token


def require_scope(*, token: ApiToken, scope: str, call: str, is_act: bool) -> None:
    """Raise Forbidden unless `token` has `scope`; a try of an act (`call`: method and path) is in the audit."""
    if scope in token.scopes:
        return
    reason = Reason("token.scope_missing", {"scope": scope})
    if is_act:
        refused, after = AuditEvent.Outcome.REFUSED, {"call": call[:200]}
        audit.record("token.overreach", actor=token.owner, subject=token, outcome=refused, reason=reason, after=after)
    raise Forbidden(reason)


def _why_not(token: ApiToken | None) -> Reason | None:
    if token is None:
        return None
    state = token.state_at(timezone.now())
    if state == "revoked":
        return Reason("token.revoked", {"prefix": token.prefix})
    if state == "expired":
        return Reason("token.expired", {"prefix": token.prefix})
    return None if token.owner.is_active else Reason("token.owner_inactive", {"prefix": token.prefix})


@transaction.atomic
def _refusal(token: ApiToken | None, reason: Reason, address: str) -> Invalid | TooLate:
    """What to raise; the first tries from an address are in the audit, and where the token is known, which one."""
    try:
        key = f"bad-token:{hashlib.sha256(address.encode()).hexdigest()}"
        cache.add(key, 0, timeout=TRIES_SECONDS)
        count = int(cache.incr(key))
    except (redis.RedisError, ValueError) as error:
        logger.warning("tries with bad tokens cannot be counted", extra={"error": type(error).__name__})
        return Invalid(reason)
    if count <= TRIES:
        owner, failed = token.owner if token else None, AuditEvent.Outcome.FAILED
        audit.record("token.refuse", actor=owner, subject=token, outcome=failed, reason=reason)
        return Invalid(reason)
    return TooLate(Reason("token.too_many_tries", {"minutes": TRIES_SECONDS // 60}))


def _end(token: ApiToken, actor: User | None) -> None:
    rows = ApiToken.objects.filter(pk=token.pk, revoked_at=None)
    if rows.update(revoked_at=Now(), revoked_by=actor) != 1:
        raise TooLate(Reason("token.revoked", {"prefix": token.prefix}))
    token.refresh_from_db()
    audit.record("token.revoke", actor=actor, subject=token, after={"owner": token.owner.username, "name": token.name})


def _good_name(name: str) -> str:
    name = " ".join(name.replace("\x00", " ").split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise Invalid(Reason("token.name_length", {"most": LONGEST_NAME}), "name")
    return name


def _good_scopes(scopes: Iterable[str]) -> list[str]:
    wanted = set(scopes)
    if not wanted or wanted - set(Scope.values):
        raise Invalid(Reason("token.scopes_needed"), "scopes")
    return [scope for scope in Scope.values if scope in wanted]


def _digest(text: str) -> str:
    """SHA-256 alone: 256 random bits need no salt and no slow hash (RFC 6750 tokens are looked up by each request)."""
    return hashlib.sha256(text.encode()).hexdigest()

"""How well each OCP is read, and when and by whom it may be read."""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Greatest, Least, Now
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from upgrades import audit
from upgrades.models import Endpoint
from upgrades.ocp import errors
from upgrades.ocp.client import OcpClient
from upgrades.ocp.limits import RateLimit
from upgrades.rules import Reason
from upgrades.services import credentials
from upgrades.services.moves import Invalid

# Reads of several kinds fail together and count each, so that the cap is near soon: it is how long a page stays blind
# after OCP has come back.
BACK_OFF_CAP_SECONDS = 15
# OCP's word on when to come back is obeyed up to here: a broken answer must not silence us for a year.
RATE_LIMIT_CAP_SECONDS = 3600
# Its word that our quota is used up, said while it still answers, up to here: past that OCP may as well refuse.
QUOTA_CAP_SECONDS = 300

Kind = Literal["sweep", "follow", "inventory", "topology"]
"""What is read of an endpoint, each under its own lease and by its own clock; the most urgent first."""

KINDS: tuple[Kind, ...] = get_args(Kind)
DUE_COLUMNS = tuple(f"{kind}_due_at" for kind in KINDS)

_CODES: Mapping[type[errors.OcpError], str] = {
    errors.NotSent: "ocp.not_sent",
    errors.DeadlinePassed: "ocp.deadline_passed",
    errors.ConnectionLost: "ocp.connection_lost",
    errors.BadAnswer: "ocp.bad_answer",
    errors.Redirected: "ocp.redirected",
    errors.Unauthorized: "ocp.unauthorized",
    errors.ClockDiffers: "ocp.clock_differs",
    errors.Forbidden: "ocp.forbidden",
    errors.NotFound: "ocp.not_found",
    errors.RateLimited: "ocp.rate_limited",
    errors.Refused: "ocp.refused",
    errors.ServerError: "ocp.server_error",
}
_SILENT = frozenset(_CODES[error] for error in (errors.NotSent, errors.DeadlinePassed, errors.ConnectionLost))
_HEALTHY: Mapping[str, Any] = {"failing_since": None, "failure": None, "failure_count": 0, "failure_trace_id": ""}


def client(endpoint: Endpoint) -> OcpClient:
    """A client of `endpoint`. Raises Invalid where its credentials cannot be used, or its CA file can not be read."""
    try:
        return client_with(endpoint, credentials.unseal(endpoint))
    except credentials.Unreadable as unreadable:
        raise Invalid(unreadable.reason) from None
    except ValueError as error:
        raise Invalid(Reason("endpoint.unusable", {"detail": str(error)[:500]})) from error


def client_with(endpoint: Endpoint, held: credentials.Credentials) -> OcpClient:
    """A client of `endpoint` that signs with `held`. Raises ValueError for what cannot serve."""
    return OcpClient(
        endpoint.base_url,
        held.signer(endpoint.account_name),
        endpoint.ca_file or None,
        ca_pem=endpoint.ca_pem,
        is_http_allowed=endpoint.is_http_allowed,
        total_seconds=settings.OCP_TOTAL_SECONDS,
        post_seconds=settings.POST_SECONDS,
        note_limit=lambda limit: note_limit(endpoint, limit),
    )


def may_read(endpoint: Endpoint, now: datetime) -> bool:
    """Whether OCP may be asked anything at `now`."""
    return why_not_read(endpoint, now) is None


def why_not_read(endpoint: Endpoint, now: datetime) -> Reason | None:
    """Why OCP is not asked anything at `now`: off, credentials or CA that fail us, a 401, a rate limit. None: it is."""
    if not endpoint.is_active:
        return Reason("endpoint.is_off", {"name": endpoint.name})
    try:
        credentials.unseal(endpoint)
    except credentials.Unreadable as unreadable:
        return unreadable.reason
    # The file may vanish while processes run, and no client can be made without it.
    if endpoint.ca_file and not os.access(endpoint.ca_file, os.R_OK):
        return Reason("endpoint.ca_gone", {"name": endpoint.name, "path": endpoint.ca_file})
    if endpoint.breaker_opened_at is not None:
        is_same = constant_time_compare(endpoint.breaker_credentials, credentials.mark(endpoint))
        return _why_broken(endpoint) if is_same else None
    if endpoint.rate_limited_until is not None and now < endpoint.rate_limited_until:
        return Reason("ocp.quota_used_up", {"until": endpoint.rate_limited_until.isoformat(timespec="seconds")})
    until = (endpoint.failure or {}).get("params", {}).get("until")
    if until is None or now >= datetime.fromisoformat(until):
        return None
    return Reason("ocp.rate_limited", {"until": until})


def _why_broken(endpoint: Endpoint) -> Reason:
    """What the 401 was for that opened the breaker: new credentials do not help against a clock."""
    failure = endpoint.failure or {}
    if failure.get("code") != _CODES[errors.ClockDiffers]:
        return Reason("endpoint.breaker_open", {"name": endpoint.name})
    return Reason("endpoint.breaker_clock", {"name": endpoint.name, "seconds": failure["params"].get("seconds", 0)})


def note_limit(endpoint: Endpoint, limit: RateLimit) -> None:
    """Put the next reads off where OCP said that our quota is used up, so that it need not refuse them."""
    if not limit.is_used_up:
        return
    until = timezone.now() + timedelta(seconds=min(limit.reset_seconds, QUOTA_CAP_SECONDS))
    put_off = {column: Greatest(Coalesce(F(column), Now()), Value(until)) for column in DUE_COLUMNS}
    later = Coalesce(Greatest("rate_limited_until", Value(until)), Value(until))
    Endpoint.objects.filter(pk=endpoint.pk).update(rate_limited_until=later, **put_off)
    endpoint.rate_limited_until = until


def has_quota() -> Q:
    """Rows of endpoints whose quota OCP did not call used up."""
    return Q(rate_limited_until=None) | Q(rate_limited_until__lte=Now())


def reason_of(error: errors.OcpError) -> Reason:
    """What went wrong as a code with safe parameters. OCP's own prose stays out: it is data, and untrusted."""
    params: dict[str, str | int] = {}
    if error.http_status is not None:
        params["http_status"] = error.http_status
    if error.code:
        params["code"] = error.code[:64]
    if isinstance(error, errors.ClockDiffers):
        params["seconds"] = error.seconds
    return Reason(_CODES.get(type(error), "ocp.error"), params)


def note_success(endpoint: Endpoint, at: datetime) -> None:
    """Remember that the read begun at `at` was answered. One UPDATE, unless there was trouble before."""
    rows = Endpoint.objects.filter(pk=endpoint.pk)
    seen = {"observed_at": Greatest("observed_at", Value(at))}
    if rows.filter(breaker_opened_at=None, failing_since=None).update(**seen):
        return
    healthy = {**seen, **_HEALTHY, **{column: Least(F(column), Now()) for column in DUE_COLUMNS}}
    with transaction.atomic():
        # A read begun before the trouble proves nothing about it.
        if rows.filter(breaker_opened_at=None, failing_since__lte=at).update(**healthy):
            return
        if rows.filter(breaker_opened_at__lte=at).update(**healthy, breaker_opened_at=None, breaker_credentials=""):
            audit.record("endpoint.close_breaker", subject=endpoint)
            return
        rows.update(**seen)


def note_failure(endpoint: Endpoint, error: errors.OcpError, at: datetime) -> None:
    """Remember that the read begun at `at` failed, and put the next reads off.

    The first 401 opens the breaker: OCP locks accounts out, so nothing is read until the credentials differ.
    """
    rows = Endpoint.objects.filter(pk=endpoint.pk)
    reason = reason_of(error)
    with transaction.atomic():
        # The count is raised first: the row is ours from here on, so that two failures at once count twice.
        rows.update(failure_count=F("failure_count") + 1, failing_since=Coalesce("failing_since", Value(at)))
        count = rows.values_list("failure_count", flat=True).get()
        delay = back_off_seconds(count, error)
        if isinstance(error, errors.RateLimited):
            until = timezone.now() + timedelta(seconds=delay)
            reason = Reason(reason.code, {**reason.params, "until": until.isoformat(timespec="seconds")})
        put_off = Now() + timedelta(seconds=delay)
        rows.update(
            failure=reason.to_json(),
            failure_trace_id=(error.trace_id or "")[:128],
            **{column: Greatest(Coalesce(F(column), Now()), put_off) for column in DUE_COLUMNS},
        )
        if isinstance(error, errors.Unauthorized):
            _open_breaker(endpoint, reason, error, at)


def _open_breaker(endpoint: Endpoint, reason: Reason, error: errors.OcpError, at: datetime) -> None:
    mark = credentials.mark(endpoint)
    rows = Endpoint.objects.filter(pk=endpoint.pk).filter(Q(breaker_opened_at=None) | ~Q(breaker_credentials=mark))
    if rows.update(breaker_opened_at=at, breaker_credentials=mark) == 1:
        audit.record("endpoint.open_breaker", subject=endpoint, reason=reason, trace_id=error.trace_id)


def close_breaker(endpoint: Endpoint) -> None:
    """Let `endpoint` be read again after a 401: its credentials are new, or were tried by hand and taken."""
    rows = Endpoint.objects.filter(pk=endpoint.pk, breaker_opened_at__isnull=False)
    at_once = {column: Least(F(column), Now()) for column in DUE_COLUMNS}
    with transaction.atomic():
        if rows.update(**_HEALTHY, **at_once, breaker_opened_at=None, breaker_credentials=""):
            audit.record("endpoint.close_breaker", subject=endpoint)
    endpoint.refresh_from_db()


def back_off_seconds(failures: int, error: errors.OcpError) -> int:
    """Seconds until the next read after so many failures in a row: 2, 4, 8, then 15; OCP's own word where given."""
    delay = min(BACK_OFF_CAP_SECONDS, 1 << min(max(failures, 1), 10))
    if isinstance(error, errors.RateLimited) and error.reset_seconds:
        delay = max(delay, min(error.reset_seconds, RATE_LIMIT_CAP_SECONDS))
    return delay


def _is_past(column: str) -> Q:
    return Q(**{column: None}) | Q(**{f"{column}__lte": Now()})


def due(kind: Kind) -> list[Endpoint]:
    """Endpoints whose next read of this kind is due, that nobody reads just now, and that may be read."""
    rows = Endpoint.objects.filter(_is_past(f"{kind}_due_at"), _is_past(f"{kind}_claimed_until"), is_active=True)
    now = timezone.now()
    return [endpoint for endpoint in rows if may_read(endpoint, now)]


def forget_troubles(endpoint_id: int) -> None:
    """Forget what the server at an address that is left said: its failures, its quota, our breaker there."""
    at_once = dict.fromkeys(DUE_COLUMNS, Now())
    rows = Endpoint.objects.filter(pk=endpoint_id)
    rows.update(**_HEALTHY, **at_once, rate_limited_until=None, breaker_opened_at=None, breaker_credentials="")


def is_silent(endpoint: Endpoint) -> bool:
    """Whether the last read got no answer at all, and none was good since."""
    return endpoint.failing_since is not None and (endpoint.failure or {}).get("code") in _SILENT


def is_claimed(endpoint_id: int) -> bool:
    """Whether anybody reads `endpoint` just now, whatever kind."""
    held = Q(*((f"{kind}_claimed_until__gt", Now()) for kind in KINDS), _connector=Q.OR)
    return Endpoint.objects.filter(held, pk=endpoint_id).exists()


def claim(endpoint_id: int, kind: Kind, *, seconds: float) -> bool:
    """Take the lease of this kind for `seconds` by the database's clock; False where somebody holds it.

    False also where the read is not due: another Celery worker has just done it. Give it back with release().
    """
    rows = Endpoint.objects.filter(_is_past(f"{kind}_due_at"), _is_past(f"{kind}_claimed_until"), pk=endpoint_id)
    return rows.update(**{f"{kind}_claimed_until": Now() + timedelta(seconds=seconds)}) == 1


def release(endpoint_id: int, kind: Kind, next_due_at: datetime) -> None:
    """Give the lease back. The next read is due at `next_due_at`, or later where a failure has put it off."""
    next_due = Greatest(F(f"{kind}_due_at"), Value(next_due_at))
    Endpoint.objects.filter(pk=endpoint_id).update(**{f"{kind}_claimed_until": None, f"{kind}_due_at": next_due})


def hasten(endpoint_id: int, kind: Kind) -> None:
    """Make the next read of this kind due now, unless the reads are put off."""
    rows = Endpoint.objects.filter(has_quota(), pk=endpoint_id, failing_since=None, breaker_opened_at=None)
    rows.filter(**{f"{kind}_due_at__gt": Now()}).update(**{f"{kind}_due_at": Now()})

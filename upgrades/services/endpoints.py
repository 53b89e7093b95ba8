"""The OCP that the environment names, how well it is read, and when and by whom it may be read."""

import hashlib
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Greatest, Least, Now
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from upgrades import audit
from upgrades.models import Endpoint, UpgradeRun
from upgrades.ocp import errors
from upgrades.ocp.auth import BasicAuth
from upgrades.ocp.client import OcpClient
from upgrades.rules import Reason
from upgrades.services.moves import Invalid, TooLate

# Reads of several kinds fail together and count each, so that the cap is near soon: it is how long a page stays blind
# after OCP has come back.
BACK_OFF_CAP_SECONDS = 15
# OCP's word on when to come back is obeyed up to here: a broken answer must not silence us for a year.
RATE_LIMIT_CAP_SECONDS = 3600

Kind = Literal["follow", "sweep", "inventory", "topology"]
"""What is read of an endpoint, each under its own lease and by its own clock."""

DUE_COLUMNS = tuple(f"{kind}_due_at" for kind in get_args(Kind))

_CODES: Mapping[type[errors.OcpError], str] = {
    errors.NotSent: "ocp.not_sent",
    errors.DeadlinePassed: "ocp.deadline_passed",
    errors.ConnectionLost: "ocp.connection_lost",
    errors.BadAnswer: "ocp.bad_answer",
    errors.Redirected: "ocp.redirected",
    errors.Unauthorized: "ocp.unauthorized",
    errors.Forbidden: "ocp.forbidden",
    errors.NotFound: "ocp.not_found",
    errors.RateLimited: "ocp.rate_limited",
    errors.Refused: "ocp.refused",
    errors.ServerError: "ocp.server_error",
}
_HEALTHY: Mapping[str, Any] = {"failing_since": None, "failure": None, "failure_count": 0, "failure_trace_id": ""}
_IDENTITY = ("base_url", "account_name")


def register_from_environment() -> Endpoint:
    """Write the one endpoint as the settings describe it, and return it; a second call changes nothing.

    Raises Invalid where the settings name no usable OCP, and TooLate where address or account differ while a run
    is open: that run is bound to them. Password and CA may rotate at any time.
    """
    wanted = _wanted()
    with transaction.atomic():
        endpoint = Endpoint.objects.order_by("pk").first()
        if endpoint is None:
            endpoint = Endpoint.objects.create(**wanted)
            audit.record("endpoint.register", subject=endpoint, after=wanted)
            return endpoint
        before = {name: getattr(endpoint, name) for name in wanted}
        changes = {name: value for name, value in wanted.items() if before[name] != value}
        if changes:
            _change(endpoint, changes, {name: before[name] for name in changes})
    return endpoint


def _wanted() -> dict[str, Any]:
    if not settings.OCP_URL:
        raise Invalid(Reason("endpoint.not_configured"))
    try:
        ca_pin = hashlib.sha256(Path(settings.OCP_CA_FILE).read_bytes()).hexdigest() if settings.OCP_CA_FILE else ""
        OcpClient(settings.OCP_URL, _signer(), settings.OCP_CA_FILE or None, settings.OCP_ALLOW_HTTP)
    except (OSError, ValueError) as error:
        raise Invalid(Reason("endpoint.unusable", {"detail": str(error)[:500]})) from error
    return {
        "name": settings.OCP_ENDPOINT_NAME[:100],
        "base_url": _address(),
        "account_name": settings.OCP_USERNAME,
        "is_account_ours": settings.OCP_ACCOUNT_IS_OURS,
        "ca_file": settings.OCP_CA_FILE,
        "ca_pin": ca_pin,
        "is_http_allowed": settings.OCP_ALLOW_HTTP,
        "is_active": True,
    }


def _change(endpoint: Endpoint, changes: dict[str, Any], before: dict[str, Any]) -> None:
    rows = Endpoint.objects.filter(pk=endpoint.pk)
    if any(name in changes for name in _IDENTITY):
        # A run that begins in this very moment is safe too: client() refuses an address that the environment of its
        # process does not name, so that nothing is sent.
        rows = rows.exclude(pk__in=UpgradeRun.objects.open().values("endpoint_id"))
    if rows.update(**changes) != 1:
        raise TooLate(Reason("endpoint.run_open", {"name": endpoint.name}))
    endpoint.refresh_from_db()
    audit.record("endpoint.register", subject=endpoint, before=before, after=changes)


def _address() -> str:
    return settings.OCP_URL.rstrip("/")


def _signer() -> BasicAuth:
    return BasicAuth(settings.OCP_USERNAME, settings.OCP_PASSWORD)


def is_described(endpoint: Endpoint) -> bool:
    """Whether the environment still names this OCP and this account, so that its password is meant for them."""
    return endpoint.base_url == _address() and endpoint.account_name == settings.OCP_USERNAME


def client(endpoint: Endpoint) -> OcpClient:
    """A client of `endpoint`.

    Raises Invalid where the environment's password is not meant for it, or its CA file can no longer be read.
    """
    if not is_described(endpoint):
        raise Invalid(Reason("endpoint.not_described", {"name": endpoint.name}))
    try:
        return _client(endpoint)
    except ValueError as error:
        raise Invalid(Reason("endpoint.unusable", {"detail": str(error)[:500]})) from error


def _client(endpoint: Endpoint) -> OcpClient:
    return OcpClient(
        endpoint.base_url,
        _signer(),
        endpoint.ca_file or None,
        is_http_allowed=endpoint.is_http_allowed,
        total_seconds=settings.OCP_TOTAL_SECONDS,
        post_seconds=settings.POST_SECONDS,
    )


def credentials_mark(endpoint: Endpoint) -> str:
    """A keyed hash of account and password (64 hex digits): it differs once either does, and tells neither."""
    secret = f"{endpoint.account_name}\0{settings.OCP_PASSWORD}"
    return salted_hmac("upgrades.endpoints.credentials", secret, algorithm="sha256").hexdigest()


def may_read(endpoint: Endpoint, now: datetime) -> bool:
    """Whether OCP may be asked anything at `now`: active, described, its CA there, breaker closed, rate limit over."""
    if not endpoint.is_active or not is_described(endpoint):
        return False
    # The file may vanish while processes run, and no client can be made without it.
    if endpoint.ca_file and not os.access(endpoint.ca_file, os.R_OK):
        return False
    if endpoint.breaker_opened_at is not None:
        return not constant_time_compare(endpoint.breaker_credentials, credentials_mark(endpoint))
    until = (endpoint.failure or {}).get("params", {}).get("until")
    return until is None or now >= datetime.fromisoformat(until)


def reason_of(error: errors.OcpError) -> Reason:
    """What went wrong as a code with safe parameters. OCP's own prose stays out: it is data, and untrusted."""
    params: dict[str, str | int] = {}
    if error.http_status is not None:
        params["http_status"] = error.http_status
    if error.code:
        params["code"] = error.code[:64]
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
    mark = credentials_mark(endpoint)
    rows = Endpoint.objects.filter(pk=endpoint.pk).filter(Q(breaker_opened_at=None) | ~Q(breaker_credentials=mark))
    if rows.update(breaker_opened_at=at, breaker_credentials=mark) == 1:
        audit.record("endpoint.open_breaker", subject=endpoint, reason=reason, trace_id=error.trace_id)


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
    """Make the next read of this kind due now, unless OCP fails and the reads are put off."""
    rows = Endpoint.objects.filter(pk=endpoint_id, failing_since=None, breaker_opened_at=None)
    rows.filter(**{f"{kind}_due_at__gt": Now()}).update(**{f"{kind}_due_at": Now()})

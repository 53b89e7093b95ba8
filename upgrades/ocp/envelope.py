"""OCP's envelope: strict JSON in, `data` or an error out."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from upgrades.ocp import limits
from upgrades.ocp.errors import (
    BadAnswer,
    ClockDiffers,
    Forbidden,
    NotFound,
    OcpError,
    RateLimited,
    Redirected,
    Refused,
    ServerError,
    Unauthorized,
)
from upgrades.ocp.fields import Malformed, Row, clean

_DEPTH_CAP = 32
_CONTAINER_CAP = 500_000
_MESSAGE_CAP = 1000
_SHORT_CAP = 100
# OCP refuses an older or newer signature: ocp-doc V4.2.2, API/300.ak-sk-sign-roles.md.
_SIGNATURE_SECONDS = 900
_BY_STATUS: Mapping[int, type[OcpError]] = {401: Unauthorized, 403: Forbidden, 404: NotFound, 429: RateLimited}


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. is_paged is False where OCP sent all there is, without a page object."""

    rows: tuple[Row, ...]
    is_paged: bool
    size: int | None
    total: int | None
    pages: int | None


def load(body: bytes) -> object:
    """Strict JSON: UTF-8, no NaN, no key twice, not deeper than 32. Raises Malformed."""
    if body.count(b"{") + body.count(b"[") > _CONTAINER_CAP:
        raise Malformed("the answer has too many parts")
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError:
        raise Malformed("the answer is nested too deep") from None
    except Malformed:
        raise
    except ValueError:
        raise Malformed("the answer is no JSON") from None
    _check_depth(value)
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Malformed("an object has a key twice")
    return value


def _no_constant(name: str) -> object:
    raise Malformed(f"{name} is no JSON")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(_DEPTH_CAP):
        level = [child for item in level for child in _children(item)]
        if not level:
            return
    raise Malformed("the answer is nested too deep")


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def load_object(body: bytes) -> dict[str, object]:
    value = load(body)
    if not isinstance(value, dict):
        raise Malformed("the answer is no JSON object")
    return value


def data_of(status: int, body: bytes, masked: Callable[[str], str]) -> tuple[object, str | None]:
    """(`data`, trace id) of a 2xx. Raises Malformed; BadAnswer where OCP says `successful: false`."""
    answer = load_object(body)
    successful = answer.get("successful")
    if successful is False:
        raise _refusal(BadAnswer, status, answer, masked)
    if successful is not True:
        raise Malformed("the answer has no envelope")
    return answer.get("data"), trace_of(answer)


def trace_of(answer: Row) -> str | None:
    return _short(answer.get("traceId"))


def error_of(
    status: int,
    body: bytes,
    headers: Mapping[str, str],
    masked: Callable[[str], str],
    signed_at: str | None = None,
) -> OcpError:
    """The error of an answer that is no 2xx. The body may be anything, or empty.

    signed_at: the Date that our signature names, where the request bore one.
    """
    kind = _kind_of(status)
    skew = _seconds_between(signed_at, headers.get("Date"))
    if kind is Unauthorized and abs(skew) >= _SIGNATURE_SECONDS:
        kind = ClockDiffers
    try:
        answer = load_object(body)
    except Malformed:
        answer = {}
    error = _refusal(kind, status, answer, masked)
    if isinstance(error, RateLimited):
        error.reset_seconds = limits.digits(headers.get("RateLimit-Reset") or headers.get("Retry-After"))
    if isinstance(error, ClockDiffers):
        error.seconds = skew
    return error


def _seconds_between(begin: str | None, end: str | None) -> int:
    """Seconds from one HTTP date to another; 0 where one is missing or cannot be read."""
    if not begin or not end:
        return 0
    try:
        return round((parsedate_to_datetime(end) - parsedate_to_datetime(begin)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return 0


def _kind_of(status: int) -> type[OcpError]:
    if 300 <= status <= 399:
        return Redirected
    if 400 <= status <= 499:
        return _BY_STATUS.get(status, Refused)
    return ServerError if 500 <= status <= 599 else BadAnswer


def _refusal(kind: type[OcpError], status: int, answer: Row, masked: Callable[[str], str]) -> OcpError:
    raw = answer.get("error")
    error: Row = raw if isinstance(raw, dict) else {}
    code = _short(error.get("code"))
    # A proxy's own JSON must not pass for OCP's word: its envelope repeats the status of HTTP.
    has_envelope = (
        answer.get("successful") is False and code is not None and _short(answer.get("status")) == str(status)
    )
    message = error.get("message")
    said = masked(clean(message))[:_MESSAGE_CAP] if isinstance(message, str) else ""
    return kind(
        f"OCP answered {status} {code or ''}: {said}".strip(" :"),
        http_status=status,
        code=code,
        trace_id=trace_of(answer),
        has_envelope=has_envelope,
    )


def _short(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value or len(value) > _SHORT_CAP:
        return None
    return clean(value)

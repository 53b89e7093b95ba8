"""OCP's envelope around every answer, and what goes over the wire."""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from upgrades.simulator.clock import iso
from upgrades.simulator.errors import CODES, Refusal

SERVER = "a83ad33525"


@dataclass(slots=True)
class Reply:
    """One HTTP answer. `manner` says how it leaves: whole, cut, or not at all (close, reset).

    With manner stream the body is what `stream` yields, with raw the whole answer is, its first line too.
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json;charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    manner: str = "whole"
    stream: Iterator[bytes] = field(default_factory=lambda: iter(()))


def data(value: Any, began_at: float, now: float) -> Reply:
    """Return a successful answer with `data`."""
    return raw(dumps(value), began_at, now)


def raw(text: str, began_at: float, now: float) -> Reply:
    """Return a successful answer whose `data` is JSON text already."""
    tail = dumps(_outer(200, began_at, now))
    return Reply(200, f'{{"data": {text}, {tail[1:]}'.encode())


def nothing(began_at: float, now: float) -> Reply:
    """Return a successful answer without data, as OCP gives to skip and cancel."""
    return Reply(200, dumps(_outer(200, began_at, now)).encode())


def refused(refusal: Refusal, began_at: float, now: float) -> Reply:
    """Return OCP's answer to what it refuses."""
    error = {"code": refusal.code, "message": refusal.message}
    return Reply(refusal.http_status, dumps(_outer(refusal.http_status, began_at, now) | {"error": error}).encode())


def failed(status: int, now: float) -> Reply:
    """Return an answer with an HTTP status of failure, in the envelope."""
    if status == 429:
        return too_many(now, {"RateLimit-Limit": "100", "RateLimit-Remaining": "0", "RateLimit-Reset": "7"})
    code = {401: "IAM10000", 403: "IAM11000", 404: "COM10002", 409: "COM10005"}.get(status, "UNEXPECTED")
    error = {"code": code, "message": CODES[code][1].format("-", "-")}
    return Reply(status, dumps(_outer(status, now, now) | {"error": error}).encode())


def redirect(location: str) -> Reply:
    """Return a 307 to somewhere else."""
    return Reply(307, headers={"Location": location})


def plain_text(text: str) -> Reply:
    """Return an answer outside the envelope, as text."""
    return Reply(200, text.encode(), content_type="text/plain;charset=UTF-8")


def bare(value: Any, status: int = 200) -> Reply:
    """Return an answer outside the envelope, as JSON."""
    return Reply(status, dumps(value).encode())


def dumps(value: Any) -> str:
    """Return JSON as OCP writes it: unescaped text."""
    return json.dumps(value, ensure_ascii=False)


def _outer(status: int, began_at: float, now: float) -> dict[str, Any]:
    return {
        "duration": max(0, round((now - began_at) * 1000)),
        "server": SERVER,
        "status": status,
        "successful": status < 400,
        "timestamp": iso(now),
        "traceId": secrets.token_hex(8),
    }


def too_many(now: float, limits: dict[str, str]) -> Reply:
    """Return OCP's answer to too many requests; `limits` are its RateLimit headers."""
    message = "Excessive number of requests. You have exceeded the request limit for the current throttling window."
    body = _outer(429, now, now) | {"error": {"code": 0, "message": message}, "traceId": ""}
    return Reply(429, dumps(body).encode(), headers=limits)

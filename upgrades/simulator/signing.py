"""OCP's signatures by access key, as its manual describes them (AK/SK, from OCP 4.0.3).

Source: ocp-doc V4.2.2, API reference, "AK/SK signature". Values of x-ocp headers are taken as they came: the
manual's text says sorted, its first example only verifies unsorted.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, quote

SCHEME = "OCP-ACCESS-KEY-HMACSHA1"
WINDOW_SECONDS = 900


def message(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes, host: str) -> str:
    """Return the text that is signed. `headers` have names in small letters; `query` is as it came, without `?`."""
    own = sorted(name for name in headers if name.startswith("x-ocp-"))
    return "\n".join(
        (
            method.upper(),
            hashlib.md5(body, usedforsecurity=False).hexdigest().upper() if body else "",
            headers.get("content-type", ""),
            headers.get("date", ""),
            host,
            "\n".join(f"{name}:{headers[name]}" for name in own),
            path + ("?" if query else "") + _canonical(query),
        )
    )


def signature(secret_key: str, text: str) -> str:
    """Return the signature of a text."""
    return base64.b64encode(hmac.digest(secret_key.encode(), text.encode(), hashlib.sha1)).decode()


def is_timely(date: str, now: float) -> bool:
    """Say whether a Date header is within the window around `now`, epoch seconds; one that is no date is not."""
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return False
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return abs(moment.timestamp() - now) < WINDOW_SECONDS


def _canonical(query: str) -> str:
    """Return the query rebuilt from its decoded parameters, since clients send a blank as `%20` or as `+`."""
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    return "&".join(f"{_encoded(name)}={_encoded(','.join(sorted(values[name])))}" for name in sorted(values))


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")

"""Access keys: each request signed by itself, so that no password travels. OCP 4.0.3 and later know them.

Source: ocp-doc V4.2.2, API/300.ak-sk-sign-roles.md. Its text says that values of x-ocp headers are sorted; its own
example holds only with the value as it was sent.
"""

import base64
import hashlib
import hmac
import re
import time
from email.utils import formatdate
from urllib.parse import parse_qsl, quote, urlsplit

import requests
from requests.auth import AuthBase

from upgrades.ocp.auth import MASK

_SCHEME = "OCP-ACCESS-KEY-HMACSHA1"
_KEY = re.compile(r"[!-9;-~]+")


class AccessKeyAuth(AuthBase):
    """Signs by an access key and its secret. OCP refuses a clock that is 15 minutes or more away from its own.

    Raises ValueError for a key that is empty or holds anything but visible ASCII without a colon, or no secret.
    """

    def __init__(self, access_key: str, secret_key: str) -> None:
        if not _KEY.fullmatch(access_key):
            raise ValueError("The access key of OCP is visible ASCII without a colon, and must not be empty.")
        if not secret_key:
            raise ValueError("The secret key of OCP must not be empty.")
        self._access_key = access_key
        self._secret_key = secret_key
        self._own_signature = re.compile(rf"{re.escape(access_key)}:[A-Za-z0-9+/]{{27}}=")

    def __repr__(self) -> str:
        return f"AccessKeyAuth({self._access_key!r}, {MASK})"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Date"] = formatdate(time.time(), usegmt=True)
        # Set here, so that the host that is signed is the very one that is sent.
        request.headers["Host"] = urlsplit(str(request.url)).netloc.rpartition("@")[2]
        signature = signature_of(string_to_sign(request), self._secret_key)
        request.headers["Authorization"] = f"{_SCHEME} {self._access_key}:{signature}"
        return request

    def masked(self, text: str) -> str:
        """`text` without our secret and our signatures, which stay good for minutes."""
        return self._own_signature.sub(f"{self._access_key}:{MASK}", text.replace(self._secret_key, MASK))


def signature_of(text: str, secret_key: str) -> str:
    """HMAC-SHA1 of `text` in Base64."""
    return base64.b64encode(hmac.digest(secret_key.encode(), text.encode(), "sha1")).decode("ascii")


def string_to_sign(request: requests.PreparedRequest) -> str:
    """The seven parts of `request`, which carries its Date and Host already. An empty part keeps its line."""
    headers = {str(name).lower(): _text(value) for name, value in request.headers.items()}
    own = sorted((name, value) for name, value in headers.items() if name.startswith("x-ocp-"))
    return "\n".join(
        (
            str(request.method).upper(),
            _digest(request.body),
            headers.get("content-type", ""),
            headers["date"],
            headers["host"],
            "\n".join(f"{name}:{value}" for name, value in own),
            _resource(str(request.url)),
        )
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _digest(body: object) -> str:
    """MD5 in capital hex, as the manual asks for; "" without a body."""
    if not body:
        return ""
    if not isinstance(body, bytes | str):
        raise ValueError("only a body that is wholly there can be signed")
    content = body.encode() if isinstance(body, str) else body
    return hashlib.md5(content, usedforsecurity=False).hexdigest().upper()


def _resource(url: str) -> str:
    """The path, and the decoded parameters encoded anew: one of each name, its values sorted and joined by commas."""
    parts = urlsplit(url)
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        values.setdefault(name, []).append(value)
    query = "&".join(
        f"{quote(name, safe='')}={quote(','.join(sorted(values[name])), safe='')}" for name in sorted(values)
    )
    return f"{parts.path or '/'}{'?' if query else ''}{query}"

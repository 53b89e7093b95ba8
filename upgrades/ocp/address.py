"""What may serve as the address of an OCP."""

import ipaddress
import re
from urllib.parse import urlsplit

_FORBIDDEN = frozenset(' \\?#@"<>')
# An underscore is no letter of a DNS name, but container networks use it.
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_][a-z0-9_-]{0,62})*\.?")


def checked_base_url(text: str, *, is_http_allowed: bool) -> str:
    """`text` with a small scheme and no slash at its end: scheme and host, a port and a path prefix where needed.

    Raises ValueError, which names the remedy and does not repeat the address: somebody may have put a password in it.
    """
    if not text.isascii() or not text.isprintable() or _FORBIDDEN & set(text):
        raise ValueError("The address of OCP holds no credentials, query, fragment, spaces or letters beyond ASCII.")
    scheme = _scheme(text)
    if scheme is None:
        raise ValueError("The address of OCP must be like https://ocp.example.com:8443.")
    if scheme == "http" and not is_http_allowed:
        raise ValueError(
            "The address of OCP is plain http, which sends the password unprotected. "
            "Use https, or allow http for this endpoint."
        )
    return scheme + text[len(scheme) :].rstrip("/")


def _scheme(text: str) -> str | None:
    """The scheme, None where this is no address of a web server."""
    try:
        parts = urlsplit(text)
        is_whole = _is_host(parts.netloc, parts.hostname or "") and parts.port != 0
    except ValueError:
        return None
    return parts.scheme if is_whole and parts.scheme in ("http", "https") else None


def _is_host(netloc: str, host: str) -> bool:
    """Whether `host` is a name or an IP address that no library on the way refuses later. May raise ValueError."""
    if "[" in netloc:
        return ipaddress.IPv6Address(host).scope_id is None
    return _NAME.fullmatch(host) is not None

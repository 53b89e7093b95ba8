"""What may serve as the address of an OCP."""

import ipaddress
import re
from urllib.parse import urlsplit

# Where clouds keep the credentials of a machine: Alibaba's and Amazon's, beside those that are link-local.
_METADATA = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "fd00:ec2::254")))
_THIS_NETWORK = ipaddress.ip_network("0.0.0.0/8")
# An IPv4 address that is reached through a translator (RFC 6052).
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
# What libraries read as an IPv4 address, in whatever spelling (WHATWG URL, "ends in a number").
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
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


def is_servers_own(address: str) -> bool:
    """Whether an OCP may be at an IP address: not where a cloud keeps a machine's credentials, nor at nobody's own.

    Private networks and loopback are where OCPs are. Asked of a name's addresses as they are connected to, so that a
    name server cannot say one thing now and another later.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _TRANSLATED else ip.ipv4_mapped
        ip = inner or ip
    if ip.is_loopback:
        return True
    is_odd = ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved
    return not is_odd and ip not in _METADATA and not (ip.version == 4 and ip in _THIS_NETWORK)


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
        return ipaddress.IPv6Address(host).scope_id is None and is_servers_own(host)
    if _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return is_servers_own(str(ipaddress.IPv4Address(host)))
    return _NAME.fullmatch(host) is not None

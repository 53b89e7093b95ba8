"""T16: the web process itself, by raw bytes: who the client is said to be, requests that could be read in two ways."""

import socket
from contextlib import suppress

import pytest

from tests.factories import make_user
from tests.stack import Stack
from upgrades.models import AuditEvent


def exchange(stack: Stack, raw: bytes) -> bytes:
    """Everything that the web process answers to these bytes before it closes, or waits for more."""
    parts = []
    with socket.create_connection(("127.0.0.1", stack.port), timeout=3) as connection, suppress(TimeoutError):
        connection.sendall(raw)
        while part := connection.recv(65536):
            parts.append(part)
            connection.settimeout(1)
    return b"".join(parts)


def request(method: str, path: str, *headers: str, body: bytes = b"") -> bytes:
    """One request, after which the connection stays open."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


SMUGGLED = (
    ("two lengths", ("Content-Length: 4", "Content-Length: 40")),
    ("a length and chunks", ("Content-Length: 4", "Transfer-Encoding: chunked")),
    ("chunks that are none", ("Transfer-Encoding: xchunked",)),
    ("a space before the colon", ("Transfer-Encoding : chunked",)),
    ("a length that is no number", ("Content-Length: +4",)),
    ("a negative length", ("Content-Length: -1",)),
    ("a line of its own", ("X: y\rTransfer-Encoding: chunked",)),
    ("NUL in a header", ("X: a\x00b",)),
)


@pytest.mark.parametrize("bodied", [False, True], ids=["alone", "with a request inside"])
def test_a_request_that_two_servers_would_read_otherwise_is_refused(stack: Stack, bodied: bool) -> None:
    stack.start_web()
    inside = request("GET", "/healthz") if bodied else b""
    for name, headers in SMUGGLED:
        answer = exchange(stack, request("POST", "/sign-in/", *headers, body=b"0\r\n\r\n" + inside))
        # Whatever is made of it: never a second answer, which would be somebody else's.
        assert answer.count(b"HTTP/1.1 ") <= 1, name
        assert not answer.startswith(b"HTTP/1.1 2"), name


def test_a_forged_forwarded_address_is_believed_from_a_trusted_proxy_alone(stack: Stack) -> None:
    make_user("somebody")
    forged = ("X-Forwarded-For: 203.0.113.9, 10.1.1.1", "X-Forwarded-Proto: https", "X-Real-IP: 203.0.113.7")
    bearer = "Authorization: Bearer ocpdash_forged"
    for trusted, believed in (("10.9.9.9", "127.0.0.1"), ("127.0.0.1", "10.1.1.1")):
        stack.environment["FORWARDED_ALLOW_IPS"] = trusted
        stack.start_web()
        assert exchange(stack, request("GET", "/api/v1/runs/", bearer, *forged)).startswith(b"HTTP/1.1 401")
        # The nearest hop that is no proxy of ours; never the first, which the client writes itself.
        assert AuditEvent.objects.order_by("-pk")[0].address == believed
        stack.end("web")

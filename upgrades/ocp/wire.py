"""Sockets and connections that keep a total deadline and know whether a byte of the request may have left.

One `Attempt` is one connection that carries one request. requests and urllib3 time out each read alone,
so a slow drip outlives them; here every operation of the socket gets only the time that is left.
"""

import errno
import ipaddress
import queue
import re
import socket
import ssl
import threading
from typing import Any, cast

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

from upgrades.ocp.address import is_servers_own
from upgrades.ocp.deadline import Deadline

# A time-out of the kernel must never fire before the deadline that it stands for.
_MARGIN = 0.001
_CERTIFICATE = re.compile(r"-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----.*?-----END \1-----", re.DOTALL)


class BadCa(ValueError):
    """The text or file of a CA cannot be used."""


class Attempt:
    """What is known of one request on one connection.

    deadline: for all of it. connect_deadline: for name, connection and TLS handshake.
    is_sent: whether a byte of the request may have left. fault: why it did not, for people.
    """

    def __init__(self, deadline: Deadline, connect_seconds: float) -> None:
        self.deadline = deadline
        self.connect_deadline = deadline.at_most(connect_seconds)
        self.is_sent = False
        self.fault = ""
        self._is_used = False

    def take_connection(self) -> None:
        """Raises ConnectionError the second time: http.client would otherwise reconnect by itself and send again."""
        if self._is_used:
            raise ConnectionError("this request has had its one connection")
        self._is_used = True


class TimedSocket(socket.socket):
    """A connected socket whose every operation ends with `deadline`. Connecting keeps a time-out of its own."""

    deadline: Deadline

    def _arm(self) -> None:
        self.settimeout(self.deadline.check() + _MARGIN)

    def recv_into(self, *args: Any) -> int:
        self._arm()
        return super().recv_into(*args)

    def send(self, *args: Any) -> int:
        self._arm()
        return super().send(*args)

    def sendall(self, *args: Any) -> None:
        self._arm()
        super().sendall(*args)


class TimedTlsSocket(TimedSocket, ssl.SSLSocket):
    """The same over TLS: set as `sslsocket_class` of a context, it is what wrap_socket() makes."""


def tls_context(ca_file: str | None, fallback_ca_file: str, ca_pem: str = "") -> ssl.SSLContext:
    """A context that requires a certificate for the host's name, by `ca_pem` or `ca_file` alone where one is given.

    Raises BadCa where the text or file cannot be read or holds no certificate.
    """
    try:
        if ca_pem:
            context = ssl.create_default_context(cadata=_certificates(ca_pem))
        else:
            context = ssl.create_default_context(cafile=ca_file or fallback_ca_file)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        what = "text of the CA" if ca_pem else f"CA file {ca_file!r}"
        raise BadCa(f"The {what} cannot be used ({error}). Give PEM.") from None
    context.sslsocket_class = TimedTlsSocket
    return context


def _certificates(pem: str) -> str:
    """The certificates of `pem` alone: ssl takes no comment beyond ASCII. Raises ValueError where there is none.

    Never "": ssl would trust the public CAs instead.
    """
    found = "\n".join(match.group() for match in _CERTIFICATE.finditer(pem))
    if not found:
        raise ValueError("no certificate in it")
    if not found.isascii():
        raise ValueError("letters beyond ASCII in a certificate")
    return found


def resolve(host: str, port: int, deadline: Deadline) -> list[tuple[Any, ...]]:
    """getaddrinfo() within `deadline`, which the C library does not know. Raises OSError, TimeoutError."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    answers: queue.SimpleQueue[list[tuple[Any, ...]] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    # A daemon, so that a name server that never answers cannot hold up the end of our process.
    threading.Thread(target=look_up, name="ocp-resolve", daemon=True).start()
    try:
        answer = answers.get(timeout=deadline.left())
    except queue.Empty:
        raise TimeoutError("no answer of the name server in time") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def open_socket(host: str, port: int, deadline: Deadline) -> TimedSocket:
    """A connected socket to the first address that answers, each getting its share of the time left.

    The name is looked up once, and what was found is judged and connected to: never another address.
    Raises OSError: the last address's own.
    """
    found = resolve(host, port, deadline)
    addresses = [each for each in found if is_servers_own(str(each[4][0]))]
    failure = OSError("the name has no address")
    if found and not addresses:
        failure = OSError(errno.EADDRNOTAVAIL, "the name leads to an address that is no server's own")
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        sock = TimedSocket(family, kind, protocol)
        try:
            sock.settimeout(deadline.check() / (len(addresses) - index))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
            # For the TLS handshake, which keeps this time-out for all of its rounds together.
            sock.settimeout(deadline.check())
            return sock
        except OSError as error:
            sock.close()
            failure = error
    raise failure


def fault_of(error: OSError) -> str:
    """Why a connection failed, in words without addresses or secrets."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate not accepted: {error.verify_message}"
    if isinstance(error, socket.gaierror):
        return f"name not found: {error.strerror}"
    if isinstance(error, TimeoutError):
        return "timed out"
    return error.strerror or type(error).__name__


class _OneRequest(HTTPConnection):
    """A connection that serves its attempt and nothing else. Nothing leaves before send()."""

    def __init__(self, *args: Any, attempt: Attempt, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._attempt = attempt

    def _new_conn(self) -> socket.socket:
        self._attempt.take_connection()
        try:
            return open_socket(self.host, self.port or self.default_port, self._attempt.connect_deadline)
        except OSError as error:
            self._attempt.fault = fault_of(error)
            # urllib3 swallows some OSErrors here and would then read from a connection that never was.
            raise NewConnectionError(self, self._attempt.fault) from None

    def connect(self) -> None:
        try:
            super().connect()
        except OSError as error:
            self._attempt.fault = f"TLS handshake: {fault_of(error)}"
            raise
        cast(TimedSocket, self.sock).deadline = self._attempt.deadline

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        self._attempt.is_sent = True
        super().send(data)


class _OneTlsRequest(_OneRequest, HTTPSConnection):
    """The same over TLS."""


class PlainPool(HTTPConnectionPool):
    """PlainPool(host, port, attempt=...): its connections serve that attempt, so it makes one at most."""

    ConnectionCls = _OneRequest


class TlsPool(HTTPSConnectionPool):
    """TlsPool(host, port, attempt=..., ssl_context=...): the same over TLS."""

    ConnectionCls = _OneTlsRequest

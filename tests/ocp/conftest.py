"""A server of our own that misbehaves on purpose, on loopback, and clients that talk to it."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from upgrades.ocp import BasicAuth, OcpClient

PAYLOADS = Path(__file__).parent.parent / "payloads"
PASSWORD = "canary-Pa55/word"

Behave = Callable[[socket.socket, bytes], None]


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def payload_names() -> set[str]:
    return {path.stem for path in PAYLOADS.glob("*.json")}


def document(name: str) -> Any:
    return json.loads(payload(name))


def enveloped(data: Any, **over: Any) -> bytes:
    """OCP's envelope of a success around `data`."""
    return json.dumps({"data": data, "status": 200, "successful": True, "traceId": "0bc49000675d41af", **over}).encode()


def refusal(status: int, code: str | int, message: str = "no") -> bytes:
    """OCP's envelope of an error."""
    error = {"code": code, "message": message}
    return json.dumps({"error": error, "status": status, "successful": False, "traceId": "7a11ed"}).encode()


def answer(body: bytes = b"", status: int = 200, **headers: str) -> bytes:
    """A whole HTTP answer."""
    lines = {"Content-Length": str(len(body)), "Connection": "close"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Status\r\n{head}\r\n".encode() + body


class Hostile:
    """Hands every request it read to the next of `behaviours`, the last of which stays; counts what came."""

    def __init__(self, *behaviours: Behave | bytes, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self.is_over = threading.Event()
        self._behaviours = list(behaviours)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                request = self._read(connection)
                if not request:
                    return
                self.requests.append(request)
                behave = self._behaviours.pop(0) if len(self._behaviours) > 1 else self._behaviours[0]
                if isinstance(behave, bytes):
                    connection.sendall(behave)
                else:
                    behave(connection, request)

    def _read(self, connection: socket.socket) -> bytes:
        received = b""
        while b"\r\n\r\n" not in received:
            chunk = connection.recv(65536)
            if not chunk:
                return b""
            received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        while len(body) < length:
            body += connection.recv(65536)
        return head + b"\r\n\r\n" + body

    def drip(self, first: bytes, piece: bytes = b" ", seconds: float = 0.02) -> Behave:
        """Sends `first`, then `piece` again and again until the client is gone."""

        def behave(connection: socket.socket, _request: bytes) -> None:
            connection.sendall(first)
            while not self.is_over.wait(seconds):
                connection.sendall(piece)

        return behave

    def silence(self, connection: socket.socket, _request: bytes) -> None:
        """Answers nothing until the client is gone."""
        connection.recv(1)

    def then(self, *behaviours: Behave | bytes) -> "Hostile":
        """Sets the behaviours, for those that need the server itself."""
        self._behaviours = list(behaviours)
        return self

    def close(self) -> None:
        self.is_over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in list(self._threads):
            thread.join(10)
            assert not thread.is_alive()


def reset(connection: socket.socket, _request: bytes = b"") -> None:
    """Ends the connection with a RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def reset_after(first: bytes) -> Behave:
    def behave(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(first)
        reset(connection)

    return behave


@pytest.fixture
def hostile() -> Iterator[Callable[..., Hostile]]:
    """hostile(*behaviours, tls=None) starts a server that ends with the test."""
    servers: list[Hostile] = []

    def start(*behaviours: Behave | bytes, tls: ssl.SSLContext | None = None) -> Hostile:
        servers.append(Hostile(*(behaviours or (b"",)), tls=tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def client_of(url: str, **over: Any) -> OcpClient:
    """A client with short times, so that failing ones are quick."""
    settings = {"is_http_allowed": True, "connect_seconds": 2.0, "total_seconds": 5.0, "post_seconds": 5.0}
    return OcpClient(url, BasicAuth("olga", PASSWORD), **{**settings, **over})


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def within(seconds: float, call: Callable[[], Any], *errors: type[Exception]) -> Any:
    """Expects one of `errors` before `seconds` have passed, and returns it."""
    started = time.monotonic()
    with pytest.raises(errors) as caught:
        call()
    assert time.monotonic() - started < seconds
    return caught.value

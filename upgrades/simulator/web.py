"""A small HTTP/1.1 server on loopback: one thread a connection, nothing runs while nobody asks."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from upgrades.simulator.envelope import Reply

HOST = "127.0.0.1"
_LARGEST_BODY = 1 << 20


@dataclass(slots=True)
class Request:
    """One HTTP request. `entry` is its line in the request log, `post_n` its number in the log of POSTs."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    client: str = HOST
    post_n: int = 0
    entry: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> str:
        """Return path and query as they came."""
        return f"{self.path}?{self.query}" if self.query else self.path


class WebServer:
    """Answers every request on one port with `handle`; `sent` hears which answers left whole."""

    def __init__(
        self, port: int, handle: Callable[[Request], Reply], sent: Callable[[Request, Reply, bool], None] | None = None
    ) -> None:
        self.handle = handle
        self.sent = sent or (lambda request, reply, is_whole: None)
        self._listener = socket.create_server((HOST, port), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._accept, name=f"look-alike:{self.port}", daemon=True)

    @property
    def url(self) -> str:
        """Return the address to ask."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection."""
        self._is_stopping = True
        with contextlib.suppress(OSError):
            socket.create_connection((HOST, self.port), timeout=1).close()
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self._listener.close()
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, address = self._listener.accept()
            except OSError:
                return
            if self._is_stopping:
                connection.close()
                return
            threading.Thread(target=self._serve, args=(connection, address), daemon=True).start()

    def _serve(self, connection: socket.socket, address: Any) -> None:
        with self._lock:
            self._connections.add(connection)
        try:
            with contextlib.suppress(OSError):
                _Handler(connection, address, self)
        finally:
            with self._lock:
                self._connections.discard(connection)
            connection.close()


class _Handler(BaseHTTPRequestHandler):
    """Reads requests off one connection and writes each answer in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, connection: socket.socket, address: Any, web_server: WebServer) -> None:
        self._web_server = web_server
        super().__init__(connection, address, web_server)  # type: ignore[arg-type]

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: requests are kept in the request log."""

    def do_GET(self) -> None:
        """Answer a GET."""
        self._answer()

    do_POST = do_PUT = do_DELETE = do_PATCH = do_GET

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _LARGEST_BODY or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            return
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            # Who asked went away in the middle of the request: no server hands half of one on.
            self.close_connection = True
            return
        request = Request(self.command, path, query, headers, body, self.client_address[0])
        reply = self._web_server.handle(request)
        is_whole = False
        try:
            is_whole = self._write(reply)
        finally:
            self._web_server.sent(request, reply, is_whole)

    def _write(self, reply: Reply) -> bool:
        if reply.manner != "whole":
            self.close_connection = True
        if reply.manner == "reset":
            # Linger of zero seconds: the kernel sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if reply.manner in ("close", "reset"):
            return False
        if reply.manner in ("stream", "raw"):
            self._pour(reply)
            return False
        body = reply.body[: len(reply.body) // 2] if reply.manner == "cut" else reply.body
        self.wfile.write(self._head(reply, {"Content-Length": str(len(reply.body))}) + body)
        return reply.manner == "whole"

    def _pour(self, reply: Reply) -> None:
        """Write piece by piece, so that no more of an endless answer is made than somebody reads."""
        if reply.manner == "stream":
            self.wfile.write(self._head(reply, {}))
        for piece in reply.stream:
            self.wfile.write(piece)

    def _head(self, reply: Reply, more: dict[str, str]) -> bytes:
        headers = {"Date": self.date_time_string(), "Content-Type": reply.content_type} | more | reply.headers
        reason = self.responses.get(reply.status, ("Status",))[0]
        lines = [f"{name}: {value}" for name, value in headers.items() if value]
        return "\r\n".join([f"HTTP/1.1 {reply.status} {reason}", *lines, "", ""]).encode("latin-1")

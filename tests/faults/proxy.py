"""A TCP proxy that does to connections what networks do: hold one way or both, drip, cut, reset. Loopback only."""

import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

DRIP_SECONDS = 1.0
_LOOK_SECONDS = 0.05
_CHUNK = 65536
# SO_LINGER with no time: close() sends RST.
_RESET = struct.pack("ii", 1, 0)

# client to server, server to client
UP, DOWN = "up", "down"


@dataclass(frozen=True)
class Weather:
    """What happens to bytes. `holds`: the ways in which nothing passes, and what is held passes when it clears up.

    `is_dripping`: a byte a second, down. `ends_after`: so many bytes of an answer pass, then the connection ends, by
    RST or (`is_cut`) as if all had been said.
    """

    holds: frozenset[str] = frozenset()
    is_dripping: bool = False
    ends_after: int | None = None
    is_cut: bool = False


FAIR = Weather()


class _Connection:
    """One client and its server, a thread for each way."""

    def __init__(self, proxy: "Proxy", client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._ends = {UP: (client, server), DOWN: (server, client)}
        self._open = 2
        self._lock = threading.Lock()
        for way in (UP, DOWN):
            threading.Thread(target=self._pump, args=(way,), daemon=True).start()

    def end(self, *, is_reset: bool) -> None:
        """Close both sides now."""
        for end in self._ends[UP]:
            with suppress(OSError):
                if is_reset and end.family == socket.AF_INET:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                end.shutdown(socket.SHUT_RDWR) if not is_reset else None
            with suppress(OSError):
                end.close()

    def _pump(self, way: str) -> None:
        source, sink = self._ends[way]
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                self._wait(way)
                if not self._pass_on(way, sink, data):
                    break
            self._wait(way)
            sink.shutdown(socket.SHUT_WR)
        with self._lock:
            self._open -= 1
            is_last = self._open == 0
        if is_last:
            self.end(is_reset=False)
            self._proxy.forget(self)

    def _wait(self, way: str) -> None:
        while way in self._proxy.weather.holds and not self._proxy.is_closed:
            time.sleep(_LOOK_SECONDS)

    def _pass_on(self, way: str, sink: socket.socket, data: bytes) -> bool:
        """Hand bytes on as the weather is; False where the connection ended of it."""
        while data:
            weather = self._proxy.weather
            if way == DOWN and weather.ends_after is not None:
                sink.sendall(data[: weather.ends_after])
                self.end(is_reset=not weather.is_cut)
                return False
            if way == DOWN and weather.is_dripping:
                sink.sendall(data[:1])
                data = data[1:]
                self._proxy.cleared.wait(DRIP_SECONDS)
                continue
            sink.sendall(data)
            data = b""
        return True


class Proxy:
    """Listens on 127.0.0.1 and hands on to `target`: (host, port), or the path of a socket."""

    def __init__(self, target: tuple[str, int] | str) -> None:
        self.target = target
        self.weather = FAIR
        self.cleared = threading.Event()
        self.is_closed = False
        self._connections: set[_Connection] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def strike(self, weather: Weather) -> None:
        """From now on it is so, for open connections too."""
        self.cleared.clear()
        self.weather = weather

    def clear_up(self, *, is_reset: bool) -> None:
        """Fair weather. What was held is delivered, as TCP does; with `is_reset` the old connections are gone."""
        if is_reset:
            self.reset()
        self.weather = FAIR
        self.cleared.set()

    def reset(self) -> None:
        """RST on every open connection."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.end(is_reset=True)

    def forget(self, connection: _Connection) -> None:
        with self._lock:
            self._connections.discard(connection)

    def close(self) -> None:
        self.is_closed = True
        # Wakes accept(), which close() alone does not.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.clear_up(is_reset=True)

    def _accept(self) -> None:
        while not self.is_closed:
            with suppress(OSError):
                client, _address = self._listener.accept()
                try:
                    server = self._connect()
                except OSError:
                    client.close()
                    continue
                connection = _Connection(self, client, server)
                with self._lock:
                    self._connections.add(connection)

    def _connect(self) -> socket.socket:
        if isinstance(self.target, str):
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                server.connect(self.target)
            except OSError:
                server.close()
                raise
            return server
        return socket.create_connection(self.target, timeout=5)

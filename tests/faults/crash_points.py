"""Death at the k-th call to the database or to OCP, in a forked process that is really gone: no finally, no rollback.

The calls are those that reach another process: SQL statements, commits, and what goes over sockets to OCP. Nothing
leaves the process between two of them, so a death before one call is, for all others, the death after the call before.
"""

import os
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psycopg
from celery import current_app
from django.db import connections

DEAD, DONE, BROKEN = 9, 0, 70
BEFORE, AFTER, DURING = "before", "after", "during"
# What a forked process inherits and must never close: it would end the parent's own sessions.
_inherited: list[Any] = []


class Point(NamedTuple):
    """The k-th call, counted from 1. `when`: before it, after it, or (a commit) while its answer is awaited."""

    k: int
    when: str = BEFORE


class Reaper:
    """Counts the calls of its process, and ends it at one of them. `calls` are their names in order."""

    def __init__(self, ocp_url: str, point: Point | None) -> None:
        self.calls: list[str] = []
        self._point = point
        self._port = urlsplit(ocp_url).port
        self._to_ocp: set[int] = set()

    def install(self) -> None:
        """Wrap the calls, for the rest of this process's life."""
        for name in ("execute", "executemany"):
            self._wrap(psycopg.Cursor, name, lambda cursor, query, *_: str(query)[:60])
        self._wrap(psycopg.Connection, "commit", lambda connection: "COMMIT")
        self._wrap(socket.socket, "connect", self._connect_name)
        for name in ("send", "sendall", "recv", "recv_into"):
            self._wrap(socket.socket, name, lambda sock, *_, name=name: self._name(sock, name))

    def _connect_name(self, sock: socket.socket, address: Any) -> str:
        if not (isinstance(address, tuple) and address[1] == self._port):
            return ""
        self._to_ocp.add(id(sock))
        return "connect"

    def _name(self, sock: socket.socket, name: str) -> str:
        return name if id(sock) in self._to_ocp else ""

    def _wrap(self, owner: Any, name: str, name_of: Callable[..., str]) -> None:
        call = getattr(owner, name)

        def counted(subject: Any, *args: Any, **kwargs: Any) -> Any:
            called = name_of(subject, *args)
            if not called:
                return call(subject, *args, **kwargs)
            self.calls.append(called)
            self._die_if(BEFORE)
            if called == "COMMIT" and self._is_at(DURING):
                subject.pgconn.send_query(b"COMMIT")
                subject.pgconn.flush()
                os._exit(DEAD)
            result = call(subject, *args, **kwargs)
            self._die_if(AFTER)
            return result

        setattr(owner, name, counted)

    def _is_at(self, when: str) -> bool:
        return self._point is not None and self._point == (len(self.calls), when)

    def _die_if(self, when: str) -> None:
        if self._is_at(when):
            os._exit(DEAD)


def play(job: Callable[[], None], ocp_url: str, point: Point | None = None) -> tuple[int, list[str]]:
    """Do `job` in a forked process that dies at `point`. Returns how it ended (DEAD or DONE), and its calls if DONE.

    Raises AssertionError with the traceback where the job itself failed.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _live(job, Reaper(ocp_url, point), writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read().decode()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert code in (DEAD, DONE), f"the job failed at {point}:\n{told}"
    return code, told.splitlines()


def _live(job: Callable[[], None], reaper: Reaper, writing: int) -> None:
    """The forked process, from its first moment to its last: it never returns."""
    code = BROKEN
    try:
        leave_inherited()
        reaper.install()
        job()
        os.write(writing, "\n".join(call.replace("\n", " ") for call in reaper.calls).encode())
        code = DONE
    except Exception:  # noqa: BLE001 (told to the parent, which fails)
        os.write(writing, traceback.format_exc().encode())
        sys.stderr = None  # type: ignore[assignment]
    finally:
        os._exit(code)


def leave_inherited() -> None:
    """In a forked process: connections of its own, and the parent's neither used nor closed."""
    for alias in connections:
        _inherited.append(connections[alias].connection)
        connections[alias].connection = None
    current_app._after_fork()  # type: ignore[attr-defined]

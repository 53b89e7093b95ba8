"""What a stream reads of the database: short calls in threads. None keeps a connection while nothing moves."""

import asyncio
import json
import time
import zlib
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from typing import TypeVar

from django.conf import settings
from django.contrib.auth import get_user
from django.db import DatabaseError, connection, connections
from django.http import HttpRequest

from upgrades import live, selectors
from upgrades.models import UpgradeRun, User
from upgrades.services import sign_in

T = TypeVar("T")

KEPT_SECONDS = 2.0
# A gzip stream without name and time (RFC 1952); its end is never sent.
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event, ready for every viewer: as it is, and compressed so that any two can follow each other."""

    plain: bytes
    packed: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """A run as read now. `state` is None where its ETag is the one that is known already."""

    etag: str
    state: Event | None
    pulse: Event


def status_for(cookies: str, run_id: int) -> int:
    """200 where the signed-in person of this Cookie header may see the run, else 401 or 404. In a thread."""
    try:
        user = _user_of(cookies)
        if user is None:
            return 401
        return 200 if UpgradeRun.objects.visible_to(user).filter(pk=run_id).exists() else 404
    finally:
        connections.close_all()


def _user_of(cookies: str) -> User | None:
    try:
        morsel = SimpleCookie(cookies).get(settings.SESSION_COOKIE_NAME)
    except CookieError:
        return None
    if morsel is None:
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(morsel.value)
    user = get_user(request)
    if not isinstance(user, User) or sign_in.is_over(request.session, time.time()):
        return None
    return user


class Reader:
    """Reads runs in one thread of its own. Its connection serves what comes within KEPT_SECONDS of the last read: a new
    one costs more than all that is asked over it. Lives on one event loop.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "stream-reader")
        self._timer: asyncio.TimerHandle | None = None

    async def read(self, run_id: int, known_etag: str, nodes: Collection[str]) -> Reading | None:
        """The run, and a note that somebody looks at it and at its subtasks `nodes`; None where it is gone."""
        return await self._do(read, run_id, known_etag, nodes)

    async def make_ready(self, run_id: int) -> None:
        """Read the run for nothing where no connection is kept: a new one's first statements are slow."""
        await self._do(_make_ready, run_id)

    async def _do(self, work: Callable[..., T], *args: object) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, work, *args)
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = loop.call_later(KEPT_SECONDS, self._thread.submit, connections.close_all)


def _make_ready(run_id: int) -> None:
    if connection.connection is None and (mark := selectors.run_mark(run_id, None)) is not None:
        selectors.run_snapshot(mark)


def read(run_id: int, known_etag: str, nodes: Collection[str]) -> Reading | None:
    """Reader.read(), in its thread. A connection that the server has ended meanwhile is made anew once."""
    is_kept = connection.connection is not None
    try:
        return _read(run_id, known_etag, nodes)
    except DatabaseError:
        connections.close_all()
        if not is_kept:
            raise
    return _read(run_id, known_etag, nodes)


def _read(run_id: int, known_etag: str, nodes: Collection[str]) -> Reading | None:
    for node in nodes or {""}:
        live.watch(run_id, node, now=time.time())
    mark = selectors.run_mark(run_id, None)
    if mark is None:
        return None
    state = None if mark.etag == known_etag else _event("state", selectors.run_snapshot(mark), mark.version)
    pulse = json.dumps(mark.pulse, separators=(",", ":")).encode()
    return Reading(mark.etag, state, _event("pulse", pulse, mark.version))


def _event(name: str, data: bytes, number: int) -> Event:
    plain = f"event: {name}\nid: {number}\ndata: ".encode() + data + b"\n\n"
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    # A full flush ends at a byte and looks back at nothing before it.
    return Event(plain, packer.compress(plain) + packer.flush(zlib.Z_FULL_FLUSH))

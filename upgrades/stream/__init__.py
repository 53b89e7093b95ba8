"""The stream of a run: an ASGI app beside Django's handler, since each of Django's requests would take a thread.

A thin accelerator of the snapshot: the same JSON, pushed. It ends when the session does, when Redis is away, when the
viewer is too slow, when the process ends; the browser goes on by itself with the snapshot's address.
"""

import asyncio
import re
import signal
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from types import FrameType
from typing import Any
from urllib.parse import parse_qs

import redis
from asgiref.sync import sync_to_async
from django.conf import settings

from upgrades.stream import reading
from upgrades.stream.hub import Hub, Message, Send, Viewer

Receive = Callable[[], Awaitable[Message]]


_PATH = re.compile(r"/runs/([0-9]{1,18})/stream/")
_NODE = re.compile(r"[0-9]{1,18}/[0-9]{1,18}")
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"vary", b"Cookie, Accept-Encoding"),
]
_status_for = sync_to_async(reading.status_for, thread_sensitive=False)


class Beside:
    """Streams for their addresses, `inner` for all others."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.hub: Hub | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        match = _PATH.fullmatch(scope["path"]) if scope["type"] == "http" else None
        if match is None:
            await self.inner(scope, receive, send)
        elif scope["method"] != "GET":
            await _answer(send, HTTPStatus.METHOD_NOT_ALLOWED)
        else:
            await self._stream(int(match.group(1)), scope, receive, send)

    async def _stream(self, run_id: int, scope: Message, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        cookies = headers.get("cookie", "")
        status = await _status_for(cookies, run_id)
        if status != HTTPStatus.OK:
            await _answer(send, HTTPStatus(status))
            return
        hub, viewer = self._hub(), Viewer(run_id, _node(scope), "gzip" in headers.get("accept-encoding", ""))
        try:
            await hub.join(viewer)
        except (redis.RedisError, OSError):
            hub.leave(viewer)
            await _answer(send, HTTPStatus.SERVICE_UNAVAILABLE)
            return
        try:
            await _serve(viewer, cookies, receive, send)
        finally:
            hub.leave(viewer)

    def _hub(self) -> Hub:
        """The hub of this process, made with the first stream, when there is an event loop."""
        if self.hub is None:
            self.hub = Hub()
            _close_on_signal(self.hub)
        return self.hub


async def _serve(viewer: Viewer, cookies: str, receive: Receive, send: Send) -> None:
    """Send what comes for `viewer` until one of both sides ends."""
    sender = asyncio.ensure_future(_send_all(viewer, cookies, send))
    leaver = asyncio.ensure_future(_left(receive))
    watch = asyncio.ensure_future(_look_after(viewer, sender))
    try:
        await asyncio.wait({sender, leaver}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (sender, leaver, watch):
            task.cancel()
        # A viewer that left while something was being sent to it is no error.
        with suppress(asyncio.CancelledError, OSError):
            await sender


async def _look_after(viewer: Viewer, sender: "asyncio.Future[None]") -> None:
    """Ask for a look at the session from time to time, and end a stream whose client takes nothing meanwhile.

    One task for both, which sleeps: a time-out around each event and each send would cost more than the send.
    """
    while True:
        await asyncio.sleep(settings.STREAM_CHECK_SECONDS)
        if viewer.is_check_due:
            # Since the last turn the task did not come to it: a client that takes nothing would hold it for ever.
            sender.cancel()
            return
        viewer.ask_again()


async def _send_all(viewer: Viewer, cookies: str, send: Send) -> None:
    packed = [(b"content-encoding", b"gzip")] if viewer.is_packed else []
    await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *packed]})
    if viewer.is_packed:
        await send({"type": "http.response.body", "body": reading.GZIP_HEAD, "more_body": True})
    viewer.send = send
    while not viewer.is_ended:
        event = await viewer.next()
        if event is not None:
            await send(viewer.message(event))
        elif viewer.is_check_due:
            if await _status_for(cookies, viewer.run_id) != HTTPStatus.OK:
                break
            viewer.is_check_due = False
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _answer(send: Send, status: HTTPStatus) -> None:
    headers = [(b"content-type", b"text/plain"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": status.phrase.encode()})


def _node(scope: Message) -> str:
    node = parse_qs(scope["query_string"].decode("latin-1")).get("node", [""])[0]
    return node if _NODE.fullmatch(node) else ""


def _close_on_signal(hub: Hub) -> None:
    """End the streams when the process is told to end: the server waits for open answers and knows of no other way."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)

        def handle(number: int, frame: FrameType | None, before: Any = before) -> None:
            loop.call_soon_threadsafe(hub.close)
            if callable(before):
                before(number, frame)

        signal.signal(number, handle)

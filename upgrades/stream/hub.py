"""One subscription of a web process to Redis, and its viewers. Truth stays in the database: losing all is no loss."""

import asyncio
import logging
from asyncio import Future, Task
from collections import deque
from collections.abc import Callable, Coroutine, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import redis.asyncio
from django.conf import settings
from django.db import DatabaseError

from upgrades import live
from upgrades.stream.reading import Event, Reader, Reading

Message = MutableMapping[str, Any]
Send = Callable[[Message], Coroutine[Any, Any, None]]

logger = logging.getLogger(__name__)

# So many events wait for a viewer that does not take them; then it is dropped and comes again.
WAITING_MOST = 8
_LISTEN_SECONDS = 5.0
_SUBSCRIBE_SECONDS = 2.0


@dataclass(eq=False, slots=True)
class Viewer:
    """An open stream: what its page is given goes out at once where that can be, else by the stream's own task.

    `send` is the ASGI server's; None until the answer has begun.
    """

    run_id: int
    node: str
    is_packed: bool = False
    send: Send | None = None
    is_ended: bool = False
    is_check_due: bool = False
    _events: deque[Event] = field(default_factory=deque)
    _waiter: "Future[None] | None" = None

    def give(self, event: Event) -> None:
        """Send or queue `event`, or end a stream that is too slow."""
        if self.is_ended or (self._is_waiting and self._went_out(event)):
            return
        if len(self._events) >= WAITING_MOST:
            self.end()
            return
        self._events.append(event)
        self._wake()

    def end(self) -> None:
        """Let the stream end after nothing more."""
        self._events.clear()
        self.is_ended = True
        self._wake()

    def ask_again(self) -> None:
        """Let the person's session be looked at before the next event."""
        self.is_check_due = True
        self._wake()

    async def next(self) -> Event | None:
        """The next event; None where the stream is to end, or a look at the session is due."""
        while not (self._events or self.is_ended or self.is_check_due):
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return None if self.is_ended or self.is_check_due else self._events.popleft()

    def message(self, event: Event) -> dict[str, Any]:
        """`event` as the ASGI server takes it."""
        body = event.packed if self.is_packed else event.plain
        return {"type": "http.response.body", "body": body, "more_body": True}

    @property
    def is_new(self) -> bool:
        """Whether nothing waits for it."""
        return not self._events

    @property
    def _is_waiting(self) -> bool:
        return self._waiter is not None and not self._waiter.done()

    def _went_out(self, event: Event) -> bool:
        """Whether the server took `event` without waiting: then 2,000 streams wake no task of theirs for a change.

        One that would wait, since its client is slow, is asked again by the stream's task. Should a server have sent
        it before it waits, the page hears the same state twice.
        """
        if self.send is None:
            return False
        sending = self.send(self.message(event))
        try:
            sending.send(None)
        except StopIteration:
            return True
        except OSError:
            # The stream's task meets it too, and ends.
            return False
        sending.close()
        return False

    def _wake(self) -> None:
        if self._is_waiting and self._waiter is not None:
            self._waiter.set_result(None)


@dataclass(slots=True)
class _Run:
    """What all viewers of a run share: its last events, made once."""

    viewers: set[Viewer] = field(default_factory=set)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    etag: str = ""
    state: Event | None = None
    pulse: Event | None = None


class Hub:
    """The viewers of this process. Lives on one event loop."""

    def __init__(self) -> None:
        self.runs: dict[int, _Run] = {}
        self.tasks: set[Task[None]] = set()
        self.is_listening = False
        self._starting = asyncio.Lock()
        self._reader = Reader()

    async def join(self, viewer: Viewer) -> None:
        """Serve `viewer`: subscribed first, then read. Raises redis.RedisError or OSError where that cannot be."""
        await self._listen()
        run = self.runs.setdefault(viewer.run_id, _Run())
        run.viewers.add(viewer)
        if run.state is None or viewer.node:
            await self._refresh(viewer.run_id, is_pulse=False)
        if run.state is None or run.pulse is None:
            raise ConnectionError("The run could not be read.")
        if viewer.is_new:
            viewer.give(run.state)
        viewer.give(run.pulse)

    def leave(self, viewer: Viewer) -> None:
        """Forget `viewer`, and the run with its last one."""
        run = self.runs.get(viewer.run_id)
        if run is not None:
            run.viewers.discard(viewer)
            if not run.viewers:
                del self.runs[viewer.run_id]

    def close(self) -> None:
        """End every stream: the process ends, or Redis is away. Browsers ask for the snapshot then."""
        self.is_listening = False
        for run in list(self.runs.values()):
            for viewer in list(run.viewers):
                viewer.end()
        for task in self.tasks:
            task.cancel()

    async def _listen(self) -> None:
        async with self._starting:
            if self.is_listening:
                return
            client = redis.asyncio.Redis.from_url(
                settings.REDIS_URL, socket_connect_timeout=1.0, health_check_interval=int(2 * _LISTEN_SECONDS)
            )
            listener = client.pubsub()
            # A Redis that swallows packets is as good as none: browsers ask for the snapshot then.
            await asyncio.wait_for(listener.psubscribe(live.channel("*")), _SUBSCRIBE_SECONDS)
            self.is_listening = True
            self._begin(self._hear(client, listener))
            self._begin(self._beat())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _hear(self, client: "redis.asyncio.Redis", listener: Any) -> None:
        """Pass on what Redis says, until it is away."""
        try:
            while True:
                message = await listener.get_message(ignore_subscribe_messages=True, timeout=_LISTEN_SECONDS)
                number = message["channel"].decode().rpartition(":")[2] if message else ""
                if not number.isdigit() or int(number) not in self.runs:
                    continue
                is_soon = live.is_announcement(message["data"])
                self._begin(self._make_ready(int(number)) if is_soon else self._refresh(int(number), is_pulse=False))
        except (redis.RedisError, OSError) as error:
            logger.warning("stream lost redis", extra={"error": type(error).__name__})
            self.close()
        finally:
            await client.aclose()

    async def _beat(self) -> None:
        """Every few seconds tell all viewers how fresh the state is, and read what a lost message would have told."""
        while True:
            await asyncio.sleep(settings.STREAM_PULSE_SECONDS)
            for run_id in list(self.runs):
                await self._refresh(run_id, is_pulse=True)

    async def _refresh(self, run_id: int, *, is_pulse: bool) -> None:
        """Read the run once for all its viewers; several messages at once are read one after another."""
        run = self.runs.get(run_id)
        if run is None:
            return
        async with run.lock:
            found = await self._reading(run_id, run)
        if found is None:
            return
        run.etag, run.pulse = found.etag, found.pulse
        run.state = found.state or run.state
        for viewer in list(run.viewers):
            if found.state is not None:
                viewer.give(found.state)
            if is_pulse:
                viewer.give(found.pulse)

    async def _make_ready(self, run_id: int) -> None:
        """Have a connection that knows its way when the change comes."""
        with suppress(DatabaseError):
            await self._reader.make_ready(run_id)

    async def _reading(self, run_id: int, run: _Run) -> Reading | None:
        try:
            return await self._reader.read(run_id, run.etag, {viewer.node for viewer in run.viewers})
        except DatabaseError as error:
            logger.warning("stream lost the database", extra={"error": type(error).__name__})
            return None

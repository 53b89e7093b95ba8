"""The stream of a run over a real web process: what it sends, to whom, and when it ends."""

import asyncio
import http.client
import json
import time
import zlib
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db.models import F
from django.test import Client
from django.utils import timezone
from redis import Redis

from ocpdash.processes import wait_until
from tests.factories import make_user
from tests.scenes import Cast
from tests.stack import Stack
from tests.views.acting import in_review, run_of
from upgrades import live
from upgrades.models import Heartbeat, UpgradeRun, User
from upgrades.stream.hub import WAITING_MOST, Viewer
from upgrades.stream.reading import Event

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 15


class Stream:
    """An open stream and the events that came so far, as (name, id, data)."""

    def __init__(self, answer: http.client.HTTPResponse) -> None:
        self.answer = answer
        self.unpack = zlib.decompressobj(31) if answer.headers["Content-Encoding"] == "gzip" else None
        self.rest = b""

    def next(self) -> tuple[str, str, Any] | None:
        """The next event, or None where the stream has ended."""
        while b"\n\n" not in self.rest:
            chunk = self.answer.read1(65536)
            if not chunk:
                return None
            self.rest += self.unpack.decompress(chunk) if self.unpack else chunk
        event, _blank, self.rest = self.rest.partition(b"\n\n")
        fields = dict(line.split(": ", 1) for line in event.decode().splitlines())
        return fields["event"], fields["id"], json.loads(fields["data"])

    def to_the_end(self) -> None:
        while self.next() is not None:
            pass


@contextmanager
def opened(stack: Stack, run: UpgradeRun, user: User | None, rest: str = "", **headers: str) -> Iterator[Stream]:
    """The stream of `run` in the browser of `user`."""
    if user is not None:
        client = Client()
        client.force_login(user)
        headers["Cookie"] = f"sessionid={client.cookies['sessionid'].value}"
    connection = http.client.HTTPConnection("127.0.0.1", stack.port, timeout=SECONDS)
    try:
        connection.request("GET", f"/runs/{run.pk}/stream/{rest}", headers=headers)
        yield Stream(connection.getresponse())
    finally:
        connection.close()


def move(run: UpgradeRun) -> None:
    """Another version, told as a service tells it."""
    UpgradeRun.objects.filter(pk=run.pk).update(version=F("version") + 1)
    run.refresh_from_db()
    live.publish(run.pk, run.version)


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return Cast()


@pytest.fixture
def run(cast: Cast) -> UpgradeRun:
    Heartbeat.objects.create(name="follower", at=timezone.now())
    return run_of(in_review(cast), "running", observed_at=timezone.now())


def test_state_comes_first_then_each_change_the_same_bytes_as_the_snapshot(
    stack: Stack, cast: Cast, run: UpgradeRun
) -> None:
    stack.start_web()
    with opened(stack, run, cast.olga) as stream:
        assert stream.answer.headers["Content-Type"].startswith("text/event-stream")
        first, pulse = stream.next(), stream.next()
        assert first is not None
        assert pulse is not None
        assert (first[0], pulse[0]) == ("state", "pulse")
        move(run)
        name, number, state = stream.next() or ("", "", {})
        assert (name, number, state["version"]) == ("state", str(run.version), run.version)
        client = Client()
        client.force_login(cast.olga)
        assert client.get(f"/runs/{run.pk}/snapshot/").json() == state


def test_two_viewers_of_a_packed_stream_hear_the_same(stack: Stack, cast: Cast, run: UpgradeRun) -> None:
    stack.start_web()
    packed = {"Accept-Encoding": "gzip"}
    with opened(stack, run, cast.olga, **packed) as one, opened(stack, run, cast.uma, **packed) as other:
        assert one.answer.headers["Content-Encoding"] == "gzip"
        for stream in (one, other):
            assert (stream.next() or ("",))[0] == "state"
            assert (stream.next() or ("",))[0] == "pulse"
        for _turn in range(3):
            move(run)
            heard = one.next()
            assert heard == other.next()
            assert heard is not None
            assert heard[2]["version"] == run.version


def test_pulse_says_how_fresh_it_is_and_keeps_the_run_watched(
    stack: Stack, cast: Cast, run: UpgradeRun, redis: Redis
) -> None:
    stack.environment["STREAM_PULSE_SECONDS"] = "0.2"
    stack.start_web()
    with opened(stack, run, cast.olga, "?node=12/34") as stream:
        assert live.watched(now=time.time()) == {run.pk: {"12/34"}}
        redis.delete(live.WATCH_KEY)
        names = [(stream.next() or ("",))[0] for _event in range(5)]
        assert names == ["state", "pulse", "pulse", "pulse", "pulse"]
        assert live.watched(now=time.time()) == {run.pk: {"12/34"}}


def test_change_that_nobody_told_comes_with_the_next_pulse(stack: Stack, cast: Cast, run: UpgradeRun) -> None:
    stack.environment["STREAM_PULSE_SECONDS"] = "0.2"
    stack.start_web()
    with opened(stack, run, cast.olga) as stream:
        stream.next()
        UpgradeRun.objects.filter(pk=run.pk).update(version=F("version") + 1)
        heard = iter(lambda: stream.next() or ("end", "", {}), None)
        assert next(event for event in heard if event[0] != "pulse")[2]["version"] == run.version + 1


def test_nobody_else_gets_a_stream(stack: Stack, cast: Cast, run: UpgradeRun) -> None:
    stack.start_web()
    for user, status in ((make_user("dev.only", ("viewer", "dev")), 404), (None, 401)):
        with opened(stack, run, user) as stream:
            assert stream.answer.status == status
    with opened(stack, UpgradeRun(pk=run.pk + 1), cast.olga) as stream:
        assert stream.answer.status == 404


def test_signing_out_ends_the_stream(stack: Stack, cast: Cast, run: UpgradeRun) -> None:
    stack.environment["STREAM_CHECK_SECONDS"] = "0.3"
    stack.start_web()
    client = Client()
    client.force_login(cast.olga)
    with opened(stack, run, None, Cookie=f"sessionid={client.cookies['sessionid'].value}") as stream:
        assert (stream.next() or ("",))[0] == "state"
        client.logout()
        stream.to_the_end()


def test_losing_the_role_ends_the_stream(stack: Stack, cast: Cast, run: UpgradeRun) -> None:
    stack.environment["STREAM_CHECK_SECONDS"] = "0.3"
    stack.start_web()
    with opened(stack, run, cast.olga) as stream:
        assert (stream.next() or ("",))[0] == "state"
        cast.olga.grants.all().delete()
        stream.to_the_end()


def test_lost_redis_ends_the_stream_and_the_next_one_is_served(
    stack: Stack, cast: Cast, run: UpgradeRun, redis: Redis
) -> None:
    stack.start_web()
    with opened(stack, run, cast.olga) as stream:
        assert (stream.next() or ("",))[0] == "state"
        redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        stream.to_the_end()
    with opened(stack, run, cast.olga) as stream:
        assert (stream.next() or ("",))[0] == "state"


def test_end_of_the_process_ends_the_stream_at_once_and_quietly(stack: Stack, cast: Cast, run: UpgradeRun) -> None:
    stack.start_web()
    with opened(stack, run, cast.olga) as stream:
        assert (stream.next() or ("",))[0] == "state"
        begun = time.monotonic()
        stack.end("web")
        stream.to_the_end()
        assert time.monotonic() - begun < 3
    for word in ("Traceback", "Cancel", "exceeded"):
        assert word not in stack.log("web")


def test_open_streams_hold_no_database_connection(stack: Stack, cast: Cast, run: UpgradeRun, services: Any) -> None:
    count = (
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        " AND datname = current_database()"
    )
    with psycopg.connect(services.superuser_url, autocommit=True) as watcher:
        # This process has some of its own, from tests before.
        before = watcher.execute(count).fetchone()[0]
    stack.start_web()
    with opened(stack, run, cast.olga) as one, opened(stack, run, cast.uma) as other:
        for stream in (one, other):
            assert (stream.next() or ("",))[0] == "state"
        with psycopg.connect(services.superuser_url, autocommit=True) as watcher:
            assert wait_until(lambda: watcher.execute(count).fetchone()[0] <= before, 5)


def test_connection_that_the_server_ended_costs_no_change(
    stack: Stack, cast: Cast, run: UpgradeRun, services: Any
) -> None:
    stack.environment["PGAPPNAME"] = "streams"
    stack.start_web()
    end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'streams'"
    with opened(stack, run, cast.olga) as stream, psycopg.connect(services.superuser_url, autocommit=True) as killer:
        assert (stream.next() or ("",))[0] == "state"
        assert (stream.next() or ("",))[0] == "pulse"
        move(run)
        assert (stream.next() or ("", "", {}))[2]["version"] == run.version
        ended = killer.execute(end).fetchone()
        assert ended is not None
        assert ended[0] > 0
        move(run)
        assert (stream.next() or ("", "", {}))[2]["version"] == run.version
    assert "lost the database" not in stack.log("web")


def sent_by(viewer: Viewer, server: "Server", events: list[bytes]) -> list[bytes]:
    """What the server has sent after the viewer was given these events, its task at work beside."""

    async def play() -> None:
        viewer.send = server.send
        waiting = asyncio.ensure_future(_send_on(viewer, server))
        await asyncio.sleep(0)
        for body in events:
            viewer.give(Event(body, body))
        server.opens.set()
        while len(server.sent) < len(events):
            await asyncio.sleep(0)
        viewer.end()
        await waiting

    _alone(play())
    return server.sent


def _alone(work: Coroutine[Any, Any, Any]) -> Any:
    """Played in a thread of its own: in ours Playwright's loop may be at work."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _send_on(viewer: Viewer, server: "Server") -> None:
    while (event := await viewer.next()) is not None:
        await server.send(viewer.message(event))


class Server:
    """The sending side of an ASGI server; a slow client's waits until it `opens`."""

    def __init__(self, *, is_slow: bool) -> None:
        self.sent: list[bytes] = []
        self.opens = asyncio.Event()
        self.is_slow = is_slow

    async def send(self, message: Any) -> None:
        if self.is_slow:
            await self.opens.wait()
        self.sent.append(message["body"])


@pytest.mark.parametrize("is_slow", [False, True])
def test_events_go_out_once_and_in_order_whether_or_not_the_client_is_slow(is_slow: bool) -> None:
    events = [b"%d" % number for number in range(WAITING_MOST)]
    assert sent_by(Viewer(7, ""), Server(is_slow=is_slow), events) == events


def test_client_that_takes_nothing_is_ended() -> None:
    async def play() -> bool:
        viewer, server = Viewer(7, ""), Server(is_slow=True)
        viewer.send = server.send
        waiting = asyncio.ensure_future(_send_on(viewer, server))
        await asyncio.sleep(0)
        for number in range(WAITING_MOST + 2):
            viewer.give(Event(b"%d" % number, b""))
            await asyncio.sleep(0)
        waiting.cancel()
        return viewer.is_ended

    assert _alone(play())

"""P6: 2,000 live streams of one run on one web process, beside a bare server that passes on what Redis says.

From the publishing until the last viewer has heard of it, and how many connections to PostgreSQL are held between two
changes. That an open page asks for nothing between them is measured by bench/bytes.py.
Run from the root: python -m bench.viewers, with another number where 2,000 are too many for the machine.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from django.test import Client
from django.utils import timezone

from bench.fan_out import CHANNEL
from bench.frame import own_services
from bench.record import record
from bench.simulator import megabytes, processor_seconds
from ocpdash import demo
from ocpdash.processes import Guard, Process, wait_until
from tests import settings as test_settings
from tests.scenes import Cast
from tests.stack import Stack
from tests.views.acting import in_review, run_of
from upgrades import live
from upgrades.models import Heartbeat, Subtask, TaskInstance, UpgradeRun

VIEWERS = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
CHANGES = 12
SUBTASKS = 60
# No more at once than the web process has threads and PostgreSQL connections for.
AT_ONCE = 20
SECONDS = 60
# A connection that served one change may serve the next one for a moment.
QUIET_SECONDS = 3
CONNECTIONS = (
    "SELECT coalesce(string_agg(state || ': ' || query, '; '), ''), count(*) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND application_name = 'web'"
)


class Crowd:
    """Open streams of one address. `last` is when the last of them heard of the change that was awaited."""

    def __init__(self, port: int, head: bytes) -> None:
        self._port = port
        self._head = head
        self._waiting = 0
        self._word = b""
        self._all_heard = asyncio.Event()
        self._readers: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []
        self.last = 0.0
        self.ended = 0

    async def open(self, count: int) -> None:
        """Open them, AT_ONCE at a time, each until its first event."""
        gate = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._open(gate) for _number in range(count)))

    async def _open(self, gate: asyncio.Semaphore) -> None:
        async with gate:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
            writer.write(self._head)
            status = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), SECONDS)
            assert status.startswith(b"HTTP/1.1 200"), status
            await asyncio.wait_for(reader.read(1), SECONDS)
        self._writers.append(writer)
        self._readers.append(asyncio.create_task(self._listen(reader)))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        rest, heard = b"", b""
        while chunk := await reader.read(65536):
            rest = (rest + chunk)[-65536:]
            if self._word and heard != self._word and self._word in rest:
                heard, rest = self._word, b""
                self._waiting -= 1
                if self._waiting == 0:
                    self.last = time.time()
                    self._all_heard.set()
        self.ended += 1

    async def hear(self, word: bytes, say: Callable[[], object]) -> float:
        """Say it, and return how many ms later the last viewer has heard the word."""
        self._word, self._waiting = word, len(self._readers) - self.ended
        self._all_heard.clear()
        begun = time.time()
        await asyncio.to_thread(say)
        await asyncio.wait_for(self._all_heard.wait(), SECONDS)
        return (self.last - begun) * 1000

    async def close(self) -> None:
        """Leave all."""
        for task in self._readers:
            task.cancel()
        for writer in self._writers:
            writer.close()
        await asyncio.sleep(0)


def make() -> tuple[UpgradeRun, str]:
    """Return a run of SUBTASKS subtasks, and the cookie of somebody who may see it."""
    cast, now = Cast(), timezone.now()
    Heartbeat.objects.create(name="follower", at=now)
    run = run_of(in_review(cast), "running", observed_at=now)
    task = TaskInstance.objects.create(
        run=run, ocp_id=run.ocp_task_id or 0, kind="parent", status="RUNNING", operation="EXECUTE", observed_at=now
    )
    Subtask.objects.bulk_create(
        Subtask(task_instance=task, ocp_id=number, name=f"Step {number}", status="SUCCESSFUL", operation="EXECUTE")
        for number in range(SUBTASKS)
    )
    client = Client()
    client.force_login(cast.olga)
    return run, client.cookies["sessionid"].value


def floor_word(number: int) -> bytes:
    """What the bare server is told: as long as a snapshot on the wire, with a number that is not told twice."""
    return f'"version":{number:06d},'.encode() + b"x" * 9000


async def measure_floor(port: int, pid: int) -> tuple[float, float]:
    """Return the last viewer's delay at the bare server, and its processor's time for a change, in ms."""
    crowd = Crowd(port, b"GET / HTTP/1.1\r\nHost: floor\r\n\r\n")
    await crowd.open(VIEWERS)
    times, used = [], processor_seconds(pid)
    for number in range(CHANGES):
        word = floor_word(number)
        times.append(await crowd.hear(word[:17], lambda word=word: live.connection().publish(CHANNEL, word)))  # type: ignore[misc]
        await asyncio.sleep(0.1)
    used = processor_seconds(pid) - used
    await crowd.close()
    return median(times), used / CHANGES * 1000


async def measure(
    port: int, run: UpgradeRun, cookie: str, count: Callable[[], int], pid: int
) -> tuple[float, int, float]:
    """Return the last viewer's delay in ms, the most connections to PostgreSQL while nothing moves, and the web
    process's time of the processor for a change in ms: one pulse of all streams is in it."""
    crowd = Crowd(
        port, f"GET /runs/{run.pk}/stream/ HTTP/1.1\r\nHost: web\r\nCookie: sessionid={cookie}\r\n\r\n".encode()
    )
    await crowd.open(VIEWERS)
    # The process ends the connections of those that came last.
    await asyncio.sleep(3)
    held, times, used = await asyncio.to_thread(count), [], processor_seconds(pid)
    for _number in range(CHANGES):
        run.version += 1
        # Written first: what is measured begins with the publishing.
        await asyncio.to_thread(UpgradeRun.objects.filter(pk=run.pk).update, version=run.version)
        times.append(await crowd.hear(b"id: %d\n" % run.version, lambda: live.publish(run.pk, run.version)))
        await asyncio.sleep(0.5)
    used = processor_seconds(pid) - used
    await asyncio.sleep(QUIET_SECONDS)
    held = max(held, await asyncio.to_thread(count))
    assert crowd.ended == 0, f"{crowd.ended} streams ended by themselves"
    await crowd.close()
    return median(times), held, used / CHANGES * 1000


def held_by_web(watcher: psycopg.Connection[Any]) -> int:
    """How many connections the web process has; this one's threads keep others of their own."""
    row = watcher.execute(CONNECTIONS).fetchone() or ("", 0)
    if row[1]:
        print("   held:", row[0][:300])
    return int(row[1])


def start_floor(guard: Guard) -> tuple[Process, int]:
    """Start the bare server; return it with its port."""
    port = demo.free_ports()[0]
    command = [sys.executable, "-m", "bench.fan_out", str(port)]
    environment = {**os.environ, **test_settings.ENVIRONMENT}
    floor = Process("floor", command, guard=guard, environment=environment, output=sys.stderr)
    wait_until(lambda: answers(port), SECONDS)
    return floor, port


def main() -> None:
    """Print and keep the figures."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    guard = Guard()
    with (
        own_services() as services,
        tempfile.TemporaryDirectory() as logs,
        Stack(Path(logs)) as stack,
        psycopg.connect(services.superuser_url, autocommit=True) as watcher,
    ):
        run, cookie = make()
        stack.environment["PGAPPNAME"] = "web"
        stack.start_web()
        pid = stack.processes["web"].pid
        empty = megabytes(pid)
        floor, port = start_floor(guard)
        bare, least = asyncio.run(measure_floor(port, floor.pid))
        last, held, used = asyncio.run(measure(stack.port, run, cookie, lambda: held_by_web(watcher), pid))
        floor.end(SECONDS)
        record("viewers", f"{VIEWERS} streams, the server's CPU for a change, ms", used, least)
        record("viewers", f"{VIEWERS} streams, the last viewer's delay, ms (goal: 1.5 times)", last, bare)
        record("viewers", f"{VIEWERS} streams, connections to PostgreSQL held (goal: 0)", held)
        record("viewers", f"{VIEWERS} streams, KB of memory for each", (megabytes(pid) - empty) * 1024 / VIEWERS)
    guard.close()


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as found:
        return found.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    main()

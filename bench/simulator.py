"""A look-alike of 10,000 clusters and 500 running upgrades, read as ocpdash reads one OCP: its share of a core.

Every 5 s the list of running tasks and the detail of each that changed, all clusters and packages twice a minute
(ocpdash does once), five reads of topology a second. The look-alike is a process of its own, with a state file.
Run from the root: python -m bench.simulator
"""

from __future__ import annotations

import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import TypeVar

from bench.record import p95, record
from tests.simulator.conftest import RPM_4218
from tests.simulator.process import Running
from upgrades.ocp.auth import BasicAuth
from upgrades.ocp.client import OcpClient
from upgrades.ocp.types import TaskInstance
from upgrades.simulator import auth

CLUSTERS = 10_000
RUNS = 500
# An upgrade in two minutes instead of twenty.
FAST = 10
SECONDS = 30
FOLLOW_SECONDS = 5
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

T = TypeVar("T")


class Reader:
    """Reads one OCP as ocpdash's workers do."""

    def __init__(self, url: str) -> None:
        self._client = OcpClient(url, BasicAuth(auth.USERNAME, auth.PASSWORD), is_http_allowed=True)
        self._seen: dict[int, list[tuple[str, str]]] = {}
        self.times: list[float] = []
        self.details = 0
        clusters = self._client.clusters(deadline=60)
        self._ids = [cluster.id for cluster in clusters]
        self._free = [cluster.id for cluster in clusters if cluster.name.startswith("coupon_dev")]
        self._turns = cycle((self._client.zones, self._client.servers, self._client.parameters, self._newest))

    def _newest(self, cluster_id: int) -> object:
        return self._client.tasks(cluster_id=cluster_id, size=200)

    def post(self, count: int) -> None:
        """Start so many upgrades."""
        for _number in range(count):
            self._client.upgrade(self._free.pop(0), f'{{"rpmFileName": "{RPM_4218}"}}'.encode())

    def follow(self) -> None:
        """The list of running tasks, and the detail of each that it shows in another state than before."""
        tasks: list[TaskInstance] = []
        for number in range(1, 100):
            page = self._timed(lambda number=number: self._client.tasks(status=("RUNNING",), page=number))  # type: ignore[misc]
            tasks += page.items
            if page.is_last:
                break
        for task in tasks:
            state = [(subtask.status, subtask.operation) for subtask in task.subtasks]
            if self._seen.get(task.id) != state:
                self._timed(lambda task=task: self._client.task(task.id))  # type: ignore[misc]
                self._seen[task.id] = state
                self.details += 1

    def lists(self) -> None:
        """All clusters and packages."""
        self._client.clusters(deadline=60)
        self._client.packages(deadline=60)

    def topology(self, number: int) -> None:
        """One read of the four that a cluster costs."""
        self._timed(lambda: next(self._turns)(self._ids[number // 4 % len(self._ids)]))

    def _timed(self, call: Callable[[], T]) -> T:
        begun = time.perf_counter()
        answer = call()
        self.times.append((time.perf_counter() - begun) * 1000)
        return answer


def processor_seconds(pid: int) -> float:
    """What the process has used so far, in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def megabytes(pid: int) -> float:
    """What the process holds in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def read_for(reader: Reader, seconds: float) -> None:
    """Read at ocpdash's rate: whoever is late catches up."""
    began, wait = time.monotonic(), threading.Event().wait
    for number in range(int(seconds * 5)):
        wait(max(0.0, began + number / 5 - time.monotonic()))
        if number == 0:
            reader.lists()
        if number % (FOLLOW_SECONDS * 5) == 0:
            reader.follow()
        reader.topology(number)
    late = time.monotonic() - began - seconds
    assert late < 1, f"the reader came {late:.0f} s too late: the figure is of fewer reads than ocpdash makes"


def share_of(pid: int, work: Callable[[], object]) -> float:
    """The share of a core that the process uses while `work` is done."""
    before, began = processor_seconds(pid), time.monotonic()
    work()
    return (processor_seconds(pid) - before) / (time.monotonic() - began)


def survivors(running: Running) -> object:
    """What a kill may not change: every upgrade POST, and the ids of all tasks."""
    return running.ocp.posts(), [task["id"] for task in running.ocp.control("GET", "/state")["tasks"]]


def main() -> None:
    """Print and keep the figures."""
    what = f"{CLUSTERS} clusters, {RUNS} upgrades"
    with tempfile.TemporaryDirectory() as folder:
        options = ("--clusters", str(CLUSTERS), "--state", f"{folder}/ocp.db")
        with Running(*options, "--speed", "1") as running:
            measure(running, what)
            # Still, so that nothing is begun while both are looked at.
            running.ocp.control("POST", "/speed", speed=0)
            before = survivors(running)
            running.end(signal.SIGKILL)
        begun = time.monotonic()
        with Running(*options, "--speed", "0") as running:
            record("simulator", f"{what}, answers again after a kill, s", time.monotonic() - begun)
            assert survivors(running) == before, "the kill lost something"


def measure(running: Running, what: str) -> None:
    """One look-alike, read and unread, at OCP's own speed and faster."""
    pid, reader = running.process.pid, Reader(running.ocp.url)
    reader.post(RUNS)
    # Far enough for every child to be there, each at a step of its own.
    running.ocp.advance(60)
    reader.follow()
    reader.times.clear()
    reader.details = 0
    read = share_of(pid, lambda: read_for(reader, SECONDS))
    record("simulator", f"{what}, read, share of a core (goal: 0.5)", read)
    record("simulator", f"{what}, details read a second", reader.details / SECONDS)
    record("simulator", f"{what}, an answer, p50 ms", median(reader.times))
    record("simulator", f"{what}, an answer, p95 ms", p95(reader.times))
    record("simulator", f"{what}, MB", megabytes(pid))
    alone = share_of(pid, lambda: threading.Event().wait(SECONDS))
    record("simulator", f"{what}, unread, share of a core", alone)
    running.ocp.control("POST", "/speed", speed=FAST)
    fast = share_of(pid, lambda: threading.Event().wait(SECONDS))
    record("simulator", f"{what}, unread, {FAST} times as fast, share of a core (goal: 0.5)", fast)


if __name__ == "__main__":
    main()

"""P4: one worker process that follows 1,000 running upgrades of one endpoint, each 5 s, 50 of them watched.

Its share of a core, counted by rounds of the list, so that a busy machine does not flatter it; what it asks of OCP
with no viewer, with one and with many at each watched run; and what it writes while nothing moves. The floor is the
same list read and parsed by this process alone. Run from the root: python -m bench.follow, with another number of
runs where 1,000 are too many for the machine.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from django.conf import settings
from django.utils import timezone

from bench.frame import own_services
from bench.record import record
from bench.simulator import processor_seconds
from ocpdash.processes import wait_until
from tests.factories import make_user
from tests.simulator.conftest import RPM_4218
from tests.simulator.process import Running
from tests.stack import Stack
from upgrades import live
from upgrades.models import ChangeRequest, Cluster, Endpoint, UpgradeRun
from upgrades.ocp.client import OcpClient
from upgrades.services import endpoints, listing, registration
from upgrades.services.budget import Budget
from upgrades.simulator import auth

RUNS = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
# One in twelve of them can take the package.
CLUSTERS = 13 * RUNS
WATCHED = 50
VIEWERS = 20
INTERVAL = 5
SECONDS = 25
PATIENCE = 120
# The inventory has a figure of its own (P11).
DURATIONS = {
    "FOLLOW_OPEN_SECONDS": str(INTERVAL),
    "FOLLOW_WATCHED_SECONDS": str(INTERVAL),
    "INVENTORY_SECONDS": "86400",
}
WRITES = "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE relname LIKE 'upgrades_%'"


@dataclass
class Phase:
    """What was seen for a while. cpu: seconds of one core; rounds: reads of the whole list; details: of tasks."""

    cpu: float
    rounds: int
    lists: int
    details: int

    @property
    def share(self) -> float:
        """The share of a core at one round each INTERVAL."""
        return self.cpu / max(1, self.rounds) / INTERVAL

    def per_round(self, count: int) -> float:
        """So many for each round."""
        return count / max(1, self.rounds)


def register(url: str) -> Endpoint:
    """The endpoint of the look-alike."""
    settings.OCP_URL, settings.OCP_USERNAME, settings.OCP_PASSWORD = url, auth.USERNAME, auth.PASSWORD
    settings.OCP_ALLOW_HTTP = settings.OCP_ACCOUNT_IS_OURS = True
    return registration.register_from_environment()


def post(endpoint: Endpoint, client: OcpClient) -> list[int]:
    """Start the upgrades in OCP and make the rows that follow them; return the keys of the runs."""
    olga, now = make_user("olga", "operator"), timezone.now()
    shown = [row for row in client.clusters(deadline=60) if row.name.startswith("coupon_dev")][:RUNS]
    assert len(shown) == RUNS, len(shown)
    clusters = Cluster.objects.bulk_create(
        # Their servers are read: what else the worker does is measured elsewhere.
        Cluster(
            endpoint=endpoint,
            ocp_id=row.id,
            name=row.name,
            status=row.status,
            observed_at=now,
            topology_observed_at=now,
            topology_tried_at=now,
        )
        for row in shown
    )
    requests = ChangeRequest.objects.bulk_create(
        ChangeRequest(
            endpoint=endpoint, cluster=cluster, target_file_name=RPM_4218, purpose="Measured.", requester=olga,
            status="in_progress", plan={"target": {"version": "4.2.1.8", "build": ""}}, fingerprint="a" * 64,
        )
        for cluster in clusters
    )  # fmt: skip
    body = f'{{"rpmFileName": "{RPM_4218}"}}'
    tasks = [client.upgrade(cluster.ocp_id, body.encode()).task for cluster in clusters]
    UpgradeRun.objects.bulk_create(
        UpgradeRun(
            change_request=request, endpoint=endpoint, status="running", cluster_ocp_id=cluster.ocp_id, body=body,
            affected_ocp_ids=[cluster.ocp_id], fingerprint="a" * 64, worker_token="bench", ocp_task_id=task.id,
            ocp_task_cluster_id=task.cluster_id,
        )
        for request, cluster, task in zip(requests, clusters, tasks, strict=True)
    )  # fmt: skip
    return [request.pk for request in requests]


def watch(run_ids: list[int], viewers: int, stop: threading.Event) -> None:
    """Note each watched run as its viewers' pages do, until told to stop."""
    while not stop.is_set():
        for _viewer in range(viewers):
            for run_id in run_ids:
                live.watch(run_id, "", now=time.time())
        stop.wait(10)


def phase(running: Running, pid: int, run_ids: list[int], viewers: int) -> Phase:
    """Look on for SECONDS while each of `run_ids` has so many viewers."""
    stop = threading.Event()
    pages = threading.Thread(target=watch, args=(run_ids, viewers, stop), daemon=True)
    if viewers:
        pages.start()
        stop.wait(INTERVAL)
    since = max((line["n"] for line in requests(running, 0)), default=0)
    before = processor_seconds(pid)
    stop.wait(SECONDS)
    cpu = processor_seconds(pid) - before
    asked = requests(running, since)
    stop.set()
    lists = [line for line in asked if line["path"].partition("?")[0].endswith("/tasks/instances")]
    # Each round is so many pages.
    pages_a_round = -(-2 * RUNS // 200)
    return Phase(cpu, max(1, round(len(lists) / pages_a_round)), len(lists), len(asked) - len(lists))


def requests(running: Running, since: int) -> list[dict[str, Any]]:
    """What OCP's port was asked after number `since`."""
    return list(running.ocp.control("GET", f"/requests?since={since}"))


def writes(superuser_url: str) -> dict[str, int]:
    """Rows written so far, by table."""
    with psycopg.connect(superuser_url) as connection:
        return {str(name).removeprefix("upgrades_"): int(count) for name, count in connection.execute(WRITES)}


def floor(endpoint: Endpoint) -> float:
    """CPU seconds of this process for one read of the list."""
    times = []
    for _turn in range(3):
        begun = time.process_time()
        listing.read_running(endpoints.client(endpoint), Budget(60))
        times.append(time.process_time() - begun)
    return median(times)


def measure(running: Running, stack: Stack, superuser_url: str) -> None:
    """Print and keep the figures."""
    endpoint = register(running.ocp.url)
    run_ids = post(endpoint, endpoints.client(endpoint))
    # Far enough for every child to be there, each at a step of its own.
    running.ocp.advance(60)
    stack.environment |= DURATIONS
    for name in ("tick", "follow"):
        stack.start_worker(name)
    stack.start_beat()
    first = time.monotonic()
    assert wait_until(lambda: not UpgradeRun.objects.filter(observed_at=None).exists(), PATIENCE)
    record("follow", f"{RUNS} runs, all read for the first time, s", time.monotonic() - first)
    pid, bare = stack.processes["worker-follow"].pid, floor(endpoint)
    running.ocp.control("POST", "/speed", speed=1)
    for viewers in (0, 1, VIEWERS):
        found = phase(running, pid, run_ids[:WATCHED], viewers)
        what = f"{RUNS} runs, {WATCHED if viewers else 0} watched by {viewers} each"
        record("follow", f"{what}, share of a core (goal: 1)", found.share, bare / INTERVAL)
        record("follow", f"{what}, pages of the list a round", found.per_round(found.lists))
        record("follow", f"{what}, details a round", found.per_round(found.details))
    running.ocp.control("POST", "/speed", speed=0)
    at_rest(superuser_url)


def at_rest(superuser_url: str) -> None:
    """What is written while nothing moves and nobody looks: of an endpoint one row a round, of a run none."""
    still: Callable[[], bool] = lambda: not live.watched(now=time.time())  # noqa: E731
    assert wait_until(still, 60)
    threading.Event().wait(3 * INTERVAL)
    before = writes(superuser_url)
    threading.Event().wait(4 * INTERVAL)
    after = writes(superuser_url)
    for name in ("upgraderun", "taskinstance", "subtask", "subtaskevent", "endpoint"):
        record(
            "follow", f"{RUNS} unchanged runs, rows written in {name} in {4 * INTERVAL} s", after[name] - before[name]
        )


def main() -> None:
    """Measure beside services of its own."""
    options = ("--clusters", str(CLUSTERS), "--speed", "0")
    with (
        own_services() as services,
        tempfile.TemporaryDirectory() as logs,
        Running(*options) as running,
        Stack(Path(logs)) as stack,
    ):
        measure(running, stack, services.superuser_url)


if __name__ == "__main__":
    main()

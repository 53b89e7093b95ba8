"""P9: from the click on Start to the POST at OCP, beside one Celery task that posts.

The demo's own processes, a look-alike that answers at once, one request and cluster for each start.
Run from the root: python -m bench.start
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from statistics import median, quantiles
from typing import Any

import requests
from celery import Celery

from bench.floor import QUEUE
from bench.record import record
from ocpdash import demo, environment
from ocpdash.processes import wait_until
from tests.journey.house import House

STARTS = 30
PASSWORD = "ocpdash-demo"
# An upgrade is over in a second, so that each start meets a house at rest.
SPEED = 3000.0
# 12 drafts, of which at least 8 can take a package.
CLUSTERS = 60
DURATIONS = {"VERIFY_SECONDS": "1", "FOLLOW_OPEN_SECONDS": "1"}
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class Reader:
    """A browser without a screen: cookies, forms, redirects."""

    def __init__(self, url: str, username: str) -> None:
        self._url = url
        self._session = requests.Session()
        self.send("/sign-in/", username=username, password=PASSWORD)

    def read(self, path: str) -> str:
        """The page at this path."""
        answer = self._session.get(self._url + path, timeout=30)
        answer.raise_for_status()
        return answer.text

    def send(self, path: str, page: str = "", **fields: str) -> requests.Response:
        """Send a form; its token, and hidden fields called lock_version or fingerprint, come from `page`."""
        text = self.read(page or path)
        hidden = {name: value for name, value in HIDDEN.findall(text) if name in {"lock_version", "fingerprint"}}
        token = TOKEN.search(text)
        assert token is not None
        data = {"csrfmiddlewaretoken": token[1], **hidden, **fields}
        answer = self._session.post(self._url + path, data=data, timeout=30)
        answer.raise_for_status()
        return answer

    def click(self, path: str, page: str, **fields: str) -> float:
        """Send a form that was read before; the moment (epoch seconds) at which it left."""
        text = self.read(page)
        token = TOKEN.search(text)
        fingerprint = dict(HIDDEN.findall(text))["fingerprint"]
        assert token is not None
        data = {"csrfmiddlewaretoken": token[1], "fingerprint": fingerprint, **fields}
        left_at = time.time()
        self._session.post(self._url + path, data=data, timeout=30, allow_redirects=False).raise_for_status()
        return left_at


def approved(operator: Reader, approver: Reader, cluster_id: int) -> int | None:
    """The number of an approved request on this cluster; None where it can take no package."""
    form = f"/change-requests/new/?cluster={cluster_id}"
    found = re.search(r'name="target_file_name" value="([^"]+)"', operator.read(form))
    if found is None:
        return None
    saved = operator.send(form, target_file_name=found[1], purpose="Measured.")
    page = saved.url.partition("127.0.0.1")[2].partition("/")[2]
    page = f"/{page}"
    operator.send(f"{page}submit/", page)
    approver.send(f"{page}votes/", page, verdict="approve", comment="Measured.")
    return int(page.rstrip("/").rpartition("/")[2])


def starts(house: House) -> Iterator[float]:
    """Milliseconds from click to POST, one start after another."""
    operator, approver = Reader(house.url, "wang.lei"), Reader(house.url, "zhao.min")
    # A standby is upgraded along with its primary: pairs would take two clusters each.
    assert wait_until(lambda: len(house.rows("SELECT id FROM upgrades_cluster")) == CLUSTERS, 60)
    clusters = "SELECT id, ocp_id FROM upgrades_cluster WHERE name NOT LIKE 'trade_core%%' ORDER BY id"
    taken = 0
    for row in house.rows(clusters):
        operator.read(f"/clusters/{row['id']}/")
        await_servers(house, row["id"])
        number = approved(operator, approver, row["id"])
        if number is None:
            continue
        page = f"/change-requests/{number}/"
        left_at = operator.click(f"{page}start/", page, is_understood="on")
        arrived_at = await_post(house, row["ocp_id"])
        yield (arrived_at - left_at) * 1000
        house.await_run(number, lambda run: run.get("status") == "verified", "it ends", 60)
        taken += 1
        if taken == STARTS:
            return


def await_servers(house: House, cluster_id: int) -> None:
    """Wait until the cluster's servers are read: somebody opened its page."""
    query = "SELECT 1 AS one FROM upgrades_cluster WHERE id = %s AND topology_observed_at IS NOT NULL"
    assert wait_until(lambda: bool(house.rows(query, cluster_id)), 60), cluster_id


def await_post(house: House, cluster_id: int) -> float:
    """When the one POST for this cluster reached the look-alike, in epoch seconds."""

    def posts() -> list[dict[str, Any]]:
        return [post for post in house.control("GET", "/posts") if post["cluster_id"] == cluster_id]

    assert wait_until(lambda: bool(posts()), 30), cluster_id
    (post,) = posts()
    return float(post["at"])


def pre_reads(house: House) -> float:
    """Milliseconds that the reads of one start take by themselves: the last start's, asked again in a row."""
    started = house.rows("SELECT max(starting_at) AS at FROM upgrades_changerequest")[0]["at"].timestamp()
    lines = [line for line in house.control("GET", "/requests") if line["at"] >= started]
    ends = next(index for index, line in enumerate(lines) if line["path"].endswith("/upgrade"))
    paths = [line["path"] for line in lines[:ends]]
    url, times = house.environment["OCP_URL"], []
    with requests.Session() as session:
        session.auth = (house.environment["OCP_USERNAME"], house.environment["OCP_PASSWORD"])
        for _ in range(10):
            begun_at = time.perf_counter()
            for path in paths:
                session.get(url + path, timeout=10).raise_for_status()
            times.append((time.perf_counter() - begun_at) * 1000)
    return median(times)


@contextmanager
def listener() -> Iterator[tuple[str, dict[int, float]]]:
    """A bare HTTP server that notes when each number arrived: its address and the notes."""
    arrived: dict[int, float] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            number = int(self.rfile.read(int(self.headers["Content-Length"])))
            arrived[number] = time.perf_counter()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_parts: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((demo.LOOPBACK, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{demo.LOOPBACK}:{server.server_address[1]}/", arrived
    server.shutdown()


def floor(house: House) -> list[float]:
    """Milliseconds from sending a Celery task to its POST, on the same Redis."""
    with listener() as (url, arrived):
        os.environ["REDIS_URL"] = house.environment["REDIS_URL"]
        broker = environment.redis("REDIS_URL")[1]
        command = [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "celery",
            "-A",
            "bench.floor",
            "--quiet",
            "worker",
            "--queues",
            QUEUE,
        ]
        command += [
            "--pool",
            "threads",
            "--concurrency",
            "4",
            "--without-gossip",
            "--without-mingle",
            "--loglevel=ERROR",
        ]
        # Nothing of the product's environment: the floor knows no Django.
        environ = {"PATH": os.environ["PATH"], "CELERY_BROKER_URL": broker, "FLOOR_URL": url}
        worker = subprocess.Popen(command, env=environ)
        try:
            app = Celery(broker=broker)
            times = []
            for number in range(STARTS + 1):
                sent_at = time.perf_counter()
                app.send_task("floor.post", args=[number], queue=QUEUE, ignore_result=True)
                assert wait_until(lambda number=number: number in arrived, 30)
                times.append((arrived[number] - sent_at) * 1000)
        finally:
            worker.terminate()
            worker.wait(20)
    # The first one waited for the worker to start.
    return times[1:]


def main() -> None:
    """Print and keep the figures."""
    with House(speed=SPEED, clusters=CLUSTERS, durations=DURATIONS) as house:
        found = list(starts(house))
        assert len(found) == STARTS, f"only {len(found)} clusters can take a package"
        reads, bare = pre_reads(house), floor(house)
    record("start", "reads of one start by themselves, ms", reads)
    record("start", "one Celery task that posts, p50 ms", median(bare))
    record(
        "start",
        f"click to POST, p50 of {STARTS}, ms (goal: 3 floors and the reads)",
        median(found),
        3 * median(bare) + reads,
    )
    record(
        "start",
        f"click to POST, p99 of {STARTS}, ms (goal: 500)",
        quantiles(found, n=100)[98],
        quantiles(bare, n=100)[98],
    )


if __name__ == "__main__":
    main()

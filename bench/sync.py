"""P11: 10,000 clusters behind three look-alikes, read and mirrored: the first fill, and a read without news.

Its own PostgreSQL and Redis; the look-alikes are processes of their own. The floor is the same lists read alone,
without the mirror. Run from the root: python -m bench.sync
"""

# ruff: noqa: E402 (Django must be set up before models are imported)
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from tests import settings as test_settings

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"

import django

django.setup()

from django.conf import settings
from django.core.management import call_command

from bench.record import record
from ocpdash import embedded, processes
from upgrades.models import Cluster, Endpoint
from upgrades.services import endpoints, inventory, registration
from upgrades.simulator import auth

SHARES = (3_334, 3_333, 3_333)


@contextmanager
def look_alike(clusters: int, seed: int) -> Iterator[str]:
    """The address of a look-alike of so many clusters, in a process of its own."""
    command = [
        sys.executable,
        "manage.py",
        "simulate_ocp",
        "--port",
        "0",
        "--control-port",
        "0",
        "--clusters",
        str(clusters),
    ]
    command += ["--seed", str(seed), "--speed", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        found = None
        while found is None:
            line = process.stdout.readline()
            assert line, "the look-alike ended"
            found = re.search(r"OCP look-alike at (http://[\d.:]+)", line)
        yield found[1]
    finally:
        process.terminate()
        process.wait(20)


def register(url: str, number: int) -> Endpoint:
    """An endpoint for the look-alike at `url`."""
    settings.OCP_URL, settings.OCP_ENDPOINT_NAME = url, f"OCP {number}"
    settings.OCP_USERNAME, settings.OCP_PASSWORD = auth.USERNAME, auth.PASSWORD
    settings.OCP_ALLOW_HTTP = True
    return registration.register_from_environment()


def seconds(rows: list[Endpoint], call: Callable[[Endpoint], object]) -> float:
    """How long the call takes for all endpoints, one after another."""
    begun = perf_counter()
    for endpoint in rows:
        call(endpoint)
    return perf_counter() - begun


def read(endpoint: Endpoint) -> None:
    """Both lists, without the mirror."""
    client = endpoints.client(endpoint)
    client.clusters(deadline=60)
    client.packages(deadline=60)


def measure() -> None:
    """Print and keep the figures."""
    with look_alike(SHARES[0], 1) as one, look_alike(SHARES[1], 2) as two, look_alike(SHARES[2], 3) as three:
        rows = [register(url, number) for number, url in enumerate((one, two, three), 1)]
        first = seconds(rows, inventory.sync)
        assert Cluster.objects.count() == sum(SHARES), "a list was not read whole"
        floor = seconds(rows, read)
        record("sync", "10,000 clusters of three OCPs, first fill, s", first, floor)
        record("sync", "10,000 clusters of three OCPs, without news, s", seconds(rows, inventory.sync), floor)


def main() -> None:
    """Measure beside services of its own."""
    guard = processes.Guard()
    services = embedded.Services(test_settings.SERVICES, guard=guard, is_durable=False)
    services.start()
    try:
        call_command("migrate", verbosity=0)
        measure()
    finally:
        services.stop()
        guard.close()
        shutil.rmtree(test_settings.SERVICES, ignore_errors=True)


if __name__ == "__main__":
    main()

"""P11: 10,000 clusters behind three look-alikes, read and mirrored: the first fill, and a read without news.

Its own PostgreSQL and Redis; the look-alikes are processes of their own. The floor is the same lists read alone,
without the mirror. Run from the root: python -m bench.sync
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from time import perf_counter

from django.conf import settings

from bench.frame import own_services
from bench.record import record
from tests.simulator.process import Running
from upgrades.models import Cluster, Endpoint
from upgrades.services import endpoints, inventory, registration
from upgrades.simulator import auth

SHARES = (3_334, 3_333, 3_333)


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
    with ExitStack() as stack:
        rows = []
        for number, share in enumerate(SHARES, 1):
            options = ("--clusters", str(share), "--seed", str(number), "--speed", "0")
            rows.append(register(stack.enter_context(Running(*options)).ocp.url, number))
        first = seconds(rows, inventory.sync)
        assert Cluster.objects.count() == sum(SHARES), "a list was not read whole"
        floor = seconds(rows, read)
        again = seconds(rows, inventory.sync)
        assert not Endpoint.objects.exclude(failing_since=None).exists(), "an endpoint failed"
        record("sync", "10,000 clusters of three OCPs, first fill, s", first, floor)
        record("sync", "10,000 clusters of three OCPs, without news, s", again, floor)


def main() -> None:
    """Measure beside services of its own."""
    with own_services():
        measure()


if __name__ == "__main__":
    main()

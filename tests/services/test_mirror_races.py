"""Two writers of one mirror at the same moment."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.factories import make_cluster, make_endpoint
from tests.services.rows import listed
from upgrades.models import Cluster
from upgrades.services import inventory
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.django_db(transaction=True)


def paths(look_alike: LookAlike) -> list[str]:
    return [entry["path"] for entry in look_alike._requests_since(0)]


def in_thread(work: Callable[[], object]) -> threading.Thread:
    """`work` on a database connection of its own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def wait_for_lock() -> None:
    """Returns once another session waits for a lock of ours."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nobody waits")


def test_two_reads_mirrored_at_once_leave_the_newer_one() -> None:
    endpoint = make_endpoint()
    for _round in range(5):
        at = timezone.now()
        start = threading.Barrier(2)

        def mirror(status: str, seconds: int, start: threading.Barrier = start, at: datetime = at) -> None:
            start.wait()
            inventory.mirror_clusters(endpoint, [listed(status=status)], at + timedelta(seconds=seconds))

        threads = [in_thread(partial(mirror, "NEWER", 1)), in_thread(partial(mirror, "OLDER", 0))]
        for thread in threads:
            thread.join()
        assert Cluster.objects.get().status == "NEWER"


def test_the_environment_that_an_admin_sets_meanwhile_is_not_overwritten() -> None:
    cluster = make_cluster(ocp_id=22, ob_cluster_id=1001, version="4.2.1.1", build="")
    with transaction.atomic():
        Cluster.objects.filter(pk=cluster.pk).update(environment="dev")
        reader = in_thread(
            lambda: inventory.mirror_clusters(cluster.endpoint, [listed(status="OPERATING")], timezone.now())
        )
        wait_for_lock()
    reader.join()
    cluster.refresh_from_db()
    assert (cluster.environment, cluster.status) == ("dev", "OPERATING")

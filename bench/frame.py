"""PostgreSQL and Redis of a benchmark's own, with Django set up over them. Import it before any model."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import django

from tests import settings as test_settings

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.core.management import call_command  # noqa: E402 (after the set-up)
from django.db import connection  # noqa: E402

from ocpdash import embedded, processes  # noqa: E402


@contextmanager
def own_services() -> Iterator[embedded.Services]:
    """A migrated database and a Redis, gone with the block."""
    guard = processes.Guard()
    services = embedded.Services(test_settings.SERVICES, guard=guard, is_durable=False)
    services.start()
    try:
        call_command("migrate", verbosity=0)
        yield services
    finally:
        services.stop()
        guard.close()
        shutil.rmtree(test_settings.SERVICES, ignore_errors=True)


def backend() -> int:
    """Return the process id of the PostgreSQL process that serves this one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return int(pid)

"""The parts every test stands on: real PostgreSQL and Redis of this run's own, and nothing beyond loopback.

Tables are made as the owner and used as the application's role, as in production. The cast and its objects come
from tests/factories.py; processes from tests/stack.py.
"""

import ipaddress
import json
import os
import shutil
import sys
import uuid
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connections
from django.test import TransactionTestCase
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, Page, sync_playwright
from pytest_django import DjangoDbBlocker
from redis import Redis

from ocpdash import embedded, processes
from tests import servers
from tests import settings as test_settings
from tests.stack import Stack
from upgrades.simulator.server import LookAlike

# Playwright's sync API runs an event loop in the test's thread, and Django would then refuse the ORM there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"

CALL_REPORT = pytest.StashKey[pytest.TestReport]()
FAILURES = Path(__file__).resolve().parent.parent / "var" / "test-failures"

# A busy machine is no failure: no test here is timed.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Three tables are kept: migrations fill them, for Django itself. An epoch begins, and the former ones are known: a file
# of theirs, which a process at work may still write, does not say that the database was restored. Under the lock of
# services.halts: whoever compares with what is deleted here declares nothing any more.
CLEANING = """
SELECT pg_advisory_xact_lock(7317325103);
SET session_replication_role = replica;
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT quote_ident(tablename) FROM pg_tables
        WHERE schemaname = 'public' AND tablename NOT IN
        ('django_migrations', 'django_content_type', 'auth_permission', 'upgrades_epoch')
    LOOP
        EXECUTE 'DELETE FROM ' || name;
    END LOOP;
    FOR name IN SELECT quote_ident(sequencename) FROM pg_sequences
        WHERE schemaname = 'public' AND last_value IS NOT NULL AND sequencename <> 'upgrades_epoch_id_seq'
    LOOP
        EXECUTE 'ALTER SEQUENCE ' || name || ' RESTART';
    END LOOP;
END $$;
DELETE FROM upgrades_epoch WHERE id < (SELECT max(id) - 20 FROM upgrades_epoch);
INSERT INTO upgrades_epoch (key, server, began_at) VALUES ('{key}', '', now());
"""
# The epoch of this run's database, and of the file beside it; "" before the first cleaning.
epochs: dict[Path, str] = {}


def _stay_on_loopback(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuses a connection to anywhere but this machine, and the servers of make test-servers."""
    if event != "socket.connect" or not isinstance(arguments[1], tuple):
        return
    host = arguments[1][0]
    is_local = host == "localhost"
    with suppress(ValueError):
        is_local = ipaddress.ip_address(host).is_loopback
    if not is_local and host not in servers.hosts():
        raise PermissionError(f"Tests do not connect beyond this machine: {host}")


sys.addaudithook(_stay_on_loopback)


@pytest.fixture(scope="session")
def services() -> Iterator[embedded.Services | servers.Given]:
    """PostgreSQL and Redis of this run, started when the first test needs one; under make test-servers, given ones."""
    guard = processes.Guard()
    running = test_settings.GIVEN or embedded.Services(test_settings.SERVICES, guard=guard, is_durable=False)
    running.start()
    yield running
    for alias in connections:
        connections[alias].close()
    running.stop()
    guard.close()
    shutil.rmtree(test_settings.SERVICES, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(services: embedded.Services | servers.Given, django_db_blocker: DjangoDbBlocker) -> None:
    """In place of pytest-django's: the database is this run's own, so it needs no second name."""
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0)
        connections["owner"].close()
    TransactionTestCase._fixture_teardown = lambda _self: clean_database(services.superuser_url)  # type: ignore[attr-defined]


def clean_database(superuser_url: str, state: Path = test_settings.STATE_DIR) -> None:
    """Empties every table past the triggers that protect some: Django's own TRUNCATE is refused, as it should be.

    The file in `state` begins anew, too: it would say that these tables were restored from a backup.
    """
    key = uuid.uuid4().hex
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(CLEANING.replace("{key}", key))
    epochs[state] = key
    reset_state(state)


def reset_state(state: Path = test_settings.STATE_DIR) -> None:
    """What workers keep outside the database, as after the last cleaning."""
    if state not in epochs:
        shutil.rmtree(state, ignore_errors=True)
        return
    state.mkdir(parents=True, exist_ok=True)
    new = state / "state.cleaned"
    new.write_text(json.dumps({"epoch": epochs[state], "head": "", "sent": []}))
    new.replace(state / "state.json")


@pytest.fixture(autouse=True)
def _state_of_its_own() -> None:
    """Not the file of an earlier test, whose rows were undone without a word to it."""
    reset_state()


@pytest.fixture
def redis(services: object) -> Iterator[Redis]:
    """A client of this run's Redis."""
    with Redis.from_url(test_settings.ENVIRONMENT["REDIS_URL"], decode_responses=True) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_redis(request: pytest.FixtureRequest) -> Iterator[None]:
    """Leaves nothing in Redis for the next test."""
    yield
    if "services" in request.fixturenames:
        with Redis.from_url(test_settings.ENVIRONMENT["REDIS_URL"]) as client:
            servers.empty(client)


@pytest.fixture
def look_alike() -> Iterator[LookAlike]:
    """An OCP of this test's own whose engine stands still: it moves by POST /advance on its control port."""
    running = LookAlike(speed=0)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def stack(transactional_db: None, tmp_path: Path) -> Iterator[Stack]:
    """The product's processes over this test's rows: stack.start(), or one by one; ended with the test."""
    with Stack(tmp_path) as running:
        yield running


def chromium_path() -> str:
    """CHROMIUM, or the one on PATH: make test sees to it that there is one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.fail("Browser tests need Chromium: install it, or name it in CHROMIUM.", pytrace=False)
    return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, headless."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in a context of its own. A failed test leaves its picture in var/test-failures/."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
    page = context.new_page()
    yield page
    report = request.node.stash.get(CALL_REPORT, None)
    if report is not None and report.failed:
        page.screenshot(path=FAILURES / f"{request.node.name}.png", full_page=True)
    context.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Keeps the outcome of the test itself, for fixtures that look at it when they end."""
    report = yield
    if report.when == "call":
        item.stash[CALL_REPORT] = report
    return report

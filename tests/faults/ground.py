"""Ground to strike: PostgreSQL and Redis of one's own, behind proxies, with workers and beat under a supervisor.

A strike kills, stops and cuts for real; the supervisor is the product's own, so what ends is started anew as in the
demo. The test's own process reads and writes past the proxies.
"""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import psycopg
from celery import current_app
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from redis import Redis

from ocpdash import demo, embedded
from ocpdash.celery import WORKER_THREADS, WORKERS
from ocpdash.processes import Guard, wait_until
from ocpdash.supervisor import Program, Supervisor
from tests import settings as test_settings
from tests.conftest import clean_database
from tests.faults.proxy import Proxy
from upgrades import live
from upgrades.services import sealing

READY_SECONDS = 60.0
# As in production, but for what would make a cycle last minutes. Each stays longer than what it must outlast, and
# patient with a busy machine.
DURATIONS = {
    "OCP_TOTAL_SECONDS": "10",
    "POST_SECONDS": "8",
    "SUBMIT_BUDGET_SECONDS": "20",
    "SECOND_PRE_READ_SECONDS": "10",
    "UNCONFIRMED_AFTER_SECONDS": "30",
    "QUIET_PERIOD_SECONDS": "60",
    "FOLLOW_OPEN_SECONDS": "1",
    "VERIFY_SECONDS": "1",
}
# For strikes that often leave a start in doubt.
SHORTER = {
    "OCP_TOTAL_SECONDS": "3",
    "POST_SECONDS": "4",
    "SUBMIT_BUDGET_SECONDS": "5",
    "SECOND_PRE_READ_SECONDS": "2",
    "UNCONFIRMED_AFTER_SECONDS": "10",
    "IDLE_EXIT_SECONDS": "12",
}


class Log:
    """What the processes say, by name: the supervisor's console."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {}

    def say(self, name: str, line: str) -> None:
        self.lines.setdefault(name, []).append(line)

    def has(self, name: str, words: str) -> bool:
        return any(words in line for line in list(self.lines.get(name, ())))


class Services:
    """The services alone: started, migrated, and this process' connections turned to them while inside."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ocpdash-faults-"))
        self.folder.chmod(0o711)
        self.guard = Guard()
        self.embedded = embedded.Services(self.folder / "services", guard=self.guard)
        self.addresses: Mapping[str, str] = {}
        self._shared: Crew | None = None
        # Of these services alone: the file beside the test run's own would know another database.
        self.state = self.folder / "state"

    def __enter__(self) -> "Services":
        self.addresses = self.embedded.start()
        with self.turned():
            call_command("migrate", verbosity=0)
            connections["owner"].close()
        self.proxies = {
            "redis": Proxy(str(self.embedded.sockets / "redis.sock")),
            "database": Proxy(str(self.embedded.sockets / "pg" / ".s.PGSQL.5432")),
        }
        return self

    def __exit__(self, *_error: object) -> None:
        self.end_shared()
        for proxy in self.proxies.values():
            proxy.close()
        self.embedded.stop()
        self.guard.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def superuser_url(self) -> str:
        return self.embedded.superuser_url

    @property
    def redis(self) -> "Redis":
        return Redis.from_url(self.addresses["REDIS_URL"], decode_responses=True)

    @contextmanager
    def turned(self) -> Iterator[None]:
        """This process works on these services, and afterwards on those of the test run again."""
        host, url = str(self.embedded.sockets / "pg"), self.addresses["REDIS_URL"]
        former = {alias: connections.settings[alias]["HOST"] for alias in connections.settings}
        named = {"REDIS_URL": settings.REDIS_URL, "STATE_DIR": settings.STATE_DIR}
        # A test may lay settings of its own over these meanwhile, and takes them away later than we ours.
        holder = settings._wrapped
        _turn(holder, dict.fromkeys(former, host), {"REDIS_URL": url, "STATE_DIR": self.state})
        try:
            yield
        finally:
            _turn(holder, former, named)

    def environment(self) -> dict[str, str]:
        """What the product's processes are given: both services behind their proxies."""
        query = urlencode({"sslmode": "disable"})
        database, redis = self.proxies["database"], self.proxies["redis"]
        role, name = embedded.APPLICATION, embedded.DATABASE
        return {
            **os.environ,
            **test_settings.ENVIRONMENT,
            **DURATIONS,
            "DJANGO_SETTINGS_MODULE": "ocpdash.settings",
            "DATABASE_URL": f"postgresql://{role}@127.0.0.1:{database.port}/{name}?{query}",
            "DATABASE_OWNER_URL": "",
            "REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
            "OCP_URL": "",
            "STATE_DIR": str(self.state),
            "MALLOC_ARENA_MAX": "2",
        }

    def shared(self) -> "Crew":
        """A crew that several tests strike one after another; it ends where a test brings its own."""
        if self._shared is None:
            crew = Crew(self, environment=SHORTER)
            crew.begin()
            self._shared = crew
        return self._shared

    def end_shared(self) -> None:
        crew, self._shared = self._shared, None
        if crew is not None:
            crew.end()

    def empty(self) -> None:
        """No row and no key; the processes may be at work."""
        connections.close_all()
        with psycopg.connect(self.superuser_url, autocommit=True) as superuser:
            # No seal is set meanwhile: it would stand on an event of before, whose number comes again.
            superuser.execute("SELECT pg_advisory_lock(%s)", [sealing.SEALER])
            clean_database(self.superuser_url, self.state)
        wiped(self)

    # --- Strikes ---------------------------------------------------------------------------------------------

    def kill_database(self) -> None:
        """As pg_ctl stop -m immediate does: no checkpoint, no word to clients; then it starts and recovers."""
        os.kill(self.embedded.processes["postgres"].pid, signal.SIGQUIT)
        assert wait_until(lambda: not self.embedded.processes["postgres"].is_running(), 10)
        self.embedded.revive()
        connections.close_all()

    def cut_database(self) -> None:
        """Every connection of the product is ended from the server's side."""
        with psycopg.connect(self.superuser_url, autocommit=True) as superuser:
            superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", [embedded.APPLICATION]
            )
        connections.close_all()

    def kill_redis(self, number: signal.Signals) -> None:
        """End it, and start an empty one."""
        os.kill(self.embedded.processes["redis"].pid, number)
        assert wait_until(lambda: not self.embedded.processes["redis"].is_running(), 10)
        self.embedded.revive()


def _turn(holder: object, hosts: Mapping[str, str], named: Mapping[str, Any]) -> None:
    for alias, host in hosts.items():
        connections[alias].close()
        connections.settings[alias]["HOST"] = host
        del connections[alias]
    for name, value in named.items():
        setattr(holder, name, value)
        settings.__dict__.pop(name, None)
    live.connection.cache_clear()
    broker = named["REDIS_URL"].replace("unix://", "redis+socket://", 1)
    current_app.conf.update(broker_url=broker, broker_read_url=broker, broker_write_url=broker)
    current_app.amqp._producer_pool = None  # type: ignore[attr-defined]
    current_app._pool = None  # type: ignore[attr-defined]


class Crew:
    """Processes of the product under its own supervisor. `programs`: names as "tick", "follow", "beat", with a copy's
    letter after a dash where there are several; `before`: words before a command, by name."""

    def __init__(
        self,
        services: Services,
        programs: Sequence[str] = ("tick", "follow", "beat"),
        *,
        before: Mapping[str, Sequence[str]] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.services = services
        self.log = Log()
        self.pids: dict[str, int] = {}
        self.port = demo.free_ports()[0]
        self._names = list(programs)
        words = before or {}
        self._supervisor = Supervisor(
            [Program(name, [*words.get(name, ()), *self._command(name)]) for name in programs],
            guard=services.guard,
            environment={**services.environment(), **(environment or {})},
            console=self.log,  # type: ignore[arg-type]
            on_change=self._started,
        )
        self._thread = threading.Thread(target=self._supervisor.run, args=(lambda: None,), daemon=True)

    def __enter__(self) -> "Crew":
        self.services.end_shared()
        self.begin()
        return self

    def begin(self) -> None:
        """Start all, and wait until they work."""
        self._thread.start()
        for name in self._names:
            assert wait_until(lambda name=name: self._is_ready(name), READY_SECONDS), self.log.lines

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            print(self.last_words())
        self.end()

    def end(self) -> None:
        """End all, those that were stopped too."""
        for name in self._names:
            self.signal(name, signal.SIGCONT)
        self._supervisor.end()
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://{demo.LOOPBACK}:{self.port}"

    def signal(self, name: str, number: signal.Signals) -> None:
        """To the process of that name alone."""
        with suppress(ProcessLookupError):
            os.kill(self.pids[name], number)

    def is_stopped(self, name: str) -> bool:
        return bool(psutil.Process(self.pids[name]).status() == psutil.STATUS_STOPPED)

    def _command(self, name: str) -> list[str]:
        kind = name.partition("-")[0]
        if kind == "web":
            return demo.web(self.port)
        return demo.beat() if kind == "beat" else demo.worker(name, WORKERS[kind], WORKER_THREADS)

    def _is_ready(self, name: str) -> bool:
        if name == "web":
            return demo.answers(f"{self.url}/healthz")
        return self.log.has(name, "beat rings" if name.startswith("beat") else " ready.")

    def last_words(self) -> str:
        """What each process said at last: for whoever reads a failure."""
        return "\n".join(f"{name} | {line}" for name, lines in self.log.lines.items() for line in lines[-25:])

    def _started(self, pids: Mapping[str, int]) -> None:
        self.pids.update(pids)


def wiped(services: Services) -> None:
    """FLUSHALL."""
    with services.redis as client:
        client.flushall()


def clients_killed(services: Services) -> None:
    """CLIENT KILL of everybody but us."""
    with services.redis as client:
        for kind in ("normal", "pubsub"):
            client.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")

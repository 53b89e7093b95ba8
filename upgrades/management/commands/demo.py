"""`manage.py demo`: everything on this machine, from nothing, ended by one Ctrl-C."""

import hashlib
import io
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from ocpdash import demo, embedded
from ocpdash.celery import WORKER_THREADS, WORKERS
from ocpdash.processes import Guard
from ocpdash.supervisor import Console, Supervisor
from upgrades.management.commands import seed_roles
from upgrades.services import registration


class Command(BaseCommand):
    help = "Runs ocpdash with a look-alike OCP, embedded PostgreSQL and Redis, worker and clock. Ctrl-C ends all."
    # Checks may ask the database, which is not there yet.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000, help="of the web pages")
        parser.add_argument(
            "--listen", default=demo.LOOPBACK, help="where the pages listen: 0.0.0.0 inside a container, nowhere else"
        )
        parser.add_argument("--speed", type=float, default=60.0, help="seconds of the look-alike OCP in one of ours")
        parser.add_argument("--clusters", type=int, default=12, help="in the look-alike OCP")
        parser.add_argument("--scenario", default="plain", help="what goes wrong in the look-alike OCP")
        parser.add_argument("--reset", action="store_true", help="forget what former demos left")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.MODE != "demo":
            raise CommandError("The demo brings its own environment: run it by manage.py demo, or make demo.")
        names = ("port", "speed", "clusters", "scenario", "listen")
        chosen = demo.Options(*(options[name] for name in names))
        try:
            with demo.take_lock(settings.VAR_DIR):
                self._run(chosen, is_reset=options["reset"])
        except (demo.Refused, embedded.CannotStart) as refusal:
            raise CommandError(str(refusal)) from refusal

    def _run(self, options: demo.Options, *, is_reset: bool) -> None:
        var = settings.VAR_DIR
        demo.check_ports(options.port, var)
        if is_reset:
            demo.remove_data(var)
        programs = demo.programs(options, var, WORKERS, WORKER_THREADS)
        self.console = Console(["demo", *(program.name for program in programs)])
        self.url = f"http://{demo.LOOPBACK}:{options.port}/"
        self.is_announced = False
        guard = Guard()
        services = embedded.Services(var, guard=guard)
        # Tables belong to their owner, and only this process, which migrates, is told of it.
        environment = {**os.environ, "DATABASE_OWNER_URL": ""}
        supervisor = Supervisor(
            programs, guard=guard, environment=environment, console=self.console, on_change=self._report
        )
        supervisor.listen_to_signals()
        try:
            self._prepare(services, supervisor)
            supervisor.run(self._look)
        finally:
            self.console.say("demo", "ending")
            supervisor.end()
            services.stop()
            guard.close()
            demo.remove_report(settings.VAR_DIR)

    def _prepare(self, services: embedded.Services, supervisor: Supervisor) -> None:
        """From nothing to a database and files that the processes can start on. Each step may run again."""
        self.started_at = time.monotonic()
        self.services = services
        steps: list[tuple[str, Callable[[], object]]] = [
            (f"PostgreSQL and Redis (data in {settings.VAR_DIR})", services.start),
            ("tables", lambda: call_command("migrate", verbosity=0)),
            ("the look-alike OCP as our endpoint", registration.register_from_environment),
            ("people", lambda: call_command("seed_roles", demo=True, stdout=io.StringIO())),
            ("static files", collect_static),
        ]
        for name, step in steps:
            if supervisor.is_ending:
                return
            self.console.say("demo", name)
            step()
        for connection in connections.all():
            connection.close()

    def _look(self) -> None:
        for name in self.services.revive():
            self.console.say("demo", f"{name} had ended; started again")
            self._report(self.pids)
        self._announce()

    def _report(self, pids: Mapping[str, int]) -> None:
        self.pids = pids
        of_services = {name: process.pid for name, process in self.services.processes.items()}
        demo.write_report(settings.VAR_DIR, self.url, {**of_services, **pids})

    def _announce(self) -> None:
        """Once the first page answers: where it is, and who may sign in."""
        if self.is_announced or not demo.answers(self.url):
            return
        self.is_announced = True
        took = time.monotonic() - self.started_at
        logins = [f"{username:9} {role.label}" for username, _name, role in seed_roles.PEOPLE]
        self.console.say("demo", f"ocpdash is at {self.url} (after {took:.1f} s)")
        for line in [f"sign in with the password {seed_roles.PASSWORD} as", *logins]:
            self.console.say("demo", line)
        self.console.say("demo", "Ctrl-C ends everything; the data stays for the next start")


def collect_static() -> None:
    """Gathers static files into var/, unless nothing changed since the last time."""
    stamp = settings.STATIC_ROOT / ".collected"
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            digest.update(f"{path} {storage.get_modified_time(path)}\n".encode())
    if stamp.exists() and stamp.read_text(encoding="ascii") == digest.hexdigest():
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(digest.hexdigest(), encoding="ascii")

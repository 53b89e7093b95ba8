"""`manage.py simulate_ocp`: the look-alike OCP on 127.0.0.1. Needs no database."""

import signal
from argparse import ArgumentParser
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from upgrades.simulator.scenario import NAMES
from upgrades.simulator.server import LookAlike
from upgrades.simulator.store import UnknownState


class Command(BaseCommand):
    """Runs a look-alike OCP until SIGTERM or Ctrl-C."""

    help = "Run a look-alike OCP for demos, rehearsal and tests (127.0.0.1 only)."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--port", type=int, default=8080, help="OCP's port (0: any free one)")
        parser.add_argument("--control-port", type=int, default=8081, help="port of the control API")
        parser.add_argument("--clusters", type=int, default=12, help="how many clusters (a new state only)")
        parser.add_argument("--speed", type=float, default=60.0, help="engine seconds a second; 0 stands still")
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same lengths and ids")
        parser.add_argument("--scenario", choices=NAMES, default="plain", help="what goes wrong with each upgrade")
        parser.add_argument("--state", type=Path, default=None, help="file that keeps the state")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to end."""
        ended = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: _end(ended, _frame))
        sim = self._open(options)
        sim.start()
        self.stdout.write(f"OCP look-alike at {sim.url}, control port at {sim.control_url}")
        self.stdout.write(f"Sign in (Basic): {sim.username} / {sim.password}, or admin / admin-demo")
        self.stdout.write(f"Sign in (access key): {sim.access_key} / {sim.secret_key}")
        self.stdout.flush()
        ended.wait()
        sim.stop()

    def _open(self, options: dict[str, Any]) -> LookAlike:
        try:
            return LookAlike(
                port=options["port"],
                control_port=options["control_port"],
                clusters=options["clusters"],
                speed=options["speed"],
                seed=options["seed"],
                scenario=options["scenario"],
                state_file=options["state"],
            )
        except OSError as error:
            ports = f"{options['port']} or {options['control_port']}"
            raise CommandError(f"Cannot listen on port {ports}: {error.strerror}. Choose others.") from error
        except UnknownState as error:
            raise CommandError(
                f"{error} was not written by this version: remove it, or start the demo with --reset."
            ) from error


def _end(ended: Event, _frame: FrameType | None) -> None:
    ended.set()

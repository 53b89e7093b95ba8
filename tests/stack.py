"""The product's own processes, started against this run's database and Redis, and ended by their ids."""

import http.client
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from ocpdash import demo
from ocpdash.celery import WORKER_THREADS, WORKERS
from ocpdash.processes import Guard, Process, wait_until
from tests import settings as test_settings
from upgrades.simulator.server import LookAlike

READY_SECONDS = 30.0
END_SECONDS = 10.0


class Stack:
    """Starts nothing by itself: a test says which processes it needs.

    `environment` may be changed before a process is started; `logs` holds a file for each process.
    """

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.port = demo.free_ports()[0]
        self.url = f"http://{demo.LOOPBACK}:{self.port}"
        self.environment = {**os.environ, **test_settings.ENVIRONMENT, "DJANGO_SETTINGS_MODULE": "ocpdash.settings"}
        # Only the test's own process is the tables' owner.
        self.environment["DATABASE_OWNER_URL"] = ""
        self.processes: dict[str, Process] = {}
        self._guard = Guard()

    def __enter__(self) -> "Stack":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for process in self.processes.values():
            process.ask_to_end()
        for process in self.processes.values():
            process.end(END_SECONDS)
        self._guard.close()

    def drive(self, ocp: LookAlike) -> None:
        """Points the processes that are started from now on at this look-alike."""
        self.environment |= {
            "OCP_URL": ocp.url,
            "OCP_USERNAME": ocp.username,
            "OCP_PASSWORD": ocp.password,
            "OCP_ALLOW_HTTP": "true",
            "OCP_ACCOUNT_IS_OURS": "true",
        }

    def start(self) -> None:
        """Everything: web, workers, beat."""
        self.start_web()
        for name in WORKERS:
            self.start_worker(name)
        self.start_beat()

    def start_web(self) -> None:
        """uvicorn, ready when a page answers."""
        self._start("web", demo.web(self.port))
        self._await("web", self._answers)

    def start_worker(self, name: str) -> None:
        """A Celery worker, "tick" or "follow", ready when it takes messages."""
        self.begin_worker(name)
        self._await(f"worker-{name}", lambda: " ready." in self.log(f"worker-{name}"))

    def begin_worker(self, name: str) -> None:
        """The same for a test that knows better when it is ready, or whether it will be."""
        self._start(f"worker-{name}", demo.worker(name, WORKERS[name], WORKER_THREADS))

    def start_beat(self) -> None:
        """The clock, ready when it ticks."""
        self._start("beat", demo.beat())
        self._await("beat", lambda: "beat rings" in self.log("beat"))

    def kill(self, name: str) -> None:
        """kill -9, and gone."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.end(END_SECONDS)

    def end(self, name: str) -> None:
        """SIGTERM, and gone."""
        self.processes.pop(name).end(END_SECONDS)

    def log(self, name: str) -> str:
        """What the process has said so far."""
        return (self.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def _start(self, name: str, command: list[str]) -> None:
        with (self.logs / f"{name}.log").open("a", encoding="utf-8") as log:
            self.processes[name] = Process(name, command, guard=self._guard, environment=self.environment, output=log)

    def _await(self, name: str, is_ready: Callable[[], bool]) -> None:
        process = self.processes[name]
        wait_until(lambda: not process.is_running() or is_ready(), READY_SECONDS)
        if not process.is_running() or not is_ready():
            sys.stderr.write(self.log(name))
            raise AssertionError(f"{name} is not ready: {process.how_it_ended}")

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(demo.LOOPBACK, self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except OSError:
            return False
        finally:
            connection.close()

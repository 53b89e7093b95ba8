"""The demo as somebody starts it, on a folder and ports of its own; and what can be read of it from outside."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import psycopg
from psycopg.rows import dict_row

from ocpdash import demo
from ocpdash.processes import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 90
END_SECONDS = 20

# The demo's durations, shortened so that each story ends within a minute.
DURATIONS = {
    "POST_SECONDS": "6",
    "UNCONFIRMED_AFTER_SECONDS": "8",
    "QUIET_PERIOD_SECONDS": "12",
    "DISAGREE_AFTER_SECONDS": "6",
    "VERIFY_SECONDS": "1",
    "INVENTORY_SECONDS": "5",
    "FOLLOW_OPEN_SECONDS": "1",
    "OCP_TOTAL_SECONDS": "5",
    "STALE_SECONDS": "6",
}
KEPT = {"PATH", "HOME", "LANG", "TMPDIR"}


class House:
    """`manage.py demo` in a temporary folder, from start to Ctrl-C."""

    def __init__(self, *, speed: float, clusters: int = 24, durations: Mapping[str, str] = DURATIONS) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="ocpdash-journey-")
        self.var = Path(self._folder.name) / "var"
        self.log = Path(self._folder.name) / "demo.log"
        self.url = ""
        self.control_url = ""
        self._command = [sys.executable, "manage.py", "demo", "--speed", str(speed), "--clusters", str(clusters)]
        self._durations = durations
        self._process: subprocess.Popen[str] | None = None
        self.environment: dict[str, str] = {}

    def __enter__(self) -> "House":
        self.var.mkdir()
        (self.var / "ocp-ports.json").write_text(json.dumps(demo.free_ports()), encoding="ascii")
        shell = {name: value for name, value in os.environ.items() if name in KEPT}
        environment = {**shell, **self._durations, "OCPDASH_VAR": str(self.var)}
        with self.log.open("w", encoding="utf-8") as log:
            command = [*self._command, "--port", str(demo.free_ports()[0])]
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, text=True)
        try:
            self._await_page(self._process)
        except BaseException:
            self.end()
            raise
        report = self._report()
        self.url, self.control_url = report["url"].rstrip("/"), report["control_url"]
        self.environment = report["environment"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()

    def end(self) -> None:
        """Ctrl-C, and nothing is left."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._folder.cleanup()

    def _await_page(self, process: subprocess.Popen[str]) -> None:
        is_up = wait_until(lambda: "ocpdash is at" in self.said() or process.poll() is not None, START_SECONDS)
        if not is_up or process.poll() is not None:
            raise AssertionError(f"the demo does not start:\n{self.said()}")

    def said(self) -> str:
        """Everything that the demo's processes wrote."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def _report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.var / "demo.json").read_text(encoding="utf-8"))
        return found

    def pid(self, name: str) -> int:
        """The process that the demo has under this name now, such as "ocp"."""
        return int(self._report()["pids"].get(name, 0))

    def kill(self, name: str) -> int:
        """kill -9 to that process; returns its id. The demo starts another."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def is_controlled(self) -> bool:
        """Whether the look-alike's control port answers."""
        try:
            self.control("GET", "/healthz")
        except OSError:
            return False
        return True

    def control(self, method: str, path: str, /, **body: Any) -> Any:
        """One call of the look-alike's control port."""
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(f"{self.control_url}{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """What ocpdash's database says, read as the application's role."""
        with psycopg.connect(self.environment["DATABASE_URL"], row_factory=dict_row) as connection:
            return list(connection.execute(query.encode(), values))

    def run(self, number: int) -> dict[str, Any]:
        """The row of a run; {} while there is none."""
        found = self.rows("SELECT * FROM upgrades_upgraderun WHERE change_request_id = %s", number)
        return found[0] if found else {}

    def audit(self, number: int) -> list[dict[str, Any]]:
        """The audit slice of one change request, oldest first."""
        return self.rows("SELECT * FROM upgrades_auditevent WHERE change_request_id = %s ORDER BY id", number)

    def await_run(self, number: int, is_there: Callable[[dict[str, Any]], bool], what: str, seconds: float) -> None:
        """Wait until the run's row is as wanted; AssertionError with what is there instead."""
        if not wait_until(lambda: is_there(self.run(number)), seconds):
            now = self.run(number)
            raise AssertionError(f"{what} within {seconds:g} s; now {now.get('status')}, {now.get('status_reason')}")

"""manage.py demo from outside: a page, a restart, refusals in one line, and nothing left when it ends."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest

from ocpdash import demo
from ocpdash.processes import wait_until

ROOT = Path(__file__).resolve().parent.parent
NAMES = {"supervisor", "postgres", "redis", "web", "ocp", "worker-tick", "worker-follow", "beat"}


class Demo:
    """One `manage.py demo` on a var/ of its own."""

    def __init__(self, var: Path, port: int) -> None:
        self.var = var
        self.port = port
        self.output = var.parent / "output"
        self.process: subprocess.Popen[str] | None = None

    def start(self, *arguments: str) -> None:
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                self.command(*arguments), cwd=ROOT, env=self.environment(), stdout=output, stderr=output, text=True
            )

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "manage.py", "demo", "--port", str(self.port), *arguments]

    def environment(self) -> dict[str, str]:
        # As in a developer's shell: none of the test run's own variables, and one that a demo must not follow.
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
        return {**kept, "OCPDASH_VAR": str(self.var), "DATABASE_URL": "postgresql://real@db.example/production"}

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def await_page(self, seconds: float = 60) -> None:
        is_there = wait_until(lambda: "ocpdash is at" in self.said() or self.process.poll() is not None, seconds)
        assert is_there, self.said()
        assert self.process.poll() is None, self.said()

    def report(self) -> dict:
        return json.loads((self.var / "demo.json").read_text())

    def end(self, number: int = signal.SIGINT) -> float:
        """Seconds from the signal to the end of the supervisor."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(30)
        return time.monotonic() - started


@pytest.fixture
def running(tmp_path):
    var = tmp_path / "var"
    var.mkdir()
    # Ports of its own, so that a demo on this machine is no matter.
    (var / "ocp-ports.json").write_text(json.dumps(demo.free_ports()))
    running = Demo(var, demo.free_ports()[0])
    yield running
    if running.process is not None and running.process.poll() is None:
        running.end(signal.SIGTERM)


def alive(pids: list[int]) -> list[int]:
    states = {process.pid: process.info["status"] for process in psutil.process_iter(["status"])}
    return [pid for pid in pids if states.get(pid, psutil.STATUS_ZOMBIE) != psutil.STATUS_ZOMBIE]


def test_one_command_brings_a_page_and_one_signal_ends_everything(running):
    running.start("--speed", "0")
    running.await_page()
    report = running.report()
    assert set(report["pids"]) == NAMES
    assert "wang.lei" in running.said()
    assert "ocpdash-demo" in running.said()
    assert "Traceback" not in running.said()
    with urllib.request.urlopen(report["url"] + "healthz", timeout=5) as answer:
        assert answer.status == 200
    assert urllib.request.urlopen(report["control_url"] + "/posts", timeout=5).read().strip() == b"[]"
    assert stat_of(running.var / "demo.json") == 0o600

    first_key = (running.var / "secret_key").read_text()
    assert running.end(signal.SIGINT) < 5
    assert running.process.returncode == 0
    assert alive(list(report["pids"].values())) == []
    assert not (running.var / "demo.json").exists()

    # Over the data of the first time, and with another signal.
    running.start("--speed", "0")
    running.await_page(20)
    assert (running.var / "secret_key").read_text() == first_key
    pids = list(running.report()["pids"].values())
    assert running.end(signal.SIGTERM) < 5
    assert alive(pids) == []


def test_a_child_that_dies_is_started_again_and_a_killed_supervisor_leaves_nothing(running):
    running.start("--speed", "0")
    running.await_page()
    before = running.report()["pids"]
    for name in ("web", "redis", "postgres"):
        os.kill(before[name], signal.SIGKILL)
        assert wait_until(lambda name=name: running.report()["pids"][name] != before[name], 15), running.said()
    assert "ended (SIGKILL); again in 1 s" in running.said()
    assert wait_until(lambda: demo.answers(running.report()["url"]), 20)
    pids = [pid for name, pid in running.report()["pids"].items() if name != "supervisor"]
    running.process.kill()
    running.process.wait(10)
    assert wait_until(lambda: alive(pids) == [], 10), alive(pids)


def refusal(running: Demo, *arguments: str) -> str:
    done = subprocess.run(
        running.command(*arguments), cwd=ROOT, env=running.environment(), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    return done.stderr


def test_a_taken_port_is_named_with_what_to_do(running):
    with demo.socket.socket() as other:
        other.bind((demo.LOOPBACK, 0))
        other.listen()
        running.port = other.getsockname()[1]
        assert re.search(rf"Port {running.port} is taken: choose another with --port", refusal(running))


def test_a_second_demo_on_the_same_folder_is_refused(running):
    with demo.take_lock(running.var):
        said = refusal(running)
    assert f"A demo (process {os.getpid()}) already runs on {running.var}" in said


def test_reset_forgets_the_data_and_keeps_the_key(tmp_path):
    var = tmp_path / "var"
    (var / "postgres").mkdir(parents=True)
    (var / "ocp-state.json").write_text("{}")
    key = demo.secret_key(var)
    demo.remove_data(var)
    assert demo.secret_key(var) == key
    assert not (var / "postgres").exists()
    assert not (var / "ocp-state.json").exists()


def test_no_variable_of_the_shell_leads_a_demo_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("OCPDASH_VAR", str(tmp_path))
    found = demo.environment()
    addresses = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "OCP_URL")
    assert all(found[name] for name in addresses)
    assert found["OCP_URL"].startswith("http://127.0.0.1:")
    assert all(found[f"{name}_FILE"] == "" for name in ("SECRET_KEY", "CREDENTIALS_KEYS", "OCP_PASSWORD"))


def stat_of(path: Path) -> int:
    return path.stat().st_mode & 0o777

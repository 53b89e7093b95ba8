"""What a demo is: its environment, its steps and its processes. ocpdash/supervisor.py keeps them running."""

import base64
import fcntl
import json
import os
import secrets
import shutil
import socket
import sys
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ocpdash import embedded
from ocpdash.supervisor import Program

BASE_DIR = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"

# Short enough to watch, long enough to see each state. The shell may name others.
DURATIONS = {
    "POST_SECONDS": "8",
    "UNCONFIRMED_AFTER_SECONDS": "15",
    "CANDIDATE_BEFORE_SECONDS": "60",
    "QUIET_PERIOD_SECONDS": "60",
    "START_TIMEOUT_SECONDS": "60",
    "UNREADABLE_SECONDS": "120",
    "ACTION_LAPSE_SECONDS": "60",
    "VERIFY_SECONDS": "3",
    "DISAGREE_AFTER_SECONDS": "20",
    "DISAGREE_SECONDS": "30",
    "INVENTORY_SECONDS": "15",
    "STALE_SECONDS": "20",
}
# What of var/ --reset takes away; the keys and the look-alike's ports stay.
DATA = ("postgres", "postgres.new", "ocp-state.json", "state", "static", "demo.json")
FIRST_PORTS = (8080, 8081)


class Refused(Exception):
    """One line: why the demo does not start, and what to do."""


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    port: int
    speed: float
    clusters: int
    scenario: str
    # 127.0.0.1 but in a container, whose ports its engine publishes.
    listen: str = LOOPBACK


def var_folder() -> Path:
    """Where the demo keeps everything: OCPDASH_VAR, or var/ beside manage.py."""
    return Path(os.environ.get("OCPDASH_VAR") or BASE_DIR / "var").resolve()


def environment() -> dict[str, str]:
    """The variables of every process of the demo. Those of the shell that could lead elsewhere are overwritten."""
    var = var_folder()
    var.mkdir(parents=True, exist_ok=True)
    names = ("SECRET_KEY", "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "OCP_PASSWORD", "CREDENTIALS_KEYS")
    return {
        **{f"{name}_FILE": "" for name in names},
        "OCPDASH_MODE": "demo",
        "OCPDASH_VAR": str(var),
        "STATIC_ROOT": str(var / "static"),
        "STATE_DIR": str(var / "state"),
        "SECRET_KEY": secret_key(var),
        "CREDENTIALS_KEYS": credentials_key(var),
        "ALLOWED_HOSTS": f"{LOOPBACK},localhost,[::1]",
        "CSRF_TRUSTED_ORIGINS": "",
        "OCP_URL": f"http://{LOOPBACK}:{ocp_ports(var)[0]}",
        "OCP_ALLOW_HTTP": "true",
        "OCP_CA_FILE": "",
        "PULSE_FILE": "",
        "OCP_ENDPOINT_NAME": "Demo OCP",
        "OCP_USERNAME": "ocpdash",
        "OCP_PASSWORD": "ocpdash-demo",
        "OCP_ACCOUNT_IS_OURS": "true",
        # As in the image: glibc's heaps of many threads grow.
        "MALLOC_ARENA_MAX": "2",
        **embedded.addresses(var),
        **{name: os.environ.get(name, duration) for name, duration in DURATIONS.items()},
    }


def secret_key(var: Path) -> str:
    """The demo's own key, made once, so that sign-ins outlive a restart."""
    return _kept(var / "secret_key", secrets.token_urlsafe(64))


def credentials_key(var: Path) -> str:
    """The demo's own key of credentials, made once: what its database holds stays readable."""
    return _kept(var / "credentials_key", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii"))


def _kept(path: Path, new: str) -> str:
    """What the file holds; `new`, written there, where there is none yet."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(new, encoding="ascii")
    return path.read_text(encoding="ascii")


def ocp_ports(var: Path) -> tuple[int, int]:
    """The look-alike's port and its control port, chosen once: an endpoint with an open run may not change address."""
    path = var / "ocp-ports.json"
    if not path.exists():
        ports = FIRST_PORTS if all(map(is_free, FIRST_PORTS)) else free_ports()
        path.write_text(json.dumps(ports), encoding="ascii")
    port, control_port = json.loads(path.read_text(encoding="ascii"))
    return port, control_port


def is_free(port: int) -> bool:
    """Whether a server of ours could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def free_ports() -> tuple[int, int]:
    """Two ports that nobody listens on."""
    with socket.socket() as one, socket.socket() as other:
        one.bind((LOOPBACK, 0))
        other.bind((LOOPBACK, 0))
        return one.getsockname()[1], other.getsockname()[1]


def take_lock(var: Path) -> IO[str]:
    """The lock on var/, held as long as the file that is returned stays open. Raises Refused where it is taken."""
    file = (var / "lock").open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        holder = file.read().strip()
        raise Refused(
            f"A demo (process {holder}) already runs on {var}: end it, or set OCPDASH_VAR to another folder."
        ) from error
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def check_ports(port: int, var: Path) -> None:
    """Raises Refused where a port of the demo is taken."""
    if not is_free(port):
        raise Refused(f"Port {port} is taken: choose another with --port (make demo PORT={port + 1}).")
    for taken in ocp_ports(var):
        if not is_free(taken):
            raise Refused(
                f"Port {taken} of the look-alike OCP is taken: end who holds it, or remove {var}/ocp-ports.json."
            )


def remove_data(var: Path) -> None:
    """Forgets what former demos left."""
    for name in DATA:
        path = var / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def web(port: int, listen: str = LOOPBACK) -> list[str]:
    """The command of the web process."""
    command = [sys.executable, "-m", "uvicorn", "ocpdash.asgi:application", "--host", listen, "--port", str(port)]
    # Without the flag an open stream keeps uvicorn from ending.
    return [*command, "--timeout-graceful-shutdown", "3", "--lifespan", "off", "--no-access-log"]


def worker(name: str, queues: tuple[str, ...], threads: int) -> list[str]:
    """The command of one Celery worker process."""
    # Celery warns root by a page; our workers take JSON alone, and a demo may run as root.
    command = [sys.executable, "-W", "ignore::UserWarning:celery.platforms", "-m", "celery", "-A", "ocpdash", "--quiet"]
    command += ["worker", "--hostname", f"{name}@%h"]
    command += ["--queues", ",".join(queues), "--pool", "threads", "--concurrency", str(threads)]
    # Workers need not know of each other: the database shares the work out.
    return [*command, "--loglevel", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat"]


def beat() -> list[str]:
    """The command of the clock."""
    return [sys.executable, "-m", "celery", "-A", "ocpdash", "--quiet", "beat", "--loglevel", "INFO", "--pidfile="]


def look_alike(options: Options, var: Path) -> list[str]:
    """The command of the look-alike OCP."""
    port, control_port = ocp_ports(var)
    command = [sys.executable, str(BASE_DIR / "manage.py"), "simulate_ocp", "--state", str(var / "ocp-state.json")]
    command += ["--port", str(port), "--control-port", str(control_port), "--speed", str(options.speed)]
    return [*command, "--clusters", str(options.clusters), "--scenario", options.scenario]


def programs(options: Options, var: Path, workers: Mapping[str, tuple[str, ...]], threads: int) -> list[Program]:
    """Every process of the demo, the web first: it is what somebody waits for."""
    return [
        Program("web", web(options.port, options.listen)),
        Program("ocp", look_alike(options, var)),
        *(Program(f"worker-{name}", worker(name, queues, threads)) for name, queues in workers.items()),
        Program("beat", beat()),
    ]


def write_report(var: Path, url: str, pids: Mapping[str, int]) -> None:
    """var/demo.json: URLs, process ids by name and the environment, for whoever drives the demo from outside."""
    port, control_port = ocp_ports(var)
    report = {
        "url": url,
        "ocp_url": f"http://{LOOPBACK}:{port}",
        "control_url": f"http://{LOOPBACK}:{control_port}",
        "pids": {"supervisor": os.getpid(), **pids},
        "environment": environment(),
    }
    unfinished = var / "demo.json.new"
    unfinished.touch(mode=0o600)
    unfinished.write_text(json.dumps(report, indent=2), encoding="utf-8")
    unfinished.rename(var / "demo.json")


def remove_report(var: Path) -> None:
    """The demo has ended: nobody is to be found by it any more."""
    (var / "demo.json").unlink(missing_ok=True)


def answers(url: str) -> bool:
    """Whether a page comes from there."""
    try:
        with urllib.request.urlopen(url, timeout=5) as page:  # noqa: S310 (our own loopback URL)
            return bool(page.status == 200)
    except OSError:
        return False

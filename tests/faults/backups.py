"""Backups of PostgreSQL by the commands of docs/operations.md, and what an administrator runs after a restore.

Three kinds: a dump played back over the tables, a copy of the data folder, which differs in nothing that PostgreSQL
could tell, and a dump played into another database of the same name.
"""

import io
import re
import shutil
import subprocess
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import psycopg
from django.core.management import execute_from_command_line
from django.db import connections
from psycopg import sql

from ocpdash import embedded
from tests.faults.ground import Services

ROOT = Path(__file__).resolve().parents[2]


def documented(program: str) -> list[str]:
    """The words of docs/operations.md's command by `program`, without its name."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    found = re.search(rf"`{program} ([^`]+)`", page)
    assert found is not None, f"docs/operations.md has no command by {program}"
    return found.group(1).split()


def run(program: str, *words: str) -> None:
    """One of PostgreSQL's own programs, as its own user."""
    command = [*embedded.as_ordinary_user(), str(embedded.binary(program)), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def manage(*words: str) -> tuple[int, str]:
    """A command as manage.py carries it out, in this process: its exit code, and what it wrote."""
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        try:
            execute_from_command_line(["manage.py", *words])
        except SystemExit as ended:
            return int(ended.code or 0), said.getvalue()
        finally:
            connections.close_all()
    return 0, said.getvalue()


class Backups:
    """Backups of one PostgreSQL, by kind: each takes one now, and returns what plays it back."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.services = services
        self.folder = folder
        self.kinds: tuple[Callable[[], Callable[[], None]], ...] = (self.dump, self.copy, self.other_database)

    def dump(self) -> Callable[[], None]:
        """A dump, and pg_restore over the same tables as documented."""
        file = self._dumped()
        places = {"...": self._url(), "ocpdash.dump": file}
        return lambda: run("pg_restore", *(places.get(word, word) for word in documented("pg_restore")))

    def copy(self) -> Callable[[], None]:
        """The data folder, taken and put back while PostgreSQL does not run."""
        data, kept = self.services.embedded.data / "postgres", self.folder / "postgres"
        shutil.rmtree(kept, ignore_errors=True)
        self._stopped(lambda: subprocess.run(["cp", "-a", str(data), str(kept)], check=True))

        def play_back() -> None:
            def put() -> None:
                shutil.rmtree(data)
                subprocess.run(["cp", "-a", str(kept), str(data)], check=True)

            self._stopped(put)

        return play_back

    def other_database(self) -> Callable[[], None]:
        """A dump, and pg_restore into a database made anew under the old name."""
        file = self._dumped()

        def play_back() -> None:
            name, owner = sql.Identifier(embedded.DATABASE), sql.Identifier(embedded.OWNER)
            url = self._url().replace(f"/{embedded.DATABASE}?", "/postgres?")
            with psycopg.connect(url, autocommit=True) as superuser:
                superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))
                superuser.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
            run("pg_restore", "--exit-on-error", "-d", self._url(), file)

        return play_back

    def _dumped(self) -> str:
        """A dump taken as the owner of the tables, as documented."""
        file = str(self.folder / "ocpdash.dump")
        run("pg_dump", *documented("pg_dump"), "--file", file, self.services.addresses["DATABASE_OWNER_URL"])
        return file

    def _url(self) -> str:
        return self.services.superuser_url

    def _stopped(self, work: Callable[[], object]) -> None:
        connections.close_all()
        server = self.services.embedded.processes["postgres"]
        server.end(30)
        work()
        self.services.embedded.revive()

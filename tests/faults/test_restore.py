"""R19: a backup that is restored submits nothing before people have voted anew, whatever was done since it was taken.

Three kinds of backup: a dump played back over the tables, a dump played into another database of the same name, and a
copy of the data folder, which differs in nothing that PostgreSQL could tell.
"""

import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connections
from psycopg import sql

from ocpdash import embedded
from tests import scenes
from tests.faults import lengths, record
from tests.faults.ground import Crew, Services
from tests.followed import wait_until
from tests.scenes import Cast, posts
from upgrades import selectors
from upgrades.models import AuditEvent, ChangeRequest, Halt, Heartbeat, UpgradeRun
from upgrades.services import change_requests, halts, moves, sealing, submission
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.timeout(3600)

PATIENCE = 60.0
# What the request that is posted later has come to when the backup is taken.
STAGES = ("approved", "starting", "in_review")


def run(program: str, *words: str) -> None:
    """One of PostgreSQL's own programs, as its own user."""
    command = [*embedded.as_ordinary_user(), str(embedded.binary(program)), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Backups:
    """Backups of one PostgreSQL, by kind: take() and what plays it back."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.services = services
        self.folder = folder
        self.kinds: tuple[Callable[[], Callable[[], None]], ...] = (self.copy, self.dump, self.other_database)

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

    def dump(self) -> Callable[[], None]:
        """pg_dump, and pg_restore --clean over the same tables."""
        file = self._dumped()
        return lambda: run("pg_restore", "--clean", "--if-exists", "--exit-on-error", "-d", self._url(), file)

    def other_database(self) -> Callable[[], None]:
        """pg_dump, and pg_restore into a database made anew under the old name."""
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
        file = self.folder / "ocpdash.dump"
        run("pg_dump", "--format", "custom", "--file", str(file), self._url())
        return str(file)

    def _url(self) -> str:
        return self.services.superuser_url

    def _stopped(self, work: Callable[[], object]) -> None:
        connections.close_all()
        server = self.services.embedded.processes["postgres"]
        server.end(30)
        work()
        self.services.embedded.revive()


@pytest.fixture
def backups(own_services: Services, tmp_path: Path) -> Iterator[Backups]:
    folder = own_services.embedded.data / "backups"
    folder.mkdir(exist_ok=True)
    # PostgreSQL's programs write there as its own user.
    folder.chmod(0o777)
    yield Backups(own_services, folder)
    shutil.rmtree(folder, ignore_errors=True)


class Story:
    """Two requests in a backup: one is posted after it, the other withdrawn after it."""

    def __init__(self, look_alike: LookAlike, backups: Backups, settings: object, seed: int) -> None:
        self.ocp, self.backups, self.settings = look_alike, backups, settings
        self.random = random.Random(seed)  # noqa: S311 (seeds, no secrets)
        self.stage = STAGES[seed % len(STAGES)]
        self.kind = backups.kinds[seed // len(STAGES) % len(backups.kinds)] if seed else backups.copy
        self.found: list[str] = []

    def play(self) -> list[str]:
        """What should not be, in words."""
        services = self.backups.services
        services.empty()
        scenes.connect(self.ocp, self.settings)
        self.cast = Cast()
        self.posted = self._before()
        self.withdrawn = scenes.approved(self.cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
        assert halts.look() is None
        play_back = self.kind()
        self._go_on()
        connections.close_all()
        play_back()
        with Crew(services):
            self._nothing_leaves()
            self._votes_anew()
        return self.found

    def _before(self) -> ChangeRequest:
        change_request = scenes.in_review(self.cast, quorum=2)
        scenes.vote(change_request, self.cast.amir)
        if self.stage != "in_review":
            scenes.vote(change_request, self.cast.bea)
        if self.stage == "starting":
            self._start(change_request)
        return change_request

    def _start(self, change_request: ChangeRequest) -> None:
        change_request.refresh_from_db()
        fingerprint = change_request.fingerprint
        change_requests.start(change_request=change_request, fingerprint=fingerprint, actor=self.cast.olga)

    def _go_on(self) -> None:
        """What the backup does not know: a start that OCP took, and a request that was taken back for good."""
        if self.stage == "in_review":
            scenes.vote(self.posted, self.cast.bea)
        if self.stage != "starting":
            self._start(self.posted)
        submission.submit(self.posted.pk)
        self._expect(len(posts(self.ocp)) == 1, "the start after the backup was not posted")
        change_requests.withdraw(change_request=self.withdrawn, actor=self.cast.olga)
        if self.random.random() < 0.5:
            sealing.seal_new()
            halts.look()

    def _nothing_leaves(self) -> None:
        wait_until(lambda: Halt.objects.exclude(settled_at=None).filter(kind="restored").exists(), PATIENCE)
        for change_request in (self.posted, self.withdrawn):
            try:
                self._start(change_request)
            except moves.TooLate:
                pass
            else:
                self.found.append(f"{change_request.number} could be started")
            submission.submit(change_request.pk)
            change_request.refresh_from_db()
            self._expect(change_request.status == "stale", f"{change_request.number} is {change_request.status}")
        since = Heartbeat.objects.get(name="worker").at
        wait_until(lambda: (Heartbeat.objects.get(name="worker").at - since).total_seconds() > 2, PATIENCE)
        self._expect(len(posts(self.ocp)) == 1, "something was posted after the restore")
        self._expect(AuditEvent.objects.filter(action="halt.declare").exists(), "the audit says nothing")
        self._expect(not UpgradeRun.objects.exists(), "a run was made up")

    def _votes_anew(self) -> None:
        """What people vote on again may start, and nothing else."""
        change_request = self.withdrawn
        change_requests.submit(
            change_request=change_request, lock_version=change_request.lock_version, actor=self.cast.olga
        )
        scenes.vote(change_request, self.cast.amir)
        self._expect(len(posts(self.ocp)) == 1, "a vote alone posted something")
        shown = [halt.pk for halt in selectors.open_halts()]
        halts.lift(actor=self.cast.ada, comment="Compared with OCP.", is_restored=False, shown=shown)
        self._start(change_request)
        wait_until(lambda: UpgradeRun.objects.filter(pk=change_request.pk).exclude(ocp_task_id=None).exists(), PATIENCE)
        self._expect(len(posts(self.ocp)) == 2, "what was voted on anew was not posted once")

    def _expect(self, is_so: bool, otherwise: str) -> None:
        if not is_so:
            self.found.append(otherwise)


def test_a_restored_backup_submits_nothing_before_votes_anew(backups: Backups, settings: object) -> None:
    seeds = lengths.seeds(short=1, push=1, full=20)
    found: dict[int, list[str]] = {}
    words = "a backup taken, gone on from, restored and started on"
    with record.kept("R19", words, seeds=seeds) as part, backups.services.turned():
        for seed in seeds:
            part.count += 1
            ocp = LookAlike(speed=0)
            ocp.start()
            try:
                story = Story(ocp, backups, settings, seed)
                if broken := story.play():
                    found[seed] = broken
            finally:
                ocp.stop()
        part.violations = len(found)
    assert found == {}

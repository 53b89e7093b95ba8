"""R19: a backup that is restored submits nothing before people have voted anew, whatever was done since it was taken.

Every story goes through the steps of docs/operations.md, with the commands that stand there: backup, restore, migrate,
start, look by three commands, lift. How backups are taken and played back: tests/faults/backups.py.
"""

import random
import shutil
from collections.abc import Iterator

import pytest
from django.db import connections

from tests import scenes
from tests.faults import lengths, record
from tests.faults.backups import Backups, manage
from tests.faults.ground import Crew, Services
from tests.followed import wait_until
from tests.scenes import Cast, posts
from upgrades import selectors
from upgrades.models import AuditEvent, ChangeRequest, Halt, Heartbeat, UpgradeRun
from upgrades.rules.doctor import Level
from upgrades.selectors.heartbeats import PARTS_WITH_WEB
from upgrades.services import change_requests, halts, moves, sealing, submission
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.timeout(3600)

PATIENCE = 60.0
# What the request that is posted later has come to when the backup is taken.
STAGES = ("approved", "starting", "in_review")


@pytest.fixture
def backups(own_services: Services) -> Iterator[Backups]:
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
        # The first seeds play each kind of backup once; nine play each kind at each stage.
        self.kind = backups.kinds[seed % len(backups.kinds)]
        self.stage = STAGES[(seed + seed // len(backups.kinds)) % len(STAGES)]
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
        kept = self._head()
        play_back = self.kind()
        self._go_on()
        lost = self._head()
        connections.close_all()
        play_back()
        self._command(0, "migrate")
        with Crew(services, ("web", "tick", "follow", "beat")):
            self._nothing_leaves()
            self._is_looked_at(kept, lost)
            self._votes_anew()
        return self.found

    def _head(self) -> str:
        """The head of the audit trail, as auditors keep it."""
        sealing.seal_new()
        return str(selectors.head_of_chain())

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
            # The file outside the database knows the newest seal too, not only the start.
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
        # The follower may have declared the halt before the first tick.
        wait_until(lambda: Heartbeat.objects.filter(name="worker").exists(), PATIENCE)
        since = Heartbeat.objects.get(name="worker").at
        wait_until(lambda: (Heartbeat.objects.get(name="worker").at - since).total_seconds() > 2, PATIENCE)
        self._expect(len(posts(self.ocp)) == 1, "something was posted after the restore")
        self._expect(AuditEvent.objects.filter(action="halt.declare").exists(), "the audit says nothing")
        self._expect(not UpgradeRun.objects.exists(), "a run was made up")

    def _is_looked_at(self, kept: str, lost: str) -> None:
        """By the commands of step 5, while nothing is sent."""
        self._command(0, "invariants")
        self._command(0, "audit_verify", "--head", kept)
        wait_until(lambda: not selectors.silent_parts(PARTS_WITH_WEB), PATIENCE)
        lines = self._command(1, "doctor").splitlines()
        troubles = [line for line in lines if line.startswith(str(Level.TROUBLE))]
        self._expect(len(troubles) == 1 and "it was restored" in troubles[0], f"doctor says {troubles}")
        # The seals that are gone are missed by whoever kept a newer head.
        self._command(1, "audit_verify", "--head", lost)

    def _command(self, code: int, *words: str) -> str:
        """A command of manage.py that should end with `code`; what it wrote."""
        ended, said = manage(*words)
        self._expect(ended == code, f"{' '.join(words)} ended with {ended}: {said}")
        return said

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
    seeds = lengths.seeds(short=1, push=3, full=20)
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

"""A disk is full, to its last byte: nothing is sent, pages and logs say why, and all goes on when there is room again.

The disks are small file systems in memory, which only root may mount.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
import requests
from django.db import OperationalError
from django.test import Client
from psycopg import errors
from pytest_django import DjangoDbBlocker

from tests import scenes
from tests.faults import lengths
from tests.faults.ground import Crew, Services
from tests.faults.stories import comes_true
from tests.scenes import Cast, posts
from upgrades.models import ChangeRequest
from upgrades.reasons import outage
from upgrades.rules import workflow
from upgrades.services import change_requests, moves
from upgrades.simulator.server import LookAlike

pytestmark = [pytest.mark.timeout(600), lengths.longer]

PATIENCE = 90.0
FULL = "No space left on device"


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """`folder` is a file system of `size` meanwhile."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=711", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """No byte is left where `folder` lies."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * (1 << 16)):
            pass
    try:
        yield
    finally:
        filler.unlink()


@pytest.fixture
def services_on_a_small_disk(django_db_blocker: DjangoDbBlocker) -> Iterator[Services]:
    services = Services()
    try:
        with small_disk(services.folder, "300m"), django_db_blocker.unblock(), services:
            yield services
    finally:
        # Where nothing could be mounted nothing was started; and what is mounted cannot be removed before.
        services.guard.close()
        services.folder.rmdir()


class Asked:
    """Two approved requests over empty tables: `first` is asked to start on a full disk, `second` afterwards."""

    def __init__(self, services: Services, look_alike: LookAlike, settings: object) -> None:
        services.empty()
        scenes.connect(look_alike, settings)
        cast = Cast()
        self.first, self.second = (
            scenes.approved(cast),
            scenes.approved(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET),
        )
        self.olga = cast.olga
        client = Client()
        client.force_login(cast.olga)
        self.cookies = {"sessionid": client.cookies["sessionid"].value}
        self.look_alike = look_alike

    def start(self, change_request: ChangeRequest) -> bool:
        """olga asks for it, unless it is under way; whether the database had room to take that down."""
        try:
            for row in ChangeRequest.objects.filter(pk=change_request.pk, status=workflow.RequestStatus.APPROVED):
                change_requests.start(change_request=row, fingerprint=row.fingerprint, actor=self.olga)
        except OperationalError as error:
            # A page says so, as where the database is away.
            if FULL in str(error) and outage.is_away(error):
                return False
            raise
        return True

    def pages(self, crew: Crew) -> str:
        """The pages of the first request and of its run, if there is one, as olga meets them."""
        addresses = [f"{crew.url}/{noun}/{self.first.pk}/" for noun in ("change-requests", "runs")]
        answers = [requests.get(address, cookies=self.cookies, timeout=30) for address in addresses]
        assert {answer.status_code for answer in answers} <= {200, 404, 503}
        return "".join(answer.text for answer in answers)

    def goes_on(self) -> bool:
        """Whether the second is sent; and no request is sent twice."""

        def is_sent() -> bool:
            # A busy machine may have read too slowly.
            with suppress(moves.Refusal):
                self.start(self.second)
            return self.second.cluster.ocp_id in self.sent()

        return comes_true(is_sent, PATIENCE) and len(self.sent()) == len(set(self.sent()))

    def sent(self) -> list[int]:
        """The clusters of all upgrades that reached OCP."""
        return [post["cluster_id"] for post in posts(self.look_alike)]


def test_without_room_for_the_file_outside_the_database_nothing_is_sent_and_the_page_says_why(
    own_services: Services, look_alike: LookAlike, settings: object
) -> None:
    own_services.state.mkdir(exist_ok=True)
    with small_disk(own_services.state, "16k"), own_services.turned():
        asked = Asked(own_services, look_alike, settings)
        with Crew(own_services, ("web", "tick", "follow", "beat")) as crew:
            pids = dict(crew.pids)
            with filled(own_services.state):
                assert asked.start(asked.first)
                assert comes_true(lambda: FULL in asked.pages(crew), PATIENCE)
                assert comes_true(lambda: crew.log.has("tick", "the state file cannot be used"), PATIENCE)
                assert asked.sent() == []
            assert asked.goes_on()
            assert crew.pids == pids


def test_where_postgresql_has_no_room_nothing_is_sent_and_no_process_ends(
    services_on_a_small_disk: Services, look_alike: LookAlike, settings: object
) -> None:
    services = services_on_a_small_disk
    with services.turned():
        asked = Asked(services, look_alike, settings)
        with Crew(services, ("web", "tick", "follow", "beat")) as crew:
            pids = dict(crew.pids)
            with filled(services.folder):
                with pytest.raises(errors.DiskFull), psycopg.connect(services.superuser_url) as superuser:
                    superuser.execute("CREATE TABLE more AS SELECT repeat('x', 100) FROM generate_series(1, 100000)")
                is_said = not asked.start(asked.first)
                is_said = is_said or comes_true(
                    lambda: crew.log.has("tick", FULL) or FULL in asked.pages(crew), PATIENCE
                )
                assert is_said
                # Whatever the page can show, it is no failure of ours.
                asked.pages(crew)
                assert asked.sent() == []
            # Where it was about to begin a new segment of its log it ended.
            services.embedded.revive()
            assert asked.goes_on()
            assert crew.pids == pids

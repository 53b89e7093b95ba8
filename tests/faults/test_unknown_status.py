"""F-WRK-7, versions mixed in a deploy: a row in a status that this code does not know is left alone, others go on."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.test import Client

from ocpdash.processes import wait_until
from tests import followed, scenes
from tests.scenes import Cast
from upgrades import tasks
from upgrades.models import AuditEvent, ChangeRequest, UpgradeRun
from upgrades.services import change_requests, moves, schedule, sweeping, verifying
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.django_db(transaction=True)

# What a later version would have: a wider table of statuses.
LATER = "paused_later"
CONSTRAINTS = {
    "upgrades_upgraderun": "run_status_is_known",
    "upgrades_changerequest": "change_request_status_is_known",
}


@pytest.fixture
def later(services: object) -> Iterator[psycopg.Connection]:
    """A database whose constraints a later version has widened, as the superuser; afterwards ours stand again."""
    with psycopg.connect(services.superuser_url, autocommit=True) as superuser:  # type: ignore[attr-defined]
        rules = {}
        for table, name in CONSTRAINTS.items():
            query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s"
            (rules[name],) = superuser.execute(query, [name]).fetchone()
            superuser.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        yield superuser
        for table, name in CONSTRAINTS.items():
            superuser.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {rules[name]} NOT VALID")


def all_ticks(run: UpgradeRun) -> None:
    """Everything that ever moves a run or a request, once."""
    schedule.due()
    tasks.expire_all()
    followed.follow(run)
    sweeping.sweep(run.endpoint)
    verifying.verify_due(run.endpoint)


def test_a_status_of_a_later_version_is_left_alone_and_the_page_says_so(
    look_alike: LookAlike, settings: Any, later: psycopg.Connection
) -> None:
    cast = Cast()
    # A busy machine is no failure.
    settings.SUBMIT_BUDGET_SECONDS, settings.SECOND_PRE_READ_SECONDS = 60, 30
    scenes.connect(look_alike, settings)
    odd = followed.posted(cast)
    well = followed.posted(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    later.execute("UPDATE upgrades_upgraderun SET status = %s WHERE change_request_id = %s", [LATER, odd.pk])
    events = AuditEvent.objects.filter(change_request_id=odd.pk).count()
    followed.advance(look_alike, followed.TO_THE_END)
    all_ticks(well)
    assert wait_until(lambda: verifying.verify_due(well.endpoint) or followed.fresh(well).status == "verified", 20)

    odd = followed.fresh(odd)
    assert (odd.status, AuditEvent.objects.filter(change_request_id=odd.pk).count()) == (LATER, events)
    client = Client()
    client.force_login(cast.olga)
    for address in (
        f"/runs/{odd.pk}/",
        "/runs/",
        f"/change-requests/{odd.pk}/",
        "/",
        "/clusters/",
        "/change-requests/",
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
    assert LATER in client.get(f"/runs/{odd.pk}/").text
    assert client.get(f"/runs/{odd.pk}/snapshot/").json()["status"] == LATER


def test_a_request_in_a_status_of_a_later_version_cannot_be_moved(
    look_alike: LookAlike, settings: Any, later: psycopg.Connection
) -> None:
    cast = Cast()
    scenes.connect(look_alike, settings)
    request = scenes.approved(cast)
    later.execute("UPDATE upgrades_changerequest SET status = %s WHERE id = %s", [LATER, request.pk])
    request = ChangeRequest.objects.get(pk=request.pk)
    with pytest.raises(moves.Refusal):
        change_requests.start(change_request=request, fingerprint=request.fingerprint, actor=cast.olga)
    schedule.due()
    tasks.expire_all()
    request.refresh_from_db()
    assert request.status == LATER
    client = Client()
    client.force_login(cast.olga)
    for address in (f"/change-requests/{request.pk}/", "/change-requests/", "/inbox/"):
        assert client.get(address).status_code == 200, address
    assert LATER in client.get(f"/change-requests/{request.pk}/").text
    assert scenes.posts(look_alike) == []

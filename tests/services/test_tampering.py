"""Whoever rules the database may change the audit trail, and is found: by kinds, each told for what it is.

Rows and seals are made once. Each tampering is undone by its savepoint. The check runs as the superuser too, so that it
sees what is not committed.
"""

# ruff: noqa: S608 (every word of these statements is ours)

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from django.db import connection, connections, transaction
from pytest_django import DjangoDbBlocker

from ocpdash import embedded
from tests import servers
from tests.conftest import clean_database
from tests.services import tampering
from tests.services.tampering import LAST, MIDDLE, SEALS, Tampering
from upgrades import selectors
from upgrades.models import AuditEvent
from upgrades.rules import Reason, seals
from upgrades.services import checking, sealing


def event(number: int) -> AuditEvent:
    """An event that fills every column, each with what it shares with no other event."""
    json = {"number": 1, "deep": {"list": [1, 2], "word": "B"}, "of": number}
    return AuditEvent(
        action=f"run.verify{number}", outcome="refused", actor_id=number, actor_name=f"olga{number}a",
        subject_type=f"upgraderun{number}", subject_id=f"{number}7", subject_name=f"核心 {number}a",
        change_request_id=number, environment="production", before=json, after=json, reason=json,
        comment=f"Agreed {number} times.", request_id=f"{number:032x}", trace_id=f"8ae3{number}",
        address=f"10.1.2.{number}",
    )  # fmt: skip


@contextmanager
def as_superuser(url: str) -> Iterator[None]:
    """Django's default connection is the superuser's, past triggers and grants."""
    parts, ours = urlsplit(url), connections["default"]
    theirs = connections.create_connection("default")
    query = dict(parse_qsl(parts.query))
    theirs.settings_dict = {
        **ours.settings_dict, "USER": unquote(parts.username or ""), "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", parts.hostname or ""), "PORT": str(parts.port or query.get("port", "")),
    }  # fmt: skip
    connections["default"] = theirs
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
        yield
    finally:
        theirs.close()
        connections["default"] = ours


@pytest.fixture(scope="module")
def kept(
    services: embedded.Services | servers.Given, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[seals.Head]:
    """A sealed trail of 40 events, and its head as somebody keeps it elsewhere."""
    with django_db_blocker.unblock():
        clean_database(services.superuser_url)
        AuditEvent.objects.bulk_create(event(number) for number in range(1, LAST + 1))
        assert sealing.seal_new() == LAST
        with as_superuser(services.superuser_url):
            yield selectors.head_of_chain()
        clean_database(services.superuser_url)


@contextmanager
def undone() -> Iterator[None]:
    """What is done inside is undone after."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def run(*statements: str) -> int:
    """How many rows the last statement touched."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return int(cursor.rowcount)


def found(*heads: seals.Head) -> list[Reason]:
    told: list[Reason] = []
    checking.check_all(heads=heads, tell=told.append)
    return told


def codes(reasons: list[Reason]) -> set[str]:
    return {reason.code.removeprefix("seal.") for reason in reasons}


def rechain(first: int) -> None:
    """Compute every hash from this seal on anew, as somebody would who knows how."""
    head = seals.Head(first - 1, selectors.seal_hash(first - 1) or seals.GENESIS)
    for link in list(selectors.links(first - 1)):
        assert link.event is not None
        new = seals.digest(link.seq, head.hash, link.event)
        run(f"UPDATE {SEALS} SET prev_hash = '{head.hash}', hash = '{new}' WHERE seq = {link.seq}")
        head = seals.Head(link.seq, new)


def test_nothing_is_found_where_nobody_tampered(kept: seals.Head) -> None:
    with undone():
        assert found(kept, seals.Head(7, selectors.seal_hash(7) or "")) == []


def test_there_are_more_than_two_hundred_kinds() -> None:
    assert len(tampering.ALL) > 200
    assert len({kind.statements for kind in tampering.ALL} | {kind.name for kind in tampering.ALL}) > 400


@pytest.mark.parametrize("kind", tampering.ALL, ids=lambda kind: kind.name.replace("/", " "))
def test_tampering_is_found_and_told_for_what_it_is(kept: seals.Head, kind: Tampering) -> None:
    with undone():
        assert run(*kind.statements) > 0
        told = found(kept)
        assert kind.code in codes(told)
        if kind.place is not None:
            places = {(one.code, one.params.get("seq")) for one in told}
            assert (f"seal.{kind.code}", kind.place) in places


@pytest.mark.parametrize("place", [1, 2, MIDDLE, LAST - 1, LAST])
def test_one_seal_that_was_computed_anew_does_not_fit_the_next(kept: seals.Head, place: int) -> None:
    with undone():
        run(f"UPDATE upgrades_auditevent SET comment = 'never said' WHERE id = {place}")
        link = next(selectors.links(place - 1, place))
        assert link.event is not None
        run(f"UPDATE {SEALS} SET hash = '{seals.digest(place, link.prev_hash, link.event)}' WHERE seq = {place}")
        told = found(kept)
        # Nothing follows the last one: its hash is the head that was kept.
        assert codes(told) == ({"head_differs"} if place == LAST else {"rewritten"})
        assert told[0].params["seq"] == place


@pytest.mark.parametrize("first", [1, 2, MIDDLE, LAST - 1, LAST])
def test_a_chain_that_was_computed_anew_shows_by_the_head_that_was_kept(kept: seals.Head, first: int) -> None:
    with undone():
        run(f"UPDATE upgrades_auditevent SET actor_name = 'somebody else' WHERE id = {first}")
        rechain(first)
        assert found() == []
    with undone():
        run(f"UPDATE upgrades_auditevent SET actor_name = 'somebody else' WHERE id = {first}")
        rechain(first)
        assert codes(found(kept)) == {"head_differs"}


def test_an_end_that_was_cut_and_grew_again_shows_by_the_head_that_was_kept(kept: seals.Head) -> None:
    with undone():
        run("DELETE FROM upgrades_auditevent WHERE id > 35", f"DELETE FROM {SEALS} WHERE seq > 35")
        AuditEvent.objects.bulk_create(event(number) for number in range(41, 60))
        run("UPDATE upgrades_chainstate SET settled_event = 35")
        assert sealing.seal_new() == 19
        assert codes(found(kept)) == {"head_differs"}


def test_a_removed_event_whose_seals_were_closed_up_shows_by_the_head_that_was_kept(kept: seals.Head) -> None:
    with undone():
        run("DELETE FROM upgrades_auditevent WHERE id = 20", f"DELETE FROM {SEALS} WHERE seq = 20")
        run(f"UPDATE {SEALS} SET seq = -seq WHERE seq > 20", f"UPDATE {SEALS} SET seq = -seq - 1 WHERE seq < 0")
        rechain(20)
        assert codes(found(kept)) == {"tail_cut"}


def test_an_event_that_was_sealed_later_than_it_says_is_told(kept: seals.Head) -> None:
    with undone():
        forged = event(60)
        forged.save()
        run(f"UPDATE upgrades_auditevent SET at = at - interval '11 minutes' WHERE id = {forged.pk}")
        assert sealing.seal_new() == 1
        assert [(one.code, one.params["event"]) for one in found(kept)] == [("seal.backdated", forged.pk)]


def test_events_that_nobody_seals_are_told_after_a_minute(kept: seals.Head) -> None:
    with undone():
        late = event(61)
        late.save()
        assert found(kept) == []
        run(f"UPDATE upgrades_auditevent SET at = at - interval '61 seconds' WHERE id = {late.pk}")
        assert codes(found(kept)) == {"unsealed"}


def test_a_forgery_under_a_low_number_is_never_sealed(kept: seals.Head) -> None:
    with undone():
        forged = event(0)
        forged.pk = 0
        forged.save(force_insert=True)
        assert sealing.seal_new() == 0
        assert codes(found(kept)) == {"event_added"}

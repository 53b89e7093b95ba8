"""The sealer: each committed event gets one seal, in whatever order transactions end; and who may write seals."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from tests import settings as test_settings
from upgrades import audit, selectors
from upgrades.models import AuditEvent, AuditSeal, ChainState
from upgrades.rules import Reason, seals
from upgrades.services import checking, sealing

pytestmark = pytest.mark.django_db(transaction=True)

INSERT = """INSERT INTO upgrades_auditevent (action, outcome, actor_name, subject_type, subject_id, subject_name,
    environment, before, after, comment, request_id, trace_id, address)
    VALUES ('user.sign_in', 'done', '', '', '', '', '', '{}', '{}', '', '', '', '') RETURNING id"""


def application() -> psycopg.Connection:
    return psycopg.connect(test_settings.ENVIRONMENT["DATABASE_URL"])


def insert(writer: psycopg.Connection) -> int:
    row = writer.execute(INSERT).fetchone()
    assert row is not None
    return int(row[0])


@pytest.fixture
def writers() -> Iterator[list[psycopg.Connection]]:
    """Three transactions of others, each on its own connection."""
    with ExitStack() as stack:
        yield [stack.enter_context(application()) for _number in range(3)]


def sealed() -> list[int]:
    """The events in the order of their seals."""
    return list(AuditSeal.objects.order_by("seq").values_list("event_id", flat=True))


def found() -> list[Reason]:
    told: list[Reason] = []
    checking.check_all(tell=told.append)
    return told


def mark() -> int:
    return ChainState.objects.get().settled_event


def test_each_event_is_sealed_once_and_follows_the_one_before() -> None:
    for _number in range(3):
        audit.record("user.sign_in", subject=None)
    assert sealing.seal_new() == 3
    assert sealing.seal_new() == 0
    rows = list(AuditSeal.objects.order_by("seq"))
    assert [row.seq for row in rows] == [1, 2, 3]
    assert [row.prev_hash for row in rows] == [seals.GENESIS, rows[0].hash, rows[1].hash]
    assert selectors.head_of_chain() == (3, rows[2].hash)
    assert found() == []


def test_an_event_that_is_committed_after_a_later_one_is_not_missed(writers: list[psycopg.Connection]) -> None:
    slow, quick, undone = writers
    first, second, third = insert(slow), insert(undone), insert(quick)
    quick.commit()
    assert sealing.seal_new() == 1
    assert sealed() == [third]
    assert mark() == 0
    undone.rollback()
    slow.commit()
    assert sealing.seal_new() == 1
    assert sealed() == [third, first]
    assert mark() == third > second
    assert found() == []


def test_whoever_is_about_to_draw_a_number_holds_the_mark_back_too(writers: list[psycopg.Connection]) -> None:
    """The lock comes before the number: no moment is left in which a number is drawn and nobody seen."""
    slow, quick, _other = writers
    slow.execute("LOCK TABLE upgrades_auditevent IN ROW EXCLUSIVE MODE")
    newest = insert(quick)
    quick.commit()
    assert sealing.seal_new() == 1
    assert mark() == 0
    slow.commit()
    sealing.seal_new()
    assert mark() == newest


def test_no_writer_waits_for_the_sealer_and_two_sealers_do_not_meet(writers: list[psycopg.Connection]) -> None:
    holder, writer, _other = writers
    holder.execute("SELECT pg_advisory_xact_lock(%s)", [sealing.SEALER])
    writer.execute("SET lock_timeout = '1s'")
    insert(writer)
    writer.commit()
    assert sealing.seal_new() == 0
    holder.commit()
    assert sealing.seal_new() == 1


def _write(seed: int) -> int:
    """Thirty transactions of some events each, one in five undone; how many events were kept."""
    dice, kept = random.Random(seed), 0  # noqa: S311 (no secret)
    with application() as writer:
        for _turn in range(30):
            count = dice.randint(1, 4)
            for _event in range(count):
                insert(writer)
            if dice.random() < 0.2:
                writer.rollback()
            else:
                writer.commit()
                kept += count
    return kept


def test_every_event_of_many_writers_at_once_is_sealed_once() -> None:
    with ThreadPoolExecutor(6) as pool:
        writing = [pool.submit(_write, seed) for seed in range(6)]
        while not all(done.done() for done in writing):
            sealing.seal_new()
    sealing.seal_new()
    kept = sum(done.result() for done in writing)
    assert len(sealed()) == len(set(sealed())) == AuditEvent.objects.count() == kept
    assert found() == []
    assert mark() == max(sealed())


def test_more_events_than_one_turn_takes_are_sealed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "MOST_AT_ONCE", 2)
    for _number in range(3):
        audit.record("user.sign_in", subject=None)
    assert sealing.seal_new() == 2
    assert mark() == 0
    assert sealing.seal_new() == 1
    assert mark() == max(sealed())


@pytest.mark.parametrize(
    "statement",
    ["UPDATE upgrades_auditseal SET hash = ''", "DELETE FROM upgrades_auditseal", "TRUNCATE upgrades_auditseal"],
)
def test_seals_are_changed_by_nobody(statement: str) -> None:
    audit.record("user.sign_in", subject=None)
    sealing.seal_new()
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(statement)
    with (
        psycopg.connect(test_settings.ENVIRONMENT["DATABASE_OWNER_URL"]) as owner,
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="insert-only"),
    ):
        owner.execute(statement)


def test_a_minute_of_checking_reads_what_is_new_and_says_how_far() -> None:
    audit.record("user.sign_in", subject=None)
    sealing.seal_new()
    assert checking.check_due()
    assert not checking.check_due()
    state = ChainState.objects.get()
    assert (state.checked_seq, state.findings) == (1, [])
    assert state.whole_since is not None
    assert selectors.chain().checked_seq == 1


def _due_again() -> None:
    ChainState.objects.update(checked_at=None)


def test_a_long_chain_is_checked_by_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "STEP", 2)
    for _number in range(5):
        audit.record("user.sign_in", subject=None)
    sealing.seal_new()
    far = []
    for _minute in range(3):
        _due_again()
        assert checking.check_due()
        state = ChainState.objects.get()
        far.append((state.checked_seq, state.round_seq, state.whole_since is not None))
    assert far == [(2, 2, False), (4, 4, False), (5, 0, True)]


def test_what_is_found_stays_until_the_whole_was_read_without_it_and_rings_once(
    services: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "STEP", 2)
    for _number in range(5):
        audit.record("user.sign_in", subject=None)
    sealing.seal_new()
    checking.check_due()
    _tamper(services, "UPDATE upgrades_auditevent SET comment = 'x' WHERE id = 2")
    for _minute in range(4):
        _due_again()
        checking.check_due()
    assert [one.code for one in selectors.chain().findings][:1] == ["seal.either_changed"]
    alarms = AuditEvent.objects.filter(action="audit.alarm")
    assert [alarm.outcome for alarm in alarms] == ["failed"]
    _tamper(services, "UPDATE upgrades_auditevent SET comment = '' WHERE id = 2")
    sealing.seal_new()
    assert found() == []
    assert selectors.chain().findings == ()


def test_the_head_that_the_last_check_saw_is_looked_for_again(services: object) -> None:
    for _number in range(3):
        audit.record("user.sign_in", subject=None)
    sealing.seal_new()
    checking.check_due()
    _tamper(services, "DELETE FROM upgrades_auditseal WHERE seq = 3; DELETE FROM upgrades_auditevent WHERE id = 3")
    for _minute in range(2):
        _due_again()
        checking.check_due()
        assert selectors.chain().findings[0].code == "seal.tail_cut"
    # The alarm itself was sealed as the new third: another hash than the one that was seen.
    sealing.seal_new()
    _due_again()
    checking.check_due()
    assert "seal.head_differs" in [one.code for one in selectors.chain().findings]
    assert "seal.head_differs" in [one.code for one in found()]


def _tamper(services: object, statements: str) -> None:
    with psycopg.connect(services.superuser_url, autocommit=True) as superuser:  # type: ignore[attr-defined]
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(statements)


def test_a_seal_and_its_event_go_with_the_transaction_that_wrote_the_event() -> None:
    with transaction.atomic():
        audit.record("user.sign_in", subject=None)
        transaction.set_rollback(True)
    assert sealing.seal_new() == 0

"""Random ways to tamper with a sealed trail by SQL, as somebody who rules the database and knows how seals are made.

Events 1 to 40 stand under seals 1 to 40, as tests/services/test_tampering.py makes them.
"""

# ruff: noqa: S608 (every word of these statements is ours; what varies is a parameter)

import json
from collections.abc import Callable
from random import Random
from typing import Any

from django.db import DatabaseError, connection, transaction

from tests.services.tampering import EVENTS, LAST, SEALS
from tests.services.test_tampering import event, rechain
from upgrades import selectors
from upgrades.models import AuditEvent
from upgrades.services import sealing

TEXTS = (
    "action", "outcome", "actor_name", "subject_type", "subject_id", "subject_name", "environment", "comment",
    "request_id", "trace_id", "address",
)  # fmt: skip
NUMBERS = ("actor_id", "change_request_id")
JSON = ("before", "after", "reason")
COLUMNS = (*TEXTS, *NUMBERS, *JSON, "at")
# Some that look like none, like others, or like nothing that one would type.
LETTERS = "aZ09 .,'\"\\\u200b\u202e\u00e9\u6838\u0001\U0001f600"
MOST_ACTS = 3
SHARE_OF_RECHAINED = 0.3


def rows(statement: str, *values: object) -> list[tuple[Any, ...]]:
    """What a statement of ours returns, if anything."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def trail() -> list[str]:
    """Everything that is sealed and every seal, as text: two trails that differ in a byte differ here."""
    return [row[0] for table in (EVENTS, SEALS) for row in rows(f"SELECT t::text FROM {table} t ORDER BY 1")]


def tamper(dice: Random) -> str:
    """Change the trail as the dice fall; what was done, in words. Now and then later hashes are computed anew."""
    told = [_try(dice.choice(ACTS), dice) for _number in range(dice.randint(1, MOST_ACTS))]
    if dice.random() < SHARE_OF_RECHAINED:
        told.append(_try(_compute_anew, dice))
    return ", ".join(told)


def _try(act: Callable[[Random], str], dice: Random) -> str:
    """What was done, or that the database itself does not take it."""
    try:
        with transaction.atomic():
            return act(dice)
    except DatabaseError as error:
        return f"{act.__name__} refused: {type(error).__name__}"


# --- Events ---------------------------------------------------------------------------------------------------


def _change(dice: Random) -> str:
    """Another value in one column of one event."""
    place, column = dice.randint(1, LAST), dice.choice(COLUMNS)
    if column == "at":
        seconds = dice.choice((1e-6, 1.0, 3600.0, 1e8)) * dice.choice((-1, 1))
        rows(f"UPDATE {EVENTS} SET at = at + make_interval(secs => %s) WHERE id = %s", seconds, place)
    else:
        value = _another(dice, column, place)
        rows(f"UPDATE {EVENTS} SET {column} = %s WHERE id = %s", value, place)
    return f"{column} of event {place}"


def _another(dice: Random, column: str, place: int) -> object:
    found = rows(f"SELECT {column}::text FROM {EVENTS} WHERE id = %s", place)
    former = found[0][0] if found and found[0][0] is not None else "0"
    if column in NUMBERS:
        return dice.choice((int(former) + dice.choice((-1, 1, 1000)), None))
    return _bent(dice, former) if column in TEXTS else json.dumps(_other_json(dice, json.loads(former)))


def _bent(dice: Random, text: str) -> str:
    """One letter more, less or other, somewhere."""
    place, letter = dice.randint(0, len(text)), dice.choice(LETTERS)
    return dice.choice((text[:place] + letter + text[place:], text[:place] + text[place + 1 :], text[:place] + letter))


def _other_json(dice: Random, value: Any) -> Any:
    """The same with one thing other, somewhere in it."""
    if isinstance(value, dict) and value and dice.random() < 0.8:
        name = dice.choice(sorted(value))
        return dice.choice((value | {name: _other_json(dice, value[name])}, value | {_bent(dice, name): value[name]}))
    if isinstance(value, list) and value and dice.random() < 0.8:
        return dice.choice((value[::-1], value[1:], [*value, value[0]], [_other_json(dice, value[0]), *value[1:]]))
    if isinstance(value, int):
        return dice.choice((value + 1, float(value), str(value), value == 1, None))
    return _bent(dice, value) if isinstance(value, str) else dice.choice((None, {}, [], [value]))


def _swap(dice: Random) -> str:
    """Two events change places in some columns, or in all."""
    one, other = dice.sample(range(1, LAST + 1), 2)
    columns = dice.choice((COLUMNS, dice.sample(COLUMNS, dice.randint(1, 4))))
    setting = ", ".join(f"{column} = b.{column}" for column in columns)
    pair = "(a.id, b.id) IN ((%s, %s), (%s, %s))"
    rows(f"UPDATE {EVENTS} a SET {setting} FROM {EVENTS} b WHERE {pair}", one, other, other, one)
    return f"{len(columns)} columns of events {one} and {other} swapped"


def _forge(dice: Random) -> str:
    """An event more, under a number of before all seals, or in the place of another one."""
    place = dice.choice((0, -dice.randint(1, 1000), dice.randint(1, LAST)))
    source, names = dice.randint(1, LAST), ", ".join(COLUMNS)
    rows(f"DELETE FROM {EVENTS} WHERE id = %s", place)
    rows(f"INSERT INTO {EVENTS} (id, {names}) SELECT %s, {names} FROM {EVENTS} WHERE id = %s", place, source)
    return f"event {place} forged after {source}"


def _renumber(dice: Random) -> str:
    former, new = dice.randint(1, LAST), dice.choice((-1, 0, 1)) * dice.randint(1000, 2000)
    rows(f"UPDATE {EVENTS} SET id = %s WHERE id = %s", new, former)
    return f"event {former} renumbered {new}"


# --- Seals, and both ------------------------------------------------------------------------------------------


def _delete(dice: Random) -> str:
    """Some of the events, of the seals, or of both."""
    places = dice.sample(range(1, LAST + 1), dice.choice((1, 2, 5, LAST)))
    doomed = dice.choice(((EVENTS,), (SEALS,), (EVENTS, SEALS)))
    for table in doomed:
        rows(f"DELETE FROM {table} WHERE {'id' if table == EVENTS else 'seq'} = ANY(%s)", places)
    return f"{len(places)} of {doomed} deleted"


def _bend_seal(dice: Random) -> str:
    """Another digit in a hash, another number, or another event."""
    place, column = dice.randint(1, LAST), dice.choice(("hash", "prev_hash", "seq", "event_id"))
    if column in ("hash", "prev_hash"):
        digit = f"overlay({column} placing %s from %s)"
        rows(f"UPDATE {SEALS} SET {column} = {digit} WHERE seq = %s", dice.choice("0af"), dice.randint(1, 64), place)
    else:
        new = dice.choice((-5, 0, LAST + 1, 10**6))
        rows(f"UPDATE {SEALS} SET {column} = %s WHERE seq = %s", new, place)
    return f"{column} of seal {place}"


def _regrow(dice: Random) -> str:
    """The end is cut off, and other events are sealed in its place, as the product itself would."""
    left = dice.randint(0, LAST - 1)
    rows(f"DELETE FROM {EVENTS} WHERE id > %s", left)
    rows(f"DELETE FROM {SEALS} WHERE seq > %s", left)
    AuditEvent.objects.bulk_create(event(number) for number in range(LAST + 1, LAST + 1 + dice.randint(1, LAST)))
    rows("UPDATE upgrades_chainstate SET settled_event = %s", left)
    sealing.seal_new()
    return f"grown again from {left}"


def _close_up(dice: Random) -> str:
    """An event goes with its seal, later seals move up, and each hash is computed anew."""
    place = dice.randint(1, LAST)
    rows(f"DELETE FROM {EVENTS} WHERE id = %s", place)
    rows(f"DELETE FROM {SEALS} WHERE seq = %s", place)
    rows(f"UPDATE {SEALS} SET seq = -seq WHERE seq > %s", place)
    rows(f"UPDATE {SEALS} SET seq = -seq - 1 WHERE seq < 0")
    return f"{place} closed up, {_compute_from(place)}"


def _compute_anew(dice: Random) -> str:
    return _compute_from(dice.choice((1, 1, dice.randint(1, LAST))))


def _compute_from(first: int) -> str:
    """Every hash from there on anew, as far as there are events to compute it of."""
    if any(link.event is None for link in selectors.links(first - 1)):
        return "events are gone"
    rechain(first)
    return f"computed anew from {first}"


ACTS = (_change, _change, _change, _swap, _forge, _renumber, _delete, _bend_seal, _regrow, _close_up)

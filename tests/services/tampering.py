"""Ways to tamper with the audit trail by SQL, as somebody who rules the database: (name, statements, what is told).

Events 1 to 40 stand under seals 1 to 40. `MIDDLE` has events on both sides; nothing follows `LAST`.
"""

# ruff: noqa: S608 (every word of these statements is ours)

from typing import NamedTuple

FIRST, MIDDLE, LAST = 1, 20, 40
EVENTS, SEALS = "upgrades_auditevent", "upgrades_auditseal"


class Tampering(NamedTuple):
    """Statements, one of the codes that must be told, and the number of the event or seal that it must name."""

    name: str
    statements: tuple[str, ...]
    code: str
    place: int | None = None


# New values of a column, as SQL; the events' own values stand in test_tampering.py.
_TEXTS = ("{0} || ' '", "{0} || chr(1)", "'other'", "''", "upper({0}) || chr(8203)", "left({0}, -1)", "reverse({0})")
_NUMBERS = ("{0} + 1", "-{0}", "NULL", "0")
_TIMES = (
    "{0} + interval '1 microsecond'", "{0} + interval '1 hour'", "{0} - interval '8 hours'", "{0} + interval '1 year'",
    "'infinity'", "'-infinity'", "'0044-03-15 12:00+00 BC'", "'20261-03-15 12:00+00'",
)  # fmt: skip
_JSON = (
    "{0} || '{{\"more\": true}}'", "'{{}}'", "'[]'", "'null'", "'0'", "'\"\"'", "{0} - 'number'",
    "jsonb_set({0}, '{{number}}', '1.0')", "jsonb_set({0}, '{{number}}', '\"1\"')",
    "jsonb_set({0}, '{{number}}', 'true')", "jsonb_set({0}, '{{number}}', 'null')",
    "jsonb_set({0}, '{{deep,list}}', '[2, 1]')", "jsonb_set({0}, '{{deep,list}}', '[1, 2, 2]')",
    "jsonb_set({0}, '{{deep,word}}', '\"B\\u200b\"')", "jsonb_set({0}, '{{number}}', '1e400')",
    "({0} - 'number') || '{{\"Number\": 1}}'", "jsonb_build_array({0})",
)  # fmt: skip
_COLUMNS = {
    "at": _TIMES, "action": _TEXTS, "outcome": ("'done'", "'failed'", "''", "upper({0})"), "actor_id": _NUMBERS,
    "actor_name": _TEXTS, "subject_type": _TEXTS, "subject_id": _TEXTS, "subject_name": _TEXTS,
    "change_request_id": _NUMBERS, "environment": ("'dev'", "''", "{0} || ' '"), "before": _JSON, "after": _JSON,
    "reason": (*_JSON, "NULL"), "comment": _TEXTS, "request_id": _TEXTS, "trace_id": _TEXTS, "address": _TEXTS,
}  # fmt: skip


def _changed_columns() -> list[Tampering]:
    """Every column by every value in the middle; the first and the last event by the first two."""
    found = []
    for place, most, code in (
        (MIDDLE, None, "event_changed"),
        (FIRST, 2, "event_changed"),
        (LAST, 2, "either_changed"),
    ):
        for column, values in _COLUMNS.items():
            for value in values[:most]:
                text = value.format(column)
                statement = f"UPDATE {EVENTS} SET {column} = {text} WHERE id = {place}"
                found.append(Tampering(f"event {place}: {column} = {text}", (statement,), code, place))
    return found


_CHANGED_SEALS = [
    Tampering(
        f"seal {place}: {column} = {value}",
        (f"UPDATE {SEALS} SET {column} = {value} WHERE seq = {place}",),
        code,
        named,
    )
    for place, column, value, code, named in (
        (MIDDLE, "hash", "reverse(hash)", "changed", MIDDLE),
        (MIDDLE, "hash", "''", "changed", MIDDLE),
        (MIDDLE, "hash", "prev_hash", "changed", MIDDLE),
        (MIDDLE, "hash", "upper(hash)", "changed", MIDDLE),
        (MIDDLE, "prev_hash", "reverse(prev_hash)", "changed", MIDDLE),
        (MIDDLE, "prev_hash", "''", "changed", MIDDLE),
        (FIRST, "hash", "repeat('0', 64)", "changed", FIRST),
        (FIRST, "prev_hash", "repeat('1', 64)", "changed", FIRST),
        (LAST, "hash", "reverse(hash)", "either_changed", LAST),
        (LAST, "prev_hash", "reverse(prev_hash)", "changed", LAST),
        (LAST, "prev_hash", "hash", "changed", LAST),
        (MIDDLE, "seq", "41", "removed", None),
        (MIDDLE, "seq", "1000000", "removed", None),
        (FIRST, "seq", "0", "removed", None),
        (FIRST, "seq", "-1", "removed", None),
        (MIDDLE, "event_id", "1000000", "event_removed", MIDDLE),
        (MIDDLE, "event_id", "-20", "event_removed", MIDDLE),
        (LAST, "event_id", "0", "event_removed", LAST),
    )
]  # fmt: skip


def _deleted(table: str, key: str) -> list[Tampering]:
    """Rows that are taken away: of events, what their seals stand for is gone; of seals, a gap or a cut shows."""
    code = "event_removed" if table == EVENTS else "removed"
    ranges = {
        "one": f"{key} = {MIDDLE}", "the first": f"{key} = {FIRST}", "a range": f"{key} BETWEEN 10 AND 30",
        "every third": f"{key} % 3 = 0", "all but the ends": f"{key} BETWEEN 2 AND 39",
        "the older half": f"{key} <= 20",
    }  # fmt: skip
    found = [
        Tampering(f"{table}: delete {name}", (f"DELETE FROM {table} WHERE {where}",), code)
        for name, where in ranges.items()
    ]
    ends = {"the last": f"{key} = {LAST}", "the newer half": f"{key} > 20", "all": "true"}
    for name, where in ends.items():
        end = code if table == EVENTS else "tail_cut"
        found.append(Tampering(f"{table}: delete {name}", (f"DELETE FROM {table} WHERE {where}",), end))
        if table == SEALS:
            found.append(Tampering(f"{table}: unseal {name}", (f"DELETE FROM {table} WHERE {where}",), "event_added"))
    return found


_BOTH = [
    Tampering(
        f"events and seals from {first} to {last}",
        (
            f"DELETE FROM {EVENTS} WHERE id BETWEEN {first} AND {last}",
            f"DELETE FROM {SEALS} WHERE seq BETWEEN {first} AND {last}",
        ),
        code,
    )
    for first, last, code in (
        (1, 1, "removed"), (1, 10, "removed"), (20, 20, "removed"), (15, 25, "removed"),
        (40, 40, "tail_cut"), (31, 40, "tail_cut"), (1, 40, "tail_cut"),
    )
]  # fmt: skip

_NAMES = "at, action, outcome, actor_id, actor_name, subject_type, subject_id, subject_name, change_request_id, \
environment, before, after, reason, comment, request_id, trace_id, address"


def _inserted(name: str, new_id: str, source: int, at: str = "at") -> Tampering:
    columns = _NAMES.replace("at,", f"{at},", 1)
    statement = f"INSERT INTO {EVENTS} (id, {_NAMES}) SELECT {new_id}, {columns} FROM {EVENTS} WHERE id = {source}"
    return Tampering(name, (statement,), "event_added")


_INSERTED = [
    _inserted("a copy with a number below all", "0", MIDDLE),
    _inserted("a copy with a negative number", "-7", MIDDLE),
    _inserted("a copy of now", "-8", MIDDLE, "now()"),
    _inserted("a copy from the future", "-9", MIDDLE, "now() + interval '9 years'"),
    _inserted("a copy without end", "-10", MIDDLE, "'infinity'"),
]


def _swapped(table: str, key: str, columns: tuple[str, ...], one: int, other: int) -> tuple[str, ...]:
    """Statements that let two rows change places in these columns; with the key itself by a third number."""
    if columns == (key,):
        steps = ((one, -999), (other, one), (-999, other))
        return tuple(f"UPDATE {table} SET {key} = {new} WHERE {key} = {old}" for old, new in steps)
    setting = ", ".join(f"{column} = b.{column}" for column in columns)
    return (
        f"CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM {table} WHERE {key} IN ({one}, {other})",
        f"UPDATE {table} a SET {setting} FROM kept b "
        f"WHERE a.{key} IN ({one}, {other}) AND b.{key} IN ({one}, {other}) AND a.{key} <> b.{key}",
    )


_CONTENT = tuple(name.strip() for name in _NAMES.split(","))
_SWAPS = [
    Tampering(f"{what} of {one} and {other}", statements, "order_changed", one)
    for one, other in ((MIDDLE, 21), (5, 35), (1, 39))
    for what, statements in (
        ("events' numbers", _swapped(EVENTS, "id", ("id",), one, other)),
        ("events' contents", _swapped(EVENTS, "id", _CONTENT, one, other)),
        ("seals' numbers", _swapped(SEALS, "seq", ("seq",), one, other)),
    )
]  # fmt: skip
_SWAPS += [
    Tampering(
        f"seals' events of {one} and {other}",
        tuple(
            f"UPDATE {SEALS} SET event_id = {new} WHERE event_id = {old}"
            for old, new in ((one, -1), (other, one), (-1, other))
        ),
        "order_changed",
        one,
    )
    for one, other in ((MIDDLE, 21), (5, 35), (1, 39))
]  # fmt: skip
# A number that another row has: first the constraints go.
_TWICE = [
    Tampering(
        "a second seal 20",
        (
            f"ALTER TABLE {SEALS} DROP CONSTRAINT upgrades_auditseal_pkey",
            f"INSERT INTO {SEALS} (seq, event_id, prev_hash, hash) VALUES (20, 1000, repeat('a', 64), repeat('b', 64))",
        ),
        "forked",
        MIDDLE,
    ),
    Tampering(
        "a seal 20 for an event that has one",
        (
            f"ALTER TABLE {SEALS} DROP CONSTRAINT upgrades_auditseal_event_id_key",
            f"UPDATE {SEALS} SET event_id = 19 WHERE seq = 20",
        ),
        "event_added",
    ),
    Tampering(
        "seals moved up by one",
        (f"UPDATE {SEALS} SET seq = seq + 100 WHERE seq > 20", f"UPDATE {SEALS} SET seq = seq - 99 WHERE seq > 100"),
        "removed",
    ),
    Tampering("events moved up", (f"UPDATE {EVENTS} SET id = id + 100 WHERE id > 20",), "event_removed"),
    Tampering("an event renumbered", (f"UPDATE {EVENTS} SET id = 1000 WHERE id = 20",), "event_removed", MIDDLE),
    Tampering("an event renumbered low", (f"UPDATE {EVENTS} SET id = -20 WHERE id = 20",), "event_added"),
]  # fmt: skip

ALL = [
    *_changed_columns(), *_CHANGED_SEALS, *_deleted(EVENTS, "id"), *_deleted(SEALS, "seq"), *_BOTH, *_INSERTED, *_SWAPS,
    *_TWICE,
]  # fmt: skip

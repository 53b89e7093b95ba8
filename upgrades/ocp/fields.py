"""Readers of single fields: tolerant of what is absent, strict with what is there. None is OCP's way of absent."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

Row = Mapping[str, object]

WORD_CAP = 500
PROSE_CAP = 2000
LIST_CAP = 5000
_INT64 = 2**63 - 1
_INT32 = 2**31 - 1
_DIGITS = re.compile(r"-?[0-9]{1,19}")
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:(Z)|([+-])(\d\d):?(\d\d))",
    re.ASCII | re.IGNORECASE,
)
_VERSION = re.compile(r"([0-9]+(?:\.[0-9]+)+)(?:[_-]([0-9]+)(?![0-9A-Za-z]))?")


class Malformed(ValueError):
    """A field, or the whole, is not what it must be. The text names the field and never holds its value."""


def clean(text: str) -> str:
    """`text` without what no database takes: NUL and halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def word(row: Row, key: str, cap: int = WORD_CAP) -> str:
    """A word of OCP, verbatim; "" where absent. A number becomes its digits. Raises Malformed past `cap` characters."""
    value = row.get(key)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise Malformed(f"{key} is no text")
    if len(value) > cap:
        raise Malformed(f"{key} has more than {cap} characters")
    return clean(value)


def name(row: Row, key: str) -> str:
    """The text by which a thing is known; it is never a number. Raises Malformed where it is missing or empty."""
    if not isinstance(row.get(key), str) or not word(row, key).strip():
        raise Malformed(f"{key} is missing")
    return word(row, key)


def prose(row: Row, key: str) -> str:
    """Text that is only shown: cut at PROSE_CAP characters, "" where absent."""
    return word(row, key, cap=_INT32)[:PROSE_CAP]


def words(row: Row, key: str, cap: int = WORD_CAP) -> tuple[str, ...]:
    return tuple(word({key: item}, key, cap) for item in _list(row, key))


def number(row: Row, key: str, low: int = -_INT32, high: int = _INT32) -> int | None:
    """An integer, or one written in digits; None where absent. Raises Malformed for others and outside low..high."""
    value = row.get(key)
    if value is None:
        return None
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Malformed(f"{key} is no integer")
    if not low <= value <= high:
        raise Malformed(f"{key} is out of range")
    return value


def size(row: Row, key: str) -> int | None:
    """A count of bytes."""
    return number(row, key, 0, _INT64)


def ident(row: Row, key: str = "id") -> int:
    """The id that a thing must have."""
    value = number(row, key, 0, _INT64)
    if value is None:
        raise Malformed(f"{key} is missing")
    return value


def link(row: Row, key: str) -> int | None:
    """The id of another thing. OCP uses -1 for none in places, so negative ones are absent ones."""
    value = number(row, key, -_INT64, _INT64)
    return None if value is None or value < 0 else value


def links(row: Row, key: str) -> tuple[int, ...]:
    return tuple(ident({key: item}, key) for item in _list(row, key))


def flag(row: Row, key: str) -> bool | None:
    value = row.get(key)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if value is None or isinstance(value, bool):
        return value
    raise Malformed(f"{key} is neither true nor false")


def part(row: Row, key: str) -> Row:
    """An object inside `row`, empty where absent."""
    value = row.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(f"{key} is no object")
    return value


def parts(row: Row, key: str) -> tuple[Row, ...]:
    """A list of objects inside `row`, empty where absent. Raises Malformed past LIST_CAP of them."""
    return tuple(part({key: item}, key) for item in _list(row, key))


def _list(row: Row, key: str) -> list[object]:
    value = row.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(f"{key} is no list")
    if len(value) > LIST_CAP:
        raise Malformed(f"{key} has more than {LIST_CAP} entries")
    if None in value:
        raise Malformed(f"{key} has an empty entry")
    return value


def moment(row: Row, key: str) -> datetime | None:
    """A time by which rules decide: None where absent. Raises Malformed where it cannot be read."""
    text = word(row, key)
    return parse_time(text) if text else None


def shown_moment(row: Row, key: str) -> datetime | None:
    """A time that is only shown: None also where it cannot be read."""
    try:
        return moment(row, key)
    except Malformed:
        return None


def parse_time(text: str) -> datetime:
    """ISO 8601 with an offset (Z, +08:00, +0800) and 0 to 9 digits of fraction, as aware UTC; below 1 us is cut.

    Raises Malformed.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise Malformed("a time cannot be read")
    year, month, day, hour, minute, second, fraction, is_zulu, sign, offset_hours, offset_minutes = match.groups()
    offset = timedelta()
    if not is_zulu:
        offset = timedelta(hours=int(offset_hours), minutes=int(offset_minutes))
    try:
        zone = timezone(-offset if sign == "-" else offset)
        micros = int((fraction or "").ljust(6, "0")[:6])
        local = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micros, tzinfo=zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed("a time cannot be read") from None


def split_version(text: str) -> tuple[str, str]:
    """(version, build) of OCP's forms `2.2.73`, `2.2.73-20201211175814` and `3.1.0_2021...-<hash>(<date>)`.

    The build is "" where it is not shown. A text of another form is all version: shown, equal to nothing.
    """
    match = _VERSION.match(text)
    if match is None:
        return text, ""
    return match[1], match[2] or ""

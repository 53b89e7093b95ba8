"""Odd JSON, second part: words, names, logs and moments."""

import re
from typing import Any

from upgrades.simulator.oddity import ENVELOPED, JSON, STATES, Json, Kind, in_data, in_leaves

_STATE_KEYS = frozenset(("status", "operation", "type", "innerStatus", "operateStatus", "nodeType", "obClusterStatus"))
_FREE_KEYS = frozenset(
    (
        "name", "description", "log", "creator", "executor", "clusterName", "zoneName", "regionName", "idcName",
        "context", "fileName", "summary", "target", "alarmType", "operatorName", "eventInfo", "resourceName",
        "version", "obVersion", "buildNumber", "message", "backupUri", "hint", "svrIp", "value", "buildVersion",
        "artifact",
    )
)  # fmt: skip
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")
_LONG = 10_000


def _states(make: Any) -> Any:
    def change(key: str, value: Any) -> Any:
        return make(key, value) if key in _STATE_KEYS and isinstance(value, str) else value

    return lambda answer: in_data(answer, lambda data: in_leaves(data, change))


def _names(make: Any) -> Any:
    def change(key: str, value: Any) -> Any:
        return make(value) if key in _FREE_KEYS and isinstance(value, str) else value

    return lambda answer: in_data(answer, lambda data: in_leaves(data, change))


def _moments(make: Any) -> Any:
    def change(_key: str, value: Any) -> Any:
        return make(value) if isinstance(value, str) and _MOMENT.fullmatch(value) else value

    return lambda answer: in_leaves(answer, change)


def _fraction(digits: str) -> Any:
    return lambda moment: re.sub(r"(:\d\d)(\.\d+)?(Z|[+-]\d\d:?\d\d)$", rf"\g<1>{digits}\g<3>", moment)


def _only(name: str, word: str) -> Json:
    return _states(lambda key, value: word if key == name else value)


KINDS = (
    Kind("status_unknown", "every status is a word nobody knows", STATES, _only("status", "HIBERNATING")),
    Kind("operation_unknown", "every operation is a word nobody knows", STATES, _only("operation", "TELEPORT")),
    Kind("type_unknown", "every type is a word nobody knows", STATES, _only("type", "COSMIC")),
    Kind("status_empty", "every status is empty", STATES, _only("status", "")),
    Kind("status_number", "every status is a number", STATES, _states(lambda _key, _value: 3)),
    Kind("status_lower", "every state is in small letters", STATES, _states(lambda _key, value: value.lower())),
    Kind("status_padded", "blanks stand around every state", STATES, _states(lambda _key, value: f" {value}\n")),
    Kind(
        "status_html", "every state is a tag", STATES, _states(lambda _key, _value: "<b onclick=alert(1)>RUNNING</b>")
    ),
    Kind("status_long", "every state has 10,000 characters", STATES, _states(lambda _key, value: value + "G" * _LONG)),
    Kind(
        "names_html",
        "names and logs hold a script",
        ENVELOPED,
        _names(lambda value: f"<script>alert(1)</script><img src=x onerror=alert(2)>{value}&lt;"),
    ),
    Kind(
        "names_bidi",
        "names and logs turn the direction of reading",
        ENVELOPED,
        _names(lambda value: f"\u202e{value}\u2066\u200f\u2069\u200b"),
    ),
    Kind("names_nul", "names and logs hold NUL", ENVELOPED, _names(lambda value: f"a\x00{value}\x00")),
    Kind(
        "names_ansi",
        "names and logs hold escape sequences",
        ENVELOPED,
        _names(lambda value: f"\x1b[2J\x1b[31m{value}\x1b]0;own\x07\b\r"),
    ),
    Kind("names_long", "names and logs have 10,000 characters", ENVELOPED, _names(lambda value: value + "x" * _LONG)),
    Kind("names_empty", "names and logs are empty", ENVELOPED, _names(lambda _value: "")),
    Kind(
        "names_blank", "names and logs are blanks that nobody sees", ENVELOPED, _names(lambda _value: "\u3000\u2003\t")
    ),
    Kind(
        "names_of_lines", "names and logs break into lines", ENVELOPED, _names(lambda value: f"\r\n{value}\u2028\v\n")
    ),
    Kind("names_surrogate", "names and logs hold half a character", ENVELOPED, _names(lambda value: f"\ud800{value}")),
    Kind(
        "names_combining",
        "a thousand accents on one letter",
        ENVELOPED,
        _names(lambda value: value + "e" + "\u0301" * 1000),
    ),
    Kind(
        "names_template",
        "names and logs look like templates",
        ENVELOPED,
        _names(lambda value: f"{{{{ 7*7 }}}}{{% debug %}}%s${{jndi:x}}{value}"),
    ),
    Kind(
        "names_formula", "names and logs begin a formula", ENVELOPED, _names(lambda value: f'=HYPERLINK("x";"{value}")')
    ),
    Kind(
        "names_path", "names and logs are paths and SQL", ENVELOPED, _names(lambda value: f"../../etc/{value}'; DROP--")
    ),
    Kind("moments_garbage", "every moment is a word", JSON, _moments(lambda _moment: "yesterday")),
    Kind(
        "moments_number", "every moment is milliseconds since 1970", JSON, _moments(lambda _moment: 1_700_000_000_000)
    ),
    Kind("moments_without_offset", "no moment has an offset", JSON, _moments(lambda moment: moment[:19])),
    Kind(
        "moments_far", "every moment is the last of all", JSON, _moments(lambda _m: "9999-12-31T23:59:59.999999-14:00")
    ),
    Kind("moments_first", "every moment is the first of all", JSON, _moments(lambda _m: "0001-01-01T00:00:00+14:00")),
    Kind(
        "moments_never", "every moment is one that no calendar has", JSON, _moments(lambda _m: "2026-02-30T25:61:61Z")
    ),
    Kind("moments_whole", "no moment has a fraction", JSON, _moments(_fraction(""))),
    Kind("moments_nine_digits", "every moment has nine digits", JSON, _moments(_fraction(".123456789"))),
    Kind(
        "moments_short_offset",
        "offsets have no colon",
        JSON,
        _moments(lambda moment: re.sub(r"([+-]\d\d):?(\d\d)$", r"\1\2", moment.replace("Z", "+00:00"))),
    ),
    Kind("moments_null", "every moment is null", JSON, _moments(lambda _moment: None)),
)

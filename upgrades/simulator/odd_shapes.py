"""Odd JSON, first part: the envelope, the list, the page, keys and kinds of values."""

import math
from typing import Any

from upgrades.simulator.oddity import (
    CONTENTS,
    ENVELOPED,
    JSON,
    PAGES,
    Json,
    Kind,
    Row,
    in_contents,
    in_data,
    in_dicts,
    in_leaves,
    in_rows,
)

_HUGE = 2**63
_UNKNOWN: Row = {"__proto__": {"isAdmin": True}, "constructor": "x", "newInLaterVersion": [1, {"deep": None}]}
_OUTER = frozenset(("duration", "server", "successful", "timestamp", "traceId"))


def _outer(**more: Json) -> Any:
    return lambda answer: answer | more


def _without_outer(name: str) -> Any:
    return lambda answer: {key: value for key, value in answer.items() if key != name}


def _page(**more: Json) -> Any:
    def change(answer: Json) -> Json:
        data = answer.get("data")
        if not isinstance(data, dict) or "page" not in data:
            return answer
        return answer | {"data": data | {"page": data["page"] | more}}

    return change


def _page_is(value: Json) -> Any:
    return lambda answer: in_data(answer, lambda data: data | {"page": value} if "page" in data else data)


def _without(*names: str) -> Any:
    def change(row: Row) -> Row:
        return {key: value for key, value in row.items() if key not in names}

    return lambda answer: in_data(answer, lambda data: in_dicts(data, change))


def _renamed(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name) + "_"


def _rename(row: Row) -> Row:
    return {key if key in ("contents", "page") else _renamed(key): value for key, value in row.items()}


def _halve(row: Row) -> Row:
    kept = ("contents", "page")
    return {key: value for n, (key, value) in enumerate(row.items()) if key in kept or n % 2}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers_as_text(_key: str, value: Any) -> Any:
    return str(value) if _is_number(value) else value


def _text_as_numbers(_key: str, value: Any) -> Any:
    return len(value) if isinstance(value, str) else value


def _truth_as_text(_key: str, value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _data_leaves(change: Any) -> Any:
    return lambda answer: in_data(answer, lambda data: in_leaves(data, change))


def _ids(make: Any) -> Any:
    def change(key: str, value: Any) -> Any:
        return make(value) if key.lower().endswith("id") and _is_number(value) else value

    return _data_leaves(change)


def _all_one_id(answer: Json) -> Json:
    return in_rows(answer, lambda row: row | {"id": 1} if "id" in row else row | {"name": "one", "ip": "10.0.0.1"})


def _nowhere(answer: Json) -> Json:
    return in_contents(answer, lambda _rows: [])


def _with_nulls(rows: list[Json]) -> list[Json]:
    return [item for row in rows for item in (row, None)]


KINDS = (
    Kind("envelope_in_list", "the whole answer stands in a list", JSON, lambda answer: [answer]),
    Kind("envelope_null", "the answer is null", JSON, lambda _answer: None),
    Kind("envelope_text", "the answer is a JSON text", JSON, lambda _answer: "OK"),
    Kind("envelope_empty", "the answer is an object without keys", JSON, lambda _answer: {}),
    Kind("envelope_bare", "data stands there without its envelope", ENVELOPED, lambda a: a.get("data", {})),
    Kind("data_missing", "there is no data", ENVELOPED, lambda a: {k: v for k, v in a.items() if k in _OUTER}),
    Kind("data_null", "data is null", ENVELOPED, _outer(data=None)),
    Kind("data_text", "data is a text", ENVELOPED, _outer(data="<none>")),
    Kind("data_list", "data is a list of lists", ENVELOPED, _outer(data=[[], [[]]])),
    Kind("data_number", "data is a number", ENVELOPED, _outer(data=7)),
    Kind("successful_false", "200, but not successful, without an error", ENVELOPED, _outer(successful=False)),
    Kind("successful_text", "successful is the text false", ENVELOPED, _outer(successful="false")),
    Kind("successful_missing", "nothing says whether it was successful", ENVELOPED, _without_outer("successful")),
    Kind("status_differs", "the envelope says 500, the line says 200", ENVELOPED, _outer(status=500)),
    Kind(
        "error_beside_data",
        "an error stands beside the data",
        ENVELOPED,
        _outer(error={"code": 11020, "message": "busy", "subErrors": [None, 7]}),
    ),
    Kind(
        "error_odd",
        "not successful, and the error is a list",
        ENVELOPED,
        _outer(successful=False, error=[{"code": {"is": None}}]),
    ),
    Kind("contents_missing", "the list has no contents", CONTENTS, _without("contents")),
    Kind("contents_null", "contents is null", CONTENTS, lambda a: in_contents(a, lambda _rows: None)),
    Kind("contents_object", "contents is an object", CONTENTS, lambda a: in_contents(a, lambda r: dict(enumerate(r)))),
    Kind("contents_of_null", "every row is null", CONTENTS, lambda a: in_contents(a, lambda r: [None] * (len(r) + 1))),
    Kind("contents_of_text", "every row is a text", CONTENTS, lambda a: in_contents(a, lambda r: ["row"] * len(r))),
    Kind("contents_of_lists", "every row is a list", CONTENTS, lambda a: in_contents(a, lambda r: [[x] for x in r])),
    Kind("contents_empty", "no rows, though the page counts them", PAGES, _nowhere),
    Kind("rows_twice", "every row stands there twice", CONTENTS, lambda a: in_contents(a, lambda r: [*r, *r])),
    Kind("rows_mixed_with_null", "a null follows every row", CONTENTS, lambda a: in_contents(a, _with_nulls)),
    Kind("rows_many", "every row 400 times", CONTENTS, lambda a: in_contents(a, lambda r: r * 400)),
    Kind("page_missing", "the list has no page", PAGES, _without("page")),
    Kind("page_null", "page is null", PAGES, _page_is(None)),
    Kind("page_text", "page is a text", PAGES, _page_is("1 of 1")),
    Kind("page_numbers_as_text", "the page's numbers are texts", PAGES, _page(totalElements="many", totalPages="2")),
    Kind("page_endless", "there are a thousand million pages", PAGES, _page(totalElements=10**12, totalPages=10**9)),
    Kind("page_negative", "the page counts below zero", PAGES, _page(number=-1, totalElements=-5, totalPages=-1)),
    Kind("page_zero", "the page counts nothing", PAGES, _page(totalElements=0, totalPages=0)),
    Kind("page_stands_still", "page 1 whatever was asked, of 3", PAGES, _page(number=1, totalPages=3)),
    Kind(
        "page_fraction", "the page counts in fractions", PAGES, _page(number=1.5, totalElements=3.7, totalPages=1e300)
    ),
    Kind("keys_renamed", "every key has another name", JSON, lambda a: in_data(a, lambda d: in_dicts(d, _rename))),
    Kind("keys_halved", "every other key is missing", JSON, lambda a: in_data(a, lambda d: in_dicts(d, _halve))),
    Kind("keys_none", "every row is an empty object", ENVELOPED, lambda a: in_rows(a, lambda _row: {})),
    Kind("keys_more", "every object has keys nobody knows", JSON, lambda a: in_dicts(a, lambda r: r | _UNKNOWN)),
    Kind("key_id_missing", "nothing has an id", ENVELOPED, _without("id", "ip", "taskId", "clusterId")),
    Kind("key_name_missing", "nothing has a name", ENVELOPED, _without("name", "fileName", "clusterName")),
    Kind("key_status_missing", "nothing has a status", ENVELOPED, _without("status", "obClusterStatus")),
    Kind("values_null", "every value is null", JSON, _data_leaves(lambda _key, _value: None)),
    Kind("values_in_lists", "every value stands in a list", JSON, _data_leaves(lambda _key, value: [value])),
    Kind("values_in_objects", "every value is an object", JSON, _data_leaves(lambda key, value: {key: value})),
    Kind("values_empty", "every text is empty", JSON, _data_leaves(lambda _k, v: "" if isinstance(v, str) else v)),
    Kind("numbers_as_text", "every number is a text", JSON, lambda a: in_leaves(a, _numbers_as_text)),
    Kind("text_as_numbers", "every text is a number", JSON, _data_leaves(_text_as_numbers)),
    Kind("truth_as_text", "true and false are texts", JSON, lambda a: in_leaves(a, _truth_as_text)),
    Kind("numbers_nan", "every number is NaN", ENVELOPED, _data_leaves(lambda _k, v: math.nan if _is_number(v) else v)),
    Kind(
        "numbers_infinite",
        "every number is Infinity",
        ENVELOPED,
        _data_leaves(lambda _k, v: math.inf if _is_number(v) else v),
    ),
    Kind("ids_as_text", "every id is a text", ENVELOPED, _ids(str)),
    Kind("ids_negative", "every id is below zero", ENVELOPED, _ids(lambda value: -value)),
    Kind("ids_zero", "every id is 0", ENVELOPED, _ids(lambda _value: 0)),
    Kind("ids_huge", "every id is past 63 bits", ENVELOPED, _ids(lambda value: value + _HUGE)),
    Kind("ids_fraction", "every id has a fraction", ENVELOPED, _ids(lambda value: value + 0.5)),
    Kind("ids_duplicate", "all rows have one id", ENVELOPED, _all_one_id),
)

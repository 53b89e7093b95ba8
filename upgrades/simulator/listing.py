"""Query parameters and paging of OCP's lists."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qs

from upgrades.simulator.errors import Refusal

_LARGEST_PAGE = 2000

T = TypeVar("T")


class Query:
    """The query string of a request; lists may be comma-joined or repeated."""

    def __init__(self, text: str) -> None:
        self._values = parse_qs(text, keep_blank_values=False)

    def word(self, name: str) -> str:
        """Return a parameter, or an empty text."""
        return self._values.get(name, [""])[0]

    def words(self, name: str) -> frozenset[str]:
        """Return a list parameter."""
        return frozenset(part for value in self._values.get(name, []) for part in value.split(",") if part)

    def whole(self, name: str, default: int, lowest: int, highest: int) -> int:
        """Return a number within its bounds, or refuse with COM10001."""
        text = self.word(name)
        if not text:
            return default
        if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
            raise Refusal("COM10001", name)
        return int(text)


def page_text(
    rows: Sequence[T], query: Query, keys: Mapping[str, Callable[[T], Any]], shape: Callable[[T], str]
) -> str:
    """Return one page as the JSON text of `data`.

    `rows` are all that match, in OCP's own order; `keys` are what `sort` may name; `shape` gives a row's JSON.
    """
    number = query.whole("page", 1, 1, 1_000_000)
    size = query.whole("size", 10, 1, _LARGEST_PAGE)
    rows = _sorted(rows, query.word("sort"), keys)
    contents = ", ".join(shape(row) for row in rows[(number - 1) * size : number * size])
    pages = -(-len(rows) // size)
    page = f'{{"number": {number}, "size": {size}, "totalElements": {len(rows)}, "totalPages": {pages}}}'
    return f'{{"contents": [{contents}], "page": {page}}}'


def _sorted(rows: Sequence[T], sort: str, keys: Mapping[str, Callable[[T], Any]]) -> Sequence[T]:
    if not sort:
        return rows
    name, _, direction = sort.partition(",")
    if name not in keys or direction.lower() not in ("", "asc", "desc"):
        raise Refusal("COM10001", "sort")
    return sorted(rows, key=keys[name], reverse=direction.lower() == "desc")

"""How every call goes: a request out, an envelope in, a list to its end, one deadline for all of it."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TypeVar

import requests

from upgrades.ocp import envelope, parse
from upgrades.ocp.address import checked_base_url
from upgrades.ocp.auth import Signer
from upgrades.ocp.deadline import Deadline
from upgrades.ocp.errors import BadAnswer, DeadlinePassed
from upgrades.ocp.fields import Malformed, Row
from upgrades.ocp.transport import Answer, NoteLimit, Transport
from upgrades.ocp.types import FirstPage

PAGE_SIZE = 200
_PAGE_CAP = 100
_HEADERS = {
    "Accept": "application/json, text/plain, */*",
    "Accept-Language": "en-US",
    "Connection": "close",
    # Asked for by the manual on every call, GET too.
    "Content-Type": "application/json",
    "User-Agent": "ocpdash",
}

T = TypeVar("T")
Params = Mapping[str, str | int]


class Calls:
    """What all calls to the OCP at `base_url` have in common; see OcpClient for the arguments."""

    def __init__(
        self,
        base_url: str,
        auth: Signer,
        ca_file: str | None = None,
        is_http_allowed: bool = False,
        connect_seconds: float = 5.0,
        total_seconds: float = 10.0,
        post_seconds: float = 60.0,
        byte_cap: int = 8 << 20,
        log_cap: int = 1 << 20,
        get_retries: int = 2,
        note_limit: NoteLimit | None = None,
        ca_pem: str = "",
    ) -> None:
        self._base_url = checked_base_url(base_url, is_http_allowed=is_http_allowed)
        self._auth = auth
        self._total_seconds = total_seconds
        self._post_seconds = post_seconds
        self._log_cap = log_cap
        self._get_retries = get_retries
        self._transport = Transport(
            auth,
            is_tls=self._base_url.startswith("https:"),
            ca_file=ca_file,
            ca_pem=ca_pem,
            connect_seconds=connect_seconds,
            byte_cap=byte_cap,
            log_cap=log_cap,
            note_limit=note_limit,
        )

    def __repr__(self) -> str:
        return f"OcpClient({self._base_url!r})"

    def _deadline(self, seconds: float | None) -> Deadline:
        return Deadline(self._total_seconds if seconds is None else min(seconds, self._total_seconds))

    def _get(
        self, path: str, params: Params, deadline: Deadline, *, is_log: bool = False, is_signed: bool = True
    ) -> Answer:
        if deadline.has_passed():
            raise DeadlinePassed("There was no time left to ask OCP.", is_sent=False)
        headers = {**_HEADERS, "Accept-Encoding": "gzip"}
        request = requests.Request("GET", f"{self._base_url}{path}", headers=headers, params=dict(params))
        return self._transport.repeatedly(request, deadline, self._get_retries, is_log=is_log, is_signed=is_signed)

    def _post(self, path: str, body: bytes | None = None) -> Answer:
        """Sent once, on a connection of its own."""
        headers = {**_HEADERS, "Accept-Encoding": "identity"}
        request = requests.Request("POST", f"{self._base_url}{path}", headers=headers, data=body)
        return self._transport.once(request, Deadline(self._post_seconds))

    def _data(self, answer: Answer) -> tuple[object, str | None]:
        return self._parsed(answer, lambda: envelope.data_of(answer.status, answer.body, self._auth.masked))

    def _page(
        self, path: str, params: Params, build: Callable[[Row], T], deadline: Deadline
    ) -> tuple[envelope.Page, list[T]]:
        answer = self._get(path, params, deadline)
        data, trace_id = self._data(answer)
        found = self._parsed(answer, lambda: parse.page(data), trace_id)
        return found, self._parsed(answer, lambda: [build(row) for row in found.rows], trace_id)

    def _first(
        self, path: str, params: Params, build: Callable[[Row], T], key: Callable[[T], Hashable], seconds: float | None
    ) -> FirstPage[T]:
        """The first page alone: for lists that may be long and of which the beginning tells enough."""
        found, items = self._page(path, {"page": 1, **params}, build, self._deadline(seconds))
        return FirstPage(self._unique(items, key), found.total if found.is_paged else len(items))

    def _all(
        self,
        path: str,
        build: Callable[[Row], T],
        key: Callable[[T], Hashable] | None,
        seconds: float | None,
        sort: str = "",
    ) -> tuple[T, ...]:
        """Every page within one deadline. Lists without pages are asked alike: their manual wavers.

        A list that shrinks between two pages is a BadAnswer, since something else may be missing in it.
        """
        deadline = self._deadline(seconds)
        items: list[T] = []
        promised = 0
        for number in range(1, _PAGE_CAP + 1):
            params: dict[str, str | int] = {"page": number, "size": PAGE_SIZE}
            if sort:
                params["sort"] = sort
            found, built = self._page(path, params, build, deadline)
            items += built
            promised = max(promised, found.total or 0)
            if _is_last(found, number, len(items)):
                break
        else:
            raise BadAnswer(f"The list has more than {_PAGE_CAP} pages.", http_status=200)
        if len(items) < promised:
            raise BadAnswer("The list changed while it was read, or lacks entries.", http_status=200)
        return tuple(items) if key is None else self._unique(items, key)

    def _unique(self, items: Sequence[T], key: Callable[[T], Hashable]) -> tuple[T, ...]:
        return self._parsed(Answer(200, b""), lambda: parse.unique(items, key))

    def _parsed(self, answer: Answer, read: Callable[[], T], trace_id: str | None = None) -> T:
        try:
            return read()
        except ValueError as error:  # Malformed, and UnicodeError of plain text
            fault = str(error) if isinstance(error, Malformed) else "not readable"
        raise BadAnswer(f"OCP's answer cannot be used: {fault}.", http_status=answer.status, trace_id=trace_id)


def id_in_url(value: int) -> int:
    """An id on its way into a URL: a number and nothing else."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError("an id of OCP is a number from 0")
    return value


def _is_last(found: envelope.Page, number: int, count: int) -> bool:
    """Whether page `number`, with which `count` items are read, is the last. An empty page always is."""
    if not found.is_paged or not found.rows:
        return True
    if found.pages is not None:
        return number >= found.pages
    if found.total is not None:
        return count >= found.total
    return len(found.rows) < (found.size or PAGE_SIZE)

"""The calls ocpdash makes to one OCP. Reads are retried; the upgrade is posted once."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import requests

from upgrades.ocp import bodies, envelope, fields, parse
from upgrades.ocp.address import checked_base_url
from upgrades.ocp.auth import Signer
from upgrades.ocp.deadline import Deadline
from upgrades.ocp.errors import BadAnswer, DeadlinePassed, NotFound
from upgrades.ocp.fields import Malformed, Row
from upgrades.ocp.transport import Answer, Transport
from upgrades.ocp.types import (
    Cluster,
    Info,
    Package,
    Parameter,
    Server,
    SubtaskLog,
    TaskInstance,
    TaskPage,
    UpgradeAnswer,
    Zone,
)

_CLUSTERS = "/api/v2/ob/clusters"
_TASKS = "/api/v2/tasks/instances"
_PACKAGES = "/api/v2/software-packages"
_PAGE_SIZE = 200
_PAGE_CAP = 100
_SIZE_CAP = 2000  # OCP's own, API/200.api-call-description of its manual
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


class OcpClient:
    """A client of the OCP at `base_url`; safe to share between threads, keeps no connection.

    base_url: scheme and host, a port and a path prefix where needed. http only with is_http_allowed.
    ca_file: a PEM file; then that CA alone is trusted, else the public ones. Certificates are always verified.
    connect_seconds, total_seconds: for a whole read; post_seconds: for the whole upgrade POST.
    byte_cap: of a decoded answer; log_cap: of a log's tail that is kept (bytes).
    get_retries: how often a read is tried again.

    Proxies, .netrc and CA settings of the environment are not used. No redirect is followed.
    Every call raises OcpError. Raises ValueError, with what to do, for an address or file that cannot serve.
    """

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
            connect_seconds=connect_seconds,
            byte_cap=byte_cap,
            log_cap=log_cap,
        )

    def __repr__(self) -> str:
        return f"OcpClient({self._base_url!r})"

    def time(self, *, deadline: float | None = None) -> datetime:
        """OCP's own clock, aware UTC."""
        answer = self._get("/api/v2/time", {}, self._deadline(deadline))
        return self._parsed(answer, lambda: fields.parse_time(answer.body[:100].decode("ascii").strip().strip('"')))

    def info(self, *, deadline: float | None = None) -> Info:
        """Which OCP this is; needs good credentials and no right."""
        answer = self._get("/api/v2/info", {}, self._deadline(deadline))
        return self._parsed(answer, lambda: parse.info(envelope.load_object(answer.body)))

    def clusters(self, *, deadline: float | None = None) -> tuple[Cluster, ...]:
        """All clusters that our account sees, by id."""
        return self._all(_CLUSTERS, parse.cluster, _id, deadline, sort="id,asc")

    def cluster(self, cluster_id: int, *, deadline: float | None = None) -> Cluster:
        """One cluster, out of the list: its own URL is in no manual. Raises NotFound where the list has it not."""
        for cluster in self.clusters(deadline=deadline):
            if cluster.id == cluster_id:
                return cluster
        raise NotFound(f"OCP's list of clusters has no cluster {cluster_id}.", http_status=200)

    def zones(self, cluster_id: int, *, deadline: float | None = None) -> tuple[Zone, ...]:
        return self._all(f"{_CLUSTERS}/{_number(cluster_id)}/zones", parse.zone, lambda zone: zone.name, deadline)

    def servers(self, cluster_id: int, *, deadline: float | None = None) -> tuple[Server, ...]:
        return self._all(f"{_CLUSTERS}/{_number(cluster_id)}/servers", parse.server, _id, deadline)

    def parameters(self, cluster_id: int, *, deadline: float | None = None) -> tuple[Parameter, ...]:
        return self._all(f"{_CLUSTERS}/{_number(cluster_id)}/parameters", parse.parameter, None, deadline)

    def packages(self, *, deadline: float | None = None) -> tuple[Package, ...]:
        """All RPMs in OCP's repository, by id."""
        return self._all(_PACKAGES, parse.package, _id, deadline, sort="id,asc")

    def upgrade(self, cluster_id: int, body: bytes) -> UpgradeAnswer:
        """THE POST: `body`, byte for byte, sent once on a connection of its own. It starts an upgrade that cannot
        be rolled back.

        Raises OcpError. Where its `is_sent` is True the upgrade may have started, whatever the error says.
        """
        if not isinstance(body, bytes):
            raise TypeError("the body of an upgrade is the bytes that were approved")
        url = f"{self._base_url}{_CLUSTERS}/{_number(cluster_id)}/upgrade"
        request = requests.Request("POST", url, headers={**_HEADERS, "Accept-Encoding": "identity"}, data=body)
        answer = self._transport.once(request, Deadline(self._post_seconds))
        data, trace_id = self._data(answer)
        task = self._parsed(answer, lambda: parse.task(parse.row(data)), trace_id)
        return UpgradeAnswer(task=task, trace_id=trace_id, http_status=answer.status)

    def tasks(
        self,
        *,
        cluster_id: int | None = None,
        status: Sequence[str] = (),
        page: int = 1,
        size: int = _PAGE_SIZE,
        deadline: float | None = None,
    ) -> TaskPage:
        """One page of the task list, newest first. status: OCP's words, none for all; size: 1 to 2,000."""
        if page < 1 or not 1 <= size <= _SIZE_CAP:
            raise ValueError("page counts from 1, size goes from 1 to 2000")
        params: dict[str, str | int] = {"page": page, "size": size, "sort": "id,desc"}
        if cluster_id is not None:
            params["clusterId"] = _number(cluster_id)
        if status:
            params["status"] = ",".join(status)
        found, items = self._page(_TASKS, params, parse.task, self._deadline(deadline))
        total = found.total if found.is_paged else len(items)
        return TaskPage(items=self._unique(items, _id), total=total, number=page, size=found.size or size)

    def task(self, task_id: int, *, deadline: float | None = None) -> TaskInstance:
        """One task instance in detail: edges, times and operations."""
        answer = self._get(f"{_TASKS}/{_number(task_id)}", {}, self._deadline(deadline))
        data, trace_id = self._data(answer)
        task = self._parsed(answer, lambda: parse.task(parse.row(data)), trace_id)
        if task.id != task_id:
            raise BadAnswer(f"OCP answered task {task.id} for {task_id}.", http_status=answer.status, trace_id=trace_id)
        return task

    def subtask_log(self, task_id: int, subtask_id: int, *, deadline: float | None = None) -> SubtaskLog:
        """A subtask's log, of a long one the tail. OCP sends all of it each time: read only what somebody looks at."""
        path = f"{_TASKS}/{_number(task_id)}/subtasks/{_number(subtask_id)}/log"
        answer = self._get(path, {}, self._deadline(deadline), is_log=True)
        data, trace_id = self._data(answer)
        text = self._parsed(answer, lambda: parse.log(parse.row(data)), trace_id)
        tail, is_cut = bodies.tail_of(text, self._log_cap)
        return SubtaskLog(text=tail, is_cut=is_cut or answer.is_cut)

    def _deadline(self, seconds: float | None) -> Deadline:
        return Deadline(self._total_seconds if seconds is None else min(seconds, self._total_seconds))

    def _get(self, path: str, params: Params, deadline: Deadline, *, is_log: bool = False) -> Answer:
        if deadline.has_passed():
            raise DeadlinePassed("There was no time left to ask OCP.", is_sent=False)
        headers = {**_HEADERS, "Accept-Encoding": "gzip"}
        request = requests.Request("GET", f"{self._base_url}{path}", headers=headers, params=dict(params))
        return self._transport.repeatedly(request, deadline, self._get_retries, is_log=is_log)

    def _data(self, answer: Answer) -> tuple[object, str | None]:
        return self._parsed(answer, lambda: envelope.data_of(answer.status, answer.body, self._auth.masked))

    def _page(
        self, path: str, params: Params, build: Callable[[Row], T], deadline: Deadline
    ) -> tuple[envelope.Page, list[T]]:
        answer = self._get(path, params, deadline)
        data, trace_id = self._data(answer)
        found = self._parsed(answer, lambda: parse.page(data), trace_id)
        return found, self._parsed(answer, lambda: [build(row) for row in found.rows], trace_id)

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
            params: dict[str, str | int] = {"page": number, "size": _PAGE_SIZE}
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


def _id(item: Cluster | Server | Package | TaskInstance) -> int:
    return item.id


def _number(value: int) -> int:
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
    return len(found.rows) < (found.size or _PAGE_SIZE)

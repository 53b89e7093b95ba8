"""Test connection: every read that ocpdash makes of an OCP, once, by hand. The one HTTP call of a web request."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import redis
from django.core.cache import cache
from django.utils import timezone

from upgrades import audit, selectors
from upgrades.models import Endpoint, User
from upgrades.ocp import errors
from upgrades.ocp.client import OcpClient
from upgrades.rules import Reason
from upgrades.services import administration, endpoints
from upgrades.services.administration import Entry
from upgrades.services.budget import Budget
from upgrades.services.moves import TooLate, attempt, attempt_as_admin

TOTAL_SECONDS = 10.0
# OCP locks an account after a few wrong passwords.
PAUSE_SECONDS = 5
# A sweep looks for tasks by OCP's clock, and OCP refuses an access key's signature from 15 minutes on.
SKEW = timedelta(seconds=60)
_FATAL = (errors.NotSent, errors.Unauthorized, errors.RateLimited, errors.DeadlinePassed, errors.Redirected)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was tried. `what` is its code; `outcome`: passed, warning, failed or not_tried."""

    what: str
    outcome: str
    reason: Reason


def try_stored(*, actor: User, endpoint: Endpoint) -> list[Line]:
    """Try `endpoint` with what is stored; where all passes the breaker closes, and a 401 opens it.

    Takes TOTAL_SECONDS at most, give or take one call's overhead. Raises Forbidden, TooLate within PAUSE_SECONDS of
    the last try, Invalid where no client can be made of it.
    """
    _begin(actor, endpoint, endpoint)
    with attempt("endpoint.test", actor=actor, subject=endpoint):
        client = endpoints.client(endpoint)
    at = selectors.database_now()
    lines, failure = _try_all(client)
    if isinstance(failure, errors.Unauthorized):
        endpoints.note_failure(endpoint, failure, at)
    elif is_passed(lines):
        endpoints.close_breaker(endpoint)
        endpoints.note_success(endpoint, at)
    _record(actor, endpoint, lines)
    return lines


def try_entered(*, actor: User, endpoint: Endpoint | None, entry: Entry) -> list[Line]:
    """Try what a form holds, and save nothing. `endpoint` is the one that is edited, whose address and secret stay.

    Raises Forbidden, TooLate, or Invalid with the field's name.
    """
    before = administration.facts(endpoint) if endpoint is not None else None
    entered = entry.on(Endpoint.objects.get(pk=endpoint.pk) if endpoint is not None else Endpoint())
    if endpoint is not None:
        entered.base_url = endpoint.base_url
    _begin(actor, endpoint, entered)
    with attempt("endpoint.test", actor=actor, subject=endpoint):
        held = administration.held_by(entered, entry, before)
    # Without a key: what OCP says of our quota now is no matter of the stored row.
    entered.pk = None
    lines, _failure = _try_all(endpoints.client_with(entered, held))
    _record(actor, endpoint, lines, name=entry.name)
    return lines


def is_passed(lines: list[Line]) -> bool:
    """Whether nothing failed."""
    return not any(line.outcome == "failed" for line in lines)


def _begin(actor: User, endpoint: Endpoint | None, entered: Endpoint) -> None:
    with attempt_as_admin("endpoint.test", actor=actor, subject=endpoint):
        try:
            is_first = cache.add(f"endpoint-test:{entered.base_url}", 1, timeout=PAUSE_SECONDS)
        except redis.RedisError:
            is_first = True
        if not is_first:
            raise TooLate(Reason("test.too_soon", {"seconds": PAUSE_SECONDS}))


def _record(actor: User, endpoint: Endpoint | None, lines: list[Line], name: str = "") -> None:
    failed = [line.what for line in lines if line.outcome == "failed"]
    after = {"passed": not failed, "failed": failed}
    audit.record("endpoint.test", actor=actor, subject=endpoint, after=after, subject_name=name)


def _try_all(client: OcpClient) -> tuple[list[Line], errors.OcpError | None]:
    """Each line, and what ended the trying before its end."""
    lines: list[Line] = []
    fatal: errors.OcpError | None = None
    for what, step in _Trial(client).steps():
        if fatal is not None:
            lines.append(Line(what, "not_tried", Reason("test.not_tried")))
            continue
        try:
            lines.append(step())
        except _FATAL as error:
            fatal = error
            lines.append(Line(what, "failed", _why(what, error)))
        except errors.OcpError as error:
            lines.append(Line(what, "failed", _why(what, error)))
    # Nothing but an approved upgrade is ever posted.
    lines.append(Line("upgrade", "not_tried", Reason("test.upgrade_not_tried")))
    return lines, fatal


class _Trial:
    """The reads of one test, in order, within one budget; later ones ask about what earlier ones showed."""

    def __init__(self, client: OcpClient) -> None:
        self._client = client
        self._budget = Budget(TOTAL_SECONDS)
        self._cluster_id: int | None = None

    def steps(self) -> list[tuple[str, Callable[[], Line]]]:
        return [
            ("clock", self._clock),
            ("account", self._account),
            ("clusters", self._clusters),
            ("servers", self._servers),
            ("packages", self._packages),
            ("tasks", self._tasks),
        ]

    def _clock(self) -> Line:
        before = timezone.now()
        shown = self._client.time(deadline=self._budget.left)
        skew = shown - (before + (timezone.now() - before) / 2)
        seconds = round(skew.total_seconds())
        if abs(skew) > SKEW:
            return Line("clock", "warning", Reason("test.clock_differs", {"seconds": seconds}))
        return Line("clock", "passed", Reason("test.clock_agrees", {"seconds": abs(seconds)}))

    def _account(self) -> Line:
        version = self._client.info(deadline=self._budget.left).build_version
        return Line("account", "passed", Reason("test.signed_in", {"version": version[:64] or "?"}))

    def _clusters(self) -> Line:
        shown = self._client.clusters(deadline=self._budget.left)
        if not shown:
            return Line("clusters", "warning", Reason("test.no_clusters"))
        self._cluster_id = shown[0].id
        return _read("clusters", len(shown))

    def _servers(self) -> Line:
        if self._cluster_id is None:
            return Line("servers", "not_tried", Reason("test.not_tried"))
        self._client.parameters(self._cluster_id, deadline=self._budget.left)
        self._client.zones(self._cluster_id, deadline=self._budget.left)
        return _read("servers", len(self._client.servers(self._cluster_id, deadline=self._budget.left)))

    def _packages(self) -> Line:
        return _read("packages", len(self._client.packages(deadline=self._budget.left)))

    def _tasks(self) -> Line:
        page = self._client.tasks(size=1, deadline=self._budget.left)
        if page.items:
            self._client.task(page.items[0].id, deadline=self._budget.left)
        return _read("tasks", page.total or len(page.items))


def _read(what: str, count: int) -> Line:
    return Line(what, "passed", Reason("test.read", {"count": count}))


# The right of OCP that each read needs (its default roles).
_RIGHTS = {
    "clusters": "CLUSTER_VIEWER",
    "servers": "CLUSTER_VIEWER",
    "packages": "PACKAGE_VIEWER",
    "tasks": "TASK_VIEWER",
}


_WHY: Mapping[type[errors.OcpError], Reason] = {
    errors.Unauthorized: Reason("test.unauthorized"),
    errors.Redirected: Reason("test.no_ocp"),
    errors.NotFound: Reason("test.no_ocp"),
    errors.BadAnswer: Reason("test.bad_answer"),
    errors.RateLimited: Reason("test.too_slow", {"seconds": int(TOTAL_SECONDS)}),
    errors.DeadlinePassed: Reason("test.too_slow", {"seconds": int(TOTAL_SECONDS)}),
}


def _why(what: str, error: errors.OcpError) -> Reason:
    """What failed, with what to do about it."""
    if isinstance(error, errors.NotSent):
        return Reason("test.not_reached", {"detail": error.message[:300]})
    if isinstance(error, errors.Forbidden):
        return Reason("test.forbidden", {"right": _RIGHTS.get(what, "CLUSTER_MANAGER")})
    return _WHY.get(type(error)) or endpoints.reason_of(error)

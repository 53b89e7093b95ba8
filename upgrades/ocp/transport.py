"""One request, one connection, one answer; and the rule by which a GET is tried again."""

import http.client
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.exceptions import HTTPError

from upgrades.ocp import bodies, envelope, limits
from upgrades.ocp.auth import Signer
from upgrades.ocp.deadline import Deadline
from upgrades.ocp.errors import BadAnswer, ConnectionLost, DeadlinePassed, NotSent, OcpError, ServerError
from upgrades.ocp.limits import RateLimit
from upgrades.ocp.wire import Attempt, PlainPool, TlsPool, tls_context

_CHUNK_BYTES = 1 << 16
_ERROR_BYTES = 1 << 20
_BACK_OFF_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 2.0

NoteLimit = Callable[[RateLimit], None]


def retry_wait(
    tries: int, retries: int, error: OcpError, seconds_left: float, limit: RateLimit | None = None
) -> float | None:
    """Seconds to wait before a GET is tried again, None for not at all.

    tries: how often it was tried, 1 after the first. Only what may pass by itself is tried again: no connection,
    a lost one, 502, 503, 504. Never 401 (OCP locks accounts out), 403, 429, nor an answer we cannot read. Nor
    anything where OCP said with its answer (`limit`) that our quota is used up.
    """
    if limit is not None and limit.is_used_up:
        return None
    is_passing = isinstance(error, NotSent | ConnectionLost) or (
        isinstance(error, ServerError) and error.http_status in (502, 503, 504)
    )
    wait = min(_BACK_OFF_SECONDS * 2.0 ** (tries - 1), _LONGEST_WAIT_SECONDS)
    if not is_passing or tries > retries or wait >= seconds_left:
        return None
    return wait


class _OneRequestAdapter(HTTPAdapter):
    """requests' way to the wire, with one pool of our own: no proxy, no reuse, no retry, the deadline kept."""

    def __init__(self, pool: PlainPool | TlsPool) -> None:
        super().__init__(max_retries=0)
        self._pool = pool

    def get_connection_with_tls_context(self, *_args: Any, **_kwargs: Any) -> PlainPool | TlsPool:
        return self._pool

    def cert_verify(self, *_args: Any, **_kwargs: Any) -> None:
        """The pool's TLS context verifies, always; requests would load its own CA file on top."""

    def close(self) -> None:
        super().close()
        self._pool.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx. `is_cut` says that the middle of a long log was left out of `body`."""

    status: int
    body: bytes
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class _Exchange:
    """What came of one request, and what OCP said of our quota, where it did."""

    outcome: Answer | OcpError
    limit: RateLimit | None = None


class Transport:
    """Sends requests to one OCP; keeps no connection and no state between them.

    note_limit: told what every answer to repeatedly() says of our quota.
    """

    def __init__(
        self,
        auth: Signer,
        *,
        is_tls: bool,
        ca_file: str | None,
        ca_pem: str,
        connect_seconds: float,
        byte_cap: int,
        log_cap: int,
        note_limit: NoteLimit | None = None,
    ) -> None:
        self._note_limit = note_limit
        self._auth = auth
        self._connect_seconds = connect_seconds
        self._byte_cap = byte_cap
        self._log_cap = log_cap
        # Reading the public CAs takes 20 ms, more than a whole call: not for plain http.
        self._tls = tls_context(ca_file, DEFAULT_CA_BUNDLE_PATH, ca_pem) if is_tls or ca_file or ca_pem else None

    def once(self, request: requests.Request, deadline: Deadline) -> Answer:
        """Sends exactly one request. Raises OcpError."""
        # Our quota is not noted here: nothing may come between the answer to a POST and what its caller writes of it.
        outcome = self._exchange(request, deadline, is_log=False).outcome
        # Raised here, not where it was met: so no exception that carries headers hangs on it.
        if isinstance(outcome, OcpError):
            raise outcome
        return outcome

    def repeatedly(
        self,
        request: requests.Request,
        deadline: Deadline,
        retries: int,
        *,
        is_log: bool = False,
        is_signed: bool = True,
    ) -> Answer:
        """Sends a request that changes nothing, again where retry_wait() says so. Raises OcpError: the last one."""
        tries = 1
        while True:
            exchange = self._exchange(request, deadline, is_log=is_log, is_signed=is_signed)
            if self._note_limit is not None and exchange.limit is not None:
                self._note_limit(exchange.limit)
            outcome = exchange.outcome
            if isinstance(outcome, Answer):
                return outcome
            wait = retry_wait(tries, retries, outcome, deadline.left(), exchange.limit)
            if wait is None:
                raise outcome
            time.sleep(wait)
            tries += 1

    def _exchange(
        self, request: requests.Request, deadline: Deadline, *, is_log: bool, is_signed: bool = True
    ) -> _Exchange:
        prepared = request.prepare()
        if is_signed:
            self._auth(prepared)
        attempt = Attempt(deadline, self._connect_seconds)
        adapter = _OneRequestAdapter(self._pool(str(prepared.url), attempt))
        try:
            with adapter.send(prepared, stream=True) as response:
                return _Exchange(self._read(response, deadline, is_log=is_log), limits.of_headers(response.headers))
        except (RequestException, HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            return _Exchange(failure(error, attempt))
        finally:
            adapter.close()

    def _pool(self, url: str, attempt: Attempt) -> PlainPool | TlsPool:
        parts = urlsplit(url)
        host = str(parts.hostname)
        if parts.scheme == "https":
            return TlsPool(host, parts.port, attempt=attempt, ssl_context=self._tls, cert_reqs="CERT_REQUIRED")
        return PlainPool(host, parts.port, attempt=attempt)

    def _read(self, response: requests.Response, deadline: Deadline, *, is_log: bool) -> Answer | OcpError:
        status = response.status_code
        if not 200 <= status <= 299:
            body = _error_body(response, deadline)
            signed_at = response.request.headers.get("Date")
            return envelope.error_of(status, body, response.headers, self._auth.masked, signed_at)
        try:
            if is_log:
                body, is_cut = bodies.read_log(_chunks(response, deadline), self._log_cap)
                return Answer(status, body, is_cut)
            return Answer(status, bodies.read_whole(_chunks(response, deadline), self._byte_cap))
        except bodies.TooLarge as error:
            return BadAnswer(f"{error}.", http_status=status)


def _chunks(response: requests.Response, deadline: Deadline) -> Iterator[bytes]:
    # read(), not stream(): for chunked bodies the latter reads lines of any length.
    while chunk := response.raw.read(_CHUNK_BYTES, decode_content=True):
        deadline.check()
        yield chunk


def _error_body(response: requests.Response, deadline: Deadline) -> bytes:
    """The body of a refusal, empty where it cannot be had: the status alone must reach the caller then."""
    try:
        return bodies.read_whole(_chunks(response, deadline), _ERROR_BYTES)
    except (RequestException, HTTPError, http.client.HTTPException, OSError, ValueError):
        return b""


def failure(error: Exception, attempt: Attempt) -> OcpError:
    """What an exception of the wire means. What the attempt saw counts, not the exception's name."""
    if not attempt.is_sent:
        reason = attempt.fault or type(error).__name__
        return NotSent(f"OCP was not reached ({reason}); nothing was sent.", is_sent=False)
    if attempt.deadline.has_passed():
        return DeadlinePassed("OCP did not answer in time.")
    if _is_lost(error):
        return ConnectionLost("The connection to OCP ended before its answer.")
    return BadAnswer("OCP's answer was cut or is no HTTP.")


def _is_lost(error: BaseException) -> bool:
    """Whether the connection itself failed, anywhere in the chain that urllib3 and requests wrap around it."""
    link: BaseException | None = error
    while link is not None:
        if isinstance(link, OSError) and not isinstance(link, RequestException):
            return True
        link = link.__context__
    return False

"""What can go wrong between us and OCP. Each error says whether a byte of the request may have left."""


class OcpError(Exception):
    """A call that brought no usable answer.

    message: English, for logs; it holds no secret, and at most 1,000 characters of OCP's own words.
    is_sent: whether a byte of the request may have left us. False only where that is certain.
    http_status: the status OCP answered with; None where no status line was read.
    code: OCP's `error.code` as text ("OBE11020", "0"); None where there was none.
    trace_id: OCP's `traceId`; None where there was none.
    has_envelope: whether OCP's own error envelope came back whole, so that OCP itself
    spoke and not a proxy in front of it.
    """

    def __init__(
        self,
        message: str,
        *,
        is_sent: bool = True,
        http_status: int | None = None,
        code: str | None = None,
        trace_id: str | None = None,
        has_envelope: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.is_sent = is_sent
        self.http_status = http_status
        self.code = code
        self.trace_id = trace_id
        self.has_envelope = has_envelope


class NotSent(OcpError):
    """The name, the connection or the TLS handshake failed: `is_sent` is False."""


class DeadlinePassed(OcpError):
    """The time for the whole call is over."""


class ConnectionLost(OcpError):
    """The connection ended after the request may have left, before the answer was complete."""


class BadAnswer(OcpError):
    """An answer that is malformed, cut, odd or too large, or no JSON; also a 2xx that says `successful: false`."""


class Redirected(OcpError):
    """OCP, or something in front of it, answered 3xx. It is never followed."""


class Unauthorized(OcpError):
    """401: wrong credentials. OCP locks accounts and addresses, so do not call again with these."""


class ClockDiffers(Unauthorized):
    """401 to a signature: no fault of the key. OCP's clock is `seconds` ahead of ours, or behind where negative."""

    seconds: int = 0


class Forbidden(OcpError):
    """403: our account lacks the right."""


class NotFound(OcpError):
    """404."""


class RateLimited(OcpError):
    """429. `reset_seconds`: seconds until OCP takes requests again; None where it did not say."""

    reset_seconds: int | None = None


class Refused(OcpError):
    """Any other 4xx."""


class ServerError(OcpError):
    """5xx."""

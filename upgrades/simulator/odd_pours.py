"""Odd answers that pour: too much, too slowly, without end, or not as HTTP.

They go on until they are released or nobody reads any more, and hold no more than one piece at a time.
"""

from collections.abc import Callable, Iterator

from upgrades.simulator.envelope import Reply
from upgrades.simulator.oddity import Answer, Make, Pace

_HUGE_BYTES = 64 << 20
_CHUNK = 64 << 10


def _poured(stream: Callable[[Pace], Iterator[bytes]], *, length: int | None = None, manner: str = "stream") -> Make:
    headers = {} if length is None else {"Content-Length": str(length)}
    return lambda reply, pace: Reply(200, b"", reply.content_type, headers, manner, stream(pace))


def _huge(_pace: Pace) -> Iterator[bytes]:
    yield b'{"data":"'
    for _ in range(_HUGE_BYTES // _CHUNK):
        yield b"x" * _CHUNK
    yield b'"}'


def _huge_rows(pace: Pace) -> Iterator[bytes]:
    row = b'{"id":1,"name":"x","status":"RUNNING"},' * 1000
    yield b'{"successful":true,"status":200,"data":{"contents":['
    for _ in range(_HUGE_BYTES // len(row)):
        if pace.released.is_set():
            return
        yield row
    yield b"{}]}}"


def _endless(pace: Pace) -> Iterator[bytes]:
    yield b'{"data":"'
    while not pace.released.is_set():
        yield b"x" * _CHUNK


def _trickle(pace: Pace) -> Iterator[bytes]:
    """One blank each interval, for ever: valid JSON so far, and no read of it ever times out."""
    while not pace.released.wait(pace.seconds):
        yield b" "


def _endless_headers(pace: Pace) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while not pace.released.is_set():
        yield b"X-More: " + b"x" * 500 + b"\r\n"


def _slow_headers(pace: Pace) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while not pace.released.wait(pace.seconds):
        yield b"X-More: x\r\n"


def _long_header(_pace: Pace) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Long: " + b"x" * 200_000 + b"\r\n\r\n{}"


def _no_http(_pace: Pace) -> Iterator[bytes]:
    yield b"SSH-2.0-OpenSSH_9.2\r\n"


def _bad_chunks(_pace: Pace) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    yield b"ZZ\r\n{}\r\n0\r\n\r\n"


def _two_lengths(_pace: Pace) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\n{}"


def _continued(pace: Pace) -> Iterator[bytes]:
    while not pace.released.is_set():
        yield b"HTTP/1.1 100 Continue\r\n\r\n" * 100


def _slow(reply: Reply, pace: Pace) -> Reply:
    def pour() -> Iterator[bytes]:
        for position in range(len(reply.body)):
            if pace.released.wait(pace.seconds):
                yield reply.body[position:]
                return
            yield reply.body[position : position + 1]

    headers = {**reply.headers, "Content-Length": str(len(reply.body))}
    return Reply(reply.status, b"", reply.content_type, headers, "stream", pour())


KINDS = (
    Answer("huge", "64 MB, the length given", _poured(_huge, length=_HUGE_BYTES + 11)),
    Answer("huge_rows", "64 MB of rows, no length", _poured(_huge_rows)),
    Answer("endless", "a body without length that never ends", _poured(_endless)),
    Answer("slow", "one byte of the honest body each interval", _slow),
    Answer("trickle", "one blank each interval, for ever", _poured(_trickle)),
    Answer("endless_headers", "headers without end", _poured(_endless_headers, manner="raw")),
    Answer("slow_headers", "one header each interval, for ever", _poured(_slow_headers, manner="raw")),
    Answer("long_header", "a header of 200,000 bytes", _poured(_long_header, manner="raw")),
    Answer("no_http", "another protocol answers", _poured(_no_http, manner="raw")),
    Answer("bad_chunks", "chunks that are none", _poured(_bad_chunks, manner="raw")),
    Answer("two_lengths", "two lengths that differ", _poured(_two_lengths, manner="raw")),
    Answer("continued", "100 Continue for ever", _poured(_continued, manner="raw")),
    Answer("too_short", "the body is shorter than its length", _poured(lambda _pace: iter([b"{}"]), length=5_000)),
)

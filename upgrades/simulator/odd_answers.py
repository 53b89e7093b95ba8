"""Odd answers as a whole, made from the honest one: other statuses, other bodies, clocks that are wrong."""

import functools
import gzip
import json
import re
import time
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta

from upgrades.simulator import envelope
from upgrades.simulator.clock import OCP_ZONE
from upgrades.simulator.envelope import Reply
from upgrades.simulator.oddity import Answer, Make, Pace

_BOMB_BYTES = 256 << 20
_DEEP = 100_000
_HTML = "<!DOCTYPE html><html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx/1.24.0</body></html>"
_TIME = r"^/api/v2/time"
_SIGN_IN = "<!DOCTYPE html><html><body><form action=/login><input name=password></form></body></html>"


def _text(change: Callable[[bytes], bytes]) -> Make:
    return lambda reply, _pace: Reply(reply.status, change(reply.body), reply.content_type, dict(reply.headers))


def _typed(content_type: str) -> Make:
    return lambda reply, _pace: Reply(reply.status, reply.body, content_type, dict(reply.headers))


def _html(status: int, title: str) -> Make:
    return lambda _reply, _pace: Reply(status, _HTML.format(title).encode(), "text/html; charset=utf-8")


def _failed(status: int, **headers: str) -> Make:
    def make(_reply: Reply, _pace: Pace) -> Reply:
        reply = envelope.failed(status, time.time())
        reply.headers.update({f"RateLimit-{name}": value for name, value in headers.items()})
        return reply

    return make


def _last_allowed(reply: Reply, _pace: Pace) -> Reply:
    quota = {"RateLimit-Limit": "100", "RateLimit-Remaining": "0", "RateLimit-Reset": "60"}
    return Reply(reply.status, reply.body, reply.content_type, {**reply.headers, **quota})


@functools.cache
def _bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    filling = b" " * (1 << 20)
    return b"".join([*(packer.compress(filling) for _ in range(_BOMB_BYTES >> 20)), packer.flush()])


def _packed(body: Callable[[Reply], bytes], name: str = "gzip") -> Make:
    return lambda reply, _pace: Reply(reply.status, body(reply), reply.content_type, {"Content-Encoding": name})


def _redirected(reply: Reply, _pace: Pace) -> Reply:
    return Reply(302, reply.body, headers={"Location": "/api/v2/info"})


def _redirected_away(_reply: Reply, _pace: Pace) -> Reply:
    return envelope.redirect("http://127.0.0.1:9/elsewhere")


def _redirected_oddly(_reply: Reply, _pace: Pace) -> Reply:
    return Reply(301, headers={"Location": "file:///etc/passwd"})


def _keys_twice(body: bytes) -> bytes:
    return re.sub(rb'"(id|status|name)": ?("[^"]*"|\d+)', rb'"\1": \2, "\1": null', body)


def _comments(body: bytes) -> bytes:
    return b"// made by OCP\n" + body.replace(b"true", b"True").replace(b'"', b"'")


def _time_is(change: Callable[[datetime], str]) -> Make:
    def make(reply: Reply, _pace: Pace) -> Reply:
        return Reply(200, change(datetime.now(OCP_ZONE)).encode(), reply.content_type)

    return make


def _off(**by: float) -> Make:
    return _time_is(lambda now: (now + timedelta(**by)).isoformat())


def _clock(name: str, about: str, make: Make) -> Answer:
    return Answer(name, about, make, calls=_TIME)


KINDS = (
    Answer("unauthorized", "401 in OCP's envelope", _failed(401), is_refusal=True),
    Answer("unauthorized_html", "401 with a page", _html(401, "401 Authorization Required"), is_refusal=True),
    Answer("forbidden", "403 in OCP's envelope", _failed(403), is_refusal=True),
    Answer("forbidden_html", "403 of a proxy", _html(403, "403 Forbidden"), is_refusal=True),
    Answer("not_found", "404 in OCP's envelope", _failed(404), is_refusal=True),
    Answer("not_found_html", "404 of a proxy", _html(404, "404 Not Found"), is_refusal=True),
    Answer("conflict", "409 in OCP's envelope", _failed(409), is_refusal=True),
    Answer("too_many", "429 with RateLimit headers", _failed(429), is_refusal=True),
    Answer("too_many_for_ever", "429 for 30 years", _failed(429, Reset="999999999"), is_refusal=True),
    Answer("too_many_odd", "429 until a word", _failed(429, Reset="soon", Limit="-1"), is_refusal=True),
    Answer("last_allowed", "the honest answer, the last that the account's quota allows", _last_allowed),
    Answer("server_error", "500 in OCP's envelope", _failed(500), is_refusal=True),
    Answer("bad_gateway", "502 of a proxy, as a page", _html(502, "502 Bad Gateway"), is_refusal=True),
    Answer("unavailable", "503 of a proxy, as a page", _html(503, "503 Service Unavailable"), is_refusal=True),
    Answer("gateway_timeout", "504 of a proxy, the work done", _html(504, "504 Gateway Time-out")),
    Answer("no_content", "204 and nothing", lambda _reply, _pace: Reply(204)),
    Answer("status_unheard_of", "299 with the honest body", lambda r, _pace: Reply(299, r.body, r.content_type)),
    Answer("status_599", "599 with the honest body", lambda r, _pace: Reply(599, r.body, r.content_type)),
    Answer("redirect_here", "302 to another call of the same OCP", _redirected, is_refusal=True),
    Answer("redirect_away", "307 to another server", _redirected_away, is_refusal=True),
    Answer("redirect_to_file", "301 to a file", _redirected_oddly, is_refusal=True),
    Answer("html", "200 with a page in place of JSON", _html(200, "Welcome to OCP")),
    Answer(
        "sign_in_page",
        "200 with a page that asks for a password, said to be JSON",
        lambda r, _pace: Reply(200, _SIGN_IN.encode(), r.content_type),
    ),
    Answer("empty", "200 and an empty body", _text(lambda _body: b"")),
    Answer("blank", "200 and blanks", _text(lambda _body: b" \r\n\t ")),
    Answer("malformed", "the last bytes are missing, the length agrees", _text(lambda body: body[:-2])),
    Answer("malformed_half", "half the body, the length agrees", _text(lambda body: body[: len(body) // 2])),
    Answer("malformed_quotes", "comments and single quotes", _text(_comments)),
    Answer("two_documents", "the answer twice over", _text(lambda body: body + body)),
    Answer("more_after_it", "a warning follows the JSON", _text(lambda body: body + b"\n<!-- generated -->")),
    Answer("byte_order_mark", "a byte order mark before it", _text(lambda body: b"\xef\xbb\xbf" + body)),
    Answer("utf_16", "UTF-16 that is said to be UTF-8", _text(lambda body: body.decode().encode("utf-16"))),
    Answer("broken_utf_8", "bytes that are no UTF-8", _text(lambda body: body[:-1] + b', "x": "\xff\xc3"}')),
    Answer(
        "keys_twice", "keys stand there twice, the second time null", _text(_keys_twice), calls=r"^/api/v2/(?!time)"
    ),
    Answer("binary", "bytes of no meaning", _text(lambda _body: bytes(range(256)) * 16)),
    Answer("deep", "lists 100,000 deep", _text(lambda _body: b'{"data":' + b"[" * _DEEP + b"]" * _DEEP + b"}")),
    Answer("deep_objects", "objects 5,000 deep", _text(lambda _b: b'{"data":' * 5_000 + b"1" + b"}" * 5_000)),
    Answer(
        "long_number",
        "a number of 100,000 digits",
        _text(lambda _b: b'{"data":{"contents":[{"id":' + b"9" * 100_000 + b"}]}}"),
    ),
    Answer("wrong_type_html", "honest JSON that is said to be HTML", _typed("text/html")),
    Answer("wrong_type_bytes", "honest JSON that is said to be bytes", _typed("application/octet-stream")),
    Answer("wrong_charset", "honest JSON in a charset that is none", _typed("application/json;charset=klingon")),
    Answer("no_type", "honest JSON without a content type", _typed("")),
    Answer("gzip_bomb", "256 MB of blanks, packed into a quarter of one", _packed(lambda _reply: _bomb())),
    Answer("gzip_honest", "the honest body, packed unasked", _packed(lambda reply: gzip.compress(reply.body))),
    Answer("gzip_garbage", "said to be packed, and is not", _packed(lambda reply: reply.body)),
    Answer("gzip_cut", "packed, and cut", _packed(lambda reply: gzip.compress(reply.body)[:-9])),
    Answer("packed_unknown", "packed in a way that nobody knows", _packed(lambda reply: reply.body, "lzma9")),
    _clock("clock_ahead", "20 minutes ahead", _off(minutes=20)),
    _clock("clock_behind", "20 minutes behind", _off(minutes=-20)),
    _clock("clock_a_little_off", "40 seconds ahead", _off(seconds=40)),
    _clock("clock_years_off", "30 years behind", _off(days=-10_950)),
    _clock("clock_of_utc", "the same moment with a Z", _time_is(lambda now: f"{(now - timedelta(hours=8)):%FT%TZ}")),
    _clock("clock_without_offset", "a moment without an offset", _time_is(lambda now: f"{now:%FT%T}")),
    _clock("clock_garbage", "a word in place of a moment", _time_is(lambda _now: "half past nine")),
    _clock("clock_json", "the moment inside an envelope", _time_is(lambda now: json.dumps({"data": now.isoformat()}))),
)

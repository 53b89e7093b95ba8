"""Bodies that are too large, cut, no JSON or never end; and logs, of which the tail is kept."""

import gzip
import json
import zlib

import pytest

from tests.ocp.conftest import answer, client_of, enveloped, payload, reset_after, within
from upgrades.ocp import bodies
from upgrades.ocp.errors import BadAnswer, ConnectionLost, DeadlinePassed, Unauthorized

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def bomb() -> bytes:
    """64 MB of spaces in 64 kB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packer.compress(b" " * (1 << 20)) for _ in range(64)) + packer.flush()


def test_gzip_is_read(hostile):
    body = gzip.compress(payload("info"))
    assert client_of(hostile(answer(body, Content_Encoding="gzip")).url).info().name == "ocp-server"


@pytest.mark.parametrize(
    "sent",
    [
        answer(bomb(), Content_Encoding="gzip"),
        answer(b" " * (9 << 20)),
        HEAD + b"\r\n" + b" " * (9 << 20),
    ],
)
def test_answer_past_the_cap_is_a_bad_answer(hostile, sent):
    error = within(5, lambda: client_of(hostile(sent).url).info(), BadAnswer)
    assert "8388608" in error.message


def test_endless_answer_is_cut_off_by_the_cap(hostile):
    server = hostile()
    server.then(server.drip(HEAD + b"\r\n", b" " * (1 << 20), seconds=0))
    within(5, lambda: client_of(server.url).info(), BadAnswer)


def test_gzip_bomb_in_a_refusal_or_a_log_ends_within_its_cap(hostile):
    refused = hostile(answer(bomb(), 401, Content_Encoding="gzip"))
    error = within(5, lambda: client_of(refused.url).info(), Unauthorized)
    assert (error.code, error.has_envelope) == (None, False)
    log = hostile(answer(bomb(), Content_Encoding="gzip"))
    within(5, lambda: client_of(log.url).subtask_log(1, 2), BadAnswer)


@pytest.mark.parametrize("piece", [b"X-Endless: 1\r\n", b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\n"])
def test_head_without_an_end_ends_with_its_cap_or_the_deadline(hostile, piece):
    server = hostile()
    server.then(server.drip(HEAD, piece * 10_000, seconds=0))
    within(4, lambda: client_of(server.url, total_seconds=1.0).info(), BadAnswer, DeadlinePassed)


@pytest.mark.parametrize("size", [b"ffffffffffffffff", b"-5", b"0x5", b"1" * 100_000, b"5;" + b"x" * 100_000, b""])
def test_nonsense_of_chunks_ends_within_the_deadline(hostile, size):
    server = hostile()
    server.then(server.drip(CHUNKED + size + b"\r\n", b" " * 65_536, seconds=0))
    within(4, lambda: client_of(server.url, total_seconds=1.0).info(), BadAnswer, DeadlinePassed)


@pytest.mark.parametrize(
    "sent",
    [
        answer(b"<html>Sign in</html>"),
        answer(b""),
        answer(b"null"),
        answer(b"[]"),
        answer(b"{}{}"),
        answer(payload("info")[:-20]),
        answer(b"\xff\xfe{}"),
        answer(b'{"name": NaN}'),
        answer(b'{"name": -Infinity}'),
        answer(b'{"name": "a", "name": "b"}'),
        answer(b'{"name": ' + b"1" * 5000 + b"}"),
        answer(b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}"),
        answer(b"[" * 400_000),
        answer(b"[" + b"[]," * 600_000 + b"[]]"),
        answer(payload("info"), Content_Encoding="gzip"),
        answer(payload("info"), Content_Length="9999"),
        CHUNKED + b"zz\r\n",
        CHUNKED + b"ff\r\n{",
        b"220 smtp.example.com ESMTP\r\n",
        b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"1" * 100_000 + b"\r\n\r\n",
    ],
)
def test_answer_that_cannot_be_read_is_a_bad_answer(hostile, sent):
    server = hostile(sent)
    error = within(5, lambda: client_of(server.url).info(), BadAnswer)
    assert (error.is_sent, error.has_envelope, len(server.requests)) == (True, False, 1)


@pytest.mark.parametrize("first", [b"", HEAD, HEAD + b"Content-Length: 500\r\n\r\n{"])
def test_reset_is_a_lost_connection(hostile, first):
    within(5, lambda: client_of(hostile(reset_after(first)).url, get_retries=0).info(), ConnectionLost)


def log_of(text: str) -> bytes:
    return enveloped({"log": text})


def test_log_longer_than_the_cap_keeps_its_tail(hostile):
    lines = [f'{number} 中文 "quoted" \\n \\\\ done' for number in range(100_000)]
    log = client_of(hostile(answer(log_of("\n".join(lines)))).url, log_cap=1 << 16).subtask_log(1, 2)
    kept = log.text.split("\n")
    assert log.is_cut
    assert kept == lines[-len(kept) :]
    assert 60_000 < len(log.text.encode()) <= 1 << 16


@pytest.mark.parametrize("is_ascii", [True, False])
def test_log_beyond_every_cap_of_an_answer_still_shows_its_tail(hostile, is_ascii):
    line = '升级 \\" \t done'
    text = "\n".join(f"{number} {line}" for number in range(600_000))
    body = json.dumps({"data": {"log": text}, "successful": True}, ensure_ascii=is_ascii).encode()
    assert len(body) > 12 << 20
    log = client_of(hostile(answer(body)).url, total_seconds=30.0).subtask_log(1, 2)
    assert log.is_cut
    assert text.endswith("\n" + log.text)
    assert 500_000 < len(log.text.encode()) <= 1 << 20


def test_log_without_any_line_end_is_cut_anywhere(hostile):
    log = client_of(hostile(answer(log_of("x" * 5000))).url, log_cap=3000).subtask_log(1, 2)
    assert (log.text, log.is_cut) == ("x" * 3000, True)


def test_endless_log_ends_with_the_deadline(hostile):
    server = hostile()
    server.then(server.drip(HEAD + b'\r\n{"data": {"log": "', b"line\\n" * 50_000, seconds=0))
    within(6, lambda: client_of(server.url, total_seconds=1.0).subtask_log(1, 2), DeadlinePassed)


def test_long_body_that_is_no_log_is_a_bad_answer(hostile):
    body = b'{"data": "' + b"x" * 100_000 + b'"}'
    within(5, lambda: client_of(hostile(answer(body)).url, log_cap=1000).subtask_log(1, 2), BadAnswer)


@pytest.mark.parametrize("data", [{}, {"log": None}, {"log": ""}])
def test_log_that_is_not_there_yet_is_empty(hostile, data):
    log = client_of(hostile(answer(enveloped(data))).url).subtask_log(1, 2)
    assert (log.text, log.is_cut) == ("", False)


def test_long_log_is_joined_at_the_beginning_of_a_line():
    # Escapes swell: what is kept of the body is then less text than the cap, and begins where the join was made.
    lines = [f'{number} \x1b[31m\\n"\x1b[0m' for number in range(50_000)]
    body = log_of("\n".join(lines))
    for odd in range(1, 14):
        chunks = (body[start : start + 60_000] for start in range(0, len(body) - odd, 60_000))
        joined, is_cut = bodies.read_log(chunks, 50_000)
        kept = json.loads(joined)["data"]["log"].split("\n")
        assert is_cut
        assert kept == lines[-len(kept) :]

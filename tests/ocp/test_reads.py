"""Reads against servers that misbehave: deadlines, caps, retries, redirects."""

import gzip
import json
import socket
import time
import zlib

import pytest

from tests.ocp.conftest import answer, client_of, enveloped, free_port, payload, refusal, reset, reset_after
from upgrades.ocp.errors import (
    BadAnswer,
    ConnectionLost,
    DeadlinePassed,
    Forbidden,
    NotSent,
    OcpError,
    RateLimited,
    Redirected,
    Refused,
    ServerError,
    Unauthorized,
)
from upgrades.ocp.transport import retry_wait

GOOD = answer(payload("info"))
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("error", "is_retried"),
    [
        (NotSent("", is_sent=False), True),
        (ConnectionLost(""), True),
        (ServerError("", http_status=502), True),
        (ServerError("", http_status=503), True),
        (ServerError("", http_status=504), True),
        (ServerError("", http_status=500), False),
        (ServerError("", http_status=501), False),
        (Unauthorized("", http_status=401), False),
        (Forbidden("", http_status=403), False),
        (RateLimited("", http_status=429), False),
        (Refused("", http_status=400), False),
        (Redirected("", http_status=302), False),
        (BadAnswer(""), False),
        (DeadlinePassed(""), False),
    ],
)
def test_only_what_may_pass_by_itself_is_tried_again(error, is_retried):
    assert (retry_wait(1, 2, error, 9.0) is not None) is is_retried


@pytest.mark.parametrize(
    ("tries", "retries", "seconds_left", "wait"),
    [
        (1, 2, 9.0, 0.2),
        (2, 2, 9.0, 0.4),
        (3, 2, 9.0, None),
        (1, 0, 9.0, None),
        (9, 20, 9.0, 2.0),
        (1, 2, 0.2, None),
        (1, 2, 0.21, 0.2),
        (1, 2, 0.0, None),
    ],
)
def test_retries_back_off_and_end_with_their_number_or_the_deadline(tries, retries, seconds_left, wait):
    assert retry_wait(tries, retries, ConnectionLost(""), seconds_left) == wait


@pytest.mark.parametrize("first", [answer(b"", 502), answer(b"", 503), answer(b"", 504), b"", reset])
def test_read_goes_on_after_a_passing_trouble(hostile, first):
    server = hostile(first, GOOD)
    assert client_of(server.url).info().name == "ocp-server"
    assert len(server.requests) == 2


@pytest.mark.parametrize("first", [b"", answer(b"", 503)])
def test_read_is_tried_three_times_at_most(hostile, first):
    server = hostile(first)
    with pytest.raises(OcpError):
        client_of(server.url).info()
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 307])
def test_read_that_was_answered_is_not_tried_again(hostile, status):
    server = hostile(answer(refusal(status, "X1"), status), GOOD)
    with pytest.raises(OcpError):
        client_of(server.url).info()
    assert len(server.requests) == 1


def within(seconds, call, *errors):
    """Expects one of `errors` before `seconds` have passed, and returns it."""
    started = time.monotonic()
    with pytest.raises(errors) as caught:
        call()
    assert time.monotonic() - started < seconds
    return caught.value


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"HTTP", b"/"),
        (HEAD, b"X-Slow: 1\r\n"),
        (HEAD + b"X-Slow: ", b"1"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD + b"Content-Length: 99999\r\n\r\n", b" "),
        (HEAD + b"\r\n", b" "),
        (CHUNKED, b"1\r\n \r\n"),
        (CHUNKED + b"5", b"0"),
        (HEAD.replace(b"200", b"503") + b"\r\n", b" "),
    ],
)
def test_slow_drip_ends_with_the_deadline(hostile, first, piece):
    server = hostile()
    server.then(server.drip(first, piece))
    error = within(4, lambda: client_of(server.url, total_seconds=0.6).info(), DeadlinePassed, BadAnswer, ServerError)
    assert error.is_sent


def test_silent_server_ends_with_the_deadline(hostile):
    server = hostile()
    server.then(server.silence)
    error = within(4, lambda: client_of(server.url, total_seconds=0.4).info(), DeadlinePassed)
    assert (error.is_sent, error.http_status, len(server.requests)) == (True, None, 1)


def test_deadline_of_a_call_tightens_that_of_the_client_and_never_widens_it(hostile):
    server = hostile()
    server.then(server.silence)
    within(4, lambda: client_of(server.url, total_seconds=60.0).time(deadline=0.3), DeadlinePassed)
    within(4, lambda: client_of(server.url, total_seconds=0.3).time(deadline=60.0), DeadlinePassed)


def test_call_without_time_left_sends_nothing(hostile):
    server = hostile(GOOD)
    error = within(1, lambda: client_of(server.url).info(deadline=0.0), DeadlinePassed)
    assert (error.is_sent, server.connections) == (False, 0)


def test_deadline_covers_all_pages_of_a_list(hostile):
    server = hostile()

    def slow_page(connection, request):
        server.is_over.wait(0.2)
        number = int(request.split(b"page=")[1].split(b"&")[0])
        body = enveloped({"contents": [{"id": number}], "page": {"totalPages": 90}})
        connection.sendall(answer(body))

    server.then(slow_page)
    within(5, lambda: client_of(server.url, total_seconds=1.0).packages(), DeadlinePassed)
    assert len(server.requests) < 10


def test_deadline_covers_retries(hostile):
    server = hostile(b"")
    within(5, lambda: client_of(server.url, total_seconds=1.0, get_retries=10**6).info(), ConnectionLost)
    assert len(server.requests) < 10


def test_connect_that_hangs_ends(hostile):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        # One connection fills the queue of a listener that never accepts; the next one's SYN is dropped.
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        error = within(4, lambda: client_of(url, connect_seconds=0.3, get_retries=0).info(), NotSent)
        for each in waiting:
            each.close()
    assert not error.is_sent
    assert "timed out" in error.message


def test_refused_connection_and_unknown_name_were_not_sent():
    for host in (f"127.0.0.1:{free_port()}", "name.invalid"):
        error = within(9, lambda host=host: client_of(f"http://{host}", get_retries=0).info(), NotSent)
        assert (error.is_sent, error.http_status) == (False, None)


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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304, 300])
def test_redirect_is_never_followed(hostile, status):
    other = hostile(GOOD)
    server = hostile()
    location = f"HTTP/1.1 {status} Moved\r\nLocation: {other.url}/api/v2/info\r\n\r\n".encode()
    # An endless body as well: requests would read all of it before it looked where to go.
    server.then(server.drip(location, b" " * 65536, seconds=0))
    error = within(4, lambda: client_of(server.url).info(), Redirected)
    assert (error.http_status, other.connections, server.connections) == (status, 0, 1)


def test_environment_gives_no_proxy_no_netrc_no_ca(hostile, monkeypatch, tmp_path):
    server, proxy = hostile(GOOD), hostile(answer(b"", 502))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login mallory password other\n")
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nothing"))
    client_of(server.url).info()
    assert proxy.connections == 0
    assert b"Basic b2xnYTpjYW5hcnktUGE1NS93b3Jk\r\n" in server.requests[0]


def log_of(text: str) -> bytes:
    return enveloped({"log": text})


def test_log_longer_than_the_cap_keeps_its_tail(hostile):
    lines = [f"{number} 中文 \"quoted\" \\n \\\\ done" for number in range(100_000)]
    log = client_of(hostile(answer(log_of("\n".join(lines)))).url, log_cap=1 << 16).subtask_log(1, 2)
    kept = log.text.split("\n")
    assert log.is_cut
    assert kept == lines[-len(kept) :]
    assert 60_000 < len(log.text.encode()) <= 1 << 16


@pytest.mark.parametrize("is_ascii", [True, False])
def test_log_beyond_every_cap_of_an_answer_still_shows_its_tail(hostile, is_ascii):
    line = "升级 \\\" \t done"
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

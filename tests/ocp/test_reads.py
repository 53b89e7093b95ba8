"""Reads against servers that misbehave: deadlines, caps, retries, redirects."""

import socket
from contextlib import suppress

import pytest

from tests.ocp.conftest import answer, client_of, enveloped, free_port, payload, refusal, reset, within
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
from upgrades.ocp.limits import RateLimit
from upgrades.ocp.transport import retry_wait

GOOD = answer(payload("info"))
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


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
        body = enveloped({"contents": [{"id": number, "fileName": "x.rpm"}], "page": {"totalPages": 90}})
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


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304, 300])
def test_redirect_is_never_followed(hostile, status):
    other = hostile(GOOD)
    server = hostile()
    location = f"HTTP/1.1 {status} Moved\r\nLocation: {other.url}/api/v2/info\r\n\r\n".encode()
    # An endless body as well: requests would read all of it before it looked where to go.
    server.then(server.drip(location, b" " * 65536, seconds=0))
    error = within(4, lambda: client_of(server.url).info(), Redirected)
    assert (error.http_status, other.connections, server.connections) == (status, 0, 1)


def noted(hostile, behaviour, make=lambda client: client.info()):
    """What one call notes of our quota, whatever comes of the call."""
    found = []
    with suppress(OcpError):
        make(client_of(hostile(behaviour).url, get_retries=0, note_limit=found.append))
    return found


QUOTA = {"RateLimit_Limit": "100", "RateLimit_Remaining": "0", "RateLimit_Reset": "7"}


@pytest.mark.parametrize(
    ("sent", "limit"),
    [
        (answer(payload("info"), **QUOTA), RateLimit(100, 0, 7)),
        (answer(payload("rate-limit-429"), 429, **QUOTA), RateLimit(100, 0, 7)),
        (answer(b"", 503, **QUOTA), RateLimit(100, 0, 7)),
        (answer(b"<html>", **QUOTA), RateLimit(100, 0, 7)),
        (answer(payload("info"), **{**QUOTA, "RateLimit_Limit": "many"}), RateLimit(None, 0, 7)),
        (answer(payload("info"), ratelimit_remaining="3", ratelimit_reset="0"), RateLimit(None, 3, 0)),
    ],
)
def test_every_answer_tells_what_is_left_of_our_quota(hostile, sent, limit):
    assert noted(hostile, sent) == [limit]
    assert limit.is_used_up is (limit.remaining == 0)


def test_read_is_not_tried_again_where_our_quota_is_used_up(hostile):
    server = hostile(answer(b"", 503, **QUOTA), GOOD)
    with pytest.raises(ServerError):
        client_of(server.url).info()
    assert len(server.requests) == 1


@pytest.mark.parametrize("value", ["", "-1", "0.5", "1" * 10, "٣", "0, 0", "soon"])
@pytest.mark.parametrize("name", ["RateLimit_Remaining", "RateLimit_Reset"])
def test_quota_that_cannot_be_read_is_none(hostile, name, value):
    head = answer(payload("info"), **{**QUOTA, name: value})
    assert noted(hostile, head) == []


def test_nothing_is_noted_between_the_answer_to_a_post_and_its_caller(hostile):
    sent = answer(payload("cluster-upgrade"), **QUOTA)
    assert noted(hostile, sent, lambda client: client.upgrade(22, b"{}")) == []


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


@pytest.mark.parametrize("status", [200, 201, 299])
def test_every_2xx_is_an_answer(hostile, status):
    assert client_of(hostile(answer(payload("info"), status)).url).info().build_version

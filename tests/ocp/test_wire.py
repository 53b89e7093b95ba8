"""The parts beneath the calls that no server can bring about."""

import socket
import threading

import pytest
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import TimeoutError as HTTPTimeout

from tests.ocp.conftest import answer, client_of, within
from upgrades.ocp.deadline import Deadline
from upgrades.ocp.errors import NotSent
from upgrades.ocp.wire import Attempt, PlainPool, open_socket, resolve


def test_attempt_has_one_connection():
    attempt = Attempt(Deadline(5), connect_seconds=1)
    attempt.take_connection()
    with pytest.raises(ConnectionError):
        attempt.take_connection()


def test_pool_of_an_attempt_never_connects_twice(hostile):
    server = hostile(answer(b"{}"))
    pool = PlainPool("127.0.0.1", server.port, attempt=Attempt(Deadline(5), connect_seconds=1), retries=False)
    assert pool.request("POST", "/").status == 200
    with pytest.raises(ProtocolError):
        pool.request("POST", "/")
    assert (server.connections, len(server.requests)) == (1, 1)
    pool.close()


def test_very_first_bytes_that_do_not_all_leave_may_have_been_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # On a busy machine half a second is over before so large a head is put together.
        attempt = Attempt(Deadline(1.5), connect_seconds=1)
        pool = PlainPool(*listener.getsockname(), attempt=attempt, retries=False)
        # More head than the buffers take: the first send() of all is the one that fails.
        within(4, lambda: pool.request("POST", "/", headers={"X": "a" * (16 << 20)}), ProtocolError, HTTPTimeout)
        pool.close()
    assert attempt.is_sent


@pytest.mark.parametrize("call", ["send", "sendall", "recv_into"])
def test_every_operation_of_a_socket_ends_with_the_deadline(call):
    with socket.create_server(("127.0.0.1", 0)) as listener, open_socket(*listener.getsockname(), Deadline(5)) as sock:  # type: ignore[call-arg]
        sock.settimeout(60)
        sock.deadline = Deadline(0.3)
        operation = getattr(sock, call)
        within(4, lambda: [operation(bytearray(8 << 20)) for _ in range(100)], TimeoutError)


def test_connect_deadline_is_never_later_than_the_whole():
    assert Attempt(Deadline(0.5), connect_seconds=60).connect_deadline.left() <= 0.5


def test_deadline_counts_down_to_nothing():
    deadline = Deadline(-1)
    assert (deadline.left(), deadline.has_passed()) == (0.0, True)
    with pytest.raises(TimeoutError):
        deadline.check()
    assert 50 < Deadline(60).at_most(90).left() <= 60
    assert 20 < Deadline(60).at_most(30).left() <= 30


def test_name_server_that_never_answers_ends_with_the_connect_time(monkeypatch):
    is_over = threading.Event()
    # The C library's time-outs are its own; a name server cannot be made to hang on loopback alone.
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: is_over.wait(30) and [])
    error = within(4, lambda: client_of("http://ocp.example.com", connect_seconds=0.3).upgrade(1, b"{}"), NotSent)
    is_over.set()
    assert not error.is_sent
    assert "timed out" in error.message


def test_name_that_the_resolver_refuses_is_an_oserror():
    with pytest.raises(OSError, match="label"):
        resolve("a" * 64 + ".example", 80, Deadline(5))


def test_next_address_is_tried_where_the_first_refuses(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as refusing:
        dead = refusing.getsockname()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        alive = listener.getsockname()
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (dead, alive)]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)
        with open_socket("ocp.example.com", 80, Deadline(5)) as sock:
            assert sock.getpeername() == alive


def test_name_without_an_address_is_an_oserror(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: [])
    with pytest.raises(OSError, match="no address"):
        open_socket("ocp.example.com", 80, Deadline(5))

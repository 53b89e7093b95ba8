"""The parts beneath the calls that no server can bring about."""

import socket
import threading

import pytest

from tests.ocp.conftest import client_of, within
from upgrades.ocp.deadline import Deadline
from upgrades.ocp.errors import NotSent
from upgrades.ocp.wire import Attempt, open_socket, resolve


def test_attempt_has_one_connection():
    attempt = Attempt(Deadline(5), connect_seconds=1)
    attempt.take_connection()
    with pytest.raises(ConnectionError):
        attempt.take_connection()


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

"""The upgrade POST: one try whatever happens, and the truth about whether a byte may have left."""

import socket
import threading
import time
from itertools import pairwise

import pytest

from tests.ocp.conftest import (
    answer,
    client_of,
    document,
    enveloped,
    free_port,
    payload,
    refusal,
    reset,
    reset_after,
)
from upgrades.ocp.errors import (
    BadAnswer,
    ConnectionLost,
    DeadlinePassed,
    Forbidden,
    NotFound,
    NotSent,
    RateLimited,
    Redirected,
    Refused,
    ServerError,
    Unauthorized,
)

BODY = b'{"rpmFileName":"oceanbase-2.2.75-20210108170301.el7.x86_64.rpm"}'
GOOD = payload("cluster-upgrade")
HEAD = b"HTTP/1.1 200 OK\r\n"


def post(url, **over):
    return client_of(url, **{"get_retries": 5, "post_seconds": 5.0, **over}).upgrade(22, BODY)


ANSWERS = {
    "connection closed at once": (b"", ConnectionLost),
    "reset at once": (reset, ConnectionLost),
    "reset after the status": (reset_after(HEAD), ConnectionLost),
    "reset in the body": (reset_after(HEAD + b"Content-Length: 1913\r\n\r\n{"), ConnectionLost),
    "cut body": (answer(GOOD[:900], Content_Length=str(len(GOOD))), BadAnswer),
    "cut body without a length": (HEAD + b"\r\n" + GOOD[:900], BadAnswer),
    "cut chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nfff\r\n{", BadAnswer),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", BadAnswer),
    "HTML": (answer(b"<html></html>"), BadAnswer),
    "empty": (answer(b"", 204), BadAnswer),
    "too large": (answer(b" " * (9 << 20)), BadAnswer),
    "no envelope": (answer(b'{"id": 108368}'), BadAnswer),
    "successful: false": (answer(refusal(200, "OBE11020")), BadAnswer),
    "successful: 1": (answer(enveloped({"id": 1}, successful=1)), BadAnswer),
    "no data": (answer(enveloped(None)), BadAnswer),
    "data is a list": (answer(enveloped([{"id": 1}])), BadAnswer),
    "no id": (answer(enveloped({"name": "Submit upgrade OB cluster dag"})), BadAnswer),
    "id is a fraction": (answer(enveloped({"id": 108368.0})), BadAnswer),
    "id is a word": (answer(enveloped({"id": "x1"})), BadAnswer),
    "id is true": (answer(enveloped({"id": True})), BadAnswer),
    "id is negative": (answer(enveloped({"id": -5})), BadAnswer),
    "id beyond a long": (answer(enveloped({"id": 2**63})), BadAnswer),
    "status 100 only": (b"HTTP/1.1 100 Continue\r\n\r\n", ConnectionLost),
    "status 300": (answer(GOOD, 300), Redirected),
    "status 301": (answer(b"", 301, Location="/elsewhere"), Redirected),
    "status 302": (answer(b"", 302, Location="/elsewhere"), Redirected),
    "status 307": (answer(b"", 307, Location="/elsewhere"), Redirected),
    "status 308": (answer(b"", 308, Location="/elsewhere"), Redirected),
    "status 400": (answer(refusal(400, "OBE11063"), 400), Refused),
    "status 401": (answer(refusal(401, "IAM10000"), 401), Unauthorized),
    "status 401 that asks": (answer(b"", 401, WWW_Authenticate="Basic"), Unauthorized),
    "status 403": (answer(refusal(403, "IAM11000"), 403), Forbidden),
    "status 404": (answer(refusal(404, "PKG10014"), 404), NotFound),
    "status 407": (answer(b"", 407, Proxy_Authenticate="Basic"), Refused),
    "status 408": (answer(b"", 408), Refused),
    "status 409": (answer(refusal(409, "OBE11020"), 409), Refused),
    "status 421": (answer(b"", 421), Refused),
    "status 425": (answer(b"", 425), Refused),
    "status 429": (answer(payload("rate-limit-429"), 429, Retry_After="0"), RateLimited),
    "status 500": (answer(refusal(500, 0), 500), ServerError),
    "status 502": (answer(b"", 502), ServerError),
    "status 503": (answer(b"", 503, Retry_After="0"), ServerError),
    "status 504": (answer(b"", 504), ServerError),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_post_is_tried_once_and_may_have_been_sent_whatever_comes_back(hostile, name):
    behave, kind = ANSWERS[name]
    server = hostile(behave)
    with pytest.raises(kind) as caught:
        post(server.url)
    assert type(caught.value) is kind
    assert caught.value.is_sent
    assert (server.connections, len(server.requests)) == (1, 1)


ACTIONS = {
    "retry_task": lambda client: client.retry_task(7),
    "retry_subtask": lambda client: client.retry_subtask(7, 8),
    "skip_subtask": lambda client: client.skip_subtask(7, 8),
    "cancel_subtask": lambda client: client.cancel_subtask(7, 8),
}
# Answers that bring no task are no answer to an upgrade, but all that an action gets.
NO_DATA_NEEDED = ("no data", "data is a list", "id is", "no id", "id beyond")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", [name for name in ANSWERS if not name.startswith(NO_DATA_NEEDED)])
def test_action_is_tried_once_and_may_have_been_sent_whatever_comes_back(hostile, action, name):
    behave, kind = ANSWERS[name]
    server = hostile(behave)
    with pytest.raises(kind) as caught:
        ACTIONS[action](client_of(server.url, get_retries=5))
    assert caught.value.is_sent
    assert (server.connections, len(server.requests)) == (1, 1)
    assert server.requests[0].startswith(b"POST ")


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("name", [name for name in ANSWERS if name.startswith(NO_DATA_NEEDED)])
def test_action_needs_nothing_of_its_answer_but_the_envelope(hostile, action, name):
    assert ACTIONS[action](client_of(hostile(ANSWERS[name][0]).url)).http_status == 200


@pytest.mark.parametrize("action", ACTIONS)
def test_action_that_reached_nobody_was_not_sent(action):
    with pytest.raises(NotSent) as caught:
        ACTIONS[action](client_of(f"http://127.0.0.1:{free_port()}"))
    assert not caught.value.is_sent


def test_redirected_post_reaches_nobody_else(hostile):
    other = hostile(answer(GOOD))
    server = hostile(answer(b"", 307, Location=f"{other.url}/api/v2/ob/clusters/22/upgrade"))
    with pytest.raises(Redirected):
        post(server.url)
    assert (other.connections, len(server.requests)) == (0, 1)


def test_silent_server_is_posted_to_once_until_the_deadline(hostile):
    server = hostile()
    server.then(server.silence)
    started = time.monotonic()
    with pytest.raises(DeadlinePassed) as caught:
        post(server.url, post_seconds=0.5, total_seconds=60.0)
    assert 0.4 < time.monotonic() - started < 4
    assert caught.value.is_sent
    assert (server.connections, len(server.requests)) == (1, 1)


@pytest.mark.parametrize("first", [b"H", HEAD + b"X: ", HEAD + b"Content-Length: 9999\r\n\r\n"])
def test_dripping_server_is_posted_to_once_until_the_deadline(hostile, first):
    server = hostile()
    server.then(server.drip(first, b"1"))
    with pytest.raises(DeadlinePassed) as caught:
        post(server.url, post_seconds=0.5)
    assert caught.value.is_sent
    assert (server.connections, len(server.requests)) == (1, 1)


def test_server_that_reads_nothing_of_a_large_body_ends_with_the_deadline():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = client_of(f"http://127.0.0.1:{listener.getsockname()[1]}", post_seconds=0.5)
        with pytest.raises(DeadlinePassed) as caught:
            client.upgrade(22, b" " * (64 << 20))
    assert caught.value.is_sent


def test_reset_amid_a_large_request_is_a_lost_connection():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = client_of(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def take_some():
            connection, _ = listener.accept()
            connection.recv(1000)
            reset(connection)

        thread = threading.Thread(target=take_some)
        thread.start()
        with pytest.raises(ConnectionLost) as caught:
            client.upgrade(22, b" " * (64 << 20))
        thread.join(5)
    assert caught.value.is_sent


def test_refused_connection_was_not_sent():
    with pytest.raises(NotSent) as caught:
        post(f"http://127.0.0.1:{free_port()}")
    assert not caught.value.is_sent


def test_unknown_name_was_not_sent():
    with pytest.raises(NotSent) as caught:
        post("http://name.invalid", connect_seconds=5.0)
    assert not caught.value.is_sent


def test_connect_that_hangs_was_not_sent_and_is_not_tried_again():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        started = time.monotonic()
        with pytest.raises(NotSent) as caught:
            post(f"http://127.0.0.1:{full.getsockname()[1]}", connect_seconds=0.4)
        assert time.monotonic() - started < 3
        for each in waiting:
            each.close()
    assert not caught.value.is_sent


def test_each_post_has_a_connection_of_its_own_even_where_the_server_would_keep_it(hostile):
    kept = answer(GOOD, Connection="keep-alive")
    server = hostile(kept)
    client = client_of(server.url)
    for _ in range(3):
        client.upgrade(22, BODY)
    assert (server.connections, len(server.requests)) == (3, 3)
    assert all(b"\r\nConnection: close\r\n" in request for request in server.requests)


def test_post_uses_no_proxy_of_the_environment(hostile, monkeypatch):
    server, proxy = hostile(answer(GOOD)), hostile(answer(b"", 502))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
    monkeypatch.setenv("no_proxy", "")
    assert post(server.url).task.id == 108368
    assert (proxy.connections, server.connections) == (0, 1)


def test_post_has_its_own_deadline_apart_from_that_of_reads(hostile):
    server = hostile()

    def late(connection, _request):
        server.is_over.wait(0.5)
        connection.sendall(answer(GOOD))

    server.then(late)
    assert post(server.url, total_seconds=0.1).task.id == 108368


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_2xx_with_a_task_id_is_an_answer(hostile, status):
    found = post(hostile(answer(enveloped({"id": "108368"}), status)).url)
    assert (found.task.id, found.task.cluster_id, found.task.subtasks, found.http_status) == (108368, None, (), status)
    assert found.trace_id == "0bc49000675d41af"


@pytest.mark.parametrize("body", ["{}", 5, bytearray(b"{}"), None])
def test_post_is_not_sent_from_anything_but_bytes(hostile, body):
    server = hostile(answer(GOOD))
    with pytest.raises(TypeError, match="bytes"):
        client_of(server.url).upgrade(22, body)
    assert server.connections == 0


def test_upgrade_answer_holds_the_documented_dag(hostile):
    steps = {step.name: step for step in post(hostile(answer(GOOD)).url).task.subtasks}
    order = ["Start node", "Prepare upgrade cluster", "Submit cluster upgrade task", "Wait dag success"]
    order.append("Update OB cluster status")
    assert all(steps[later].upstreams == (steps[sooner].id,) for sooner, later in pairwise(order))
    assert {step.status for step in steps.values()} == {"RUNNING", "PENDING"}
    assert len(document("cluster-upgrade")["data"]["tasks"]) == len(steps)

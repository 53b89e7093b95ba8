"""Which error an answer becomes, what it carries, and what it never shows."""

import base64
import json
import logging
import pickle
import traceback

import pytest

from tests.ocp.conftest import PASSWORD, answer, client_of, free_port, payload, refusal, reset
from upgrades.ocp.errors import (
    BadAnswer,
    Forbidden,
    NotFound,
    OcpError,
    RateLimited,
    Refused,
    ServerError,
    Unauthorized,
)

TOKEN = base64.b64encode(f"olga:{PASSWORD}".encode()).decode()


def error_of(server, **over):
    with pytest.raises(OcpError) as caught:
        client_of(server.url, get_retries=0, **over).info()
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (409, Refused),
        (415, Refused),
        (499, Refused),
        (500, ServerError),
        (502, ServerError),
        (599, ServerError),
        (600, BadAnswer),
    ],
)
def test_error_follows_the_status_and_carries_ocps_words(hostile, status, kind):
    error = error_of(hostile(answer(refusal(status, "OBE11020", "busy"), status)))
    assert type(error) is kind
    assert (error.http_status, error.code, error.trace_id) == (status, "OBE11020", "7a11ed")
    assert error.has_envelope
    assert str(error) == f"OCP answered {status} OBE11020: busy"


def test_code_may_be_an_integer(hostile):
    assert error_of(hostile(answer(refusal(400, 11063), 400))).code == "11063"


def test_documented_rate_limit_is_read(hostile):
    error = error_of(hostile(answer(payload("rate-limit-429"), 429, RateLimit_Reset="7")))
    assert isinstance(error, RateLimited)
    assert (error.reset_seconds, error.code, error.trace_id, error.has_envelope) == (7, "0", None, True)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"RateLimit_Reset": "soon"}, None),
        ({"RateLimit_Reset": "-1"}, None),
        ({"RateLimit_Reset": "9" * 40}, None),
        ({"Retry_After": "30"}, 30),
        ({"RateLimit_Reset": "5", "Retry_After": "30"}, 5),
    ],
)
def test_rate_limit_says_when_it_ends_where_ocp_does(hostile, headers, seconds):
    assert error_of(hostile(answer(b"", 429, **headers))).reset_seconds == seconds


def changed(**over):
    return json.dumps({**json.loads(refusal(403, "IAM11000")), **over}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Forbidden</html>",
        b"[]",
        b'{"error": "forbidden"}',
        b'{"error": {"code": 7, "message": "no"}}',
        changed(successful=True),
        changed(successful="false"),
        changed(status=401),
        changed(status=None),
        changed(error=None),
        changed(error={"message": "no"}),
        changed(error={"code": None}),
        changed(error={"code": True}),
        changed(error={"code": ["x"]}),
        changed(error={"code": "x" * 200}),
        refusal(403, "IAM11000")[:-1],
        b"[" * 100_000,
    ],
)
def test_what_a_proxy_might_say_does_not_pass_for_ocps_envelope(hostile, body):
    error = error_of(hostile(answer(body, 403)))
    assert type(error) is Forbidden
    assert not error.has_envelope


def test_refusal_with_an_endless_body_is_still_its_status(hostile):
    server = hostile()
    server.then(server.drip(b"HTTP/1.1 401 No\r\n\r\n", b" " * 65536, seconds=0))
    error = error_of(server)
    assert (type(error), error.has_envelope) == (Unauthorized, False)


def test_refusal_with_a_cut_body_is_still_its_status(hostile):
    error = error_of(hostile(answer(refusal(401, "IAM10000"), 401, Content_Length="9999")))
    assert (type(error), error.has_envelope) == (Unauthorized, False)


def test_success_that_says_it_is_none_is_a_bad_answer_with_ocps_code(hostile):
    with pytest.raises(BadAnswer) as caught:
        client_of(hostile(answer(refusal(200, "TSK10001"))).url).task(1)
    assert (caught.value.http_status, caught.value.code, caught.value.trace_id) == (200, "TSK10001", "7a11ed")


def test_message_of_ocp_is_capped_and_cleaned(hostile):
    error = error_of(hostile(answer(refusal(400, "X", "a\x00\ud800" + "b" * 5000), 400)))
    assert error.message.startswith("OCP answered 400 X: a\ufffd?b")
    assert len(error.message) < 1100
    error.message.encode()


def test_wrong_fields_of_an_error_are_ignored(hostile):
    error = error_of(hostile(answer(changed(traceId=["x"], error={"code": "C", "message": 5}), 403)))
    assert (error.trace_id, error.code, str(error)) == (None, "C", "OCP answered 403 C")


def test_error_survives_pickling_as_celery_needs_it(hostile):
    error = error_of(hostile(answer(refusal(429, 0), 429, RateLimit_Reset="9")))
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own bytes)
    assert (type(copy), copy.__dict__, str(copy)) == (type(error), error.__dict__, str(error))


@pytest.mark.parametrize(
    "behave",
    [
        b"",
        reset,
        answer(refusal(401, "IAM10000", f"bad password {PASSWORD} in Basic {TOKEN}"), 401),
        answer(refusal(200, "X", f"{PASSWORD} {TOKEN}")),
        answer(b"", 307, Location="https://olga:pw@elsewhere.example/"),
        answer(b"<html>"),
        b"nonsense\r\n",
    ],
)
def test_no_secret_stands_in_an_error_its_chain_or_the_log(hostile, behave, caplog):
    caplog.set_level(logging.DEBUG)
    client = client_of(hostile(behave).url, get_retries=0)
    with pytest.raises(OcpError) as caught:
        client.clusters()
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    shown = [repr(error), str(error), repr(error.__dict__), caplog.text, "".join(traceback.format_exception(error))]
    assert not [text for text in shown if PASSWORD in text or TOKEN in text]


def test_no_secret_stands_in_an_error_of_the_post():
    with pytest.raises(OcpError) as caught:
        client_of(f"http://127.0.0.1:{free_port()}").upgrade(1, b"{}")
    assert caught.value.__context__ is None

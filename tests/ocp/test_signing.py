"""Access keys against the manual's own examples, and over the wire against a second reading of the same text."""

import base64
import hashlib
import hmac
import time
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests

from tests.ocp.conftest import answer, client_of, document, payload, refusal
from upgrades.ocp import AccessKeyAuth, OcpClient
from upgrades.ocp.errors import Unauthorized
from upgrades.ocp.signing import signature_of, string_to_sign

SECRET = "canary-s3cret"
VECTORS = document("signing-vectors")


def prepared(url="http://ocp.example.com:8080/api/v2/x", **over):
    headers = {"Date": "Tue, 17 Jan 2023 09:13:57 GMT", "Host": "ocp.example.com:8080"} | over.pop("headers", {})
    return requests.Request(**({"method": "GET", "url": url, "headers": headers} | over)).prepare()


def last_part(url):
    return string_to_sign(prepared(url)).split("\n")[6]


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["method"])
def test_examples_of_the_manual_hold(vector):
    query = f"?{vector['query']}" if vector["query"] else ""
    request = prepared(
        f"http://{vector['host']}{vector['path']}{query}",
        method=vector["method"],
        data=vector["body"].encode(),
        headers={
            "Content-Type": vector["contentType"],
            "Date": vector["date"],
            "Host": vector["host"],
            **vector["xOcpHeaders"],
        },
    )
    text = string_to_sign(request)
    assert text == vector["stringToSign"]
    assert text.split("\n")[1] == vector["contentMd5UpperHex"]
    assert signature_of(text, VECTORS["sk"]) == vector["signature"]


@pytest.mark.parametrize(
    ("query", "signed"),
    [
        ("", ""),
        ("?", ""),
        ("?a=1&a=3&a=2", "?a=1%2C2%2C3"),
        ("?b=2&a=1", "?a=1&b=2"),
        ("?status=RUNNING,FAILED", "?status=RUNNING%2CFAILED"),
        ("?name=a+b%20c", "?name=a%20b%20c"),
        ("?x=-._~*'()", "?x=-._~%2A%27%28%29"),
        ("?x=", "?x="),
        ("?n=%E4%B8%AD", "?n=%E4%B8%AD"),
    ],
)
def test_query_is_sorted_collapsed_and_encoded_anew(query, signed):
    assert last_part(f"http://ocp.example.com:8080/api/v2/x{query}") == f"/api/v2/x{signed}"


def test_headers_of_ocp_are_sorted_by_name_and_kept_as_sent():
    request = prepared(headers={"X-OCP-b": "B,1", "x-ocp-A": "A,2,1", "X-Other": "no"})
    assert string_to_sign(request).split("\n")[5:7] == ["x-ocp-a:A,2,1", "x-ocp-b:B,1"]


def test_body_that_is_no_bytes_cannot_be_signed():
    with pytest.raises(ValueError, match="wholly"):
        string_to_sign(prepared(method="POST", data=iter([b"a"])))


@pytest.mark.parametrize(
    ("key", "secret"), [("", "s"), ("a:b", "s"), ("a\nb", "s"), ("a b", "s"), ("ключ", "s"), ("a", "")]
)
def test_key_that_cannot_serve_is_refused_without_being_repeated(key, secret):
    with pytest.raises(ValueError, match="OCP") as caught:
        AccessKeyAuth(key, secret)
    assert not key or key not in str(caught.value)


def signed_client(url, **over):
    return OcpClient(url, AccessKeyAuth("olgaKey", SECRET), is_http_allowed=True, **over)


def is_signed(request: bytes, port: int) -> bool:
    """Whether the signature on `request`, as it came over the wire, is good. Shares nothing with the signer."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    query = parse_qs(urlsplit(target).query)
    joined = "&".join(f"{name}={quote(','.join(sorted(query[name])), safe='')}" for name in sorted(query))
    text = [
        method,
        hashlib.md5(body, usedforsecurity=False).hexdigest().upper() if body else "",
        headers["content-type"],
        headers["date"],
    ]
    text += [f"127.0.0.1:{port}", "", urlsplit(target).path + (f"?{joined}" if joined else "")]
    mac = hmac.new(SECRET.encode(), "\n".join(text).encode(), hashlib.sha1).digest()
    return headers["authorization"] == f"OCP-ACCESS-KEY-HMACSHA1 olgaKey:{base64.b64encode(mac).decode()}"


@pytest.mark.parametrize(
    ("make", "body"),
    [
        (lambda client: client.info(), payload("info")),
        (lambda client: client.packages(), payload("software-packages-list")),
        (lambda client: client.tasks(cluster_id=1, status=("RUNNING", "FAILED")), payload("task-list")),
        (lambda client: client.upgrade(22, b'{"rpmFileName": "a.rpm"}'), payload("cluster-upgrade")),
    ],
)
def test_request_on_the_wire_is_signed_as_it_was_sent(hostile, make, body):
    server = hostile(answer(body))
    make(signed_client(server.url))
    assert is_signed(server.requests[0], server.port)
    assert server.requests[0].lower().count(b"host: ") == 1


def date_of(request: bytes) -> datetime:
    [date] = [line[6:] for line in request.decode().split("\r\n") if line.startswith("Date: ")]
    return parsedate_to_datetime(date)


def test_each_attempt_has_a_date_and_a_signature_of_its_own(hostile, monkeypatch):
    monkeypatch.setattr("upgrades.ocp.transport._BACK_OFF_SECONDS", 1.1)
    server = hostile(answer(status=503), answer(payload("info")))
    signed_client(server.url).info()
    first, second = server.requests
    assert (date_of(second) - date_of(first)).total_seconds() >= 1
    assert abs(date_of(second).timestamp() - time.time()) < 10
    assert is_signed(first, server.port)
    assert is_signed(second, server.port)


def test_neither_secret_nor_signature_comes_back_to_us(hostile):
    def echo(connection, request):
        [line] = [line for line in request.decode().split("\r\n") if line.startswith("Authorization")]
        connection.sendall(answer(refusal(401, "IAM10000", f"{line} {SECRET}"), status=401))

    server = hostile(echo)
    with pytest.raises(Unauthorized) as caught:
        signed_client(server.url).info()
    assert "olgaKey:***" in caught.value.message
    [line] = [line for line in server.requests[0].decode().split("\r\n") if line.startswith("Authorization")]
    for secret in (SECRET, line.rpartition(":")[2]):
        assert secret not in caught.value.message
        assert secret not in repr(AccessKeyAuth("olgaKey", SECRET))


def test_clients_without_access_keys_set_no_date(hostile):
    server = hostile(answer(payload("info")))
    client_of(server.url).info()
    assert b"\r\nDate: " not in server.requests[0]


@pytest.mark.parametrize("date", ["soon", "\xff", "Sat, 01 Jan 99999 00:00:00 GMT", "Tue, 17 Jan 2023 09:13:57 -0000"])
def test_a_date_that_cannot_be_compared_says_nothing_of_the_clock(hostile, date):
    with pytest.raises(Unauthorized) as caught:
        signed_client(hostile(answer(refusal(401, "IAM10000"), status=401, Date=date)).url).info()
    assert type(caught.value) is Unauthorized

"""Requests signed by access key, as OCP's manual has them."""

import time
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from upgrades.simulator import auth, signing

from .conftest import COUPON_DEV, RPM_4218, Person, document

VECTORS = document("signing-vectors")
LIST = "/api/v2/tasks/instances"


def headers_of(vector: Any) -> dict[str, str]:
    return {"content-type": vector["contentType"], "date": vector["date"], **vector["xOcpHeaders"]}


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["method"])
def test_both_documented_examples_have_their_signature(vector: Any) -> None:
    text = signing.message(
        vector["method"],
        vector["path"],
        vector["query"],
        headers_of(vector),
        vector["body"].encode(),
        vector["host"],
    )
    assert text == vector["stringToSign"]
    assert signing.signature(VECTORS["sk"], text) == vector["signature"]


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("a=1&a=3&a=2", "a=1%2C2%2C3"),
        ("status=RUNNING,FAILED", "status=RUNNING%2CFAILED"),
        ("b=x+y&a=%20", "a=%20&b=x%20y"),
        ("name=a~b-c.d_e/%E4%B8%AD", "name=a~b-c.d_e%2F%E4%B8%AD"),
        ("empty=", "empty="),
    ],
)
def test_query_is_rebuilt_from_its_decoded_parameters(query: str, canonical: str) -> None:
    assert signing.message("GET", "/p", query, {}, b"", "h").split("\n")[-1] == f"/p?{canonical}"


def test_own_headers_are_sorted_by_name_and_keep_their_values() -> None:
    text = signing.message("GET", "/p", "", {"x-ocp-b": "2,1", "x-ocp-a": "Z", "x-other": "no"}, b"", "h")
    assert text.split("\n")[5:7] == ["x-ocp-a:Z", "x-ocp-b:2,1"]


class Signed(requests.auth.AuthBase):
    """Signs what requests really sends."""

    def __init__(
        self, key: str = auth.ACCESS_KEY, secret: str = auth.SECRET_KEY, skew: float = 0, host: str = ""
    ) -> None:
        self.key, self.secret, self.skew, self.host = key, secret, skew, host

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Content-Type"] = "application/json"
        request.headers["Date"] = formatdate(time.time() + self.skew, usegmt=True)
        parts = urlsplit(str(request.url))
        body = request.body if isinstance(request.body, bytes) else (request.body or "").encode()
        given = {name.lower(): value for name, value in request.headers.items()}
        text = signing.message(str(request.method), parts.path, parts.query, given, body, self.host or parts.netloc)
        request.headers["Authorization"] = f"{signing.SCHEME} {self.key}:{signing.signature(self.secret, text)}"
        return request


def ask(ocp: Person, signed: Signed, **more: Any) -> requests.Response:
    params = {"status": "RUNNING,FAILED", "name": "a b"}
    return requests.get(f"{ocp.url}{LIST}", params=params, auth=signed, timeout=10, **more)


def test_signed_requests_are_let_in_and_known_by_their_account(ocp: Person) -> None:
    assert ask(ocp, Signed()).status_code == 200
    answer = requests.post(
        f"{ocp.url}/api/v2/ob/clusters/{COUPON_DEV}/upgrade", json={"rpmFileName": RPM_4218}, auth=Signed(), timeout=10
    )
    assert answer.json()["data"]["creator"] == {"id": 1001, "name": "ocpdash"}
    assert ocp.posts()[0]["account"] == "ocpdash"


@pytest.mark.parametrize(
    "signed",
    [
        Signed(secret="another"),
        Signed(key="nobody"),
        Signed(key=""),
        Signed(skew=910),
        Signed(skew=-910),
        Signed(host="elsewhere:80"),
    ],
    ids=["secret", "key", "empty key", "ahead", "behind", "host"],
)
def test_wrong_signature_or_clock_is_refused(ocp: Person, signed: Signed) -> None:
    answer = ask(ocp, signed)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "IAM10000")


def test_window_of_the_clock_is_a_quarter_of_an_hour(ocp: Person) -> None:
    assert ask(ocp, Signed(skew=880)).status_code == 200
    assert ask(ocp, Signed(skew=-880)).status_code == 200


def test_wrong_clock_of_ocp_refuses_every_signature_and_shows_in_its_time(ocp: Person) -> None:
    ocp.control("POST", "/clock", skew=1200)
    assert ask(ocp, Signed()).status_code == 401
    assert ask(ocp, Signed(skew=1200)).status_code == 200
    assert ocp.get("/api/v2/info").status_code == 200


def test_host_may_come_from_a_proxy(ocp: Person) -> None:
    answer = ask(ocp, Signed(host="ocp.example:8080"), headers={"X-Forwarded-Host": "ocp.example:8080"})
    assert answer.status_code == 200


def test_changed_body_is_refused(ocp: Person) -> None:
    prepared = requests.Request("POST", f"{ocp.url}{LIST}/7/retry", data=b"{}", auth=Signed()).prepare()
    prepared.body = b"{ }"
    prepared.headers["Content-Length"] = "3"
    with requests.Session() as session:
        assert session.send(prepared, timeout=10).status_code == 401

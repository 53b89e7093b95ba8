"""Troubles of the line."""

import base64
import json
import socket
import threading
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from .conftest import COUPON_DEV, RPM_4218, Person, wait_for

INFO = "/api/v2/info"


class Asking(threading.Thread):
    """A request under way in a thread of its own."""

    def __init__(self, ocp: Person, path: str = INFO) -> None:
        super().__init__(daemon=True)
        self._call = (f"{ocp.url}{path}", ("ocpdash", "ocpdash-demo"))
        self.answer: requests.Response | None = None
        self.error: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            self.answer = requests.get(self._call[0], auth=self._call[1], timeout=20)
        except requests.RequestException as error:
            self.error = error

    def data(self) -> Any:
        self.join(timeout=10)
        assert self.answer is not None
        return self.answer.json()["data"]


def holding(ocp: Person) -> int:
    return sum(fault["holding"] for fault in ocp.control("GET", "/faults"))


def test_delay_makes_an_answer_late(ocp: Person) -> None:
    ocp.control("POST", "/faults", method="GET", path=INFO, action="delay", seconds=0.2, count=1)
    began_at = time.monotonic()
    ocp.get(INFO)
    assert time.monotonic() - began_at >= 0.2
    assert ocp.control("GET", "/faults")[0]["struck"] == 1
    began_at = time.monotonic()
    ocp.get(INFO)
    assert time.monotonic() - began_at < 0.2


def test_held_answer_is_as_old_as_its_request(ocp: Person) -> None:
    path = f"/api/v2/ob/clusters/{COUPON_DEV}"
    ocp.control("POST", "/faults", method="GET", path=path, action="hold", count=1)
    asking = Asking(ocp, path)
    wait_for(lambda: holding(ocp) == 1)
    ocp.upgraded(COUPON_DEV, RPM_4218)
    assert ocp.status(COUPON_DEV) == "OPERATING"
    ocp.control("DELETE", "/faults")
    assert asking.data()["status"] == "RUNNING"
    assert ocp.control("GET", "/faults") == []


def test_request_held_before_the_work_is_answered_anew(ocp: Person) -> None:
    path = f"/api/v2/ob/clusters/{COUPON_DEV}"
    ocp.control("POST", "/faults", method="GET", path=path, action="hold", count=1, stage="before")
    asking = Asking(ocp, path)
    wait_for(lambda: holding(ocp) == 1)
    ocp.upgraded(COUPON_DEV, RPM_4218)
    ocp.control("DELETE", "/faults")
    assert asking.data()["status"] == "OPERATING"


def test_first_requests_may_pass(ocp: Person) -> None:
    ocp.control("POST", "/faults", path=INFO, action="status", status=503, skip=2, count=1)
    assert [ocp.get(INFO).status_code for _ in range(4)] == [200, 200, 503, 200]


def test_faults_strike_only_what_they_are_for(ocp: Person) -> None:
    ocp.control("POST", "/faults", method="POST", path="/upgrade$", action="status", status=502)
    assert ocp.get(INFO).status_code == 200
    assert ocp.upgrade(COUPON_DEV, RPM_4218).status_code == 502
    assert ocp.posts()[0]["handled"] == "dropped"


@pytest.mark.parametrize("action", ["drop", "reset", "cut", "lost"])
def test_connection_ends_without_a_whole_answer(ocp: Person, action: str) -> None:
    ocp.control("POST", "/faults", path=INFO, action=action, count=1)
    with pytest.raises(requests.RequestException):
        ocp.get(INFO).json()
    assert ocp.get(INFO).status_code == 200


def test_accepted_post_can_be_held_before_its_answer(ocp: Person) -> None:
    ocp.control("POST", "/faults", method="POST", path="/upgrade$", action="hold")
    asking = threading.Thread(target=lambda: ocp.upgrade(COUPON_DEV, RPM_4218), daemon=True)
    asking.start()
    wait_for(lambda: holding(ocp) == 1)
    assert (ocp.posts()[0]["handled"], ocp.posts()[0]["is_answered"]) == ("accepted", False)
    ocp.control("DELETE", "/faults")
    asking.join(timeout=10)
    wait_for(lambda: bool(ocp.posts()[0]["is_answered"]))


def test_silent_ocp_holds_every_request_until_the_silence_is_over(ocp: Person) -> None:
    ocp.control("POST", "/faults", action="silent", seconds=0.4)
    asking = Asking(ocp)
    asking.join(timeout=10)
    assert isinstance(asking.error, requests.ConnectionError)
    assert ocp.get(INFO).status_code == 200


def test_silence_ends_at_once_when_faults_are_cleared(ocp: Person) -> None:
    ocp.control("POST", "/faults", action="silent", seconds=600)
    asking = Asking(ocp)
    wait_for(lambda: holding(ocp) == 1)
    ocp.control("DELETE", "/faults")
    asking.join(timeout=10)
    assert not asking.is_alive()
    assert ocp.get(INFO).status_code == 200


def test_stop_lets_go_of_held_requests(ocp: Person, sim: Any) -> None:
    ocp.control("POST", "/faults", action="hold")
    asking = Asking(ocp)
    wait_for(lambda: holding(ocp) == 1)
    sim.stop()
    asking.join(timeout=10)
    assert not asking.is_alive()


@pytest.mark.parametrize("body", [{"action": "nothing"}, {"action": "drop", "path": "("}, {"actoin": "drop"}])
def test_a_fault_that_makes_no_sense_is_refused(ocp: Person, body: dict[str, str]) -> None:
    assert requests.post(f"{ocp.control_url}/faults", json=body, timeout=10).status_code == 400


def test_request_whose_sender_goes_away_in_the_middle_of_it_is_none(ocp: Person) -> None:
    body = json.dumps({"rpmFileName": RPM_4218}).encode()
    head = (
        f"POST /api/v2/ob/clusters/{COUPON_DEV}/upgrade HTTP/1.1\r\nHost: ocp\r\nContent-Type: application/json\r\n"
        f"Authorization: Basic {base64.b64encode(b'ocpdash:ocpdash-demo').decode()}\r\n"
        # All that matters is there, and one byte is not.
        f"Content-Length: {len(body) + 1}\r\n\r\n"
    )
    place = urlsplit(ocp.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as line:
        line.sendall(head.encode() + body)
        line.shutdown(socket.SHUT_WR)
        assert line.recv(1) == b""
    assert ocp.posts() == []
    assert ocp.status(COUPON_DEV) == "RUNNING"

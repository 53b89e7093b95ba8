"""Every kind of odd answer: it changes the calls it says it changes, and comes over the wire as it should."""

import copy
import gzip
import io
import json
import math
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from upgrades.simulator import kinds
from upgrades.simulator.server import LookAlike

from .conftest import COUPON_DEV, RPM_4218, TRADE_CORE_SB, Person, person_at, wait_for

SIGNED = "Authorization: Basic b2NwZGFzaDpvY3BkYXNoLWRlbW8=\r\n"
INFO = "/api/v2/info"
TIME = "/api/v2/time"
POURING = {"endless", "endless_headers", "continued", "trickle", "slow_headers", "slow"}


@pytest.fixture(scope="module")
def there() -> Iterator[Person]:
    """A look-alike with an upgrade that failed and one that runs, for the kinds to be seen on."""
    look_alike = LookAlike(speed=0)
    look_alike.start()
    ocp = person_at(look_alike)
    ocp.control("POST", "/fail", step="Install rpm", times=1)
    ocp.upgraded(COUPON_DEV, RPM_4218)
    ocp.advance()
    ocp.upgraded(TRADE_CORE_SB, "oceanbase-2.2.75-20210108170301.el7.x86_64.rpm")
    ocp.advance(300)
    yield ocp
    look_alike.stop()


@pytest.fixture(scope="module")
def honest(there: Person) -> dict[str, Any]:
    """The honest answers of the calls that read, as JSON, by target."""
    tasks = there.data("/api/v2/tasks/instances")["contents"]
    task, child = tasks[1]["id"], tasks[0]["id"]
    (first,) = there.subtasks(child, "Start node")
    cluster = f"/api/v2/ob/clusters/{TRADE_CORE_SB}"
    targets = [
        INFO,
        "/api/v2/ob/clusters?page=1&size=20",
        cluster,
        f"{cluster}/zones",
        f"{cluster}/servers",
        f"{cluster}/parameters",
        "/api/v2/software-packages",
        "/api/v2/tasks/instances?status=RUNNING",
        f"/api/v2/tasks/instances/{task}",
        f"/api/v2/tasks/instances/{child}",
        f"/api/v2/tasks/instances/{child}/subtasks/{first['id']}/log",
    ]
    return {target: there.get(target).json() for target in targets}


@pytest.mark.parametrize("name", sorted(kinds.JSON))
def test_odd_json_differs_in_a_call_it_is_for_and_is_made_anew_each_time(name: str, honest: dict[str, Any]) -> None:
    seen = False
    for target, answer in honest.items():
        before = copy.deepcopy(answer)
        odd = json.dumps(kinds.changed(name, answer))
        assert answer == before, "the honest answer was changed in place"
        assert odd == json.dumps(kinds.changed(name, answer))
        seen |= odd != json.dumps(answer) and re.search(kinds.JSON[name].calls, target) is not None
    assert seen


def test_kinds_are_listed_with_what_they_are_and_where_they_strike(there: Person) -> None:
    listed = there.control("GET", "/faults/kinds")
    assert {kind["kind"] for kind in listed} == kinds.NAMES
    assert len(listed) == len(kinds.NAMES) >= 150
    assert {kind["family"] for kind in listed} == {"answer", "json"}
    assert all(kind["about"] for kind in listed)
    paths = ("time", "info", "ob/clusters/7", "ob/clusters/7/servers", "tasks/instances", "tasks/instances/7")
    for kind in listed:
        assert any(re.search(kind["calls"], f"/api/v2/{path}") for path in (*paths, "software-packages")), kind


def raw(ocp: Person, target: str, most: int = 200_000, seconds: float = 20.0) -> bytes:
    """What comes over the wire, at most so many bytes of it."""
    address = urlsplit(ocp.url)
    with closing(socket.create_connection((address.hostname or "", address.port or 0), timeout=seconds)) as line:
        line.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n{SIGNED}Connection: close\r\n\r\n".encode())
        got = b""
        while len(got) < most and (piece := line.recv(65_536)):
            got += piece
    return got


@pytest.fixture
def odd(there: Person) -> Iterator[Any]:
    """Ask once while a kind is in force; afterwards none is."""

    def ask(kind: str, target: str = INFO, **more: Any) -> bytes:
        there.control("POST", "/faults", action=kind, path=re.escape(target), **more)
        return raw(there, target)

    yield ask
    there.control("DELETE", "/faults")


@pytest.mark.parametrize("name", sorted(set(kinds.ANSWERS) - POURING))
def test_odd_answer_differs_on_the_wire(name: str, odd: Any, there: Person) -> None:
    target = TIME if name.startswith("clock_") else "/api/v2/ob/clusters?size=1"
    before = raw(there, target)
    answer = odd(name, target)
    head, _, body = answer.partition(b"\r\n\r\n")
    old_head, _, old_body = before.partition(b"\r\n\r\n")
    stamp = rb"(Date|Content-Length): [^\r]*"
    assert body != old_body or re.sub(stamp, b"", head) != re.sub(stamp, b"", old_head)


@pytest.mark.parametrize("name", sorted(POURING))
def test_what_pours_ends_when_faults_are_cleared(name: str, there: Person, odd: Any) -> None:
    address = urlsplit(there.url)
    there.control("POST", "/faults", action=name, path=INFO, seconds=0.005)
    with closing(socket.create_connection((address.hostname or "", address.port or 0), timeout=5)) as line:
        line.sendall(f"GET {INFO} HTTP/1.1\r\nHost: x\r\n{SIGNED}\r\n".encode())
        assert line.recv(10)
        wait_for(lambda: sum(fault["holding"] for fault in there.control("GET", "/faults")) == 1)
        there.control("DELETE", "/faults")
        while line.recv(1 << 20):
            pass
    assert there.get(INFO).status_code == 200


def test_what_pours_ends_when_nobody_reads(there: Person, odd: Any) -> None:
    assert len(odd("endless")) >= 200_000
    wait_for(lambda: sum(fault["holding"] for fault in there.control("GET", "/faults")) == 0)


def test_slow_answer_is_the_honest_one_byte_by_byte(there: Person, odd: Any) -> None:
    expected = there.get(INFO).content
    assert odd("slow", seconds=0.0001).partition(b"\r\n\r\n")[2] == expected


def test_bomb_grows_a_thousandfold(odd: Any) -> None:
    answer = raw_body(odd("gzip_bomb"))
    assert len(answer) < 1 << 20
    with gzip.GzipFile(fileobj=io.BytesIO(answer)) as packed:
        assert len(packed.read(8 << 20)) == 8 << 20


def raw_body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def test_refusals_do_no_work_and_others_do_unless_told_to_strike_before(there: Person) -> None:
    for name, stage, handled in (
        ("forbidden", "after", "dropped"),
        ("html", "before", "dropped"),
        ("html", "after", "refused"),
    ):
        there.control("POST", "/faults", action=name, method="POST", path="/upgrade$", count=1, stage=stage)
        there.upgrade(7, RPM_4218)
        assert there.posts()[-1]["handled"] == handled


def test_odd_json_cannot_strike_before_there_is_any(there: Person) -> None:
    body = {"action": "names_nul", "stage": "before"}
    refused = requests.post(f"{there.control_url}/faults", json=body, timeout=10)
    assert (refused.status_code, refused.json()["error"]) == (
        400,
        "ValueError: names_nul changes the JSON of an answer: there is none before the work",
    )


def test_too_many_says_until_when(there: Person, odd: Any) -> None:
    answer = odd("too_many")
    assert b" 429 " in answer
    assert {b"RateLimit-Limit", b"RateLimit-Remaining", b"RateLimit-Reset"} <= set(
        re.findall(rb"RateLimit-\w+", answer)
    )
    assert json.loads(raw_body(answer))["error"]["code"] == 0


def test_clock_is_off_by_what_it_says(odd: Any) -> None:
    answer = raw_body(odd("clock_ahead", TIME)).decode()
    moment = datetime.fromisoformat(answer)
    assert math.isclose((moment - datetime.now(moment.tzinfo)).total_seconds(), 1200, abs_tol=20)


def test_vanished_task_is_a_404_in_its_detail_and_no_row_of_the_list(there: Person, odd: Any) -> None:
    task_id = there.data("/api/v2/tasks/instances")["contents"][0]["id"]
    assert b" 404 " in odd("task_vanishes", f"/api/v2/tasks/instances/{task_id}")
    assert json.loads(raw_body(odd("task_vanishes", "/api/v2/tasks/instances?size=5")))["data"]["contents"] == []


def test_time_has_no_odd_json(there: Person, odd: Any) -> None:
    assert datetime.fromisoformat(raw_body(odd("values_null", TIME)).decode())


def test_names_survive_the_wire_whatever_they_hold(there: Person, odd: Any) -> None:
    for name in ("names_nul", "names_bidi", "names_ansi", "names_surrogate", "names_long"):
        there.control("DELETE", "/faults")
        row = json.loads(raw_body(odd(name, "/api/v2/ob/clusters?size=1")))["data"]["contents"][0]
        assert "trade_core" in row["name"]
        assert row["name"] != "trade_core"

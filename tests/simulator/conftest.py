"""A look-alike of the test's own, whose engine stands still, and a person who talks to it over HTTP."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from upgrades.simulator.server import LookAlike

PAYLOADS = Path(__file__).parent.parent / "payloads"

TRADE_CORE, TRADE_CORE_SB, USER_CENTER, RISK_SCORING, ORDER_HISTORY, COUPON_DEV = range(1_000_001, 1_000_007)
WALLET_DEV, SETTLE_BATCH, REPORT_AP, LOG_ARCHIVE, LEDGER_OLD, EDGE_ARM = range(1_000_007, 1_000_013)
RPM_4218 = "oceanbase-4.2.1.8-108000022024072217.el7.x86_64.rpm"
RPM_4212 = "oceanbase-4.2.1.2-102000042023120514.el7.x86_64.rpm"
RPM_313 = "oceanbase-3.1.3-20220523105820.el7.x86_64.rpm"
RPM_312 = "oceanbase-3.1.2-20220106162311.el7.x86_64.rpm"
LONG_ENOUGH = 20_000


def document(name: str) -> Any:
    """One of OCP's documented answers."""
    return json.loads((PAYLOADS / f"{name}.json").read_text())


class Person:
    """Talks to a look-alike as OCP's API client and at its control port."""

    def __init__(self, url: str, control_url: str, auth: tuple[str, str] = ("ocpdash", "ocpdash-demo")) -> None:
        self.url = url
        self.control_url = control_url
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.auth = auth

    def get(self, path: str, **params: Any) -> requests.Response:
        return self.session.get(f"{self.url}{path}", params=params, timeout=10)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.session.post(f"{self.url}{path}", json=body, timeout=10)

    def data(self, path: str, **params: Any) -> Any:
        response = self.get(path, **params)
        assert response.status_code == 200, response.text
        return response.json()["data"]

    def control(self, method: str, path: str, /, **body: Any) -> Any:
        response = requests.request(method, f"{self.control_url}{path}", json=body, timeout=10)
        assert response.status_code == 200, response.text
        return response.json()

    def upgrade(self, cluster_id: int, file_name: str, **more: Any) -> requests.Response:
        return self.post(f"/api/v2/ob/clusters/{cluster_id}/upgrade", {"rpmFileName": file_name, **more})

    def upgraded(self, cluster_id: int, file_name: str, **more: Any) -> int:
        """Submit an upgrade that OCP accepts; returns the parent's id."""
        response = self.upgrade(cluster_id, file_name, **more)
        assert response.status_code == 200, response.text
        return int(response.json()["data"]["id"])

    def advance(self, seconds: float = LONG_ENOUGH) -> None:
        self.control("POST", "/advance", seconds=seconds)

    def advance_until(self, reached: Callable[[], bool], step: float = 2.0) -> None:
        """Move the engine in small steps until something is so."""
        for _ in range(int(LONG_ENOUGH / step)):
            if reached():
                return
            self.advance(step)
        raise AssertionError("it never came to that")

    def task(self, task_id: int) -> Any:
        return self.data(f"/api/v2/tasks/instances/{task_id}")

    def subtasks(self, task_id: int, name: str) -> list[Any]:
        return [subtask for subtask in self.task(task_id)["subtasks"] if subtask["name"] == name]

    def log(self, task_id: int, subtask_id: int) -> str:
        return str(self.data(f"/api/v2/tasks/instances/{task_id}/subtasks/{subtask_id}/log")["log"])

    def children(self, parent_id: int) -> list[int]:
        tasks = self.control("GET", "/state")["tasks"]
        return [task["id"] for task in tasks if task["parent_id"] == parent_id]

    def servers(self, cluster_id: int) -> list[Any]:
        return list(self.data(f"/api/v2/ob/clusters/{cluster_id}/servers")["contents"])

    def versions(self, cluster_id: int) -> list[str]:
        return [server["version"].split("-")[0] for server in self.servers(cluster_id)]

    def status(self, cluster_id: int) -> str:
        return str(self.data(f"/api/v2/ob/clusters/{cluster_id}")["status"])

    def values(self, cluster_id: int, name: str) -> list[str]:
        rows = self.data(f"/api/v2/ob/clusters/{cluster_id}/parameters")["contents"]
        return next(list(row["currentValue"]["values"]) for row in rows if row["name"] == name)

    def posts(self) -> list[Any]:
        return list(self.control("GET", "/posts"))


def person_at(sim: LookAlike) -> Person:
    return Person(sim.url, sim.control_url, (sim.username, sim.password))


def wait_for(reached: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait on a condition of another thread or process, with a deadline."""
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.01)


@pytest.fixture
def sim() -> Iterator[LookAlike]:
    look_alike = LookAlike(speed=0)
    look_alike.start()
    yield look_alike
    look_alike.stop()


@pytest.fixture
def ocp(sim: LookAlike) -> Person:
    return person_at(sim)

"""The look-alike as a whole: a world, its engine, OCP's port, the control port, and one thread that wakes when due."""

import threading
import time
from collections import deque
from email.utils import formatdate
from pathlib import Path
from typing import Any

from upgrades.simulator import alarms, auth, fleet, history, packages
from upgrades.simulator.api import Api
from upgrades.simulator.clock import Clock
from upgrades.simulator.control import Control
from upgrades.simulator.engine import Engine
from upgrades.simulator.envelope import Reply
from upgrades.simulator.faults import Faults
from upgrades.simulator.posts import Posts
from upgrades.simulator.scenario import Scenario
from upgrades.simulator.state import World
from upgrades.simulator.store import Store
from upgrades.simulator.web import Request, WebServer

_KEPT_REQUESTS = 20_000
# However fast the engine runs, the thread wakes at most this often; a request catches up by itself.
_SHORTEST_SLEEP = 0.02


class LookAlike:
    """A server that answers as OCP does, on 127.0.0.1 only.

    `speed` is engine seconds a wall second; 0 means that only POST /advance moves the engine. Ports 0 are chosen
    by the system. With a `state_file` clusters, tasks and the log of POSTs outlive the process.
    """

    def __init__(
        self,
        port: int = 0,
        control_port: int = 0,
        clusters: int = 12,
        speed: float = 60.0,
        seed: int = 1,
        scenario: str = "plain",
        state_file: Path | None = None,
    ) -> None:
        self.username = auth.USERNAME
        self.password = auth.PASSWORD
        self.access_key = auth.ACCESS_KEY
        self.secret_key = auth.SECRET_KEY
        self.world = World(seed)
        self._store = Store(state_file)
        if not self._store.load(self.world):
            self._found(clusters)
        self.engine = Engine(self.world, Clock(speed, self.world.engine_at))
        self.faults = Faults()
        script = Scenario(self.engine, self.faults)
        script.play(scenario)
        self._posts = Posts(self.engine, self._store)
        self._requests: deque[dict[str, Any]] = deque(maxlen=_KEPT_REQUESTS)
        self._request_count = 0
        self._web = WebServer(port, self.answer, self._sent)
        doorman = auth.Doorman(self.world)
        self._api = Api(self.engine, self._posts, doorman, lambda: self.url)
        self._control = Control(self.engine, self.faults, script, doorman, self._requests_since)
        self._control_web = WebServer(control_port, self._answer_control)
        self._wake = threading.Event()
        self._is_stopping = False
        self._ticker = threading.Thread(target=self._tick, name="look-alike:engine", daemon=True)
        self._store.flush(self.world)

    @property
    def url(self) -> str:
        """Return the base URL of OCP's port."""
        return self._web.url

    @property
    def control_url(self) -> str:
        """Return the base URL of the control port."""
        return self._control_web.url

    def start(self) -> None:
        """Begin to answer, and let the engine run."""
        self._web.start()
        self._control_web.start()
        self._ticker.start()

    def stop(self) -> None:
        """Close both ports and the state file; held requests are let go."""
        self._is_stopping = True
        self._wake.set()
        self.faults.clear()
        self._web.stop()
        self._control_web.stop()
        if self._ticker.is_alive():
            self._ticker.join(timeout=5)
        with self.world.lock:
            self.engine.catch_up()
            self.world.touch_rules()
            self._store.flush(self.world)
            self._store.close()

    def answer(self, request: Request) -> Reply:
        """Return the answer of OCP's port to a request; what it changed is stored before this returns."""
        with self.world.lock:
            self._log(request)
            self._posts.receive(request)
        fault = self.faults.take(request.method, request.target)
        reply = self.faults.before(fault) if fault else None
        if reply is not None:
            return reply
        with self.world.lock:
            self.engine.catch_up()
            reply = self._api.answer(request)
            reply.headers["Date"] = formatdate(self.engine.clock.wall_now(), usegmt=True)
            self._store.flush(self.world)
        if request.method != "GET":
            self._wake.set()
        return self.faults.after(fault, reply) if fault else reply

    def _found(self, clusters: int) -> None:
        for account in auth.founders():
            self.world.accounts[account.name] = account
            self.world.touch(account)
        for cluster in fleet.build(clusters):
            self.world.clusters[cluster.id] = cluster
            self.world.touch(cluster)
        for package in packages.stock():
            self.world.packages[package.file_name] = package
            self.world.touch(package)
        history.write(self.world, time.time())
        alarms.write(self.world, time.time())

    def _answer_control(self, request: Request) -> Reply:
        with self.world.lock:
            self.engine.catch_up()
            reply = self._control.answer(request)
            self._store.flush(self.world)
        if request.method != "GET":
            self._wake.set()
        return reply

    def _log(self, request: Request) -> None:
        self._request_count += 1
        request.entry = {
            "n": self._request_count,
            "at": time.time(),
            "method": request.method,
            "path": request.target,
            "status": 0,
        }
        self._requests.append(request.entry)

    def _sent(self, request: Request, reply: Reply, is_whole: bool) -> None:
        request.entry["status"] = reply.status if is_whole else 0
        request.entry["sent_at"] = time.time()
        if request.post_n and is_whole:
            with self.world.lock:
                self._posts.note_answered(request)
                self._store.flush(self.world)

    def _requests_since(self, n: int) -> list[dict[str, Any]]:
        return [entry for entry in self._requests if entry["n"] > n]

    def _tick(self) -> None:
        while not self._is_stopping:
            self._wake.clear()
            with self.world.lock:
                self.engine.catch_up()
                self._posts.handle_late(time.time())
                self._store.flush(self.world)
                pause = self._pause()
            self._wake.wait(pause)

    def _pause(self) -> float | None:
        waits = [late.at - time.time() for late in self.world.late]
        engine_wait = self.engine.wall_seconds_to_next()
        if engine_wait is not None:
            waits.append(engine_wait)
        return max(_SHORTEST_SLEEP, min(waits)) if waits else None

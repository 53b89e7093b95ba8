"""OCP's port: who may make which call, and which function answers it."""

import re
from collections.abc import Callable

from upgrades.simulator import auth, envelope, rights
from upgrades.simulator.clock import iso
from upgrades.simulator.cluster_calls import ClusterCalls
from upgrades.simulator.engine import Engine
from upgrades.simulator.envelope import Reply
from upgrades.simulator.errors import Refusal
from upgrades.simulator.listing import Query
from upgrades.simulator.posts import Posts
from upgrades.simulator.record_calls import RecordCalls
from upgrades.simulator.records import Account
from upgrades.simulator.routes import Call, Route
from upgrades.simulator.task_calls import TaskCalls
from upgrades.simulator.throttle import Throttle
from upgrades.simulator.web import Request

_INFO = {
    "artifact": "ocp-server",
    "buildVersion": "4.2.2-20240315150922",
    "buildJavaVersion": "1.8",
    "buildTime": "2024-03-15T15:09:22.644+08:00",
    "name": "ocp-server",
    "springBootVersion": "2.7.18",
    "group": "com.oceanbase",
}


class Api:
    """Answers OCP's port. `answer` needs the world's lock."""

    def __init__(self, engine: Engine, posts: Posts, doorman: auth.Doorman, site_url: Callable[[], str]) -> None:
        self._world = engine.world
        self._clock = engine.clock
        self._posts = posts
        self._doorman = doorman
        self._throttle = Throttle()
        routes = [
            Route("GET", "/api/v2/info", "", lambda call: envelope.bare(_INFO)),
            *ClusterCalls(engine.world, site_url).routes(),
            *TaskCalls(engine).routes(),
            *RecordCalls(engine.world, engine.clock).routes(),
        ]
        self._routes = [(route, re.compile(route.path)) for route in routes]

    def answer(self, request: Request) -> Reply:
        """Return the answer to a request, refusals included."""
        path = request.path.rstrip("/")
        if path == "/api/status":
            return envelope.plain_text("okay")
        if path == "/api/v2/time":
            return envelope.plain_text(iso(self._clock.wall_now(), digits=6))
        began_at = self._clock.wall_now()
        try:
            return self._signed_in(request, path, began_at)
        except Refusal as refusal:
            self._posts.refuse(request, refusal.code)
            return envelope.refused(refusal, began_at, self._clock.wall_now())

    def _signed_in(self, request: Request, path: str, began_at: float) -> Reply:
        account = self._doorman.enter(request, began_at)
        standing = self._throttle.count(account.name, self._world.limits)
        headers = standing.headers if standing else {}
        if standing and standing.is_over:
            self._posts.refuse(request, "0")
            return envelope.too_many(self._clock.wall_now(), headers)
        try:
            reply = self._route(request, path, account, began_at)
        except Refusal as refusal:
            self._posts.refuse(request, refusal.code)
            reply = envelope.refused(refusal, began_at, self._clock.wall_now())
        reply.headers |= headers
        return reply

    def _route(self, request: Request, path: str, account: Account, began_at: float) -> Reply:
        if request.post_n:
            return self._posts.answer(request, account, began_at)
        for route, pattern in self._routes:
            match = pattern.fullmatch(path) if route.method == request.method else None
            if match:
                if route.right and not rights.allows(account.roles, route.right.format(*match.groups())):
                    raise Refusal("IAM11000")
                result = route.answer(Call(account, Query(request.query), match.groups(), request.client))
                return self._reply(result, began_at)
        raise Refusal("COM10001", f"URL {path}")

    def _reply(self, result: str | Reply | None, began_at: float) -> Reply:
        if isinstance(result, Reply):
            return result
        if result is None:
            return envelope.nothing(began_at, self._clock.wall_now())
        return envelope.raw(result, began_at, self._clock.wall_now())

"""The control port: what tests, the demo and a person at the look-alike's console do to it."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from upgrades.simulator import console, envelope, kinds
from upgrades.simulator.auth import Doorman
from upgrades.simulator.engine import Engine
from upgrades.simulator.envelope import Reply
from upgrades.simulator.errors import Refusal
from upgrades.simulator.faults import Faults
from upgrades.simulator.posts import MODES
from upgrades.simulator.records import Account, AnswerPlan, FailRule, Post
from upgrades.simulator.scenario import Scenario
from upgrades.simulator.web import Request

Json = dict[str, Any]
_Found = Sequence[str]


class Control:
    """Answers the control port. `answer` needs the world's lock."""

    def __init__(
        self,
        engine: Engine,
        faults: Faults,
        scenario: Scenario,
        doorman: Doorman,
        request_log: Callable[[int], list[Json]],
    ) -> None:
        self._engine = engine
        self._world = engine.world
        self._faults = faults
        self._scenario = scenario
        self._doorman = doorman
        self._request_log = request_log
        console_calls = console.Console(engine)
        routes: list[tuple[str, str, Callable[[Json, _Found], Any]]] = [
            ("GET", "/healthz", lambda body, found: {"status": "ok"}),
            ("GET", "/posts", lambda body, found: [_post(post) for post in self._world.posts.values()]),
            ("GET", "/state", lambda body, found: self._state()),
            ("GET", "/faults", lambda body, found: self._faults.shapes()),
            ("GET", "/faults/kinds", lambda body, found: kinds.shapes()),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("POST", "/answer", self._plan_answer),
            ("POST", "/fail", self._plan_failure),
            ("POST", "/lie", self._plan_lie),
            ("POST", "/scenario", self._play),
            ("POST", "/advance", self._advance),
            ("POST", "/speed", self._set_speed),
            ("POST", "/clock", self._set_clock),
            ("POST", "/accounts", self._set_account),
            ("DELETE", "/locks", self._unlock),
            ("POST", "/rate-limit", self._set_limits),
            *console_calls.routes(),
        ]
        self._routes = [(method, re.compile(pattern), call) for method, pattern, call in routes]

    def answer(self, request: Request) -> Reply:
        """Return the answer to a control request: plain JSON, `error` where it makes no sense."""
        if request.method == "GET" and request.path == "/requests":
            return envelope.bare(self._request_log(_since(request.query)))
        try:
            return self._route(request)
        except Refusal as refusal:
            return envelope.bare({"error": refusal.message, "code": refusal.code}, refusal.http_status)
        except (ValueError, TypeError, KeyError, AttributeError, re.error) as error:
            return envelope.bare({"error": f"{type(error).__name__}: {error}"}, 400)

    def _route(self, request: Request) -> Reply:
        for method, pattern, call in self._routes:
            match = pattern.fullmatch(request.path)
            if method == request.method and match:
                body = json.loads(request.body or b"{}")
                return envelope.bare(call(body, match.groups()))
        return envelope.bare({"error": f"there is no {request.method} {request.path}"}, 404)

    def _state(self) -> Json:
        clock = self._engine.clock
        return {
            "engine": {"seconds": round(clock.now(), 3), "speed": clock.speed, "scenario": self._scenario.name},
            "clusters": [console.cluster_in_short(cluster) for cluster in self._world.clusters.values()],
            "tasks": [console.task_in_short(task) for task in self._world.tasks.values()],
        }

    def _add_fault(self, body: Json, _found: _Found) -> Json:
        return {"id": self._faults.add(**body).id}

    def _clear_faults(self, _body: Json, _found: _Found) -> Json:
        self._faults.clear()
        return {}

    def _plan_answer(self, body: Json, _found: _Found) -> Json:
        body["mode"] = str(body["mode"])
        if body["mode"] not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}")
        plan = AnswerPlan(**body)
        if plan.mode == "plain":
            self._world.plans = [kept for kept in self._world.plans if plan.cluster_id not in (None, kept.cluster_id)]
        else:
            self._world.plans.append(plan)
        self._world.touch_rules()
        return {}

    def _plan_failure(self, body: Json, _found: _Found) -> Json:
        self._world.fails.append(FailRule(str(body["step"]), int(body.get("times", 1)), body.get("cluster_id")))
        self._world.touch_rules()
        return {}

    def _plan_lie(self, body: Json, _found: _Found) -> Json:
        cluster = self._world.cluster(int(body["cluster_id"]))
        self._world.lies.add(cluster.id)
        self._world.touch_rules()
        return {}

    def _play(self, body: Json, _found: _Found) -> Json:
        self._scenario.play(str(body["scenario"]))
        return {}

    def _advance(self, body: Json, _found: _Found) -> Json:
        self._engine.clock.advance(float(body["seconds"]))
        self._engine.catch_up()
        return {"seconds": round(self._engine.clock.now(), 3)}

    def _set_speed(self, body: Json, _found: _Found) -> Json:
        self._engine.clock.set_speed(float(body["speed"]))
        return {}

    def _set_clock(self, body: Json, _found: _Found) -> Json:
        self._engine.clock.skew = float(body["skew"])
        return {}

    def _set_account(self, body: Json, _found: _Found) -> Json:
        """Change an account, or make it; the fields are those of records.Account."""
        name = str(body["name"])
        known = self._world.accounts.get(name) or Account(3001 + len(self._world.accounts), name, "")
        account = Account(**{field: getattr(known, field) for field in Account.__slots__} | body)
        self._world.accounts[name] = account
        self._world.touch(account)
        return {"id": account.id}

    def _unlock(self, _body: Json, _found: _Found) -> Json:
        self._doorman.unlock()
        return {}

    def _set_limits(self, body: Json, _found: _Found) -> Json:
        """Take requests by the length of a window in seconds, such as {"10": 5}; {} ends every limit."""
        self._world.limits = {str(int(seconds)): int(limit) for seconds, limit in body.items()}
        self._world.touch_rules()
        return {}


def _since(query: str) -> int:
    match = re.search(r"since=(\d{1,15})", query)
    return int(match[1]) if match else 0


def _post(post: Post) -> Json:
    return {
        "n": post.n,
        "at": post.at,
        "cluster_id": post.cluster_id,
        "account": post.account,
        "body": post.body,
        "handled": post.handled,
        "task_id": post.task_id,
        "code": post.code,
        "is_answered": post.is_answered,
    }

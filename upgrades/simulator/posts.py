"""Upgrade POSTs: each is logged the moment it comes, then treated as the plan for it says."""

import json
import re
import time
from typing import Any

from upgrades.simulator import audit_trail, dag, envelope, rights, submit, task_shapes
from upgrades.simulator.auth import ADMIN, account_name, creator
from upgrades.simulator.engine import Engine
from upgrades.simulator.envelope import Reply
from upgrades.simulator.errors import Refusal
from upgrades.simulator.records import Account, AnswerPlan, LatePost, Post, Task
from upgrades.simulator.store import Store
from upgrades.simulator.web import Request

MODES = ("plain", "lost", "late", "busy", "refuse", "500", "cut", "reset", "401", "403", "429", "redirect", "drop")
_UPGRADE = re.compile(r"/api/v2/ob/clusters/(\d{1,18})/upgrade/?")
_MANNERS = {"lost": "close", "cut": "cut", "reset": "reset"}
_BUSY_SECONDS = 900.0


class Posts:
    """The log of upgrade POSTs and what becomes of each. Calls need the world's lock."""

    def __init__(self, engine: Engine, store: Store) -> None:
        self._engine = engine
        self._world = engine.world
        self._store = store

    def receive(self, request: Request) -> None:
        """Log a request that is an upgrade POST, durably, before anything else happens to it."""
        match = _UPGRADE.fullmatch(request.path)
        if request.method != "POST" or match is None:
            return
        post = Post(
            n=len(self._world.posts) + 1,
            at=time.time(),
            cluster_id=int(match[1]),
            account=account_name(self._world, request.headers.get("authorization", "")),
            body=request.body.decode(errors="replace"),
            client=request.client,
        )
        self._world.posts[post.n] = post
        self._world.touch(post)
        self._store.flush(self._world)
        request.post_n = post.n

    def answer(self, request: Request, account: Account, began_at: float) -> Reply:
        """Treat an upgrade POST as planned and return the answer; without the right it is refused at once."""
        post = self._world.posts[request.post_n]
        user = creator(account)
        if not rights.allows(account.roles, f"CLUSTER:{post.cluster_id}:UPDATE"):
            raise Refusal("OBE11065", post.cluster_id, account.name)
        plan = self._world.takes_plan(post.cluster_id)
        self._world.touch(post)
        match plan.mode:
            case "drop":
                return Reply(0, manner="close")
            case "late":
                post.handled = "late"
                self._world.late.append(LatePost(time.time() + plan.delay, post.n))
                self._world.touch_rules()
                return Reply(0, manner="close")
            case "busy":
                self._start_foreign(post.cluster_id)
                raise Refusal("OBE11020")
            case "refuse":
                raise Refusal(plan.code, post.cluster_id, "")
            case "500" | "401" | "403" | "429" | "redirect":
                return self._answer_oddly(post, plan, user)
        try:
            reply = self._accept(post, user, began_at)
        except Refusal as refusal:
            self.refuse(request, refusal.code)
            reply = envelope.refused(refusal, began_at, self._engine.clock.wall_now())
        reply.manner = _MANNERS.get(plan.mode, "whole")
        return reply

    def refuse(self, request: Request, code: str) -> None:
        """Note that OCP refused a POST."""
        if request.post_n:
            post = self._world.posts[request.post_n]
            post.handled, post.code = "refused", code
            self._world.touch(post)

    def note_answered(self, request: Request) -> None:
        """Note that the whole answer to a POST has left."""
        post = self._world.posts[request.post_n]
        post.is_answered = True
        self._world.touch(post)

    def handle_late(self, now: float) -> None:
        """Handle the POSTs whose delay is over; `now` is wall time."""
        due = [late for late in self._world.late if late.at <= now]
        for late in due:
            self._world.late.remove(late)
            self._world.touch_rules()
            post = self._world.posts[late.post_n]
            account = self._world.accounts.get(post.account)
            self._try(post, creator(account) if account else ADMIN)
            post.handled = "late"

    def _answer_oddly(self, post: Post, plan: AnswerPlan, user: dag.Creator) -> Reply:
        if plan.is_accepted:
            self._try(post, user)
        else:
            post.handled = "dropped" if plan.mode == "redirect" else "refused"
            post.code = {"401": "IAM10000", "403": "IAM11000", "429": "0", "500": "UNEXPECTED"}.get(plan.mode)
        if plan.mode == "redirect":
            return envelope.redirect("http://127.0.0.1:9/api/v2/ob/clusters/elsewhere/upgrade")
        return envelope.failed(int(plan.mode), self._engine.clock.wall_now())

    def _try(self, post: Post, user: dag.Creator) -> None:
        try:
            self._accept(post, user, self._engine.clock.wall_now())
        except Refusal as refusal:
            post.handled, post.code = "refused", refusal.code
        self._world.touch(post)

    def _accept(self, post: Post, user: dag.Creator, began_at: float) -> Reply:
        task = self._submit(post, user)
        post.handled, post.task_id = "accepted", task.id
        self._world.touch(post)
        return envelope.data(task_shapes.answer(self._world, task), began_at, self._engine.clock.wall_now())

    def _submit(self, post: Post, user: dag.Creator) -> Task:
        body, task = _body(post.body), None
        try:
            task = submit.accept(self._engine, post.cluster_id, body, user)
        finally:
            rpm, at = str(body.get("rpmFileName", "")), self._engine.clock.wall_now()
            audit_trail.upgraded(
                self._world, user, post.cluster_id, rpm, at, client=post.client, is_ok=task is not None
            )
        return task

    def _start_foreign(self, cluster_id: int) -> None:
        at = self._engine.now()
        cluster = self._world.pair(self._world.cluster(cluster_id))[0]
        name = "Modify OB cluster parameters"
        task = dag.foreign(self._world, cluster.id, name, _BUSY_SECONDS, ADMIN, at.wall)
        self._engine.begin(task, at)


def _body(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text or "{}")
    except ValueError:
        raise Refusal("COM10001", "body") from None
    if not isinstance(body, dict):
        raise Refusal("COM10001", "body")
    return body

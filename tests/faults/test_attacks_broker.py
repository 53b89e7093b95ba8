"""T26, F-BRK-4: whoever reaches Redis may ring the bell, and nothing else: pickles, forgeries and noise in the queues.

Real workers over the real broker. What they hear must run nothing of the sender's, start nothing that was not approved,
tell nobody a secret, and leave the workers at work.
"""

import base64
import json
import pickle
import random
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from redis import Redis

from ocpdash.processes import wait_until
from tests import scenes
from tests.faults import checker, lengths, record
from tests.scenes import Cast, posts
from tests.stack import Stack
from tests.test_urls import contents
from upgrades import live
from upgrades.models import ChangeRequest, Heartbeat
from upgrades.simulator.server import LookAlike

TASKS = ("submit", "act", "sweep", "follow", "verify", "expire", "seal", "inventory", "topology", "tick")


class Bomb:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (open, (str(self.path), "w"))


def message(task: str, args: Any, *, kind: str = "application/json", body: bytes | None = None, **over: Any) -> str:
    """What Celery's protocol 2 puts into a Redis list, with what is `over` its headers."""
    text = body if body is not None else json.dumps([args, {}, {"callbacks": None}]).encode()
    number = str(uuid.uuid4())
    headers = {"lang": "py", "task": task, "id": number, "root_id": number, "parent_id": None, "group": None, **over}
    properties = {
        "correlation_id": number,
        "delivery_mode": 2,
        "delivery_info": {"exchange": "", "routing_key": "tick"},
        "priority": 0,
        "body_encoding": "base64",
        "delivery_tag": str(uuid.uuid4()),
    }
    whole = {"body": base64.b64encode(text).decode(), "content-encoding": "utf-8", "content-type": kind}
    return json.dumps({**whole, "headers": headers, "properties": properties})


def forged(dice: random.Random, trap: Path, request: int) -> str:
    """One message that nobody of ours sent."""
    bomb = pickle.dumps(([Bomb(trap)], {}, {}))
    task = f"upgrades.{dice.choice(TASKS)}"
    odd: tuple[Any, ...] = ("1; DROP TABLE x", -1, 2**70, None, [], {"a": 1}, 1.5, "x" * 9000, True, "\x00")
    made = (
        lambda: message(task, [], kind="application/x-python-serialize", body=bomb),
        lambda: message(task, [], kind="application/json", body=bomb),
        lambda: message(task, [], kind="application/x-yaml", body=b"!!python/object/apply:os.system [id]"),
        lambda: message(task, [dice.choice(odd)]),
        lambda: message(task, [request, request]),
        lambda: message(task, {"a": 1}),
        lambda: message("upgrades.submit", [request]),
        lambda: message("upgrades.act", [request]),
        lambda: message(dice.choice(("os.system", "celery.backend_cleanup", "celery.chord", "celery.map")), ["id"]),
        lambda: message(task, [request], retries=10**9, eta="not a time"),
        lambda: message(task, [request], expires="2999-01-01T00:00:00+00:00", timelimit=["x", {}]),
        lambda: message("../../etc/passwd", [request], id=None),
        lambda: message(task, [], body=b"[[], {}"),
        lambda: message(task, [], body=b"\xff\xfe" + dice.randbytes(50)),
    )
    return dice.choice(made)()


def test_what_strangers_put_into_the_queues_runs_nothing_and_stops_nobody(
    look_alike: LookAlike,
    stack: Stack,
    settings: Any,
    redis: Redis,
    tmp_path: Path,
    read_records: Callable[..., checker.Records],
) -> None:
    seeds, trap = lengths.seeds(short=40, push=400, full=5000), tmp_path / "unpickled"
    about = "pickles, forgeries and noise put into the real queues before real workers"
    scenes.connect(look_alike, settings)
    waiting = scenes.in_review(Cast())
    for name in ("tick", "follow"):
        stack.start_worker(name)
    before = contents()
    with record.kept("F-BRK-4", about, seeds=seeds) as part:
        for seed in seeds:
            part.count += 1
            dice = random.Random(seed)  # noqa: S311 (a seed, no secret)
            redis.lpush(dice.choice(live.QUEUES), forged(dice, trap, waiting.pk))
        assert wait_until(lambda: not any(redis.llen(queue) for queue in live.QUEUES), 60), "a queue is not taken up"
        Heartbeat.objects.all().delete()
        redis.lpush("tick", message("upgrades.tick", []))
        assert wait_until(lambda: Heartbeat.objects.exists(), 20), "the worker hears nothing any more"
        waiting.refresh_from_db()
        logs = stack.log("worker-tick") + stack.log("worker-follow")
        wrong = [
            *(["something was unpickled"] if trap.exists() else []),
            *(["something was posted"] if posts(look_alike) else []),
            *(["a request moved"] if (waiting.status, ChangeRequest.objects.count()) != ("in_review", 1) else []),
            *(f"{name} ended" for name, process in stack.processes.items() if not process.is_running()),
            *(
                f"{table} changed"
                for table in ("upgrades_upgraderun", "upgrades_vote")
                if contents()[table] != before[table]
            ),
            *(["a secret is in the log"] if look_alike.password in logs else []),
            *map(str, checker.violations(read_records(look_alike), is_settled=False)),
        ]
        part.violations = len(wrong)
    assert wrong == []


NOISE = ("not json", "{}", "[]", '{"body": 1}', b"\xed\xb2\x80", "")


def test_noise_that_is_no_message_is_gone_after_a_restart(stack: Stack, redis: Redis) -> None:
    """Celery ends a worker over what it cannot read as a message; whoever starts it again finds the queue clean."""
    for noise in NOISE:
        redis.lpush("tick", noise)
    redis.lpush("tick", message("upgrades.tick", []))
    starts = 0
    # The tick's own: a worker's canary comes by another queue.
    ticked = Heartbeat.objects.filter(name="worker")
    while not ticked.exists():
        assert starts <= len(NOISE), stack.log("worker-tick")[-2000:]
        stack.begin_worker("tick")
        starts += 1
        worker = stack.processes["worker-tick"]
        assert wait_until(lambda worker=worker: ticked.exists() or not worker.is_running(), 30)
    assert redis.llen("tick") == 0

"""Redis: that it answers, that it throws nothing away, and what waits in it."""

from collections.abc import Iterator

from ocpdash import versions
from upgrades import live
from upgrades.rules import Reason
from upgrades.rules.doctor import Level, Line, Topic

# Minutes of ticks that nobody took: few at a busy moment, many where nobody serves the queue.
MANY, CROWDED = 100, 500


def _line(level: Level, code: str, **params: str | int) -> Line:
    return Line(Topic.BROKER, level, Reason(code, params))


def server() -> Iterator[Line]:
    """Its version and its policy: one that throws keys away where memory is short may lose what is rung for."""
    info = live.connection().info()
    version = str(info.get("redis_version", "0.0"))
    level = Level.TROUBLE if versions.redis_too_old(version) else Level.OK
    yield _line(level, "doctor.redis", version=version)
    policy, limit = str(info.get("maxmemory_policy", "noeviction")), int(info.get("maxmemory", 0))
    if limit and policy != "noeviction":
        yield _line(Level.TROUBLE, "doctor.redis_evicts", policy=policy)
    else:
        yield _line(Level.OK, "doctor.redis_keeps", policy=policy)


def queues() -> Iterator[Line]:
    """How many messages wait."""
    for queue in live.QUEUES:
        waiting = live.waiting(queue)
        level = Level.TROUBLE if waiting >= CROWDED else Level.WARNING if waiting >= MANY else Level.OK
        code = "doctor.queue" if level is Level.OK else "doctor.queue_long"
        yield _line(level, code, queue=queue, count=waiting)

"""Who looks at which run, as noted in Redis, and what is not believed there."""

import base64
import json
from typing import Any

from redis import Redis

from tests import servers
from upgrades import live


def test_what_somebody_looks_at_is_known_until_its_time_is_over(redis: Redis) -> None:
    live.watch(7, "12/13", now=1000.0)
    assert live.watched(now=1001.0) == {7: {"12/13"}}
    assert live.watched(now=2000.0) == {}


def test_what_others_wrote_into_redis_stops_no_tick(redis: Redis) -> None:
    redis.zadd(live.WATCH_KEY, {"nonsense": 2000.0, "|": 2000.0, "8|": 2000.0})
    assert live.watched(now=1000.0) == {8: set()}


def test_a_start_is_rung_for_by_its_own_number(redis: Redis) -> None:
    live.ring_start(7)
    (message,) = (json.loads(text) for text in redis.lrange("tick", 0, -1))
    assert message["headers"]["task"] == "upgrades.submit"
    assert json.loads(base64.b64decode(message["body"]))[0] == [7]


def test_versions_told_in_one_index_are_not_heard_in_another(redis: Redis, settings: Any) -> None:
    ours = live.channel(7)
    settings.REDIS_URL = servers.with_index(settings.REDIS_URL, 99)
    live.connection.cache_clear()
    theirs = live.channel(7)
    live.connection.cache_clear()
    assert (theirs, ours == theirs) == ("ocpdash:99:run:7", False)

"""Signs of life: what a canary tells, who rings where beat does not, who is called silent."""

import json
import socket
from datetime import timedelta
from typing import Any

import pytest
from celery import current_app

from upgrades import live, selectors, tasks
from upgrades.models import Heartbeat
from upgrades.selectors.heartbeats import PARTS_WITH_WEB
from upgrades.services import heartbeats, schedule

pytestmark = pytest.mark.django_db


def names() -> set[str]:
    return set(Heartbeat.objects.values_list("name", flat=True))


def age(name: str, seconds: float) -> None:
    at = selectors.database_now() - timedelta(seconds=seconds)
    Heartbeat.objects.update_or_create(name=name, defaults={"at": at})


def test_a_canary_by_a_queue_of_all_tells_of_the_queue_and_of_beat():
    heartbeats.note_canary("inventory", "follow@one")
    assert names() == {"queue inventory", "beat"}


def test_a_canary_by_any_other_queue_tells_of_its_worker_alone():
    heartbeats.note_canary("follow@one", "follow@one")
    heartbeats.note_canary("follower", "x" * 90)
    assert names() == {"worker follow@one", f"worker {'x' * 57}"}


def test_a_worker_that_ended_as_told_or_long_ago_is_forgotten():
    for name in ("tick@one", "follow@one", "follow@two"):
        heartbeats.note_canary(name, name)
    heartbeats.forget("follow@two")
    age("worker tick@one", 86_500)
    age("worker", 86_500)
    heartbeats.note_canary("follow@one", "follow@one")
    assert names() == {"worker follow@one", "worker"}


def test_somebody_rings_where_no_tick_was_consumed_and_none_waits(redis):
    with current_app.connection_for_write() as connection:
        assert heartbeats.ring_for_beat(2)
        assert redis.llen("tick") == 1
        assert not heartbeats.ring_for_beat(2)
        connection.default_channel.queue_purge("tick")  # type: ignore[attr-defined]
    schedule.beat_heart("worker")
    assert not heartbeats.ring_for_beat(2)
    age("worker", 3)
    assert heartbeats.ring_for_beat(2)


def test_a_stand_ins_canary_tells_of_the_queue_and_not_of_beat():
    heartbeats.note_canary("inventory", "follow@one", is_beats=False)
    assert names() == {"queue inventory"}


def test_canaries_are_sent_in_beats_place_by_queues_that_are_served_and_got_none(redis, settings):
    settings.IDLE_EXIT_SECONDS = 120
    age("queue tick", 44)
    age("queue follow", 46)
    assert heartbeats.send_canaries_for_beat() == ["follow", "inventory"]
    # Those wait now: nobody takes them, and no more are sent.
    assert heartbeats.send_canaries_for_beat() == []
    [message] = [json.loads(text) for text in redis.lrange("follow", 0, -1)]
    assert (message["headers"]["task"], message["headers"][live.STANDS_IN]) == ("upgrades.canary", True)
    redis.delete("inventory")
    assert heartbeats.send_canaries_for_beat() == ["inventory"]


@pytest.mark.parametrize(("headers", "expected"), [({}, {"beat"}), ({live.STANDS_IN: True}, set())])
def test_the_task_knows_by_its_header_whose_canary_it_was(redis, headers, expected):
    request: dict[str, Any] = {"headers": headers, "delivery_info": {"routing_key": "tick"}, "hostname": "tick@one"}
    tasks.canary.push_request(**request)
    try:
        tasks.canary.run()
    finally:
        tasks.canary.pop_request()
    assert names() - {f"state {socket.gethostname()}"[:64]} == {"queue tick"} | expected


def test_whoever_stands_in_rings_and_sends_canaries(redis):
    heartbeats.stand_in_for_beat(2)
    assert [json.loads(text)["headers"]["task"] for text in redis.lrange("tick", 0, -1)] == ["upgrades.tick"]
    assert redis.llen("follow") == redis.llen("inventory") == 1
    # No canary where a tick waits: nobody knows yet whether it is taken.
    heartbeats.stand_in_for_beat(2)
    assert redis.llen("tick") == redis.llen("follow") == redis.llen("inventory") == 1


def test_a_host_that_compared_its_file_is_kept_for_a_day():
    age("state of yesterday", 86_500)
    age("state of today", 86_300)
    heartbeats.note_state("h" * 90)
    assert names() == {"state of today", f"state {'h' * 58}"}


def test_where_beat_alone_is_away_no_queue_is_called_silent(redis):
    for name in ("worker", "follower", "web"):
        age(name, 1)
    for name in ("beat", "queue tick", "queue follow", "queue inventory"):
        age(name, 200)
    for queue in heartbeats.send_canaries_for_beat():
        heartbeats.note_canary(queue, "follow@one", is_beats=False)
    assert set(selectors.silent_parts(PARTS_WITH_WEB)) == {"beat"}
    age("web", 31)
    assert set(selectors.silent_parts(PARTS_WITH_WEB)) == {"beat", "web"}
    assert set(selectors.silent_parts()) == {"beat"}


def test_what_waited_or_came_twice_begins_nothing_and_a_clock_set_back_stops_nothing():
    assert schedule.begins("worker", apart=5)
    assert not schedule.begins("worker", apart=5)
    age("worker", 6)
    assert schedule.begins("worker", apart=5)
    age("worker", -3600)
    assert schedule.begins("worker", apart=5)
    assert not schedule.begins("worker", apart=5)


def test_a_queue_that_nobody_serves_is_not_filled(redis):
    redis.rpush("follow", *["waiting"] * tasks.CROWDED)
    tasks.tick()
    assert redis.llen("follow") == tasks.CROWDED
    redis.ltrim("follow", 1, -1)
    age("worker", 1)
    tasks.tick()
    assert redis.llen("follow") == tasks.CROWDED + 1


def test_parts_are_silent_after_their_own_time_and_beat_only_where_ticks_are_consumed(settings):
    for name in ("worker", "follower", "queue inventory", "beat"):
        age(name, 29)
    assert selectors.silent_parts() == {}
    age("beat", 76)
    assert set(selectors.silent_parts()) == {"beat"}
    age("worker", 31)
    age("queue inventory", 74)
    assert set(selectors.silent_parts()) == {"worker"}
    settings.IDLE_EXIT_SECONDS = 8
    assert set(selectors.silent_parts()) == {"worker", "inventory"}

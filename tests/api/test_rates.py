"""How often a program may call: counted by token, person or address, told in problem details, never a lock-out."""

import json
from typing import Any

import pytest
from django.test import Client
from redis import Redis

from tests.api.gates import call, token_of
from tests.scenes import Cast
from upgrades import live
from upgrades.models import AuditEvent
from upgrades.services import rates

pytestmark = pytest.mark.django_db

LIST = "/api/v1/clusters/"
MOST = 3


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


@pytest.fixture(autouse=True)
def few(settings: Any, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.API_CALLS_A_MINUTE = MOST
    # A window that ends between two calls of a test would begin to count anew.
    monkeypatch.setattr(rates, "WINDOW_SECONDS", 10**8)
    redis.flushdb()


def statuses(text: str, count: int, **headers: str) -> list[int]:
    return [call(text, "get", LIST, **headers).status_code for _call in range(count)]


def test_a_token_that_calls_too_often_is_told_when_it_may_again(cast: Cast, redis: Redis) -> None:
    token = token_of(cast.olga)
    assert statuses(token, MOST) == [200] * MOST
    before = AuditEvent.objects.count()
    answer = call(token, "get", LIST)
    told = json.loads(answer.content)
    assert (answer.status_code, told["code"], told["params"]["limit"]) == (429, "api.too_often", MOST)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == str(told["params"]["seconds"])
    assert 0 < told["params"]["seconds"] <= rates.WINDOW_SECONDS
    assert AuditEvent.objects.count() == before


def test_each_token_each_person_and_each_address_is_counted_by_itself(cast: Cast) -> None:
    one, other = token_of(cast.olga), token_of(cast.olga)
    assert statuses(one, MOST + 1)[-1] == 429
    assert statuses(other, 1) == [200]
    browser = Client()
    browser.force_login(cast.olga)
    answers = [browser.get(LIST).status_code for _call in range(MOST + 1)]
    assert answers == [200] * MOST + [429]
    assert statuses("", MOST + 1) == [401] * MOST + [429]


def test_without_redis_everybody_is_served(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Redis.from_url("unix:///nowhere/redis.sock")
    monkeypatch.setattr(live, "connection", lambda: nowhere)
    assert statuses(token_of(cast.olga), MOST + 2) == [200] * (MOST + 2)


def test_redis_that_is_wiped_counts_anew(cast: Cast, redis: Redis) -> None:
    token = token_of(cast.olga)
    assert statuses(token, MOST + 1)[-1] == 429
    redis.flushdb()
    assert statuses(token, 1) == [200]


def test_zero_counts_nobody(cast: Cast, settings: Any, redis: Redis) -> None:
    settings.API_CALLS_A_MINUTE = 0
    assert statuses(token_of(cast.olga), MOST + 2) == [200] * (MOST + 2)
    assert not [key for key in redis.scan_iter() if "calls" in str(key)]

"""The processes themselves: the web answers, workers take messages, the clock rings, and Chromium opens a page."""

import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from ocpdash.celery import canary_seconds
from ocpdash.processes import wait_until
from upgrades.selectors.heartbeats import silent_parts


def test_web_serves_a_page_to_chromium(stack, page):
    stack.start_web()
    page.goto(f"{stack.url}/")
    assert page.locator("form input[name=password]").is_visible()
    stack.end("web")
    assert "Traceback" not in stack.log("web")


def test_the_clock_rings_and_a_worker_answers(stack, redis):
    stack.start_beat()
    assert wait_until(lambda: redis.llen("tick") > 0, 10)
    stack.start_worker("tick")
    assert wait_until(lambda: redis.llen("tick") == 0, 10)
    assert "unregistered" not in stack.log("worker-tick")


def test_nobody_is_called_silent_once_all_have_begun(stack):
    assert {"worker", "follower", "inventory"} == set(silent_parts())
    for start in (stack.start_beat, lambda: stack.start_worker("tick"), lambda: stack.start_worker("follow")):
        start()
    assert wait_until(lambda: not silent_parts(), canary_seconds() / 2)


def test_web_keeps_no_connection_when_many_ask_at_once(stack, services):
    stack.start_web()

    def ask(_number: int) -> int:
        with urllib.request.urlopen(f"{stack.url}/readyz", timeout=30) as answer:
            return answer.status

    with ThreadPoolExecutor(20) as people:
        assert set(people.map(ask, range(200))) == {200}
    count = (
        "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        " AND datname = current_database()"
    )
    with psycopg.connect(services.superuser_url, autocommit=True) as watcher:
        # The test's own connection may be open.
        assert wait_until(lambda: watcher.execute(count).fetchone()[0] <= 1, 5)


def test_a_killed_process_is_gone_and_can_be_started_again(stack):
    stack.start_web()
    stack.kill("web")
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"{stack.url}/healthz", timeout=5)
    stack.start_web()
    assert urllib.request.urlopen(f"{stack.url}/healthz", timeout=5).status == 200


def test_the_look_alike_answers_on_its_control_port(look_alike):
    with urllib.request.urlopen(f"{look_alike.control_url}/posts", timeout=5) as answer:
        assert json.load(answer) == []

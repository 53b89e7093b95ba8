"""P3: from a change at OCP to the node recoloured in Chromium while somebody looks, over the product's own processes.

Also its second half alone, from two answers: the first that shows the change at all, which is nearly always the list's
and only says that something changed, and the last detail's, which carries what is written. The floor of that half is a
bare stream over the same Redis to a hand-written page in the same Chromium. Run from the root: python -m bench.live
"""

from __future__ import annotations

import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-s", __file__]))

import os
import re
from collections.abc import Iterator
from statistics import median
from time import time
from typing import Any

from playwright.sync_api import Page
from redis import Redis

from bench.fan_out import CHANNEL
from bench.record import p95, record
from bench.viewers import answers
from ocpdash import demo
from ocpdash.processes import Guard, Process, wait_until
from tests import settings as test_settings
from tests.browser.test_run_page import open_page, run  # noqa: F401 (a fixture)
from tests.conftest import (  # noqa: F401
    chromium,
    django_db_setup,
    look_alike,
    page,
    pytest_runtest_makereport,
    redis,
    services,
    stack,
)
from tests.followed import advance, requests_of
from tests.stack import Stack
from upgrades import live
from upgrades.models import UpgradeRun
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.django_db(transaction=True)

CHANGES = 25
# Notes the moment at which any node changes its state.
# A region that is drawn anew takes its elements along, so the whole page is watched.
WATCH = """() => {
  delete document.body.dataset.changed;
  const note = () => { document.body.dataset.changed ??= Date.now(); };
  window.watcher?.disconnect();
  window.watcher = new MutationObserver(note);
  window.watcher.observe(document.querySelector("main"), { subtree: true, attributeFilter: ["data-status"] });
}"""


# Notes when the open page's stream tells a state.
HEAR = """{
  const Native = window.EventSource;
  window.EventSource = class extends Native {
    constructor(...rest) {
      super(...rest);
      this.addEventListener("state", () => { window.heard = [...(window.heard || []), Date.now()]; });
    }
  };
}"""
DETAIL = re.compile(r".*/tasks/instances/[0-9]+")

# What a page must do at least: hear, and recolour one of the nodes that it has.
BARE = """port => {
  const node = "<g><rect width=9 height=9 /><text>PENDING</text></g>";
  document.body.innerHTML = `<main><svg>${node.repeat(60)}</svg></main>`;
  const stream = new EventSource(`http://127.0.0.1:${port}/`);
  stream.addEventListener("open", () => { document.body.dataset.open = "open"; });
  stream.addEventListener("state", (event) => {
    const state = JSON.parse(event.data);
    const node = document.querySelectorAll("g")[state.version % 60];
    node.dataset.status = `successful ${state.version}`;
    node.querySelector("text").textContent = "SUCCESSFUL";
  });
}"""


def shown(look_alike: LookAlike) -> list[Any]:  # noqa: F811
    """The state of every subtask that OCP shows."""
    with look_alike.world.lock:
        tasks = look_alike.world.tasks.values()
        return [[(subtask.id, subtask.status) for subtask in task.subtasks] for task in tasks]


def change(look_alike: LookAlike) -> tuple[float, float]:  # noqa: F811
    """Let the engine run until some subtask shows another state; return between which epoch seconds that was."""
    before = shown(look_alike)
    for _step in range(600):
        begun = time()
        advance(look_alike, 10)
        if shown(look_alike) != before:
            return begun, time()
    raise AssertionError("nothing changed at OCP any more")


def answers_of(look_alike: LookAlike, since: int, kind: str) -> list[float]:  # noqa: F811
    """When each answer left OCP that shows tasks as `kind`, "list" or "detail", in epoch ms."""
    found = []
    for line in requests_of(look_alike, since):
        path, _question, query = str(line["path"]).partition("?")
        is_kind = path.endswith("/tasks/instances") and "RUNNING" in query
        if kind == "detail":
            is_kind = bool(DETAIL.fullmatch(path))
        if is_kind and "sent_at" in line:
            found.append(float(line["sent_at"]) * 1000)
    return found


def stages(look_alike: LookAlike, since: int, done: float, heard: list[float], page: Page) -> dict[str, float]:  # noqa: F811
    """How long each part of the way took, in ms, by its name. `done`: when the change stood at OCP, in epoch ms.

    `heard`: when Redis told of versions. The first answer that shows a change may be the list's or a detail's; what is
    written comes from the last detail before Redis tells.
    """
    shown_at = float(page.evaluate("() => document.body.dataset.changed"))
    arrived = max(at for at in page.evaluate("() => window.heard") if at <= shown_at)
    told = [at for at in heard if at <= arrived]
    lists, details = answers_of(look_alike, since, "list"), answers_of(look_alike, since, "detail")
    first = [at for at in sorted(lists + details) if at >= done]
    written = [at for at in details if told and at <= told[-1]]
    if not first or not written or first[0] > shown_at:
        return {}
    return {
        "first answer that shows the change to node recoloured": shown_at - first[0],
        "answer that carries the change to node recoloured": shown_at - written[-1],
        "   from the first answer to the last detail's": written[-1] - first[0],
        "   from the last detail's answer to Redis": told[-1] - written[-1],
        "   from Redis to the browser's stream": arrived - told[-1],
        "   from the stream to the node": shown_at - arrived,
    }


def listen(redis: Redis, heard: list[float]) -> Any:  # noqa: F811
    """Note in `heard` when Redis tells of any run, in epoch ms, until the listener that is returned is stopped."""

    def note(message: dict[str, Any]) -> None:
        if not live.is_announcement(str(message["data"]).encode()):
            heard.append(time() * 1000)

    listener = redis.pubsub(ignore_subscribe_messages=True)
    listener.psubscribe(**{live.channel("*"): note})
    return listener.run_in_thread(sleep_time=0.2, daemon=True)


def recoloured(page: Page) -> float:  # noqa: F811
    """When the page that is watched has changed a node, in epoch ms."""
    page.locator("body[data-changed]").wait_for(state="attached", timeout=10_000)
    return float(page.evaluate("() => document.body.dataset.changed"))


@pytest.fixture
def bare(page: Page) -> Iterator[Page]:  # noqa: F811
    """The floor's page, with its stream open."""
    guard, port = Guard(), demo.free_ports()[0]
    command = [sys.executable, "-m", "bench.fan_out", str(port)]
    server = Process(
        "floor", command, guard=guard, environment={**os.environ, **test_settings.ENVIRONMENT}, output=sys.stderr
    )
    assert wait_until(lambda: answers(port), 30)
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context()
    found = context.new_page()
    found.evaluate(BARE, port)
    found.locator("body[data-open]").wait_for(state="attached", timeout=10_000)
    yield found
    context.close()
    server.end(10)
    guard.close()


def bare_delay(bare: Page, redis: Redis, number: int) -> float:  # noqa: F811
    """How long the bare stream takes from the publishing to the node, in ms."""
    bare.evaluate(WATCH)
    begun = time()
    redis.publish(CHANNEL, f'{{"version": {number}, "subtasks": "{"x" * 9000}"}}')
    return recoloured(bare) - begun * 1000


def test_change_at_ocp_reaches_the_page(
    page: Page,  # noqa: F811
    bare: Page,
    stack: Stack,  # noqa: F811
    run: UpgradeRun,  # noqa: F811
    look_alike: LookAlike,  # noqa: F811
    redis: Redis,  # noqa: F811
) -> None:
    stack.start()
    page.add_init_script(HEAR)
    open_page(page, stack, run)
    page.locator(".node[data-status=running]").first.wait_for()
    times: list[float] = []
    parts: list[dict[str, float]] = []
    floors: list[float] = []
    heard: list[float] = []
    listener = listen(redis, heard)
    for index in range(CHANGES):
        page.evaluate(WATCH)
        since = max((line["n"] for line in requests_of(look_alike)), default=0)
        begun, done = change(look_alike)
        times.append(recoloured(page) - begun * 1000)
        parts.append(stages(look_alike, since, done * 1000, heard, page))
        floors.append(bare_delay(bare, redis, index))
        # Spread over the second between two ticks, so that the figure does not follow their rhythm.
        page.wait_for_timeout(300 + 1000 * index / CHANGES)
    listener.stop()
    listener.join()
    keep(times, [part for part in parts if part], floors)


def keep(times: list[float], parts: list[dict[str, float]], floors: list[float]) -> None:
    """Print and keep the figures."""
    record("live", "change at OCP to node recoloured, p50, ms", median(times))
    record("live", "change at OCP to node recoloured, p95, ms (goal: 1200)", p95(times))
    for name in parts[0]:
        figures = [part[name] for part in parts]
        if name.startswith(" "):
            print(f"{name}: p50 {median(figures):.1f}, p95 {p95(figures):.1f} ms")
            continue
        record("live", f"OCP's {name}, p50, ms (goal: about 50)", median(figures), median(floors))
        record("live", f"OCP's {name}, p95, ms (goal: about 70)", p95(figures), p95(floors))
    print(f"{len(parts)} of {len(times)} changes were followed; slowest: {sorted(map(round, times))[-5:]} ms")

"""P3: from a change at OCP to the node recoloured in Chromium while somebody looks, over the product's own processes.

Run from the root: python -m bench.live
"""

from __future__ import annotations

import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-s", __file__]))

from statistics import median
from time import time
from typing import Any

from playwright.sync_api import Page

from bench.record import p95, record
from tests.browser.test_run_page import open_page, run  # noqa: F401 (a fixture)
from tests.conftest import chromium, django_db_setup, look_alike, page, pytest_runtest_makereport, services, stack  # noqa: F401
from tests.followed import advance
from tests.stack import Stack
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


def shown(look_alike: LookAlike) -> list[Any]:  # noqa: F811
    """The state of every subtask that OCP shows."""
    with look_alike.world.lock:
        tasks = look_alike.world.tasks.values()
        return [[(subtask.id, subtask.status) for subtask in task.subtasks] for task in tasks]


def change(look_alike: LookAlike) -> float:  # noqa: F811
    """Let the engine run until some subtask shows another state; return when that was, in epoch seconds."""
    before = shown(look_alike)
    for _step in range(600):
        begun = time()
        advance(look_alike, 10)
        if shown(look_alike) != before:
            return begun
    raise AssertionError("nothing changed at OCP any more")


def test_change_at_ocp_reaches_the_page(page: Page, stack: Stack, run: UpgradeRun, look_alike: LookAlike) -> None:  # noqa: F811
    stack.start()
    open_page(page, stack, run)
    page.locator(".node[data-status=running]").first.wait_for()
    times: list[float] = []
    for index in range(CHANGES):
        page.evaluate(WATCH)
        begun = change(look_alike)
        page.locator("body[data-changed]").wait_for(state="attached", timeout=10_000)
        times.append(float(page.evaluate("() => document.body.dataset.changed")) - begun * 1000)
        # Spread over the second between two ticks, so that the figure does not follow their rhythm.
        page.wait_for_timeout(300 + 1000 * index / CHANGES)
    record("live", "change at OCP to node recoloured, p50, ms", median(times))
    record("live", "change at OCP to node recoloured, p95, ms", p95(times))
    print("slowest, ms:", [round(figure) for figure in sorted(times)[-5:]])

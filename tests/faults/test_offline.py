"""F-UI-1: the browser loses its network and has it back, again and again: the page catches up within 5 s."""

import random
import threading
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as TooLate

from tests import scenes
from tests.browser.test_run_page import open_page
from tests.faults import lengths, record
from tests.followed import advance, follow, posted
from tests.scenes import Cast
from tests.stack import Stack
from upgrades.models import UpgradeRun
from upgrades.simulator.server import LookAlike

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1800)]

RECONNECT_MS = 5000
# Longer than the first tries of the page, so that it has begun to ask seldom.
LONGEST_SECONDS = 14.0


@pytest.fixture
def run(transactional_db: None, look_alike: LookAlike, settings: Any, stack: Stack) -> UpgradeRun:
    """A run that OCP has taken, with the child at its first steps."""
    scenes.connect(look_alike, settings)
    found = posted(Cast())
    advance(look_alike, 30)
    stack.drive(look_alike)
    return follow(found)


def test_a_browser_that_was_offline_catches_up_in_five_seconds(
    page: Page, stack: Stack, run: UpgradeRun, look_alike: LookAlike
) -> None:
    seeds, began, missed = lengths.seeds(3, 5, 50), time.monotonic(), 0
    stack.start()
    open_page(page, stack, run)
    expect(page.locator(".node").first).to_be_visible()
    for seed in seeds:
        missed += not _catches_up(page, run, look_alike, seed)
    took = time.monotonic() - began
    about = "Chromium offline and online again under an open run page"
    record.keep("F-UI-1", about, count=len(seeds), violations=missed, seeds=seeds, seconds=took)
    assert not missed


def _catches_up(page: Page, run: UpgradeRun, look_alike: LookAlike, seed: int) -> bool:
    """Whether what happened while the browser was offline is shown soon after, and was not before."""
    dice = random.Random(seed)  # noqa: S311 (a seed to repeat, no secret)
    page.context.set_offline(True)
    advance(look_alike, 5)
    # The server has it: what is missing is the way to the browser.
    before = UpgradeRun.objects.get(pk=run.pk).version
    advance(look_alike, 40)
    deadline = time.monotonic() + 20
    while UpgradeRun.objects.get(pk=run.pk).version == before and time.monotonic() < deadline:
        threading.Event().wait(0.1)
    page.wait_for_timeout(1000 * dice.uniform(0, LONGEST_SECONDS))
    shown = _statuses(page)
    page.context.set_offline(False)
    try:
        page.wait_for_function(
            "before => JSON.stringify([...document.querySelectorAll('.node')].map(n => n.dataset.status)) !== before",
            arg=shown,
            timeout=RECONNECT_MS,
        )
    except TooLate:
        return False
    return True


def _statuses(page: Page) -> str:
    found: str = page.evaluate("JSON.stringify([...document.querySelectorAll('.node')].map(n => n.dataset.status))")
    return found

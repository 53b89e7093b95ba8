"""F-UI-1: the browser loses its network and has it back, again and again: the page catches up within 5 s."""

import random
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as TooLate

from tests import scenes
from tests.browser.test_run_page import open_page
from tests.faults import lengths, record
from tests.faults.proxy import Proxy
from tests.followed import advance, follow, posted
from tests.scenes import Cast
from tests.stack import Stack
from upgrades.models import Endpoint, UpgradeRun
from upgrades.simulator.server import LookAlike

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(1800)]

RECONNECT_MS = 5000
# Longer than the time between two reads; at most so long that the page asks seldom by then.
SECONDS = (6.0, 13.0)
SEEN = "document.querySelector('[data-seen] time').getAttribute('datetime')"


@pytest.fixture
def run(transactional_db: None, look_alike: LookAlike, settings: Any, stack: Stack) -> UpgradeRun:
    """A run that OCP has taken, with the child at its first steps."""
    # A busy machine is no failure.
    settings.SUBMIT_BUDGET_SECONDS, settings.SECOND_PRE_READ_SECONDS = 60, 30
    scenes.connect(look_alike, settings)
    found = posted(Cast())
    advance(look_alike, 30)
    stack.drive(look_alike)
    return follow(found)


@lengths.longer
def test_a_browser_that_was_offline_catches_up_in_five_seconds(
    page: Page, stack: Stack, run: UpgradeRun, look_alike: LookAlike
) -> None:
    seeds, about = lengths.seeds(0, 5, 50), "Chromium offline and online again under an open run page"
    with record.kept("F-UI-1", about, seeds=seeds) as part:
        stack.start()
        way = Proxy(("127.0.0.1", stack.port))
        stack.url = f"http://127.0.0.1:{way.port}"
        open_page(page, stack, run)
        expect(page.locator(".node").first).to_be_visible()
        for seed in seeds:
            part.count += 1
            part.violations += not _catches_up(page, run, way, seed)
        way.close()
    assert not part.violations


def _catches_up(page: Page, run: UpgradeRun, way: Proxy, seed: int) -> bool:
    """Whether the page, which heard nothing while the browser was offline, tells of a newer read soon after."""
    dice = random.Random(seed)  # noqa: S311 (a seed to repeat, no secret)
    page.context.set_offline(True)
    # Chromium itself leaves open streams alone.
    way.reset()
    page.wait_for_timeout(500)
    shown, read_at = _seen(page), Endpoint.objects.get(pk=run.endpoint_id).observed_at
    page.wait_for_timeout(1000 * dice.uniform(*SECONDS))
    assert Endpoint.objects.get(pk=run.endpoint_id).observed_at > read_at
    assert _seen(page) == shown
    page.context.set_offline(False)
    try:
        page.wait_for_function(f"before => {SEEN} !== before", arg=shown, timeout=RECONNECT_MS)
    except TooLate:
        return False
    return True


def _seen(page: Page) -> str:
    """When what the page shows was read, as the page says."""
    found: str = page.evaluate(SEEN)
    return found

"""A graph of many nodes in Chromium: few elements are painted, and all can be seen, reached and clicked."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_run_page import open_page
from tests.scenes import Cast
from tests.stack import Stack
from tests.views.run_rows import make_run, make_task
from upgrades import live
from upgrades.models import Subtask, UpgradeRun

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 320
PAINTED = """() => [...document.querySelectorAll(".dag .node, .dag .ln, .dag .grp, .far path")]
  .filter((element) => !element.closest(".is-off")).length"""
CENTRE = """(key) => {
  const box = document.querySelector(`.node[data-key="${key}"]`).transform.baseVal[0].matrix;
  const dag = document.querySelector(".dag");
  const [own, view] = [dag.getBoundingClientRect(), dag.viewBox.baseVal];
  const scale = own.width / view.width;
  return [own.x + (box.e - view.x + 60) * scale, own.y + (box.f - view.y + 20) * scale];
}"""


@pytest.fixture
def run(transactional_db: None) -> UpgradeRun:
    """A run whose steps all come after the first, so that the graph is wide; the second is at work."""
    found = make_run(Cast())
    make_task(found, COUNT)
    Subtask.objects.filter(ocp_id__gt=100).update(upstreams=[100])
    return found


@pytest.fixture
def opened(page: Page, stack: Stack, run: UpgradeRun) -> Page:
    stack.start_web()
    open_page(page, stack, run, "?zoom=100")
    page.locator(".far").wait_for(state="attached")
    return page


def test_few_elements_are_painted_near_and_far(opened: Page) -> None:
    drawn = opened.locator(".dag .node").count() + opened.locator(".dag .ln").count()
    assert drawn > 300
    assert opened.evaluate(PAINTED) <= 300
    opened.locator('[data-zoom="fit"]').click()
    expect(opened.locator(".far path").first).to_be_attached()
    assert opened.evaluate(PAINTED) <= 300
    opened.locator('[data-zoom="plain"]').click()
    expect(opened.locator(".dag .node:not(.is-off)").first).to_be_visible()


def test_a_state_that_changes_from_afar_is_shown(opened: Page, run: UpgradeRun) -> None:
    opened.locator('[data-zoom="fit"]').click()
    expect(opened.locator('.far [data-status="failed"] path')).to_have_count(0)
    Subtask.objects.filter(ocp_id=101).update(status="FAILED")
    run.version += 1
    run.save(update_fields=["version"])
    live.publish(run.pk, run.version)
    expect(opened.locator('.far [data-status="failed"] path')).to_have_count(1)


def test_a_node_out_of_the_frame_is_reached_by_the_keyboard(opened: Page) -> None:
    last = opened.locator(".dag .node").last
    expect(last).to_have_class("node is-off")
    opened.locator(".dag .node").nth(COUNT - 2).focus()
    opened.keyboard.press("Tab")
    expect(last).to_be_focused()
    expect(last).to_be_in_viewport()


def test_a_click_from_afar_opens_the_node_under_it(opened: Page, run: UpgradeRun) -> None:
    opened.locator('[data-zoom="fit"]').click()
    opened.locator(".dag").scroll_into_view_if_needed()
    key = f"{run.ocp_task_id}/101"
    point: Any = opened.evaluate(CENTRE, key)
    opened.mouse.click(*point)
    expect(opened.locator("#chosen")).to_have_attribute("data-chosen", key)

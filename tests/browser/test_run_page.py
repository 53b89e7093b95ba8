"""The live page in Chromium: real workers follow a look-alike OCP, and the page keeps up without a reload."""

import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from tests import scenes
from tests.followed import advance, follow, posted, wait_until
from tests.scenes import Cast, control
from tests.stack import Stack
from upgrades.models import Subtask, UpgradeRun, User
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = 20_000
# A reader who scrolls the log up in the very moment in which the page is drawn anew.
SCROLLS_MEANWHILE = """() => {
  const parse = DOMParser.prototype.parseFromString;
  DOMParser.prototype.parseFromString = function (...given) {
    DOMParser.prototype.parseFromString = parse;
    document.querySelector("#log pre").scrollTo(0, 0);
    return parse.apply(this, given);
  };
}"""
# The place in the drawing that a place of the window shows.
POINTED = """([x, y]) => {
  const dag = document.querySelector(".dag");
  const own = dag.getBoundingClientRect();
  const scale = own.width / dag.viewBox.baseVal.width;
  return [(x - own.left) / scale, (y - own.top) / scale];
}"""
SCROLLED = "document.querySelector('.canvas').scrollLeft"


@pytest.fixture
def run(transactional_db: None, look_alike: LookAlike, settings: Any, stack: Stack) -> UpgradeRun:
    """A run that OCP has taken, read once, with the child at its first steps."""
    scenes.connect(look_alike, settings)
    found = posted(Cast())
    advance(look_alike, 30)
    found = follow(found)
    stack.environment |= {
        "OCP_URL": look_alike.url,
        "OCP_USERNAME": look_alike.username,
        "OCP_PASSWORD": look_alike.password,
        "OCP_ALLOW_HTTP": "true",
        "OCP_ACCOUNT_IS_OURS": "true",
    }
    return found


def open_page(page: Page, stack: Stack, run: UpgradeRun, rest: str = "") -> None:
    """The page of `run` in the browser of olga, who has signed in before."""
    client = Client()
    client.force_login(User.objects.get(username="olga"))
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": stack.url}])
    page.goto(f"{stack.url}/runs/{run.pk}/{rest}")


def at_work(run: UpgradeRun) -> str:
    """The key of the child's subtask that is RUNNING."""
    row = Subtask.objects.select_related("task_instance").get(
        task_instance__run=run, task_instance__kind="child", status="RUNNING"
    )
    return f"{row.task_instance.ocp_id}/{row.ocp_id}"


def test_node_recolours_without_a_reload_as_ocp_goes_on(
    page: Page, stack: Stack, run: UpgradeRun, look_alike: LookAlike
) -> None:
    stack.start()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    open_page(page, stack, run)
    node = page.locator(f'.node[data-key="{at_work(run)}"]')
    expect(node).to_have_attribute("data-status", "running")
    page.evaluate("window.isTheSamePage = true")
    advance(look_alike, 60)
    expect(node).to_have_attribute("data-status", "successful", timeout=SECONDS)
    expect(node.locator("[data-word]")).to_have_text("SUCCESSFUL")
    control(look_alike, "POST", "/fail", step="Wait observer active", times=1)
    advance(look_alike, 100_000)
    expect(page.locator("[data-run-status]")).to_have_attribute("data-run-status", "failed", timeout=SECONDS)
    expect(page).to_have_title(re.compile(rf"^{run.number} Failed · Upgrade .* · Runs · ocpdash$"))
    expect(page.locator("#live")).to_contain_text("OCP ended the task as FAILED", timeout=SECONDS)
    expect(page.locator("#chosen h2")).to_have_text("Wait observer active")
    expect(page.locator("#log pre")).to_contain_text("FAILED", timeout=SECONDS)
    find_in_log(page)
    retry_is_told(page, run, look_alike)
    assert page.evaluate("window.isTheSamePage")
    assert complaints == []


def retry_is_told(page: Page, run: UpgradeRun, look_alike: LookAlike) -> None:
    """A retry in OCP's console comes as an event and as an attempt, and its child ends on the page too."""
    page.locator(".tabs a", has_text="Events").click()
    expect(page.locator(".events li").first).to_contain_text("saw OCP's task fail")
    count = page.locator(".events li").count()
    page.locator(".tabs a", has_text="Graph").click()
    page.locator("#log pre").evaluate("log => log.scrollTo(0, log.scrollHeight)")
    expect(page.locator("[data-newest]")).to_be_hidden()
    page.evaluate(SCROLLS_MEANWHILE)
    control(look_alike, "POST", f"/tasks/{failed_step(run)}/retry")
    advance(look_alike, 5)
    expect(page.locator("[data-newest]")).to_be_visible(timeout=SECONDS)
    page.locator(".tabs a", has_text="Events").click()
    expect(page.locator(".events li", has_text="by RETRY").first).to_be_visible(timeout=SECONDS)
    assert page.locator(".events li").count() > count
    page.locator(".tabs a", has_text="Timeline").click()
    expect(page.locator("tr", has_text="2 of 2").first).to_contain_text("Wait observer active")
    # The child ends while the run stays as it is: what the server alone draws of it must follow.
    advance(look_alike, 100_000)
    expect(page.locator("#r-below")).to_contain_text("Upgrade OB cluster · SUCCESSFUL", timeout=SECONDS)


def find_in_log(page: Page) -> None:
    """The log follows its end until the reader scrolls up; what is looked for is counted and walked through."""
    newest, text = page.locator("[data-newest]"), page.locator("#log pre")
    expect(newest).to_be_hidden()
    text.evaluate("log => log.scrollTo(0, 0)")
    expect(newest).to_be_visible()
    newest.click()
    expect(newest).to_be_hidden()
    page.locator("#log-find").fill("inactive")
    page.keyboard.press("Enter")
    marks = page.locator("#log mark")
    expect(page.locator("#log output")).to_contain_text("hit")
    expect(page.locator("#log mark[aria-current]")).to_have_id("hit-1")
    page.locator("[data-hit=previous]").click()
    expect(page.locator("#log mark[aria-current]")).to_have_id(f"hit-{marks.count()}")
    assert "find=inactive" in page.url


def failed_step(run: UpgradeRun) -> str:
    """The failed subtask of the child, as the look-alike's console addresses it."""
    row = Subtask.objects.get(task_instance__run=run, task_instance__kind="child", status="FAILED")
    return f"{row.task_instance.ocp_id}/subtasks/{row.ocp_id}"


def test_without_the_stream_the_page_asks_for_snapshots(
    page: Page, stack: Stack, run: UpgradeRun, look_alike: LookAlike
) -> None:
    stack.start()
    page.route("**/stream/**", lambda route: route.abort())
    open_page(page, stack, run)
    node = page.locator(f'.node[data-key="{at_work(run)}"]')
    expect(node).to_have_attribute("data-status", "running")
    advance(look_alike, 60)
    expect(node).to_have_attribute("data-status", "successful", timeout=SECONDS)


def test_silent_worker_is_said_and_the_graph_turns_grey(page: Page, stack: Stack, run: UpgradeRun) -> None:
    stack.environment |= {"STALE_SECONDS": "3", "STREAM_PULSE_SECONDS": "0.5"}
    stack.start_web()
    open_page(page, stack, run)
    expect(page.locator("[data-trouble=worker]")).to_be_visible()
    expect(page.locator("[data-trouble=ocp]")).to_be_hidden()
    expect(page.locator("[data-canvas]")).to_have_class("canvas canvas--stale", timeout=SECONDS)


def test_page_that_hears_nothing_says_so(page: Page, stack: Stack, run: UpgradeRun) -> None:
    stack.environment |= {"STALE_SECONDS": "3"}
    stack.start_web()
    open_page(page, stack, run)
    expect(page.locator(".node").first).to_be_visible()
    stack.kill("web")
    expect(page.locator("[data-canvas]")).to_have_class("canvas canvas--stale", timeout=SECONDS)
    expect(page.locator("[data-trouble=page]")).to_be_visible(timeout=2 * SECONDS)


def test_groups_open_and_subtasks_are_chosen_by_keyboard(page: Page, stack: Stack, run: UpgradeRun) -> None:
    stack.start_web()
    open_page(page, stack, run)
    page.evaluate("window.isTheSamePage = true")
    zone = page.locator(".node--fold", has_text="Zone 1 of").first
    zone.focus()
    page.keyboard.press("Enter")
    node = page.locator(".node", has_text="Stop zone").first
    expect(node).to_be_visible()
    node.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#chosen h2")).to_contain_text("Stop zone")
    expect(page.locator("#log")).to_contain_text("Not read yet")
    assert "node=" in page.url
    assert page.evaluate("window.isTheSamePage")
    page.go_back()
    expect(page.locator("#chosen")).to_have_count(0)
    expect(page.locator(".node", has_text="Stop zone").first).to_be_visible()


def test_graph_is_zoomed_dragged_and_fitted_and_the_address_shows_the_same(
    page: Page, stack: Stack, run: UpgradeRun
) -> None:
    stack.start_web()
    open_page(page, stack, run)
    dag, canvas, figure = page.locator(".dag"), page.locator(".canvas"), page.locator("[data-zoom-figure]")
    natural = int(dag.get_attribute("width") or 0)
    page.keyboard.press("+")
    expect(figure).to_have_text("125 %")
    page.locator("[data-zoom=out]").click()
    expect(dag).to_have_attribute("width", str(natural))
    box = canvas.bounding_box()
    assert box is not None
    is_zoomed_by_the_wheel(page, box["x"] + box["width"] / 2, box["y"] + 150)
    page.mouse.move(box["x"] + 200, box["y"] + 150)
    expect(page).to_have_url(re.compile(r"zoom=\d+&centre=-?\d+,-?\d+"))
    left, address = canvas.evaluate("canvas => canvas.scrollLeft"), page.url
    page.mouse.down()
    page.mouse.move(box["x"] + 100, box["y"] + 100, steps=4)
    page.mouse.up()
    assert canvas.evaluate("canvas => canvas.scrollLeft") > left
    expect(page).not_to_have_url(address)
    is_the_same_after_a_reload(page)
    is_fitted(page)
    page.keyboard.press("c")
    expect(page).to_have_url(re.compile(f"node={at_work(run)}"))
    expect(page.locator(f'.node[data-key="{at_work(run)}"]')).to_be_in_viewport()


def is_zoomed_by_the_wheel(page: Page, x: float, y: float) -> None:
    """With Control alone; stretched at first, then drawn at its size, and what the pointer is on stays there."""
    dag, figure = page.locator(".dag"), page.locator("[data-zoom-figure]")
    page.mouse.move(x, y)
    page.mouse.wheel(0, 10)
    wait_until(lambda: page.locator(".canvas").evaluate("canvas => canvas.scrollTop") + page.evaluate("scrollY") == 10)
    expect(figure).to_have_text("100 %")
    natural, pointed = int(dag.get_attribute("width") or 0), page.evaluate(POINTED, [x, y])
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    expect(figure).not_to_have_text("100 %")
    expect(dag).not_to_have_class(re.compile("dag--held"))
    assert int(dag.get_attribute("width") or 0) > natural
    now = page.evaluate(POINTED, [x, y])
    assert [round(one - other) for one, other in zip(pointed, now, strict=True)] == [0, 0]


def is_fitted(page: Page) -> None:
    """The whole graph is in its frame."""
    dag = page.locator(".dag")
    page.keyboard.press("0")
    expect(dag).to_have_class(re.compile("dag--fit"))
    assert dag.evaluate("dag => dag.getBoundingClientRect().width <= dag.parentElement.clientWidth")


def is_the_same_after_a_reload(page: Page) -> None:
    """The address holds zoom and place."""
    figure, place = page.locator("[data-zoom-figure]").inner_text(), page.evaluate(SCROLLED)
    page.reload()
    expect(page.locator("[data-zoom-figure]")).to_have_text(figure)
    wait_until(lambda: abs(page.evaluate(SCROLLED) - place) < 16)


def test_single_keys_move_from_subtask_to_subtask(page: Page, stack: Stack, run: UpgradeRun) -> None:
    stack.start_web()
    open_page(page, stack, run)
    wanted = page.locator(".twin a.st[data-key]").evaluate_all("lines => lines.map((line) => line.dataset.key)")
    reached = []
    for _stop in range(page.locator(".twin a.st").count()):
        page.keyboard.press("j")
        reached.append(page.evaluate("document.activeElement.dataset.key || ''"))
    assert [key for key in reached if key] == wanted
    page.keyboard.press("k")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.dataset.key || ''") == reached[-1]
    page.set_viewport_size({"width": 390, "height": 844})
    page.keyboard.press("j")
    expect(page.locator(".twin a.st").first).to_be_focused()


def test_without_scripts_the_page_shows_state_and_opens_groups(chromium: Any, stack: Stack, run: UpgradeRun) -> None:
    stack.start_web()
    context = chromium.new_context(java_script_enabled=False, locale="en-GB")
    page = context.new_page()
    open_page(page, stack, run)
    expect(page.locator(".node[data-status=running]").first).to_contain_text("RUNNING")
    page.locator(".node--fold", has_text="Zone 1 of").first.click()
    page.locator(".node", has_text="Stop zone").first.click()
    expect(page.locator("#chosen h2")).to_contain_text("Stop zone")
    context.close()


def test_page_fits_a_phone(page: Page, stack: Stack, run: UpgradeRun) -> None:
    stack.start_web()
    page.set_viewport_size({"width": 390, "height": 844})
    for rest in ("", "?view=timeline", "?view=table", "?view=events", f"?node={at_work(run)}"):
        open_page(page, stack, run, rest)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), rest
    expect(page.locator(".twin")).to_be_visible()


def test_paper_shows_the_graph_as_wide_as_the_sheet_and_its_list(page: Page, stack: Stack, run: UpgradeRun) -> None:
    stack.start_web()
    page.set_viewport_size({"width": 702, "height": 1000})
    page.emulate_media(media="print")
    open_page(page, stack, run)
    expect(page.locator(".dag")).to_be_visible()
    expect(page.locator(".twin")).to_be_visible()
    expect(page.locator(".tabs")).to_be_hidden()
    assert page.evaluate("document.querySelector('.dag').getBoundingClientRect().right <= innerWidth")
    open_page(page, stack, run, "?view=table")
    assert page.evaluate("document.querySelector('table').getBoundingClientRect().right <= innerWidth")

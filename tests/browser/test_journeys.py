"""The main job in Chromium: by mouse, by keyboard alone, in Chinese, on a phone; and with a sign-in that ran out."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from ocpdash.processes import wait_until
from tests.browser.conftest import Meet
from tests.journey.steps import Person
from tests.scenes import CLUSTER, TARGET, control, posts
from tests.stack import Stack
from upgrades.models import ChangeRequest, UpgradeRun
from upgrades.services import schedule, submission
from upgrades.simulator.server import LookAlike

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

PURPOSE = "Fixes incident 2291."
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def ask(operator: Person) -> int:
    """From the list of clusters to a request in review; its number."""
    operator.open_cluster(CLUSTER)
    operator.begin_request()
    operator.fill_in_request(PURPOSE, TARGET)
    number = operator.save_request()
    operator.send_request()
    return number


def approve(approver: Person, number: int) -> None:
    approver.open_request(number)
    approver.approve("Read, and agreed.")
    approver.await_status("approved")


def start(operator: Person, number: int) -> None:
    operator.open_request(number)
    operator.start()
    operator.await_status("starting")


def post(number: int) -> None:
    """What the Celery worker does, here and now."""
    schedule.beat_heart("worker")
    schedule.beat_heart("follower")
    submission.submit(number)
    assert UpgradeRun.objects.get(pk=number).status == "running"


def fits(person: Person) -> bool:
    """Whether the page needs no scrolling sideways."""
    return bool(person.page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_main_job_by_mouse_with_every_process(meet: Meet, town: Stack, look_alike: LookAlike) -> None:
    for name in ("tick", "follow"):
        town.start_worker(name)
    town.start_beat()
    olga, amir, uma = meet("olga"), meet("amir"), meet("uma")
    number = ask(olga)
    approve(amir, number)
    olga.open_request(number)
    olga.start()
    assert wait_until(lambda: UpgradeRun.objects.filter(pk=number, status="running").exists(), 20)
    for person in (olga, amir, uma):
        person.watch(number)
        person.await_status("running")
    control(look_alike, "POST", "/speed", speed=1500)
    for person in (olga, amir, uma):
        person.await_status("verified", seconds=60)
    assert [post["body"] for post in posts(look_alike)] == [UpgradeRun.objects.get(pk=number).body]
    change_request = ChangeRequest.objects.get(pk=number)
    assert (change_request.status, change_request.outcome) == ("done", "verified")


def test_main_job_by_keyboard_alone(meet: Meet) -> None:
    olga, amir = meet("olga", has_mouse=False), meet("amir", has_mouse=False)
    number = ask(olga)
    approve(amir, number)
    start(olga, number)
    post(number)
    olga.watch(number)
    olga.await_status("running")
    # From the top of the page into the graph's table twin or the graph itself, by Tab.
    assert any(is_on_subtask(olga) for _stop in tabs(olga, 120)), "Tab reaches no subtask"


def tabs(person: Person, most: int) -> Iterator[int]:
    for stop in range(most):
        person.page.keyboard.press("Tab")
        yield stop


def is_on_subtask(person: Person) -> bool:
    """Whether the focus is on something that shows one subtask."""
    inside = "() => Boolean(document.activeElement.closest('.dag, .live, table'))"
    return bool(person.page.evaluate(inside))


def test_main_job_in_chinese(meet: Meet) -> None:
    olga, amir = meet("olga"), meet("amir", locale="zh-CN")
    olga.change_language("zh-hans")
    expect(amir.page.locator("html")).to_have_attribute("lang", "zh-hans")
    number = ask(olga)
    approve(amir, number)
    start(olga, number)
    post(number)
    for person in (olga, amir):
        person.watch(number)
        person.await_status("running")
        assert person.page.locator("html").get_attribute("lang") == "zh-hans"


def test_main_job_on_a_phone(meet: Meet) -> None:
    olga, amir = meet("olga", **PHONE), meet("amir", **PHONE)
    number = ask(olga)
    assert fits(olga)
    approve(amir, number)
    assert fits(amir)
    start(olga, number)
    post(number)
    olga.watch(number)
    olga.await_status("running")
    assert fits(olga)


def test_request_is_not_lost_when_the_sign_in_runs_out_in_mid_form(meet: Meet) -> None:
    olga = meet("olga")
    olga.open_cluster(CLUSTER)
    olga.begin_request()
    form = olga.page.url
    olga.fill_in_request(PURPOSE, TARGET)
    olga.page.context.clear_cookies(name="sessionid")
    olga.page.locator("form:has(textarea[name=purpose]) button[type=submit]").click()
    expect(olga.page).to_have_url(re.compile("/sign-in/"))
    olga.fill_in_sign_in()
    expect(olga.page).to_have_url(form)
    expect(olga.purpose).to_have_value(PURPOSE)
    expect(olga.page.locator("input[name=target_file_name]:checked")).to_have_value(TARGET)
    number = olga.save_request()
    assert ChangeRequest.objects.get(pk=number).purpose == PURPOSE


def test_vote_is_not_lost_when_the_sign_in_runs_out_in_mid_form(meet: Meet) -> None:
    olga, amir = meet("olga"), meet("amir")
    number = ask(olga)
    amir.open_request(number)
    amir.page.locator("form[action$='/votes/'] textarea").fill("Read line by line.")
    amir.page.locator("form[action$='/comments/'] textarea").fill("@olga, one thing:")
    amir.page.context.clear_cookies(name="sessionid")
    amir.page.locator("form[action$='/votes/'] button[value=approve]").click()
    expect(amir.page).to_have_url(re.compile("/sign-in/"))
    amir.fill_in_sign_in()
    expect(amir.page.locator("form[action$='/votes/'] textarea")).to_have_value("Read line by line.")
    expect(amir.page.locator("form[action$='/comments/'] textarea")).to_have_value("@olga, one thing:")
    # Signing in again has voted for nobody.
    assert ChangeRequest.objects.get(pk=number).status == "in_review"
    amir.page.locator("form[action$='/votes/'] button[value=approve]").click()
    amir.await_status("approved")

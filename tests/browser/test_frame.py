"""The frame in Chromium: colours, dialogs, kept text, copies, the phone's menu; and nothing against the policy."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.factories import make_cluster, make_user
from upgrades.models import Cluster, User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("services")]

PASSWORD = "correct horse battery"


@pytest.fixture
def admin(transactional_db: None) -> User:
    return make_user("gao.peng", "admin", full_name="Gao Peng", password=PASSWORD)


@pytest.fixture
def other(transactional_db: None) -> User:
    return make_user("wang.lei", "operator", full_name="Wang Lei", password=PASSWORD)


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """What the browser complains about; a page of ours gives it no reason to."""
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    yield heard
    assert heard == []


def sign_in(page: Page, url: str, username: str = "gao.peng") -> None:
    page.goto(f"{url}/sign-in/")
    page.get_by_label("Username").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("nav.nav")).to_be_attached()


def test_pages_give_the_browser_no_reason_to_complain(
    page: Page, live_server: LiveServer, admin: User, other: User, complaints: list[str]
) -> None:
    sign_in(page, live_server.url)
    for address in ("/", "/inbox/", "/users/", "/users/new/", f"/users/{other.pk}/"):
        page.goto(live_server.url + address)
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 844})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{address} at {width}"
        page.set_viewport_size({"width": 1440, "height": 900})


def test_icons_are_drawn_from_the_file(page: Page, live_server: LiveServer, admin: User) -> None:
    sign_in(page, live_server.url)
    box = page.locator("nav.nav svg.i use").first.bounding_box()
    assert box is not None
    assert box["width"] > 5


def test_colours_change_at_once_and_are_kept(page: Page, live_server: LiveServer, admin: User) -> None:
    sign_in(page, live_server.url)
    with page.expect_response(re.compile("/theme/$")):
        page.locator(".top__end > div [value=dark]").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator(".top__end > div [value=dark]")).to_have_attribute("aria-pressed", "true")


def test_dialog_asks_first_and_escape_changes_nothing(
    page: Page, live_server: LiveServer, admin: User, other: User
) -> None:
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/users/{other.pk}/")
    page.get_by_role("button", name="Deactivate Wang Lei").click()
    expect(page.get_by_role("dialog")).to_contain_text("Deactivate Wang Lei?")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Deactivate Wang Lei")).to_be_focused()
    other.refresh_from_db()
    assert other.is_active
    page.get_by_role("button", name="Deactivate Wang Lei").click()
    page.get_by_role("dialog").get_by_role("button", name="Deactivate Wang Lei").click()
    expect(page.get_by_role("status").first).to_contain_text("Wang Lei can no longer sign in.")
    page.locator(".toast summary").click()
    expect(page.locator(".toast")).to_be_hidden()


def test_typed_text_survives_a_session_that_ended_and_goes_when_it_arrived(
    page: Page, live_server: LiveServer, admin: User
) -> None:
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/users/new/")
    page.get_by_label("Username").fill("lin.yue")
    page.get_by_label("Full name").fill("Lin Yue")
    page.get_by_label("approver, all").check()
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Add this person").click()
    page.get_by_label("Username").fill("gao.peng")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{live_server.url}/users/new/")
    expect(page.get_by_label("Full name")).to_have_value("Lin Yue")
    expect(page.get_by_label("approver, all")).to_be_checked()
    expect(page.get_by_text("What you typed before was put back.")).to_be_visible()
    page.get_by_role("button", name="Add this person").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lin Yue")
    page.goto(f"{live_server.url}/users/new/")
    expect(page.get_by_label("Full name")).to_have_value("")
    expect(page.get_by_text("What you typed before was put back.")).to_be_hidden()


def test_typed_owner_survives_a_form_that_somebody_overtook(page: Page, live_server: LiveServer, other: User) -> None:
    cluster = make_cluster()
    sign_in(page, live_server.url, "wang.lei")
    page.goto(f"{live_server.url}/clusters/{cluster.pk}/")
    page.get_by_label("Owner").fill("Payments")
    Cluster.objects.update(owner="Somebody else")
    page.get_by_role("button", name="Set owner and labels").click()
    expect(page.get_by_text("409")).to_be_visible()
    page.goto(f"{live_server.url}/clusters/{cluster.pk}/")
    expect(page.get_by_label("Owner")).to_have_value("Payments")
    expect(page.get_by_text("What you typed before was put back.")).to_be_visible()


def test_typed_text_of_one_person_is_not_shown_to_the_next(
    page: Page, live_server: LiveServer, admin: User, transactional_db: None
) -> None:
    make_user("ada", "admin", password=PASSWORD)
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/users/new/")
    page.get_by_label("Full name").fill("Secret plan")
    page.context.clear_cookies(name="sessionid")
    sign_in(page, live_server.url, "ada")
    page.goto(f"{live_server.url}/users/new/")
    expect(page.get_by_label("Full name")).to_have_value("")


def test_link_is_copied_whole(page: Page, live_server: LiveServer, admin: User, other: User) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/users/{other.pk}/")
    page.get_by_role("button", name="Make a link to set a password").click()
    page.get_by_role("button", name="Copy the whole link").click()
    expect(page.locator("[data-copy] use")).to_have_attribute("href", re.compile("#check$"))
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator(".banner code").inner_text()
    assert Client().get(copied.removeprefix(live_server.url)).status_code == 200


def test_phone_reaches_every_place_by_its_menu_and_escape_closes_it(
    page: Page, live_server: LiveServer, admin: User
) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    sign_in(page, live_server.url)
    page.locator(".menu summary").click()
    expect(page.locator(".menu").get_by_role("link", name="People")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".menu").get_by_role("link", name="People")).to_be_hidden()
    page.locator(".pop summary").click()
    expect(page.locator(".pop").get_by_role("button", name="简体中文")).to_be_visible()
    expect(page.locator(".pop").get_by_role("button", name="Sign out")).to_be_visible()


def test_keyboard_skips_to_the_content(page: Page, live_server: LiveServer, admin: User) -> None:
    sign_in(page, live_server.url)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_second_click_sends_nothing_while_the_answer_is_on_its_way(
    page: Page, live_server: LiveServer, admin: User
) -> None:
    sign_in(page, live_server.url)
    page.goto(f"{live_server.url}/users/new/")
    page.get_by_label("Username").fill("lin.yue")
    page.get_by_label("Full name").fill("Lin Yue")
    # The last to hear of a submit keeps it from leaving, and notes whether it would have left.
    stopped = page.evaluate(
        """() => {
            const stopped = [];
            addEventListener("submit", (event) => { stopped.push(event.defaultPrevented); event.preventDefault(); });
            const button = document.querySelector("form[data-keep] button.btn--main");
            button.click();
            button.click();
            return stopped;
        }"""
    )
    assert stopped == [False, True]

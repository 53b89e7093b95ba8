"""Single keys in Chromium: the list of them, places, the search field; never while somebody types; and off."""

import pytest
from django.test import Client
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.test_frame import PASSWORD, sign_in
from tests.factories import make_cluster, make_user
from tests.scenes import Cast
from tests.views.acting import in_review, mirror, url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("services")]


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def listed(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Keyboard shortcuts")


@pytest.fixture
def home(page: Page, live_server: LiveServer, transactional_db: None) -> Page:
    """The first page of somebody who has signed in."""
    make_user("gao.peng", "admin", password=PASSWORD)
    make_cluster()
    sign_in(page, live_server.url)
    return page


def test_single_keys_lead_everywhere_and_never_while_one_types(home: Page, live_server: LiveServer) -> None:
    page, dialog = home, listed(home)
    inbox = page.locator("nav.nav").get_by_role("link", name="Needs me")
    inbox.focus()
    press(page, "?")
    expect(dialog).to_contain_text("Go to: Clusters")
    press(page, "g", "c")
    expect(dialog).to_be_visible()
    press(page, "Escape")
    expect(dialog).to_be_hidden()
    expect(inbox).to_be_focused()
    press(page, "Control+g", "c")
    expect(page).to_have_url(f"{live_server.url}/")

    for key, place in {"p": "packages", "r": "change-requests", "u": "runs", "i": "inbox", "c": "clusters"}.items():
        press(page, "g", key)
        expect(page).to_have_url(f"{live_server.url}/{place}/")
        # The address changes before the page's script listens.
        page.wait_for_load_state()
    press(page, "/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("g/r?")
    expect(search).to_have_value("g/r?")
    expect(dialog).to_be_hidden()


def test_single_keys_are_switched_off_and_the_mouse_still_finds_the_list(home: Page, live_server: LiveServer) -> None:
    page, dialog = home, listed(home)
    page.get_by_role("link", name="Keyboard shortcuts").first.click()
    dialog.get_by_role("link", name="Turn single keys off").click()
    page.locator("main").get_by_role("button", name="Turn single keys off").click()
    expect(page.get_by_text("Single keys do nothing in this browser.")).to_be_visible()
    press(page, "?", "g", "h")
    expect(dialog).to_be_hidden()
    page.locator(".top__end > a[data-keys-open]").click()
    expect(dialog).to_be_visible()
    expect(page).to_have_url(f"{live_server.url}/settings/#keyboard")


def test_single_keys_walk_from_one_request_that_needs_the_reader_to_the_next(
    page: Page, live_server: LiveServer, transactional_db: None
) -> None:
    cast = Cast()
    first, second = (url("detail", in_review(cast, mirror(name))) for name in ("pay_core", "shop_core"))
    client = Client()
    client.force_login(cast.amir)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
    page.context.add_cookies([cookie])
    page.goto(f"{live_server.url}{first}?inbox")
    press(page, "k")
    expect(page).to_have_url(f"{live_server.url}{first}?inbox")
    press(page, "j")
    expect(page).to_have_url(f"{live_server.url}{second}?inbox")
    press(page, "k")
    expect(page).to_have_url(f"{live_server.url}{first}?inbox")

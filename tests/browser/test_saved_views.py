"""A view is saved, found again, renamed and deleted by keyboard alone."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.test_frame import PASSWORD, sign_in
from tests.factories import make_cluster, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("services")]


def reach(page: Page, wanted: Locator) -> None:
    """Go on by Tab until the wanted thing has the focus."""
    expect(wanted).to_be_visible()
    for _press in range(80):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {wanted}")


def test_a_view_is_kept_and_changed_by_keyboard(page: Page, live_server: LiveServer) -> None:
    make_user("vera", "viewer", password=PASSWORD)
    make_cluster(name="alpha", environment="dev", zones=0)
    sign_in(page, live_server.url, "vera")
    page.goto(f"{live_server.url}/clusters/?environment=dev")
    reach(page, page.locator("summary", has_text="Save this view"))
    page.keyboard.press("Enter")
    reach(page, page.get_by_label("Name of the view"))
    page.keyboard.type("Dev only")
    page.keyboard.press("Enter")
    current = page.locator(".saved [aria-current]")
    expect(current).to_have_text(re.compile(r"Dev only\s+current view"))
    page.goto(f"{live_server.url}/clusters/")
    reach(page, page.get_by_role("link", name="Dev only"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?environment=dev$"))
    reach(page, page.get_by_role("link", name="Rename or delete"))
    page.keyboard.press("Enter")
    reach(page, page.get_by_label("Name of the view"))
    page.keyboard.press("Control+a")
    page.keyboard.type("Days")
    page.keyboard.press("Enter")
    expect(current).to_have_text(re.compile(r"Days\s+current view"))
    reach(page, page.get_by_role("link", name="Rename or delete"))
    page.keyboard.press("Enter")
    reach(page, page.get_by_role("button", name="Delete this view"))
    page.keyboard.press("Enter")
    reach(page, page.get_by_role("dialog").get_by_role("button", name="Delete this view"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?environment=dev$"))
    expect(page.locator(".saved")).not_to_contain_text("Days")

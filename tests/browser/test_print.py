"""What a sheet of paper shows: black on white from any colours, no chrome, every column, from where and by whom."""

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.scenes import Cast
from tests.views.acting import ballot, client_of, in_review, mirror, run_of, url
from upgrades.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("services")]

# A4 upright less the margins of print.css, in pixels of 1/96 inch.
SHEET = 702
INK = "getComputedStyle(document.querySelector('main h1')).color"
PAPER = "getComputedStyle(document.body).backgroundColor"
TOO_WIDE = """most => [...document.querySelectorAll("main *")]
    .filter((element) => element.checkVisibility() && !element.closest(".sr"))
    .filter((element) => element.getBoundingClientRect().right > most + 1)
    .map((element) => element.outerHTML.slice(0, 200))"""


def paper(browser: Browser, url: str, user: User) -> Page:
    """A page as this person would print it, who reads in the dark."""
    page = browser.new_context(viewport={"width": SHEET, "height": 1000}, color_scheme="dark").new_page()
    client = Client()
    client.force_login(user)
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": url}])
    page.emulate_media(media="print", color_scheme="dark")
    return page


def test_every_kind_of_page_is_whole_on_paper(
    chromium: Browser, live_server: LiveServer, transactional_db: None
) -> None:
    cast = Cast()
    voted = in_review(cast, mirror(), quorum=2)
    client_of(cast.amir).post(url("vote", voted), ballot(voted))
    run = run_of(in_review(cast, mirror("pay_core")))
    page = paper(chromium, live_server.url, cast.ada)
    lists = ("/", "/clusters/", "/packages/", "/upgrade-paths/", "/change-requests/", "/runs/", "/audit/", "/users/")
    for address in (*lists, f"/clusters/{voted.cluster_id}/", url("detail", voted), f"/runs/{run.pk}/"):
        page.goto(live_server.url + address)
        expect(page.locator(".top, nav.nav, .vote, main button:not([data-copy])").filter(visible=True)).to_have_count(0)
        expect(page.locator(".paper")).to_contain_text("Printed by")
        assert (page.evaluate(INK), page.evaluate(PAPER)) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)"), address
        assert page.evaluate(TOO_WIDE, SHEET) == [], address
    page.goto(live_server.url + url("detail", voted))
    expect(page.locator("main")).to_contain_text("amir")
    whole = "getComputedStyle(document.querySelector('[data-copy]'), '::after').content"
    assert page.evaluate(whole) == f'"{voted.fingerprint}"'
    # In one line or two, not letter under letter.
    assert page.evaluate("document.querySelector('[data-copy]').getBoundingClientRect().height") < 60
    page.context.close()

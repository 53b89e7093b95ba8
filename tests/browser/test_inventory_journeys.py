"""Endpoints, clusters, paths and settings, by mouse and by keyboard alone, in both languages, themes and widths."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PASSWORD, Meet
from tests.browser.walk import CUT_OFF, PHONE
from tests.factories import make_user
from tests.journey.steps import Person
from tests.scenes import CLUSTER, TARGET
from upgrades.models import Cluster, Endpoint, PathFile, User
from upgrades.services import inventory, topology
from upgrades.simulator.server import LookAlike

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

WIDTHS = (1440, PHONE)
EN_LIGHT: dict[str, Any] = {"locale": "en-GB", "color_scheme": "light", "viewport": {"width": 1440, "height": 900}}
EN_DARK: dict[str, Any] = {"locale": "en-GB", "color_scheme": "dark", "viewport": {"width": 1440, "height": 900}}
ZH_DARK: dict[str, Any] = {"locale": "zh-CN", "color_scheme": "dark", "viewport": {"width": 390, "height": 844}}
ZH_LIGHT: dict[str, Any] = {"locale": "zh-CN", "color_scheme": "light", "viewport": {"width": 390, "height": 844}}
NEW_PASSWORD = "another longer password"


@pytest.fixture
def second() -> Iterator[LookAlike]:
    """Another OCP."""
    running = LookAlike(speed=0)
    running.start()
    yield running
    running.stop()


def look(person: Person) -> None:
    """The page needs no scrolling sideways, in its own width and in the other one."""
    own = person.page.viewport_size
    assert own is not None
    for width in (*(width for width in WIDTHS if width != own["width"]), own["width"]):
        person.page.set_viewport_size({"width": width, "height": own["height"]})
        assert person.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), f"{person.page.url} {width}"
        if width == PHONE:
            assert person.page.evaluate(CUT_OFF) == [], person.page.url


def go(person: Person, path: str) -> None:
    person.page.goto(f"{person.url}{path}")
    look(person)


def add_endpoint(ada: Person, ocp: LookAlike) -> None:
    """From the list to an endpoint that is tried, kept and read."""
    page, hands = ada.page, ada.hands
    go(ada, "/endpoints/")
    hands.press(page.locator("main a[href$='/endpoints/new/']").first)
    look(ada)
    for name, text in {"name": "Beijing", "base_url": ocp.url, "account_name": ocp.username}.items():
        hands.write(page.locator(f"input[name={name}]"), text)
    hands.choose(page.locator("input[name=is_http_allowed]"))
    hands.write(page.locator("input[name=secret]"), ocp.password)
    hands.press(page.locator("button[value=test]"))
    expect(page.locator("#tested li").first).to_be_visible()
    expect(page.locator("#tested li[data-status=failed]")).to_have_count(0)
    look(ada)
    hands.press(page.locator("form[data-keep=endpoint-new] button.btn--main"))
    expect(page).to_have_url(re.compile(r"/endpoints/\d+/$"))
    look(ada)
    before = Cluster.objects.count()
    # What the Celery worker does, here and now.
    inventory.sync(Endpoint.objects.get(name="Beijing"))
    assert Cluster.objects.count() == 2 * before
    go(ada, "/clusters/")
    expect(page.locator("main h1 .count")).to_have_text(str(2 * before))


def tell_servers_apart(ada: Person) -> None:
    """The second OCP shows a server of the first one: it is only read until an admin says that they are two."""
    page, hands = ada.page, ada.hands
    beijing = Endpoint.objects.get(name="Beijing")
    topology.sync(beijing.clusters.get(name=CLUSTER))
    go(ada, f"/endpoints/{beijing.pk}/")
    expect(page.locator(".banner[data-status=unconfirmed]")).to_be_visible()
    hands.press(page.locator("form[action$='/tell-apart/'] button"))
    hands.press(page.locator("dialog[open] button[value=yes]"))
    expect(page.locator(".toast")).to_be_visible()
    expect(page.locator("form[action$='/tell-apart/']")).to_have_count(0)
    beijing.refresh_from_db()
    assert len(beijing.told_apart_from) == 1


def move_endpoint(ada: Person, ben: Person) -> None:
    """One admin proposes another address, and another one confirms it."""
    path = f"/endpoints/{Endpoint.objects.get(name='Beijing').pk}/"
    go(ada, path)
    panel = ada.page.locator("#address")
    ada.hands.press(panel.locator("summary"))
    look(ada)
    ada.hands.write(panel.locator("input[name=base_url]"), "https://ocp-2.example.com")
    ada.hands.write(panel.locator("[name=purpose]"), "It moves to another rack.")
    ada.hands.press(panel.locator("form[action$='/address/'] button[type=submit]"))
    expect(panel.locator("form[action$='/withdraw/']")).to_be_visible()
    # Who proposed it cannot confirm it.
    expect(panel.locator("form[action$='/confirm/']")).to_have_count(0)
    look(ada)
    go(ben, path)
    ben.hands.choose(ben.page.locator("input[name=is_read]"))
    ben.hands.press(ben.page.locator("form[action$='/confirm/'] button"))
    expect(ben.page.locator(".head__sub")).to_contain_text("https://ocp-2.example.com")
    look(ben)
    moved = Endpoint.objects.get(name="Beijing")
    assert (moved.base_url, moved.credentials, moved.told_apart_from) == ("https://ocp-2.example.com", "", [])


def find_a_package_and_a_way(person: Person) -> None:
    """From the list of packages to one of them, and from there to the way of its versions."""
    page, hands = person.page, person.hands
    go(person, "/packages/")
    hands.write(page.get_by_role("searchbox"), TARGET)
    page.keyboard.press("Enter")
    expect(page.locator("main a.name")).to_have_count(1)
    look(person)
    hands.press(page.locator("main a.name"))
    expect(page).to_have_url(re.compile(r"/packages/\d+/$"))
    expect(page.locator("main")).to_contain_text(CLUSTER)
    look(person)
    hands.press(page.locator("main a[href*='/upgrade-paths/?endpoint=']"))
    hands.write(page.locator("input[name=source]"), "3.1.2")
    hands.write(page.locator("input[name=target]"), "4.2.1.8")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("source=3.1.2&target=4.2.1.8"))
    # OceanBase's own wall, with whose rule it is.
    expect(page.locator("main [data-status=blocked]").first).to_be_visible()
    look(person)


def order_clusters(person: Person) -> None:
    """By name, last first; a phone, whose rows are cards, has the columns' heads for it too."""
    page, hands = person.page, person.hands
    go(person, "/clusters/")
    names = page.locator("main tbody a.name")
    for sort in ("name", "-name"):
        hands.press(page.locator("main thead a[href*='sort=']").first)
        expect(page).to_have_url(re.compile(rf"[?&]sort={sort}"))
    shown = [text.strip() for text in names.all_inner_texts()]
    assert shown == sorted(shown, reverse=True)
    look(person)


def set_oneself_up(person: Person) -> None:
    """Zone, language and password."""
    page, hands = person.page, person.hands
    go(person, "/settings/")
    page.locator("select[name=time_zone]").select_option("Asia/Tokyo")
    hands.press(page.locator("form:has(select[name=time_zone]) button[type=submit]"))
    expect(page.locator("main form p").first).to_contain_text("Asia/Tokyo, UTC+09")
    look(person)
    other = "en" if page.locator("html").get_attribute("lang") == "zh-hans" else "zh-hans"
    hands.press(page.locator(f"main button[name=language][value={other}]"))
    expect(page.locator("html")).to_have_attribute("lang", other)
    look(person)
    for name, text in {"current": PASSWORD, "password": NEW_PASSWORD, "again": NEW_PASSWORD}.items():
        hands.write(page.locator(f"input[name={name}]"), text)
    hands.press(page.locator("form[action$='/settings/password/'] button[type=submit]"))
    expect(page.locator(".toast")).to_be_visible()
    user = User.objects.get(username=person.username)
    assert (user.check_password(NEW_PASSWORD), user.time_zone) == (True, "Asia/Tokyo")


def describe_and_ask(olga: Person) -> None:
    """From the list of clusters to the form of a request, past the export and the owner."""
    page, hands = olga.page, olga.hands
    go(olga, "/clusters/")
    hands.write(page.get_by_role("searchbox"), CLUSTER)
    page.keyboard.press("Enter")
    expect(page.locator("main a.name")).to_have_count(1)
    look(olga)
    with page.expect_download() as export:
        hands.press(page.locator("main a[href*='export.csv']"))
    assert CLUSTER in export.value.path().read_text(encoding="utf-8")
    hands.press(page.locator("main a.name"))
    expect(page).to_have_url(re.compile(r"/clusters/\d+/$"))
    look(olga)
    hands.write(page.locator("input[name=owner]"), "Payments")
    hands.write(page.locator("[name=labels]"), "core, gold")
    hands.press(page.locator("form[action$='/describe/'] button[type=submit]"))
    expect(page.locator(".toast")).to_be_visible()
    cluster = Cluster.objects.get(name=CLUSTER)
    assert (cluster.owner, cluster.labels) == ("Payments", ["core", "gold"])
    olga.begin_request()
    look(olga)
    expect(page.locator("input[name=target_file_name]").first).to_be_attached()


def put_file_in_force(ada: Person) -> None:
    """A path file with an error, mended, kept, and in force."""
    page, hands = ada.page, ada.hands
    go(ada, "/upgrade-paths/")
    hands.press(page.locator("main a[href*='/upgrade-paths/new/']").first)
    look(ada)
    text, keep = page.locator("textarea[name=text]"), page.locator("form[data-keep^=paths-] button.btn--main")
    hands.write(text, "- version: 4.2.1.8\n  can_be_upgraded_to: 4.3.0.1\n")
    hands.press(keep)
    expect(page.locator("#id_text_error")).to_be_visible()
    expect(text).to_have_value(re.compile("can_be_upgraded_to: 4.3.0.1"))
    look(ada)
    hands.write(text, "- version: 4.2.1.8\n  can_be_upgraded_to:\n    - 4.3.0.1\n- version: 4.3.0.1\n")
    hands.press(keep)
    expect(page).to_have_url(re.compile(r"/upgrade-paths/\d+/$"))
    look(ada)
    hands.press(page.locator("form[action$='/activate/'] button"))
    expect(page.locator(".toast")).to_be_visible()
    assert PathFile.objects.get().is_active
    look(ada)


def test_admin_adds_an_ocp_and_somebody_sets_oneself_up_by_mouse(meet: Meet, second: LookAlike) -> None:
    ada = meet("ada", **ZH_DARK)
    add_endpoint(ada, second)
    tell_servers_apart(ada)
    order_clusters(ada)
    make_user("ben", "admin", password=PASSWORD)
    move_endpoint(ada, meet("ben", has_mouse=False, **EN_DARK))
    set_oneself_up(meet("uma", **EN_LIGHT))


def test_cluster_is_described_and_a_path_file_comes_into_force_by_keyboard(meet: Meet) -> None:
    olga = meet("olga", has_mouse=False, **EN_DARK)
    describe_and_ask(olga)
    find_a_package_and_a_way(olga)
    put_file_in_force(meet("ada", has_mouse=False, **ZH_LIGHT))

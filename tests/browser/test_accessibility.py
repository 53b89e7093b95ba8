"""Every page of every role, in a state worth seeing, both colours and two widths: axe, width, console and title.

One web process, one browser and one set of rows for the whole walk; a page is loaded once and looked at in all ways.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python.base as axe
import pytest
from django.contrib.auth.tokens import default_token_generator
from django.test import Client
from django.utils.http import urlsafe_base64_encode
from playwright.sync_api import Browser, BrowserContext, Page

from tests import followed, scenes
from tests.scenes import CLUSTER, OTHER, OTHER_TARGET, PAIR, PAIR_TARGET, Cast
from tests.stack import Stack
from tests.views.acting import run_of
from upgrades.models import ChangeRequest, Cluster, UpgradeRun, User
from upgrades.services import change_requests, decisions, schedule
from upgrades.simulator.server import LookAlike

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

# A rule of axe's that is no fault of ours would be named here, with why; there is none.
ALL_RULES: dict[str, Any] = {"resultTypes": ["violations"]}
# Of all rules only this one depends on the colours, and so it alone is asked a second time.
COLOURS: dict[str, Any] = {**ALL_RULES, "runOnly": {"type": "rule", "values": ["color-contrast"]}}
PHONE = 390
# A phone in light shows the elements of a phone in dark with the colours of a wide page in light.
WAYS: tuple[tuple[int, Literal["light", "dark"], dict[str, Any]], ...] = (
    (1440, "light", ALL_RULES),
    (1440, "dark", COLOURS),
    (PHONE, "dark", ALL_RULES),
)
LISTS = ("/", "/inbox/", "/clusters/", "/packages/", "/change-requests/", "/runs/", "/audit/")
# The browser's own line for an answer that the walk asks for: 400, 403, 404, 409.
EXPECTED = "Failed to load resource"


class Walk:
    """Looks at pages and keeps what is wrong with them, by person and address."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.url = url
        self.found: dict[str, list[str]] = {}
        self.titles: dict[str, str] = {}
        self._pages: dict[str, Page] = {}
        self._contexts: list[BrowserContext] = []

    def page_of(self, user: User | None) -> Page:
        """The one page of a person; None is somebody who is not signed in."""
        name = user.username if user else ""
        if name not in self._pages:
            context = self.browser.new_context(reduced_motion="reduce", locale="en-GB")
            if user is not None:
                client = Client()
                client.force_login(user)
                context.add_cookies(
                    [{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.url}]
                )
            self._contexts.append(context)
            page = self._pages[name] = context.new_page()
            page.add_init_script(axe.AXE_FILE_PATH.read_text(encoding="utf-8"))
            page.on("console", lambda line: self._hear(page, line.text) if line.type in {"error", "warning"} else None)
            page.on("pageerror", lambda error: self._hear(page, str(error)))
        return self._pages[name]

    def go(self, user: User | None, *addresses: str) -> None:
        """Load each address and look at it in every way."""
        page = self.page_of(user)
        for address in addresses:
            page.goto(self.url + address)
            self.look(page, f"{user.username if user else 'nobody'} {address}")

    def look(self, page: Page, name: str) -> None:
        """The page as it stands, in each of `WAYS`."""
        troubles: list[str] = []
        for width, scheme, options in WAYS:
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)
            troubles += [f"{width} {scheme} {line}" for line in findings(page, options)]
            if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
                troubles.append(f"{width}: scrolls sideways")
        title = self.titles[name] = page.title()
        if not title.endswith(" · ocpdash") or title.startswith(" "):
            troubles.append(f"its title is {title!r}")
        self.found.setdefault(name, []).extend(troubles)

    def wrong(self) -> dict[str, list[str]]:
        """What was found, without the pages that are well."""
        return {name: lines for name, lines in self.found.items() if lines}

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _hear(self, page: Page, text: str) -> None:
        if EXPECTED not in text:
            self.found.setdefault(page.url, []).append(text)


def findings(page: Page, options: dict[str, Any]) -> list[str]:
    """What axe finds: rule, and the elements."""
    result: dict[str, Any] = page.evaluate("options => axe.run(document, options)", options)
    return [f"{found['id']}: {[node['target'] for node in found['nodes']][:3]}" for found in result["violations"]]


@pytest.fixture
def walk(stack: Stack, chromium: Browser) -> Iterator[Walk]:
    stack.start_web()
    walk = Walk(chromium, stack.url)
    yield walk
    walk.close()


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return Cast()


def failed_run(cast: Cast, look_alike: LookAlike) -> UpgradeRun:
    """A run of a primary and its standby that OCP shows as failed, half way."""
    run = followed.posted(cast, cluster=PAIR, target=PAIR_TARGET)
    followed.follow(run)
    return followed.to_failure(look_alike, run)


def run_in_doubt(cast: Cast) -> UpgradeRun:
    """A run that nobody knows about, and a proposal to abandon it."""
    run = run_of(scenes.approved(cast))
    shown = decisions.evidence_hash(decisions.evidence(run, "abandon"))
    decisions.propose(run=run, kind="abandon", purpose="OCP shows nothing.", evidence_hash=shown, actor=cast.olga)
    return run


def draft(cast: Cast) -> ChangeRequest:
    row = Cluster.objects.get(name=CLUSTER)
    return change_requests.create(
        cluster=row, target_file_name=scenes.TARGET, purpose="Fixes incident 2291.", actor=cast.olga
    )


def test_every_page_of_every_role(walk: Walk, cast: Cast, look_alike: LookAlike, settings: Any) -> None:
    vera = scenes.make_user("vera", "viewer")
    empty(walk, cast)
    scenes.connect(look_alike, settings)
    written, waiting = draft(cast), scenes.in_review(cast, cluster=OTHER, target=OTHER_TARGET, quorum=2)
    failed, doubtful = failed_run(cast, look_alike), run_in_doubt(cast)
    for name in ("worker", "follower"):
        schedule.beat_heart(name)
    cluster = Cluster.objects.get(name=CLUSTER)
    runs = [f"/runs/{failed.pk}/", f"/runs/{failed.pk}/?view=table", f"/runs/{failed.pk}/?view=events"]
    runs += [f"/runs/{doubtful.pk}/"]
    requests = [f"/change-requests/{row.pk}/" for row in (written, waiting, failed)]
    walk.go(vera, *LISTS, *requests[1:], *runs, f"/clusters/{cluster.pk}/", "/users/", "/nowhere/")
    walk.go(cast.olga, "/", "/inbox/", *requests, runs[0], runs[-1], f"/clusters/{cluster.pk}/", f"{requests[0]}edit/")
    walk.go(cast.olga, "/change-requests/new/", f"/change-requests/new/?cluster={cluster.pk}")
    walk.go(cast.amir, "/inbox/", requests[1], runs[-1])
    walk.go(
        cast.uma,
        "/",
        "/audit/?event=1",
        "/audit/?group=no&first_day=1999-01-01&number=x",
        "/users/",
        f"/users/{vera.pk}/",
    )
    walk.go(cast.ada, "/", "/users/", "/users/new/", f"/users/{vera.pk}/", f"/clusters/{cluster.pk}/")
    answers(walk, cast, vera, written)
    opened(walk, cast, vera)
    outside(walk, vera)
    assert walk.wrong() == {}, json.dumps(walk.wrong(), indent=1)
    assert titles_that_stand_twice(walk.titles) == {}
    assert walk.titles[f"olga {requests[1]}"] == f"{waiting.number} · {OTHER} · ocpdash"


def empty(walk: Walk, cast: Cast) -> None:
    """The lists before there is anything in them."""
    walk.go(cast.ada, *LISTS)
    walk.found = {f"empty {name}": lines for name, lines in walk.found.items()}
    walk.titles.clear()


def answers(walk: Walk, cast: Cast, vera: User, written: ChangeRequest) -> None:
    """What a form answers: refused as it was filled in, too late, older than the sign-in."""
    page = walk.page_of(cast.ada)
    page.goto(f"{walk.url}/users/new/")
    page.get_by_label("Username").fill("olga")
    page.get_by_label("Full name").fill("Olga")
    page.get_by_role("button", name="Add this person").click()
    walk.look(page, "form with an error")
    page = walk.page_of(cast.olga)
    page.goto(f"{walk.url}/change-requests/{written.pk}/")
    change_requests.withdraw(change_request=written, actor=cast.olga, comment="Not now.")
    page.locator("form[action$='/submit/'] button[type=submit]").click()
    walk.look(page, "409")
    page.goto(f"{walk.url}/change-requests/{written.pk}/")
    page.context.clear_cookies(name="csrftoken")
    page.locator("form[action$='/sign-out/'] button").evaluate("button => button.form.submit()")
    page.wait_for_load_state()
    walk.look(page, "older than the sign-in")


def opened(walk: Walk, cast: Cast, vera: User) -> None:
    """What opens over a page: a dialog, the menu of a phone, the account."""
    page = walk.page_of(cast.ada)
    page.goto(f"{walk.url}/users/{vera.pk}/")
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.locator(".menu summary").click()
    walk.look(page, f"ada /users/{vera.pk}/ menu")
    page.keyboard.press("Escape")
    page.locator(".pop summary").click()
    walk.look(page, f"ada /users/{vera.pk}/ account")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Deactivate").click()
    walk.look(page, f"ada /users/{vera.pk}/ dialog")


def outside(walk: Walk, vera: User) -> None:
    """What is shown to whoever is not signed in."""
    uid, token = urlsafe_base64_encode(str(vera.pk).encode()), default_token_generator.make_token(vera)
    link = f"/set-password/{uid}/{token}/"
    walk.go(None, "/sign-in/", link, "/set-password/MQ/a-b/")
    page = walk.page_of(None)
    page.goto(walk.url + link)
    page.get_by_label("New password").fill("short")
    page.get_by_label("again").fill("other")
    page.get_by_role("button", name="Set the password").click()
    walk.look(page, "set-password with errors")
    page.goto(f"{walk.url}/sign-in/")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    walk.look(page, "sign-in refused")


def titles_that_stand_twice(titles: dict[str, str]) -> dict[str, set[str]]:
    """Titles that two addresses have; filters and views of one page count as that page."""
    pages: dict[str, set[str]] = {}
    for name, title in titles.items():
        _person, found, address = name.partition(" /")
        if found:
            pages.setdefault(title, set()).add(address.partition(" ")[0].partition("?")[0])
    return {title: addresses for title, addresses in pages.items() if len(addresses) > 1}


def test_axe_would_find_a_fault(chromium: Browser, tmp_path: Path) -> None:
    page = chromium.new_page()
    page.set_content(
        "<html lang=en><title>t</title><main><h1>A</h1><img src='data:,'><p style='color:#ccc'>faint</p></main></html>"
    )
    page.add_script_tag(path=axe.AXE_FILE_PATH)
    assert {line.partition(":")[0] for line in findings(page, ALL_RULES)} == {"image-alt", "color-contrast"}
    assert [line.partition(":")[0] for line in findings(page, COLOURS)] == ["color-contrast"]
    page.close()

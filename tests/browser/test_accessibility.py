"""Every page of the product, in a state worth seeing, both colours and two widths: axe, width, console and title.

Which pages there are comes from the table of permissions. One web process, one window and one set of rows for the
whole walk; a page is loaded once, by who may do most there, and looked at in all ways. In `make test` it is looked at
in one of them, by turns; make test-faults has them all.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import axe_playwright_python.base as axe
import pytest
from django.contrib.auth.tokens import default_token_generator
from django.urls import NoReverseMatch, reverse
from django.utils.http import urlsafe_base64_encode
from playwright.sync_api import Browser

from tests import followed, scenes
from tests.browser.walk import (
    ALL_RULES,
    COLOURS,
    MARK_ALIKE,
    PHONE,
    STATE,
    WAYS,
    Walk,
    findings,
    titles_that_stand_twice,
)
from tests.doors import NO_PAGES, table
from tests.factories import make_endpoint, make_user
from tests.scenes import CLUSTER, OTHER, OTHER_TARGET, PAIR, PAIR_TARGET, Cast
from tests.stack import Stack
from tests.town import moved
from tests.views.acting import run_of
from upgrades.models import ChangeRequest, Cluster, Endpoint, PathFile, SavedView, UpgradeRun, User
from upgrades.services import address_changes, change_requests, decisions, path_files, saved_views, schedule
from upgrades.simulator.server import LookAlike

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

PAGES = [door for door in table() if door.method == "GET" and door.name not in NO_PAGES]
LISTS = ("/", "/inbox/", "/clusters/", "/packages/", "/upgrade-paths/", "/change-requests/", "/runs/", "/endpoints/")


@dataclass(frozen=True)
class Rows:
    """What the pages are about. boss: has every role; vera: a viewer."""

    boss: User
    vera: User
    written: ChangeRequest
    waiting: ChangeRequest
    failed: UpgradeRun
    doubtful: UpgradeRun
    cluster: Cluster
    moving: Endpoint
    kept: PathFile
    view: SavedView

    def about(self) -> dict[str, list[int]]:
        """The keys with which a page is visited, by its name, or else by its noun."""
        return {
            "clusters": [self.cluster.pk],
            "requests": [self.written.pk, self.waiting.pk, self.failed.pk],
            "requests-edit": [self.written.pk],
            "runs": [self.failed.pk, self.doubtful.pk],
            "endpoints": [self.cluster.endpoint_id],
            "endpoints-detail": [self.cluster.endpoint_id, self.moving.pk],
            "packages": [self.cluster.endpoint.packages.get(file_name=scenes.TARGET).pk],
            "paths": [self.kept.pk],
            "users": [self.vera.pk],
            "views": [self.view.pk],
        }

    def more(self) -> dict[str, list[str]]:
        """What follows a page's plain address, each of which shows another page, by name."""
        return {
            "paths-create": [f"?endpoint={self.cluster.endpoint_id}"],
            "paths-list": ["?source=3.1.2&target=4.2.1.8"],
            "requests-create": ["", f"?cluster={self.cluster.pk}"],
            "runs-detail": ["", "?view=timeline", "?view=table", "?view=events"],
            "audit-list": ["?event=1", "?action=no&first_day=1999-01-01&number=x"],
        }


@pytest.fixture
def walk(stack: Stack, chromium: Browser) -> Iterator[Walk]:
    stack.start_web()
    walk = Walk(chromium, stack.url)
    yield walk
    walk.close()


@pytest.fixture
def cast(transactional_db: None) -> Cast:
    return Cast()


def rows_of(cast: Cast, boss: User, look_alike: LookAlike, settings: Any) -> Rows:
    """The mirror of a look-alike, requests and runs in states that show much."""
    endpoint = scenes.connect(look_alike, settings)
    cluster = Cluster.objects.get(name=CLUSTER)
    written = change_requests.create(
        cluster=cluster, target_file_name=scenes.TARGET, purpose="Fixes incident 2291.", actor=boss
    )
    waiting = scenes.in_review(cast, cluster=OTHER, target=OTHER_TARGET, quorum=2)
    failed = followed.posted(cast, cluster=PAIR, target=PAIR_TARGET)
    followed.follow(failed)
    failed = followed.to_failure(look_alike, failed)
    doubtful = run_of(scenes.approved(cast))
    shown = decisions.evidence_hash(decisions.evidence(doubtful, "abandon"))
    decisions.propose(run=doubtful, kind="abandon", purpose="OCP shows nothing.", evidence_hash=shown, actor=cast.olga)
    kept = path_files.upload(endpoint=endpoint, text="- version: 4.2.1.8", actor=boss)
    for name in ("worker", "follower"):
        schedule.beat_heart(name)
    view = saved_views.save(user=boss, page="clusters", name="Nights", query="q=night")
    moving = make_endpoint(name="shanghai")
    address_changes.propose(endpoint=moving, actor=cast.ada, **moved(moving))
    return Rows(boss, make_user("vera", "viewer"), written, waiting, failed, doubtful, cluster, moving, kept, view)


def addresses(name: str, rows: Rows) -> list[str]:
    """Where a page is visited. A page about a row that nobody names here is not, and its test fails."""
    try:
        plain = [reverse(name)]
    except NoReverseMatch:
        keys = rows.about().get(name) or rows.about()[name.partition("-")[0]]
        plain = [reverse(name, args=[key]) for key in keys]
    more = rows.more().get(name, [""])
    return [plain[0] + query for query in more] + plain[1:]


def link_of(person: User) -> str:
    """An address at which the person sets a password."""
    uid, token = urlsafe_base64_encode(str(person.pk).encode()), default_token_generator.make_token(person)
    return reverse("set-password", args=[uid, token])


def test_every_page(walk: Walk, cast: Cast, look_alike: LookAlike, settings: Any) -> None:
    boss = make_user("boss", "operator", "approver", "auditor", "admin")
    empty(walk, boss)
    rows = rows_of(cast, boss, look_alike, settings)
    public = {"sign-in": ["/sign-in/"], "set-password": [link_of(rows.vera)]}
    for door in PAGES:
        person = None if door.name in public else boss
        walk.go(person, *(public.get(door.name) or addresses(door.name, rows)))
    assert {name: status for name, status in walk.statuses.items() if status != 200} == {}
    looked_at_by_others(walk, cast, rows)
    answers(walk, rows)
    opened(walk, rows)
    outside(walk, rows.vera)
    assert walk.wrong() == {}, json.dumps(walk.wrong(), indent=1)
    assert titles_that_stand_twice(walk.titles) == {}
    # One tab of many is found again by what it is about.
    title = walk.titles[f"boss /change-requests/{rows.waiting.pk}/"]
    assert title.startswith(f"{rows.waiting.number} ")
    assert OTHER in title


def empty(walk: Walk, boss: User) -> None:
    """The lists before there is anything in them."""
    walk.go(boss, *LISTS, ways=WAYS[2:])
    walk.found = {f"empty {name}": lines for name, lines in walk.found.items()}
    walk.titles.clear()


def looked_at_by_others(walk: Walk, cast: Cast, rows: Rows) -> None:
    """Where a page says why its reader cannot act, and what is not to be seen."""
    walk.go(cast.olga, f"/change-requests/{rows.waiting.pk}/", f"/runs/{rows.doubtful.pk}/", ways=STATE)
    walk.go(
        rows.vera,
        f"/change-requests/{rows.waiting.pk}/",
        f"/runs/{rows.doubtful.pk}/",
        f"/clusters/{rows.cluster.pk}/",
        f"/endpoints/{rows.cluster.endpoint_id}/",
        f"/upgrade-paths/{rows.kept.pk}/",
        "/users/",
        "/nowhere/",
        ways=STATE,
    )
    walk.go(cast.uma, f"/users/{rows.vera.pk}/", ways=STATE)


def answers(walk: Walk, rows: Rows) -> None:
    """What a form answers: refused as it was filled in, too late, older than the sign-in."""
    page = walk.become(rows.boss)
    page.goto(f"{walk.url}/users/new/")
    page.get_by_label("Username").fill("olga")
    page.get_by_label("Full name").fill("Olga")
    page.get_by_role("button", name="Add this person").click()
    walk.look("form with an error")
    page.goto(f"{walk.url}/upgrade-paths/new/?endpoint={rows.cluster.endpoint_id}")
    page.get_by_label("Text").fill("- version: 4.2.1.8\n- versoin: 4.2.1.9")
    page.locator("main form button[type=submit]").click()
    walk.look("path file with an error")
    page.goto(f"{walk.url}/endpoints/new/")
    with page.expect_navigation():
        page.locator("main form").evaluate("form => { form.noValidate = true; form.requestSubmit() }")
    walk.look("endpoint with errors")
    page.goto(f"{walk.url}/change-requests/{rows.written.pk}/")
    change_requests.withdraw(change_request=rows.written, actor=rows.boss, comment="Not now.")
    page.locator("form[action$='/submit/'] button[type=submit]").click()
    walk.look("409")
    page.goto(f"{walk.url}/change-requests/{rows.written.pk}/")
    page.context.clear_cookies(name="csrftoken")
    with page.expect_navigation():
        page.locator("form[action$='/sign-out/'] button").evaluate("button => button.form.submit()")
    walk.look("older than the sign-in")


def opened(walk: Walk, rows: Rows) -> None:
    """What opens over a page: a dialog, the menu of a phone, the account."""
    page = walk.become(rows.boss)
    name = f"/users/{rows.vera.pk}/"
    page.goto(walk.url + name)
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.locator(".menu summary").click()
    walk.look(f"boss {name} menu")
    page.keyboard.press("Escape")
    page.locator(".pop summary").click()
    walk.look(f"boss {name} account")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Deactivate").click()
    walk.look(f"boss {name} dialog")


def outside(walk: Walk, vera: User) -> None:
    """What is shown to whoever is not signed in."""
    walk.go(None, "/set-password/MQ/a-b/", ways=STATE)
    page = walk.become(None)
    page.goto(walk.url + link_of(vera))
    page.get_by_label("New password").fill("short")
    page.get_by_label("again").fill("other")
    page.get_by_role("button", name="Set the password").click()
    walk.look("set-password with errors")
    page.goto(f"{walk.url}/sign-in/")
    page.get_by_label("Username").fill("nobody")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    walk.look("sign-in refused")


def test_axe_would_find_a_fault(chromium: Browser, tmp_path: Path) -> None:
    page = chromium.new_page()
    row = "<li class=a style='color:#ccc'>faint</li>"
    page.set_content(
        f"<html lang=en><title>t</title><main><h1>A</h1><img src='data:,'><ul>{row * 2}</ul></main></html>"
    )
    page.add_script_tag(path=axe.AXE_FILE_PATH)
    page.evaluate(MARK_ALIKE)
    assert page.locator("li[data-alike]").count() == 1
    assert {line.partition(":")[0] for line in findings(page, ALL_RULES)} == {"image-alt", "color-contrast"}
    assert [line.partition(":")[0] for line in findings(page, COLOURS)] == ["color-contrast"]
    page.close()

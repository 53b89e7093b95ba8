"""Each main page in both colours: nothing for axe to find, nothing to complain of; and the README's picture."""

import os
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.browser.conftest import PASSWORD, Meet
from tests.followed import step
from tests.journey.steps import Person
from tests.scenes import CLUSTER, OTHER, OTHER_TARGET, PAIR, PAIR_TARGET
from tests.stack import Stack
from upgrades.models import ChangeRequest, Cluster, Subtask, UpgradeRun, User
from upgrades.services import change_requests, schedule, submission, votes
from upgrades.simulator.server import LookAlike

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

# A rule of axe's that is no fault of ours would be named here, with why; there is none.
OPTIONS = {"resultTypes": ["violations"]}


def in_review(cluster: str, target: str) -> ChangeRequest:
    olga = User.objects.get(username="olga")
    row = Cluster.objects.get(name=cluster)
    written = change_requests.create(cluster=row, target_file_name=target, purpose="Fixes incident 2291.", actor=olga)
    return change_requests.submit(change_request=written, lock_version=written.lock_version, actor=olga)


def half_way(look_alike: LookAlike, cluster: str, target: str) -> UpgradeRun:
    """A run whose first zones are done, read a moment ago."""
    request = in_review(cluster, target)
    shown = request.fingerprint
    amir, olga = User.objects.get(username="amir"), User.objects.get(username="olga")
    votes.cast(change_request=request, verdict="approve", comment="Agreed.", fingerprint=shown, actor=amir)
    change_requests.start(change_request=request, fingerprint=shown, actor=olga)
    submission.submit(request.pk)
    run = UpgradeRun.objects.get(pk=request.pk)
    done = Subtask.objects.filter(task_instance__run=run, status="SUCCESSFUL")
    run = step(look_alike, run, lambda: done.count() > 24)
    schedule.beat_heart("worker")
    schedule.beat_heart("follower")
    return run


@pytest.fixture
def addresses(town: Stack, look_alike: LookAlike) -> list[str]:
    """Every main page, with something to see on it."""
    waiting = in_review(OTHER, OTHER_TARGET)
    run = half_way(look_alike, PAIR, PAIR_TARGET)
    cluster = Cluster.objects.get(name=CLUSTER)
    person = User.objects.get(username="uma")
    pages = ["/", "/inbox/", "/clusters/", f"/clusters/{cluster.pk}/", "/packages/", "/change-requests/"]
    pages += [f"/change-requests/new/?cluster={cluster.pk}", f"/change-requests/{waiting.pk}/", "/runs/"]
    pages += [f"/runs/{run.pk}/", "/audit/", "/users/", "/users/new/", f"/users/{person.pk}/", "/nowhere/"]
    return pages


def findings(page: Page) -> list[str]:
    """What axe finds on the page: rule, and the elements."""
    result: dict[str, Any] = Axe().run(page, options=OPTIONS).response
    return [f"{found['id']}: {[node['target'] for node in found['nodes']][:3]}" for found in result["violations"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_main_page(town: Stack, addresses: list[str], chromium: Browser, scheme: Any) -> None:
    admin, operator = User.objects.get(username="ada"), User.objects.get(username="olga")
    # One reader who sees every page.
    for grant in operator.grants.all():
        admin.grants.create(role=grant.role, environment=grant.environment)
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    ada = Person(page, town.url, "ada", PASSWORD)
    page.goto(f"{town.url}/sign-in/")
    found = {"/sign-in/": findings(page)}
    ada.sign_in()
    for address in addresses:
        page.goto(town.url + address)
        found[address] = findings(page)
    context.close()
    assert {address: lines for address, lines in found.items() if lines} == {}
    assert [line for line in ada.complaints if "/nowhere/" not in line] == []


def test_picture_of_the_readme(meet: Meet, look_alike: LookAlike, tmp_path: Path) -> None:
    """Written to the file that SCREENSHOT names: make test ARGS="-k picture" SCREENSHOT=docs/screenshot.png."""
    run = half_way(look_alike, PAIR, PAIR_TARGET)
    target = Path(os.environ.get("SCREENSHOT") or tmp_path / "screenshot.png")
    olga = meet("olga", viewport={"width": 1440, "height": 1000}, device_scale_factor=1)
    olga.watch(run.pk)
    olga.await_status("running")
    olga.page.screenshot(path=target)
    assert target.read_bytes().startswith(b"\x89PNG")

"""The README's picture, of a run half way."""

import os
from pathlib import Path

import pytest

from tests.browser.conftest import Meet
from tests.followed import step
from tests.scenes import PAIR, PAIR_TARGET
from upgrades.models import ChangeRequest, Cluster, Subtask, UpgradeRun, User
from upgrades.services import change_requests, schedule, submission, votes
from upgrades.simulator.server import LookAlike

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


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


def test_picture_of_the_readme(meet: Meet, look_alike: LookAlike, tmp_path: Path) -> None:
    """Written to the file that SCREENSHOT names: make test ARGS="-k picture" SCREENSHOT=docs/screenshot.png."""
    run = half_way(look_alike, PAIR, PAIR_TARGET)
    target = Path(os.environ.get("SCREENSHOT") or tmp_path / "screenshot.png")
    olga = meet("olga", viewport={"width": 1440, "height": 1000}, device_scale_factor=1)
    olga.watch(run.pk)
    olga.await_status("running")
    olga.page.screenshot(path=target)
    assert target.read_bytes().startswith(b"\x89PNG")

"""A worker that stands still inside T1, between the look at the approval and the intent, sends nothing afterwards."""

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests import scenes
from tests.faults import checker
from tests.scenes import Cast, posts
from upgrades.models import ChangeRequest, UpgradeRun
from upgrades.services import submission

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


@pytest.fixture
def cast(look_alike, settings):
    scenes.connect(look_alike, settings)
    return Cast()


def stand_still(seconds):
    """Wait before the run is inserted, as a stopped process does."""

    def wait(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "upgrades_upgraderun"'):
            time.sleep(seconds)
        return execute(sql, params, many, context)

    return connection.execute_wrapper(wait)


def test_an_approval_that_runs_out_inside_t1_is_used_for_nothing(look_alike, cast, read_records):
    change_request = scenes.starting(cast)
    ChangeRequest.objects.update(expires_at=timezone.now() + timedelta(seconds=2))
    with stand_still(2.5):
        submission.submit(change_request.pk)
    change_request.refresh_from_db()
    assert (change_request.status, UpgradeRun.objects.count(), posts(look_alike)) == ("expired", 0, [])
    assert checker.violations(read_records(look_alike), is_settled=True) == []


def test_a_worker_that_stood_still_inside_t1_sends_nothing(look_alike, cast, settings, read_records):
    settings.SUBMIT_BUDGET_SECONDS = 2
    change_request = scenes.starting(cast)
    with stand_still(2.5):
        submission.submit(change_request.pk)
    run = UpgradeRun.objects.get()
    assert (run.status, run.status_reason["code"], posts(look_alike)) == ("refused", "submit.took_too_long", [])
    assert checker.violations(read_records(look_alike), is_settled=True) == []

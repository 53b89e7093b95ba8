"""Unknown is called unknown: also where OCP may not be asked at all."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests import scenes
from tests.followed import TO_THE_END, advance, follow, fresh, moves, posted, verify
from tests.scenes import Cast
from upgrades import tasks
from upgrades.models import Endpoint
from upgrades.ocp.errors import Unauthorized
from upgrades.services import endpoints, schedule

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run(look_alike, settings, transactional_db):
    settings.VERIFY_SECONDS = 0
    scenes.connect(look_alike, settings)
    return follow(posted(Cast()))


def observed_long_ago(settings):
    Endpoint.objects.update(observed_at=timezone.now() - timedelta(seconds=settings.STALE_SECONDS + 1))


def test_a_401_met_elsewhere_makes_the_followed_run_unreadable_in_time(run, settings):
    endpoints.note_failure(run.endpoint, Unauthorized("no", http_status=401), timezone.now())
    assert endpoints.due("follow") == []
    tasks.expire_all()
    assert fresh(run).unreadable_since is None
    observed_long_ago(settings)
    tasks.expire_all()
    tasks.expire_all()
    run = fresh(run)
    assert (run.status, run.unreadable_reason["code"]) == ("running", "ocp.unauthorized")
    assert moves(run).count("run.unreadable") == 1


def test_an_endpoint_that_is_off_makes_the_followed_run_unreadable_and_back_on_readable(run, settings):
    Endpoint.objects.update(is_active=False)
    observed_long_ago(settings)
    tasks.expire_all()
    assert fresh(run).unreadable_reason["code"] == "endpoint.is_off"
    Endpoint.objects.update(is_active=True)
    assert follow(fresh(run)).unreadable_since is None


def test_a_ca_file_that_vanished_stops_no_worker_and_makes_the_run_unreadable(run, settings, tmp_path):
    Endpoint.objects.update(ca_file=str(tmp_path / "gone.pem"))
    tasks.sweep(run.endpoint_id)
    tasks.sync_inventory(run.endpoint_id)
    assert schedule.due() == []
    observed_long_ago(settings)
    tasks.expire_all()
    assert fresh(run).unreadable_reason["code"] == "endpoint.ca_gone"


def test_an_endpoint_that_is_read_as_it_should_be_leaves_its_runs_alone(run, settings):
    observed_long_ago(settings)
    tasks.expire_all()
    assert fresh(run).unreadable_since is None


def test_a_run_that_was_not_asked_about_while_verified_is_readable_once_it_is(look_alike, run):
    advance(look_alike, TO_THE_END)
    assert follow(run).status == "verifying"
    Endpoint.objects.update(is_active=False)
    assert verify(run).unreadable_reason["code"] == "endpoint.is_off"
    Endpoint.objects.update(is_active=True)
    run = verify(run)
    assert (run.status, run.unreadable_since) == ("verified", None)

"""Workers killed by process id in the middle of a submission: never a second POST, and every run goes on."""

import pytest
from celery import current_app

from ocpdash.processes import wait_until
from tests import scenes, servers
from tests.scenes import Cast, control, posts
from upgrades import live
from upgrades.models import ChangeRequest, ClusterHold, Endpoint, UpgradeRun
from upgrades.services import decisions

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

PATIENCE = 60.0


@pytest.fixture
def crew(look_alike, settings, stack):
    """Workers against the look-alike, with short durations; beat rings, nothing else runs yet."""
    scenes.connect(look_alike, settings)
    settings.QUIET_PERIOD_SECONDS = 8
    stack.environment |= {
        "OCP_URL": look_alike.url,
        "OCP_USERNAME": look_alike.username,
        "OCP_PASSWORD": look_alike.password,
        "OCP_ALLOW_HTTP": "1",
        "OCP_ACCOUNT_IS_OURS": "1",
        "OCP_TOTAL_SECONDS": "30",
        "SUBMIT_BUDGET_SECONDS": "60",
        "SECOND_PRE_READ_SECONDS": "30",
        "UNCONFIRMED_AFTER_SECONDS": "4",
        "QUIET_PERIOD_SECONDS": "8",
        "FOLLOW_OPEN_SECONDS": "1",
    }
    stack.start_beat()
    return stack


def hold(look_alike, **fault):
    """Hold the requests that fit, and return a function that says whether one is held."""
    found = control(look_alike, "POST", "/faults", action="hold", count=1, **fault)

    def is_holding():
        return any(row["id"] == found["id"] and row["holding"] for row in control(look_alike, "GET", "/faults"))

    return is_holding


def awaits(condition):
    assert wait_until(condition, PATIENCE), "it did not happen in time"


def status_of(change_request):
    run = UpgradeRun.objects.filter(pk=change_request.pk).first()
    return run.status if run else None


def test_a_worker_killed_between_t1_and_the_post_leaves_a_run_that_two_people_abandon(look_alike, crew):
    cast = Cast()
    is_holding = hold(look_alike, method="GET", path="/api/v2/time", skip=1)
    change_request = scenes.starting(cast)
    crew.start_worker("tick")
    awaits(is_holding)
    assert status_of(change_request) == "submitting"
    crew.kill("worker-tick")
    control(look_alike, "DELETE", "/faults")
    crew.start_worker("tick")
    crew.start_worker("follow")

    awaits(lambda: status_of(change_request) == "unconfirmed")
    run = UpgradeRun.objects.select_related("endpoint").get(pk=change_request.pk)
    assert run.sent_at is None
    awaits(lambda: decisions.why_not(UpgradeRun.objects.get(pk=run.pk), "abandon") is None)
    run.refresh_from_db()
    assert run.candidates == []
    shown = decisions.evidence_hash(decisions.evidence(run, "abandon"))
    decision = decisions.propose(
        run=run, kind="abandon", purpose="OCP shows nothing.", evidence_hash=shown, actor=cast.olga
    )
    decisions.confirm(decision=decision, evidence_hash=shown, actor=cast.omar)
    awaits(lambda: status_of(change_request) == "abandoned")
    awaits(lambda: not ClusterHold.objects.exists())
    assert posts(look_alike) == []
    change_request.refresh_from_db()
    assert (change_request.status, change_request.outcome) == ("done", "abandoned")


def test_a_worker_killed_between_the_post_and_t2_is_adopted_and_the_run_goes_on(look_alike, crew):
    cast = Cast()
    is_holding = hold(look_alike, method="POST", path="/upgrade$")
    change_request = scenes.starting(cast)
    crew.start_worker("tick")
    awaits(is_holding)
    assert status_of(change_request) == "submitting"
    crew.kill("worker-tick")
    control(look_alike, "DELETE", "/faults")
    crew.start_worker("tick")
    crew.start_worker("follow")

    awaits(lambda: status_of(change_request) == "running")
    (post,) = posts(look_alike)
    assert UpgradeRun.objects.get(pk=change_request.pk).ocp_task_id == post["task_id"]
    control(look_alike, "POST", "/speed", speed=6000)
    awaits(lambda: status_of(change_request) == "verified")
    assert len(posts(look_alike)) == 1
    assert not ClusterHold.objects.exists()


def test_redis_wiped_before_the_start_delays_it_by_a_tick_only(look_alike, crew, redis):
    cast = Cast()
    crew.start_worker("tick")
    change_request = scenes.starting(cast)
    servers.empty(redis)
    live.connection().close()
    awaits(lambda: status_of(change_request) == "running")
    assert len(posts(look_alike)) == 1
    assert ChangeRequest.objects.get(pk=change_request.pk).status == "in_progress"


def test_two_workers_and_a_redelivered_message_post_once(look_alike, crew):
    cast = Cast()
    change_request = scenes.starting(cast)
    for _ in range(20):
        current_app.send_task("upgrades.submit", args=[change_request.pk])
    crew.start_worker("tick")
    crew.start_worker("follow")
    awaits(lambda: status_of(change_request) == "running")
    control(look_alike, "POST", "/speed", speed=6000)
    awaits(lambda: status_of(change_request) == "verified")
    assert len(posts(look_alike)) == 1


def test_a_worker_that_starts_registers_the_endpoint_of_its_environment(look_alike, stack):
    stack.drive(look_alike)
    stack.start_worker("follow")
    awaits(lambda: Endpoint.objects.filter(base_url=look_alike.url, account_name=look_alike.username).exists())

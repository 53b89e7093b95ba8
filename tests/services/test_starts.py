"""Starts that lead to no run: what stands in the way is told, and nothing is posted."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from tests import scenes
from tests.factories import make_cluster, make_endpoint, make_run, make_server
from tests.followed import requests_of, submit
from tests.scenes import Cast, control, posts
from upgrades.models import ChangeRequest, Cluster, ClusterHold, Endpoint, Grant, Halt, Package, UpgradeRun
from upgrades.services import preread, submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint(look_alike, settings, transactional_db):
    return scenes.connect(look_alike, settings)


@pytest.fixture
def cast(endpoint):
    return Cast()


def test_a_quota_that_the_first_pre_read_used_up_leaves_the_approval_as_it_was(look_alike, cast):
    change_request = scenes.starting(cast)
    control(look_alike, "POST", "/faults", method="GET", path="/tasks/instances", action="last_allowed", skip=0)
    assert submit(change_request) is None
    assert (change_request.status, change_request.status_reason["code"]) == ("approved", "ocp.quota_used_up")
    assert (posts(look_alike), ClusterHold.objects.exists()) == ([], False)


def test_an_endpoint_that_is_switched_off_says_so_and_is_not_asked(look_alike, cast):
    change_request = scenes.starting(cast)
    Endpoint.objects.update(is_active=False)
    assert submit(change_request) is None
    assert (change_request.status, change_request.status_reason["code"]) == ("approved", "endpoint.is_off")


def seen_elsewhere(change_request, **over):
    """A server of the request's cluster, as an endpoint that was added before shows it too."""
    server = change_request.cluster.servers.first()
    other = make_cluster(make_endpoint(name="other", pk=0), zones=0, **over)
    return make_server(other, ip=server.ip, port=server.port)


def test_a_server_that_another_endpoint_shows_too_blocks_the_start(look_alike, cast):
    change_request = scenes.starting(cast)
    server = seen_elsewhere(change_request)
    assert submit(change_request) is None
    assert (change_request.status, change_request.status_reason["code"]) == ("approved", "start.server_elsewhere")
    assert change_request.status_reason["params"] == {
        "endpoint": "other",
        "cluster": scenes.CLUSTER,
        "address": server.address,
    }
    assert posts(look_alike) == []


def test_a_server_that_came_elsewhere_since_the_pre_read_blocks_the_run(look_alike, cast):
    change_request = scenes.starting(cast)
    assert submission.claim(change_request.pk)
    reading = preread.read(change_request, seconds=30)
    seen_elsewhere(change_request)
    assert submission._intend(change_request, reading) is None
    change_request.refresh_from_db()
    assert (change_request.status, change_request.status_reason["code"]) == ("approved", "start.server_elsewhere")


@pytest.mark.parametrize("is_gone", ["server", "cluster", "endpoint"])
def test_what_another_endpoint_shows_no_more_blocks_nothing(look_alike, cast, is_gone):
    change_request = scenes.starting(cast)
    server = seen_elsewhere(change_request)
    if is_gone == "endpoint":
        Endpoint.objects.filter(name="other").update(is_active=False)
    else:
        row = server if is_gone == "server" else server.cluster
        type(row).objects.filter(pk=row.pk).update(missing_since=timezone.now())
    assert submit(change_request).status == "running"


def test_a_start_whose_pre_read_fails_goes_back_to_approved_with_its_reason(look_alike, cast):
    change_request = scenes.starting(cast)
    control(look_alike, "POST", "/faults", method="GET", path="/tasks/instances", action="status", status=500)
    assert submit(change_request) is None
    assert change_request.status == "approved"
    assert change_request.status_reason["code"] == "start.unreadable"
    assert posts(look_alike) == []


def test_a_cluster_that_is_not_running_blocks_the_start(look_alike, cast):
    change_request = scenes.starting(cast)
    ocp_id = change_request.cluster.ocp_id
    control(look_alike, "POST", f"/clusters/{ocp_id}/set", status="OPERATING")
    assert submit(change_request) is None
    assert change_request.status == "approved"
    assert change_request.status_reason["code"] == "start.cluster_not_running"


def test_a_running_task_of_somebody_else_blocks_the_start(look_alike, cast):
    change_request = scenes.starting(cast)
    control(look_alike, "POST", "/foreign", cluster_id=change_request.cluster.ocp_id)
    assert submit(change_request) is None
    assert change_request.status_reason["code"] == "start.task_running"
    assert posts(look_alike) == []


def test_a_package_replaced_under_its_name_turns_the_request_stale(look_alike, cast):
    change_request = scenes.starting(cast)
    control(look_alike, "POST", f"/packages/{scenes.TARGET}/replace")
    assert submit(change_request) is None
    assert change_request.status == "stale"
    assert posts(look_alike) == []
    assert Package.objects.get(file_name=scenes.TARGET).replaced_at is not None


def test_a_server_that_changed_its_version_turns_the_request_stale(look_alike, cast):
    change_request = scenes.starting(cast)
    server = change_request.cluster.servers.first()
    control(look_alike, "POST", f"/servers/{server.ip}/set", version="4.2.1.8", build="108000022024072217")
    assert submit(change_request) is None
    assert change_request.status == "stale"


def test_a_voter_who_lost_the_role_sends_the_request_back_to_review(look_alike, cast):
    change_request = scenes.starting(cast)
    Grant.objects.filter(user=cast.amir).delete()
    assert submit(change_request) is None
    assert change_request.status == "in_review"
    assert posts(look_alike) == []


def test_an_approval_that_ran_out_expires_instead_of_starting(look_alike, cast):
    change_request = scenes.starting(cast)
    ChangeRequest.objects.filter(pk=change_request.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert submit(change_request) is None
    assert change_request.status == "expired"
    assert posts(look_alike) == []


def test_a_cluster_held_by_another_run_blocks_the_start(look_alike, cast):
    other = scenes.starting(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    other_run = submit(other)
    change_request = scenes.starting(cast)
    ClusterHold.objects.create(cluster=change_request.cluster, run=other_run)
    assert submit(change_request) is None
    assert change_request.status == "approved"
    assert change_request.status_reason["code"] == "hold.taken"
    assert len(posts(look_alike)) == 1


def test_an_unknown_upgrade_by_our_account_blocks_the_start(look_alike, cast):
    """Our database may be older than OCP: an upgrade of ours that no run knows speaks for that."""
    change_request = scenes.starting(cast)
    ocp_id = change_request.cluster.ocp_id
    found = control(
        look_alike, "POST", "/foreign-upgrade", cluster_id=ocp_id, rpmFileName=scenes.TARGET, creator="ocpdash"
    )
    control(look_alike, "POST", "/advance", seconds=100_000)
    control(look_alike, "POST", f"/tasks/{found['task_id']}/set", status="FAILED")
    assert submit(change_request) is None
    assert posts(look_alike) == []
    assert change_request.status in ("approved", "stale")


@pytest.fixture
def intent(look_alike, cast):
    """T1 of a start whose pre-read is done: what it made of the request and of the run."""
    change_request = scenes.starting(cast)
    assert submission.claim(change_request.pk)
    reading = preread.read(change_request, seconds=30)

    def intend(**over):
        run = submission._intend(change_request, replace(reading, **over))
        now = ChangeRequest.objects.get(pk=change_request.pk)
        assert (run is None) == (not ClusterHold.objects.filter(run=run or 0).exists())
        return now.status, (now.status_reason or {}).get("code"), run

    return intend


def test_an_intent_after_a_good_read_is_a_run(intent):
    before = ChangeRequest.objects.get()
    status, code, run = intent()
    assert (status, code, run.status) == ("in_progress", None, "submitting")
    # Once for the turn, once for the move.
    assert ChangeRequest.objects.get().lock_version == before.lock_version + 2


def test_a_request_that_has_a_run_gets_no_other(intent):
    before = make_run(ChangeRequest.objects.get())
    assert intent() == ("starting", None, None)
    assert [run.pk for run in UpgradeRun.objects.all()] == [before.pk]


def test_a_start_that_was_asked_anew_since_the_read_is_left_to_its_own_worker(intent):
    ChangeRequest.objects.update(starting_at=timezone.now())
    assert intent() == ("starting", None, None)


def test_a_halt_since_the_read_blocks_the_run(intent):
    Halt.objects.create(kind="restored", reason={})
    assert intent() == ("approved", "halt.in_force", None)


@pytest.mark.parametrize("model", [Cluster, Package])
@pytest.mark.parametrize("columns", [{"observed_at": timedelta(0)}, {"missing_since": timedelta(seconds=9)}])
def test_rows_that_this_start_did_not_read_block_the_run(intent, model, columns):
    started = ChangeRequest.objects.get().starting_at
    moments = {column: started - timedelta(seconds=1) + later for column, later in columns.items()}
    model.objects.filter(name__in=[scenes.CLUSTER, "oceanbase"]).update(**moments)
    assert intent() == ("approved", "start.rows_too_old", None)


def test_servers_that_this_start_did_not_read_block_the_run(intent):
    started = ChangeRequest.objects.get().starting_at
    Cluster.objects.update(topology_observed_at=started - timedelta(seconds=1))
    assert intent() == ("approved", "start.rows_too_old", None)


def test_a_package_that_fits_no_more_since_the_read_blocks_the_run(intent):
    Package.objects.filter(file_name=scenes.TARGET).update(architecture="aarch64")
    status, code, run = intent()
    assert (status, run) == ("approved", None)
    assert code.startswith("package.")


def test_an_endpoint_that_was_switched_off_since_the_read_blocks_the_run(intent):
    Endpoint.objects.update(is_active=False)
    assert intent() == ("approved", "endpoint.is_off", None)


def test_the_intent_is_dated_by_ocps_clock_too(intent):
    now = timezone.now()
    _status, _code, run = intent(at=now, ocp_now=now + timedelta(hours=1))
    assert run.ocp_intent_at - run.intent_at == timedelta(hours=1)


def test_a_cluster_that_was_taken_since_the_read_blocks_the_run(intent, cast):
    request = ChangeRequest.objects.get()
    other = make_run(scenes.in_review(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET))
    ClusterHold.objects.create(cluster=request.cluster, run=other)
    run = submission._intend(request, preread.Reading(timezone.now(), timezone.now(), frozenset()))
    request.refresh_from_db()
    assert (run, request.status, request.status_reason["code"]) == (None, "approved", "hold.taken")
    assert [run.pk for run in UpgradeRun.objects.all()] == [other.pk]


def test_the_fingerprint_of_the_row_counts_not_that_of_before(intent):
    ChangeRequest.objects.update(fingerprint="0" * 64)
    assert intent() == ("in_review", "start.votes_missing", None)


def test_an_approval_that_ran_out_is_over_whoever_lost_the_right_to_it(intent):
    Grant.objects.filter(role="approver").delete()
    ChangeRequest.objects.update(expires_at=timezone.now())
    assert intent() == ("expired", "change_request.approval_ran_out", None)


def test_an_intent_is_written_in_no_wider_transaction(intent):
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        intent()


@pytest.mark.parametrize(
    ("opens", "closes", "is_open"),
    [(-1, 1, True), (0, 1, True), (1, 2, False), (-1, 0, False), (-2, -1, False), (None, None, True)],
)
def test_the_window_must_be_open_at_the_moment_of_the_intent(opens, closes, is_open):
    at = timezone.now()
    window = [None if hours is None else at + timedelta(hours=hours) for hours in (opens, closes)]
    request = ChangeRequest(expires_at=at + timedelta(days=1), window_opens_at=window[0], window_closes_at=window[1])
    run = UpgradeRun(intent_at=at)
    if is_open:
        submission._check_moment(request, run)
        return
    with pytest.raises(submission._Unfit) as unfit:
        submission._check_moment(request, run)
    assert (unfit.value.action, unfit.value.reason.code) == ("block", "start.outside_window")


def test_a_start_outside_its_approved_window_posts_nothing(look_alike, cast):
    yesterday = timezone.now() - timedelta(days=1)
    change_request = scenes.starting(cast, window=(yesterday - timedelta(hours=1), yesterday))
    assert submit(change_request) is None
    assert (change_request.status, change_request.status_reason["code"]) == ("approved", "start.outside_window")
    assert posts(look_alike) == []


@pytest.mark.parametrize(("seconds", "is_over"), [(0, True), (-1, True), (1, False), (None, True)])
def test_an_approval_must_stand_at_the_moment_of_the_intent(seconds, is_over):
    at = timezone.now()
    request = ChangeRequest(expires_at=None if seconds is None else at + timedelta(seconds=seconds))
    run = UpgradeRun(intent_at=at)
    if not is_over:
        submission._check_moment(request, run)
        return
    with pytest.raises(submission._Unfit) as unfit:
        submission._check_moment(request, run)
    assert (unfit.value.action, unfit.value.reason.code) == ("expire", "change_request.approval_ran_out")


def test_a_start_that_another_worker_has_is_left_alone(look_alike, cast):
    change_request = scenes.starting(cast)
    before = len(requests_of(look_alike))
    assert submission.claim(change_request.pk)
    assert submit(change_request) is None
    assert (change_request.status, len(requests_of(look_alike))) == ("starting", before)


def test_a_halt_blocks_a_start_before_ocp_is_asked(look_alike, cast):
    change_request = scenes.starting(cast)
    before = len(requests_of(look_alike))
    Halt.objects.create(kind="restored", reason={}, settled_at=timezone.now())
    assert submit(change_request) is None
    assert (change_request.status, change_request.status_reason["code"]) == ("approved", "halt.in_force")
    assert len(requests_of(look_alike)) == before

"""The protocol of a submission against the look-alike over real HTTP: at most one POST, and doubt called doubt."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from tests import scenes
from tests.factories import make_cluster, make_endpoint, make_server
from tests.followed import in_thread, wait_until
from tests.scenes import Cast, control, posts
from upgrades.models import AuditEvent, ChangeRequest, Cluster, ClusterHold, Endpoint, Grant, Package, UpgradeRun
from upgrades.rules import submission as answers
from upgrades.services import change_requests, moves, plans, preread, sending, submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint(look_alike, settings, transactional_db):
    return scenes.connect(look_alike, settings)


@pytest.fixture
def cast(endpoint):
    return Cast()


def submit(change_request):
    submission.submit(change_request.pk)
    change_request.refresh_from_db()
    return UpgradeRun.objects.filter(pk=change_request.pk).first()


def test_an_approved_start_is_posted_once_and_runs(look_alike, cast):
    change_request = scenes.starting(cast)
    run = submit(change_request)
    sent = posts(look_alike)
    assert [post["body"] for post in sent] == [f'{{"rpmFileName": "{scenes.TARGET}"}}']
    assert (run.status, change_request.status) == ("running", "in_progress")
    assert run.ocp_task_id == sent[0]["task_id"]
    assert run.fingerprint == change_request.fingerprint
    rows = AuditEvent.objects.filter(change_request_id=change_request.pk).order_by("pk")
    actions = list(rows.values_list("action", flat=True))
    assert actions[-5:] == ["run.intend", "hold.take", "change_request.begin", "run.send", "run.accept"]


def extend():
    """Switch the endpoint to the later form of the body; its bytes for the scene's package."""
    Endpoint.objects.update(upgrade_body="extended")
    return (
        '{"destVersion": "4.2.1.8-108000022024072217", "freezeServer": false, "operatingSystem": "el7", '
        f'"rpmFileName": "{scenes.TARGET}", "upgradeMode": "ROLLING", "zoneOrder": ["zone1", "zone2", "zone3"]}}'
    )


def test_the_later_form_of_the_body_is_signed_and_sent_byte_for_byte(look_alike, cast):
    wanted = extend()
    change_request = scenes.starting(cast)
    run = submit(change_request)
    assert [post["body"] for post in posts(look_alike)] == [wanted] == [run.body]
    assert json.loads(wanted) == change_request.plan["body"]
    assert run.status == "running"


def test_a_switch_of_the_form_after_the_approval_turns_the_request_stale(look_alike, cast):
    change_request = scenes.starting(cast)
    extend()
    assert submit(change_request) is None
    assert (change_request.status, posts(look_alike)) == ("stale", [])


def test_a_standby_names_the_zones_of_its_primary(look_alike, cast):
    extend()
    standby = Cluster.objects.get(name=f"{scenes.PAIR}_sb")
    Cluster.objects.get(ocp_id=standby.primary_ocp_id).servers.update(zone_name="east")
    assert plans.preview(standby, scenes.PAIR_TARGET).content["body"]["zoneOrder"] == ["east"]


def test_a_package_without_a_system_cannot_be_named_in_the_later_form(look_alike, cast):
    extend()
    cluster = Cluster.objects.get(name=scenes.CLUSTER)
    Package.objects.filter(file_name=scenes.TARGET).update(operating_system="")
    reason = plans.preview(cluster, scenes.TARGET).reason
    assert reason.code == "package.system_unknown"


@pytest.mark.parametrize("gone", ["version", "build"])
def test_a_package_without_version_or_build_is_refused_in_the_later_form(look_alike, cast, gone):
    extend()
    change_request = scenes.starting(cast)
    Package.objects.filter(file_name=scenes.TARGET).update(**{gone: ""})
    with pytest.raises(moves.Invalid) as refusal:
        plans.rebuild(change_request)
    assert refusal.value.reason.code == "package.unreadable"


def test_a_second_submit_of_the_same_request_posts_nothing(look_alike, cast):
    change_request = scenes.starting(cast)
    submit(change_request)
    submit(change_request)
    ChangeRequest.objects.filter(pk=change_request.pk).update(status="starting", claimed_until=None)
    submit(change_request)
    assert len(posts(look_alike)) == 1


def test_a_standby_is_held_with_its_primary_and_named_in_the_plan(look_alike, cast):
    change_request = scenes.starting(cast, cluster=scenes.PAIR, target=scenes.PAIR_TARGET)
    run = submit(change_request)
    held = set(ClusterHold.objects.filter(run=run).values_list("cluster__name", flat=True))
    assert held == {"trade_core", "trade_core_sb"}
    assert [cluster["name"] for cluster in change_request.plan["clusters"]] == ["trade_core", "trade_core_sb"]


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        ("lost", "unconfirmed"),
        ("drop", "unconfirmed"),
        ("late", "unconfirmed"),
        ("busy", "unconfirmed"),
        ("500", "unconfirmed"),
        ("429", "unconfirmed"),
        ("cut", "unconfirmed"),
        ("reset", "unconfirmed"),
        ("redirect", "unconfirmed"),
        ("401", "refused"),
        ("403", "refused"),
        ("refuse", "refused"),
    ],
)
def test_every_answer_mode_is_posted_once_and_called_what_it_is(look_alike, cast, mode, status):
    change_request = scenes.starting(cast)
    control(look_alike, "POST", "/answer", mode=mode)
    run = submit(change_request)
    assert len(posts(look_alike)) == 1
    assert run.status == status
    assert change_request.status == ("done" if status == "refused" else "in_progress")
    assert ClusterHold.objects.filter(run=run).exists() == (status == "unconfirmed")


def test_a_second_pre_read_that_fails_refuses_the_run_as_not_sent(look_alike, cast):
    change_request = scenes.starting(cast)
    control(look_alike, "POST", "/faults", method="GET", path="/api/v2/time", action="status", status=503, skip=1)
    run = submit(change_request)
    assert posts(look_alike) == []
    assert (run.status, change_request.status, change_request.outcome) == ("refused", "done", "refused")
    assert run.answer["is_sent"] is False
    assert run.sent_at is None


def test_a_quota_that_the_second_pre_read_used_up_refuses_the_run_as_not_sent(look_alike, cast):
    change_request = scenes.starting(cast)
    # Each pre-read asks for the tasks twice, the newest and the running ones.
    control(look_alike, "POST", "/faults", method="GET", path="/tasks/instances", action="last_allowed", skip=2)
    run = submit(change_request)
    assert posts(look_alike) == []
    assert (run.status, run.sent_at, run.answer["is_sent"]) == ("refused", None, False)
    assert run.status_reason["code"] == "ocp.quota_used_up"


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
    """A server of the request's cluster, as another endpoint shows it too."""
    server = change_request.cluster.servers.first()
    other = make_cluster(make_endpoint(name="other"), zones=0, **over)
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


def test_a_run_that_took_too_long_before_the_post_is_refused_unsent(look_alike, cast, settings):
    settings.SUBMIT_BUDGET_SECONDS = 0
    change_request = scenes.starting(cast)
    run = submit(change_request)
    assert posts(look_alike) == []
    assert run.status == "refused"
    assert run.status_reason["code"] == "submit.took_too_long"


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


def test_an_answer_after_abandon_changes_nothing_but_the_evidence(look_alike, cast):
    change_request = scenes.starting(cast)
    control(look_alike, "POST", "/answer", mode="drop")
    run = submit(change_request)
    moves_before = AuditEvent.objects.filter(action__startswith="run.").count()
    UpgradeRun.objects.filter(pk=run.pk).update(status="abandoned")
    run.refresh_from_db()
    cluster_id = run.affected_ocp_ids[0]
    late = answers.Answer(http_status=200, has_envelope=True, task_id=99, cluster_id=cluster_id)
    sending.settle(run, late, trace_id="t")
    run.refresh_from_db()
    assert run.status == "abandoned"
    assert run.late_evidence[-1]["task_id"] == 99
    assert run.alarm["code"] == "alarm.other_task"
    assert AuditEvent.objects.filter(action__startswith="run.").count() == moves_before + 2


def test_a_late_answer_that_names_another_task_raises_the_alarm_whatever_is_wrong_with_it(look_alike, cast):
    run = submit(scenes.starting(cast))
    late = answers.Answer(http_status=200, has_envelope=True, task_id=run.ocp_task_id + 1, cluster_id=None)
    sending.settle(run, late, trace_id="t")
    run.refresh_from_db()
    assert (run.status, run.alarm["code"]) == ("running", "alarm.other_task")


def test_a_busy_answer_keeps_its_mark_though_the_run_was_called_unconfirmed_before(look_alike, cast):
    change_request = scenes.starting(cast)
    control(look_alike, "POST", "/answer", mode="drop")
    run = submit(change_request)
    UpgradeRun.objects.filter(pk=run.pk).update(status="submitting")
    late = UpgradeRun.objects.get(pk=run.pk)
    UpgradeRun.objects.filter(pk=run.pk).update(status="unconfirmed")
    busy = answers.Answer(http_status=409, has_envelope=True, code="OBE11020")
    sending.settle(late, busy, trace_id="t")
    run.refresh_from_db()
    assert (run.status, run.busy_seen_at is not None) == ("unconfirmed", True)
    assert run.late_evidence[-1]["code"] == "OBE11020"


def test_a_start_that_was_called_off_and_asked_anew_is_not_touched_by_the_worker_of_the_old_one(look_alike, cast):
    change_request = scenes.starting(cast)
    control(look_alike, "POST", "/faults", method="GET", path="/api/v2/time", action="hold", count=1)
    worker = in_thread(submission.submit, change_request.pk)
    wait_until(lambda: control(look_alike, "GET", "/faults")[0]["holding"])
    change_request.refresh_from_db()
    change_requests.call_off(change_request=change_request, actor=cast.olga)
    change_requests.start(change_request=change_request, fingerprint=change_request.fingerprint, actor=cast.omar)
    control(look_alike, "POST", f"/clusters/{change_request.cluster.ocp_id}/set", status="OPERATING")
    control(look_alike, "DELETE", "/faults")
    worker.join(20)
    change_request.refresh_from_db()
    assert (change_request.status, change_request.started_by) == ("starting", cast.omar)


def test_what_is_sent_has_the_approved_fingerprint_whatever_the_row_of_the_request_says(look_alike, cast):
    change_request = scenes.starting(cast)
    forged = {**change_request.plan, "body": {"rpmFileName": scenes.OTHER_TARGET}}
    forged["target"] = {**forged["target"], "file_name": scenes.OTHER_TARGET}
    ChangeRequest.objects.filter(pk=change_request.pk).update(plan=forged)
    submit(change_request)
    assert [post["body"] for post in posts(look_alike)] == [f'{{"rpmFileName": "{scenes.TARGET}"}}']


def test_the_start_form_of_another_plan_is_too_late(look_alike, cast):
    change_request = scenes.approved(cast)
    with pytest.raises(moves.TooLate):
        change_requests.start(change_request=change_request, fingerprint="0" * 64, actor=cast.olga)
    refused = AuditEvent.objects.get(action="change_request.start")
    assert refused.outcome == "refused"


def test_clusters_in_the_mirror_are_as_read_for_this_start(look_alike, cast):
    change_request = scenes.starting(cast)
    submit(change_request)
    cluster = Cluster.objects.get(pk=change_request.cluster_id)
    assert cluster.topology_observed_at > change_request.starting_at

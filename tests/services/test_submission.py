"""The protocol of a submission against the look-alike over real HTTP: at most one POST, and doubt called doubt."""

import json

import pytest

from tests import scenes
from tests.followed import in_thread, submit, wait_until
from tests.scenes import Cast, control, posts
from upgrades.models import AuditEvent, ChangeRequest, Cluster, ClusterHold, Endpoint, Package, UpgradeRun
from upgrades.rules import submission as answers
from upgrades.services import change_requests, moves, plans, sending, submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint(look_alike, settings, transactional_db):
    return scenes.connect(look_alike, settings)


@pytest.fixture
def cast(endpoint):
    return Cast()


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


def test_a_run_that_took_too_long_before_the_post_is_refused_unsent(look_alike, cast, settings):
    settings.SUBMIT_BUDGET_SECONDS = 0
    change_request = scenes.starting(cast)
    run = submit(change_request)
    assert posts(look_alike) == []
    assert run.status == "refused"
    assert run.status_reason["code"] == "submit.took_too_long"


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

"""One legal change of status, with its audit event or not at all; and the clusters that a run holds."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests.factories import make_change_request, make_cluster, make_endpoint, make_run, make_user
from upgrades.models import AuditEvent, ChangeRequest, Cluster, ClusterHold, Decision, UpgradeRun
from upgrades.rules import Reason
from upgrades.services import holds, moves

pytestmark = pytest.mark.django_db

WHY = Reason("submit.no_answer")


def events():
    return list(AuditEvent.objects.order_by("pk").values_list("action", "outcome"))


def refused(kind, call, *args, **kwargs):
    """The reason of a refusal that is of that kind and leaves every row as it was."""
    rows = list(ChangeRequest.objects.values()), list(UpgradeRun.objects.values())
    with pytest.raises(kind) as caught:
        call(*args, **kwargs)
    assert (list(ChangeRequest.objects.values()), list(UpgradeRun.objects.values())) == rows
    return caught.value.reason


def test_a_move_writes_status_fields_count_and_event_together():
    run = make_run(make_change_request(), "submitting")
    before = run.version
    moves.move(run, "doubt", reason=WHY, comment="cut", fields={"busy_seen_at": timezone.now()}, trace_id="t-1")
    row = UpgradeRun.objects.get(pk=run.pk)
    assert (row.status, row.status_reason, row.version) == ("unconfirmed", WHY.to_json(), before + 1)
    assert row.busy_seen_at is not None
    assert row.status_at >= run.intent_at
    assert run.status == "unconfirmed"
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome, event.actor) == ("run.doubt", "done", None)
    assert (event.before, event.after) == ({"status": "submitting"}, {"status": "unconfirmed"})
    assert (event.reason, event.comment, event.trace_id) == (WHY.to_json(), "cut", "t-1")


def test_a_move_that_nobody_hinders_is_one_update(django_assert_max_num_queries):
    run = make_run(make_change_request(), "submitting")
    with django_assert_max_num_queries(9) as seen:
        moves.move(run, "doubt", reason=WHY)
    assert sum(query["sql"].startswith("UPDATE") for query in seen.captured_queries) == 1
    assert not any("FOR UPDATE" in query["sql"] for query in seen.captured_queries)


def test_what_has_no_count_of_its_changes_is_moved_as_well():
    run = make_run(make_change_request())
    proposer = run.change_request.requester
    later = timezone.now() + timedelta(hours=1)
    decision = Decision.objects.create(run=run, kind="abandon", proposer=proposer, evidence={}, expires_at=later)
    moves.move(decision, "overtake", reason=WHY)
    assert (decision.status, decision.status_reason) == ("overtaken", WHY.to_json())


def test_a_refusal_reads_as_its_code():
    assert str(moves.TooLate(WHY)) == "submit.no_answer"
    assert (moves.Invalid(WHY).field, moves.Invalid(WHY, "purpose").field) == ("", "purpose")


def test_a_move_by_a_person_names_the_person_and_forgets_the_reason_of_before():
    request = make_change_request(status_reason=WHY.to_json())
    before = request.lock_version
    moves.move(request, "withdraw", actor=request.requester)
    assert (request.status, request.status_reason, request.lock_version) == ("withdrawn", None, before + 1)
    assert AuditEvent.objects.get().actor == request.requester


def test_a_move_from_another_status_is_too_late():
    run = make_run(make_change_request(), "running", ocp_task_id=9)
    reason = refused(moves.TooLate, moves.move, run, "doubt")
    assert (reason.code, reason.params) == ("move.wrong_status", {"status": "running", "action": "doubt"})
    assert events() == []


def test_a_row_that_has_moved_on_meanwhile_is_not_moved():
    run = make_run(make_change_request(), "submitting")
    UpgradeRun.objects.update(status="refused")
    reason = refused(moves.TooLate, moves.move, run, "doubt")
    assert (reason.code, reason.params) == ("move.lost_race", {"action": "doubt"})
    assert events() == []


def test_a_row_that_came_to_another_source_meanwhile_is_moved_from_there():
    run = make_run(make_change_request(), "submitting")
    UpgradeRun.objects.update(status="unconfirmed")
    moves.move(run, "refuse", reason=WHY)
    assert run.status == "refused"
    assert AuditEvent.objects.get().before == {"status": "unconfirmed"}


@pytest.mark.parametrize("meanwhile", ["submitting", "unconfirmed"])
def test_a_row_that_does_not_fit_the_condition_is_not_moved(meanwhile):
    run = make_run(make_change_request(), "submitting")
    UpgradeRun.objects.update(status=meanwhile)
    reason = refused(moves.TooLate, moves.move, run, "refuse", where={"worker_token": "another"})
    assert reason.code == "move.lost_race"
    moves.move(run, "refuse", where={"worker_token": "t"})
    assert run.status == "refused"


def test_who_may_not_is_told_so_before_the_state_is():
    request = make_change_request(status="done")
    stranger = make_user("stranger", "auditor")
    reason = refused(moves.Forbidden, moves.move, request, "withdraw", actor=stranger)
    assert (reason.code, reason.params) == ("move.not_permitted", {"by": "requester_or_admin"})
    assert refused(moves.TooLate, moves.move, request, "withdraw", actor=request.requester).code == "move.wrong_status"


def test_no_person_makes_a_move_of_the_system_and_the_system_none_of_a_persons():
    run = make_run(make_change_request(), "submitting")
    everybody = make_user("everybody", "operator", "approver", "admin")
    assert refused(moves.Forbidden, moves.move, run, "doubt", actor=everybody).code == "move.not_permitted"
    reason = refused(moves.Forbidden, moves.move, run.change_request, "withdraw")
    assert reason.params == {"by": "requester_or_admin"}


def test_a_try_that_is_refused_is_undone_and_kept():
    request = make_change_request()

    def attempted():
        with moves.attempt("change_request.withdraw", actor=request.requester, subject=request):
            ChangeRequest.objects.update(purpose="another")
            raise moves.Invalid(WHY, "purpose")

    assert refused(moves.Invalid, attempted) == WHY
    event = AuditEvent.objects.get()
    assert (event.action, event.outcome, event.reason) == ("change_request.withdraw", "refused", WHY.to_json())
    assert (event.actor, event.change_request_id) == (request.requester, request.pk)


@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("user.add", "user.needs_admin"),
        ("endpoint.edit", "endpoint.needs_admin"),
        ("path_file.upload", "path_file.needs_admin"),
        ("halt.lift", "halt.needs_admin"),
        ("decision.propose", "endpoint.needs_admin"),
    ],
)
def test_what_serves_every_environment_needs_an_admin_of_all(action, code):
    somewhere = make_user("somewhere", ("admin", "production"))
    assert not moves.is_admin_of_all(somewhere)
    assert refused(moves.Forbidden, moves.require_admin, action, actor=somewhere, subject=None).code == code
    assert events() == [(action, "refused")]
    everywhere = make_user("everywhere", "admin")
    assert moves.is_admin_of_all(everywhere)
    moves.require_admin(action, actor=everywhere, subject=None)
    with moves.attempt_as_admin(action, actor=None, subject=None):
        pass
    assert len(events()) == 1


# --- Holds ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def run():
    """A run of a cluster and its standby."""
    cluster = make_cluster(name="trade_core")
    standby = make_cluster(cluster.endpoint, name="trade_core_sb")
    request = make_change_request(cluster)
    return make_run(request, affected_ocp_ids=[cluster.ocp_id, standby.ocp_id])


def once(wrapper):
    """The wrapper, not round what it executes itself."""
    inside = []

    def wrapped(execute, sql, *given):
        if inside:
            return execute(sql, *given)
        inside.append(sql)
        try:
            return wrapper(execute, sql, *given)
        finally:
            inside.pop()

    return wrapped


def clusters_of(run):
    return list(Cluster.objects.filter(ocp_id__in=run.affected_ocp_ids).order_by("ocp_id"))


def test_a_run_holds_every_cluster_it_affects_until_it_gives_them_back(run):
    holds.take(run, clusters_of(run))
    assert set(ClusterHold.objects.values_list("run", "cluster__name", "is_alarm")) == {
        (run.pk, "trade_core", False),
        (run.pk, "trade_core_sb", False),
    }
    assert AuditEvent.objects.get().after == {"clusters": run.affected_ocp_ids}
    assert holds.free(run, reason=WHY, actor=run.change_request.requester) == 2
    assert not ClusterHold.objects.exists()
    event = AuditEvent.objects.latest("pk")
    assert (event.action, event.after) == ("hold.free", {"clusters": ["trade_core", "trade_core_sb"]})
    assert (event.reason, event.actor) == (WHY.to_json(), run.change_request.requester)
    assert holds.free(run, reason=WHY) == 0
    assert len(events()) == 2


def test_a_cluster_that_another_run_holds_is_named_with_that_run(run):
    primary, standby = clusters_of(run)
    other = make_run(make_change_request(standby))
    holds.take(other, [standby])
    with pytest.raises(moves.TooLate) as caught:
        holds.take(run, [standby, primary])
    assert (caught.value.reason.code, caught.value.reason.params) == (
        "hold.taken",
        {"cluster": "trade_core_sb", "number": other.number},
    )
    assert [hold.run for hold in ClusterHold.objects.all()] == [other]
    assert len(events()) == 1


def test_a_cluster_that_was_given_back_in_the_very_moment_is_refused_without_a_name(run):
    _primary, standby = clusters_of(run)
    holds.take(make_run(make_change_request(standby)), [standby])

    def give_back(execute, sql, *given):
        if sql.startswith("SELECT") and "upgrades_clusterhold" in sql:
            ClusterHold.objects.all().delete()
        return execute(sql, *given)

    with pytest.raises(moves.TooLate) as caught, connection.execute_wrapper(once(give_back)):
        holds.take(run, [standby])
    assert caught.value.reason.params == {"cluster": "trade_core_sb", "number": ""}


def test_an_alarm_holds_what_is_free_and_tells_who_holds_the_rest(run):
    primary, standby = clusters_of(run)
    other = make_run(make_change_request(standby))
    holds.take(other, [standby])
    assert holds.take_for_alarm(run) == [other]
    assert set(ClusterHold.objects.values_list("run", "cluster", "is_alarm")) == {
        (other.pk, standby.pk, False),
        (run.pk, primary.pk, True),
    }
    assert AuditEvent.objects.latest("pk").after == {"clusters": [primary.ocp_id]}
    assert holds.take_for_alarm(run) == [other]
    assert len(events()) == 2


def test_an_alarm_holds_no_cluster_of_another_endpoint(run):
    Cluster.objects.filter(name="trade_core_sb").update(endpoint=make_cluster(make_endpoint()).endpoint)
    assert holds.take_for_alarm(run) == []
    assert [hold.cluster.name for hold in ClusterHold.objects.all()] == ["trade_core"]

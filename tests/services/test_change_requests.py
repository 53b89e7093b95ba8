"""Writing, editing, sending, taking back and starting: who may, when, and what stays behind."""

import pytest

from tests import scenes
from tests.factories import make_user
from tests.scenes import control, vote
from upgrades.models import AuditEvent, ChangeRequest, Cluster, Grant, Revision
from upgrades.rules import workflow
from upgrades.services import actions, change_requests, expiring, inventory, moves, staleness, votes

pytestmark = pytest.mark.django_db(transaction=True)


def draft(cast, **over):
    values = {
        "cluster": Cluster.objects.get(name=scenes.CLUSTER),
        "target_file_name": scenes.TARGET,
        "purpose": "Fixes incident 2291.",
        "actor": cast.olga,
    }
    return change_requests.create(**values | over)


def refusal(call, *args, **kwargs):
    with pytest.raises(moves.Refusal) as caught:
        call(*args, **kwargs)
    return type(caught.value), caught.value.reason.code


def test_a_draft_keeps_its_first_revision_and_its_editor(cast):
    change_request = draft(cast)
    assert (change_request.status, change_request.revision) == ("draft", 1)
    assert Revision.objects.get().content["purpose"] == "Fixes incident 2291."
    assert list(change_request.editors.values_list("user_id", flat=True)) == [cast.olga.pk]


@pytest.mark.parametrize("name", ["amir", "uma", "ada"])
def test_only_an_operator_writes_a_request(cast, name):
    assert refusal(draft, cast, actor=getattr(cast, name))[0] is moves.Forbidden
    assert ChangeRequest.objects.count() == 0
    assert AuditEvent.objects.get(action="change_request.create").outcome == "refused"


def test_an_operator_of_another_environment_cannot_write_a_request(cast):
    assert refusal(draft, cast, actor=make_user("dev", ("operator", "dev")))[0] is moves.Forbidden


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ({"purpose": "   "}, "form.purpose_missing"),
        ({"purpose": "x" * 4001}, "form.purpose_too_long"),
        ({"target_file_name": "no-such.rpm"}, "package.unknown"),
    ],
)
def test_bad_content_is_invalid_and_leaves_nothing(cast, over, code):
    assert refusal(draft, cast, **over) == (moves.Invalid, code)
    assert ChangeRequest.objects.count() == 0


def test_a_package_the_cluster_cannot_take_is_refused_with_its_reason(cast):
    forbidden = "oceanbase-4.3.3.0-100000142024101215.el7.x86_64.rpm"
    assert refusal(draft, cast, target_file_name=forbidden) == (moves.Invalid, "path.wall")
    assert ChangeRequest.objects.count() == 0
    change_request = draft(cast)
    content = {"target_file_name": forbidden, "purpose": "-", "lock_version": change_request.lock_version}
    assert refusal(change_requests.edit, change_request=change_request, actor=cast.olga, **content)[1] == "path.wall"
    # A draft of before the rule, or of before the cluster moved.
    ChangeRequest.objects.update(target_file_name=forbidden)
    change_request.refresh_from_db()
    lock = change_request.lock_version
    assert refusal(change_requests.submit, change_request=change_request, lock_version=lock, actor=cast.olga) == (
        moves.Invalid,
        "path.wall",
    )
    change_request.refresh_from_db()
    assert change_request.status == "draft"


def test_an_older_form_is_too_late_and_overwrites_nothing(cast):
    change_request = draft(cast)
    old = change_request.lock_version
    content = {"target_file_name": scenes.TARGET, "lock_version": old}
    change_requests.edit(change_request=change_request, purpose="Omar's text.", actor=cast.omar, **content)
    assert refusal(
        change_requests.edit, change_request=change_request, purpose="Olga's text.", actor=cast.olga, **content
    ) == (moves.TooLate, "form.older")
    change_request.refresh_from_db()
    assert change_request.purpose == "Omar's text."


def test_an_edit_that_changes_nothing_keeps_the_revision(cast):
    change_request = draft(cast)
    change_requests.edit(
        change_request=change_request,
        target_file_name=scenes.TARGET,
        purpose=change_request.purpose,
        lock_version=change_request.lock_version,
        actor=cast.olga,
    )
    assert change_request.revision == 1


def test_one_request_per_cluster_is_past_draft(cast):
    scenes.in_review(cast)
    second = draft(cast, actor=cast.omar)
    assert refusal(
        change_requests.submit, change_request=second, lock_version=second.lock_version, actor=cast.omar
    ) == (moves.TooLate, "change_request.cluster_taken")


def test_a_request_that_nobody_could_approve_is_refused_at_once(cast):
    Grant.objects.filter(role="approver").delete()
    change_request = draft(cast)
    assert refusal(
        change_requests.submit, change_request=change_request, lock_version=change_request.lock_version, actor=cast.olga
    ) == (moves.TooLate, "policy.too_few_signers")


def test_the_plan_moving_turns_a_waiting_request_stale_and_renewing_asks_for_new_votes(look_alike, cast):
    change_request = scenes.approved(cast)
    control(look_alike, "POST", f"/packages/{scenes.TARGET}/replace")
    inventory.sync(change_request.endpoint)
    staleness.check_all(change_request.endpoint_id)
    change_request.refresh_from_db()
    assert change_request.status == "stale"
    assert change_request.status_reason["code"].startswith("plan.")
    change_requests.submit(change_request=change_request, lock_version=change_request.lock_version, actor=cast.olga)
    assert (change_request.status, change_request.revision) == ("in_review", 2)
    vote(change_request, cast.amir)
    assert change_request.status == "approved"


def test_an_unmoved_plan_leaves_the_request_as_it_is(cast):
    change_request = scenes.approved(cast)
    inventory.sync(change_request.endpoint)
    staleness.check_all(change_request.endpoint_id)
    change_request.refresh_from_db()
    assert change_request.status == "approved"


def test_a_missing_package_does_not_make_the_plan_stale(look_alike, cast):
    change_request = scenes.approved(cast)
    change_request.endpoint.packages.filter(file_name=scenes.TARGET).update(missing_since=change_request.approved_at)
    staleness.check_all(change_request.endpoint_id)
    change_request.refresh_from_db()
    assert change_request.status == "approved"


def test_a_start_is_called_off_before_a_run_exists(cast):
    change_request = scenes.starting(cast)
    change_requests.call_off(change_request=change_request, actor=cast.omar)
    assert change_request.status == "approved"
    assert change_request.status_reason["code"] == "start.called_off"


def test_a_start_that_led_nowhere_goes_back_to_approved(cast, settings):
    change_request = scenes.starting(cast)
    settings.START_TIMEOUT_SECONDS = 0
    expiring.expire_all()
    change_request.refresh_from_db()
    assert (change_request.status, change_request.status_reason["code"]) == ("approved", "start.timed_out")


@pytest.mark.parametrize("status", sorted(workflow.find("change_request", "expire").sources))
def test_time_ends_every_waiting_request(cast, status):
    change_request = scenes.approved(cast)
    ChangeRequest.objects.filter(pk=change_request.pk).update(status=status, expires_at=change_request.created_at)
    expiring.expire_all()
    change_request.refresh_from_db()
    assert change_request.status == "expired"


@pytest.mark.parametrize("status", sorted(workflow.find("change_request", "withdraw").sources))
def test_the_requester_withdraws_and_an_admin_may_for_an_absent_one(cast, status):
    change_request = scenes.approved(cast)
    ChangeRequest.objects.filter(pk=change_request.pk).update(status=status)
    change_request.refresh_from_db()
    assert refusal(change_requests.withdraw, change_request=change_request, actor=cast.omar)[0] is moves.Forbidden
    change_requests.withdraw(change_request=change_request, actor=cast.ada, comment="Olga is away.")
    assert change_request.status == "withdrawn"


PEOPLE = ("olga", "omar", "amir", "uma", "ada")
CALLS = {
    "submit": lambda row, who: change_requests.submit(change_request=row, lock_version=row.lock_version, actor=who),
    "approve": lambda row, who: vote(row, who),
    "send_back": lambda row, who: vote(row, who, "send_back", "Why?"),
    "reject": lambda row, who: vote(row, who, "reject", "No."),
    "take_back": lambda row, who: change_requests.take_back(change_request=row, actor=who),
    "withdraw": lambda row, who: change_requests.withdraw(change_request=row, actor=who, comment="Away."),
    "start": lambda row, who: change_requests.start(change_request=row, fingerprint=row.fingerprint, actor=who),
    "call_off": lambda row, who: change_requests.call_off(change_request=row, actor=who),
}
MAY = {
    "submit": {"olga", "omar"},
    "approve": {"amir"},
    "send_back": {"amir"},
    "reject": {"amir"},
    "take_back": {"olga"},
    "withdraw": {"olga", "ada"},
    "start": {"olga", "omar"},
    "call_off": {"olga", "omar"},
}


def test_the_matrix_names_every_move_of_people():
    assert set(CALLS) == {move.action for move in workflow.REQUEST_MOVES if move.is_for_people}


def test_the_move_matrix_of_action_status_and_person(cast):
    """Every action x status x person ends as the table says: moved, 403, or 409; 403 comes before 409."""
    change_request = scenes.in_review(cast)
    start = ChangeRequest.objects.filter(pk=change_request.pk).values().get()
    for action, call in CALLS.items():
        found = workflow.find("change_request", action)
        for status in workflow.RequestStatus:
            for name in PEOPLE:
                ChangeRequest.objects.filter(pk=change_request.pk).update(**start | {"status": status})
                change_request.votes.all().delete()
                change_request.refresh_from_db()
                expected = status in found.sources if name in MAY[action] else moves.Forbidden
                _expect(call, change_request, getattr(cast, name), expected, found.target, (action, status, name))


def _expect(call, change_request, person, expected, target, case):
    status = change_request.status
    try:
        call(change_request, person)
    except moves.Forbidden:
        assert expected is moves.Forbidden, case
    except moves.TooLate:
        assert expected is False, case
    else:
        assert expected is True, case
    change_request.refresh_from_db()
    assert change_request.status == (target if expected is True else status), case


def test_the_buttons_agree_with_the_moves_and_say_who_could(cast):
    change_request = scenes.in_review(cast)
    shown = {state.action: state for state in actions.actions(change_request, cast.olga)}
    assert not shown["approve"].is_allowed
    assert shown["approve"].reason == votes.why_not(change_request, cast.olga)
    assert shown["approve"].who == [cast.amir, cast.bea]
    assert shown["take_back"].is_allowed


def test_the_audit_tells_the_status_that_was_left_not_the_one_that_was_read(cast):
    read_before = scenes.in_review(cast)
    row = ChangeRequest.objects.get(pk=read_before.pk)
    change_requests.take_back(change_request=row, actor=cast.olga)
    change_requests.withdraw(change_request=read_before, actor=cast.olga)
    event = AuditEvent.objects.get(action="change_request.withdraw")
    assert (event.before, event.after) == ({"status": "changes_requested"}, {"status": "withdrawn"})

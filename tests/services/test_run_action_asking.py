"""Who may ask for a retry, skip or cancel, of which subtask, and when: rows alone, no OCP."""

import pytest
from django.utils import timezone

from tests.scenes import Cast
from tests.views.run_rows import make_run
from upgrades.models import AuditEvent, Endpoint, RunAction, Subtask, TaskInstance
from upgrades.services import decisions, moves, run_actions, step_decisions

pytestmark = pytest.mark.django_db

CHILD = 9001


@pytest.fixture
def cast():
    return Cast()


@pytest.fixture
def run(cast):
    """A failed run: a step of its child failed, and the parent's subtask that waits."""
    run = make_run(cast, "failed")
    parent = task_of(run, run.ocp_task_id, "parent")
    names = [("Submit cluster upgrade task", "SUCCESSFUL"), ("Wait dag success", "FAILED")]
    for number, (name, status) in enumerate(names, 11):
        step_of(parent, number, name, status, [number - 1] if number > 11 else [])
    child = task_of(run, CHILD, "child", hop=0)
    step_of(child, 21, "Stop zone", "FAILED", [])
    step_of(child, 22, "Start zone", "FAILED", [])
    return run


def task_of(run, ocp_id, kind, **over):
    values = {"status": "FAILED", "operation": "EXECUTE", "observed_at": timezone.now()} | over
    return TaskInstance.objects.create(run=run, ocp_id=ocp_id, kind=kind, **values)


def step_of(task, number, name, status, upstreams):
    return Subtask.objects.create(
        task_instance=task,
        ocp_id=number,
        name=name,
        status=status,
        operation="EXECUTE",
        upstreams=upstreams,
        run_time=1,
    )


def ask(run, person, task_id=CHILD, subtask_id=21, kind="retry"):
    shown = run_actions.shown_hash(run, kind, task_id, subtask_id)
    return run_actions.ask(run=run, kind=kind, task_id=task_id, subtask_id=subtask_id, shown=shown, actor=person)


def propose(run, person, subtask_id=21, kind="skip", **over):
    shown = decisions.evidence_hash(step_decisions.evidence(run, kind, CHILD, subtask_id))
    name = run.change_request.cluster.name
    given = {"purpose": "The server is gone.", "cluster_name": name, "evidence_hash": shown} | over
    return step_decisions.propose(run=run, kind=kind, task_id=CHILD, subtask_id=subtask_id, actor=person, **given)


def refusal(call, *args, **kwargs):
    with pytest.raises(moves.Refusal) as caught:
        call(*args, **kwargs)
    return type(caught.value), caught.value.reason.code


def test_two_people_on_the_same_subtask_get_one_action(cast, run):
    ask(run, cast.olga)
    for kind, subtask_id in (("retry", 21), ("retry_task", None)):
        refused = refusal(ask, run, cast.omar, subtask_id=subtask_id, kind=kind)
        assert refused == (moves.TooLate, "run_action.another_open")
    ask(run, cast.omar, subtask_id=22)
    assert RunAction.objects.count() == 2
    assert decisions.why_not(run, "close").code == "decision.action_open"


def test_only_an_operator_of_the_environment_asks_and_a_refusal_is_kept(cast, run):
    for person in (cast.amir, cast.uma, cast.ada):
        assert refusal(ask, run, person) == (moves.Forbidden, "move.not_permitted")
    assert AuditEvent.objects.filter(action="run_action.ask", outcome="refused").count() == 3
    assert refusal(ask, run, cast.olga, kind="skip") == (moves.Invalid, "form.kind_unknown")


@pytest.mark.parametrize(("task_id", "subtask_id"), [(CHILD, 99), (4711, 21), (CHILD, None)])
def test_nothing_is_asked_of_what_the_run_does_not_have(cast, run, task_id, subtask_id):
    refused = refusal(ask, run, cast.olga, task_id=task_id, subtask_id=subtask_id)
    assert refused == (moves.TooLate, "run_action.no_such_step")


def test_a_possible_child_is_not_acted_on(cast, run):
    TaskInstance.objects.filter(ocp_id=CHILD).update(kind="possible")
    assert refusal(ask, run, cast.olga) == (moves.TooLate, "run_action.no_such_step")


def test_the_parent_waits_for_its_child(cast, run):
    parent = {"task_id": run.ocp_task_id, "subtask_id": 12}
    assert refusal(ask, run, cast.olga, **parent) == (moves.TooLate, "run_action.child_first")
    TaskInstance.objects.filter(ocp_id=CHILD).update(status="RUNNING")
    Subtask.objects.filter(task_instance__ocp_id=CHILD).update(status="RUNNING")
    assert ask(run, cast.olga, **parent).name == "Wait dag success"


def test_nobody_acts_on_a_picture_that_may_be_old(cast, run):
    run.unreadable_since = timezone.now()
    run.save()
    assert refusal(ask, run, cast.olga) == (moves.TooLate, "run_action.unreadable")
    run.unreadable_since = None
    run.save()
    Endpoint.objects.update(failing_since=timezone.now())
    assert refusal(ask, run, cast.olga) == (moves.TooLate, "run_action.ocp_silent")


def test_the_proposer_types_the_clusters_name_and_says_why(cast, run):
    name_differs = (moves.Invalid, "form.cluster_name_differs")
    assert refusal(propose, run, cast.olga, cluster_name="") == name_differs
    assert refusal(propose, run, cast.olga, purpose=" ") == (moves.Invalid, "form.purpose_missing")
    assert refusal(propose, run, cast.uma)[0] is moves.Forbidden
    assert refusal(propose, run, cast.olga, kind="cancel") == (moves.TooLate, "run_action.other_state")
    assert propose(run, cast.olga).ocp_subtask_id == 21
    assert refusal(propose, run, cast.omar, subtask_id=22) == (moves.TooLate, "decision.another_open")

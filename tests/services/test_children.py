"""Children are bound by the rules and the log; what is ambiguous is listed and decides nothing."""

from dataclasses import replace

import pytest

from tests import scenes
from tests.followed import TO_THE_END, advance, child_of, follow, fresh, moves, posted, step
from tests.scenes import Cast, control
from upgrades import selectors
from upgrades.models import AuditEvent, Subtask, TaskInstance, UpgradeRun
from upgrades.services import children, endpoints, observing, runs

pytestmark = pytest.mark.django_db(transaction=True)

SUBMIT = "Submit cluster upgrade task"


@pytest.fixture
def endpoint(look_alike, settings, transactional_db):
    settings.DETAIL_WATCHED_SECONDS = 0
    return scenes.connect(look_alike, settings)


@pytest.fixture
def cast(endpoint):
    return Cast()


def to_submit(look_alike, run):
    """Stop right when the submit subtask runs, before its child exists."""
    advance_until(look_alike, run, lambda parent: SUBMIT in [row["name"] for row in parent["running"]])
    run = follow(run)
    return run, Subtask.objects.get(task_instance__run=run, name=SUBMIT)


def finish_submit(look_alike, run):
    """Let OCP make the child, and follow once."""
    advance_until(look_alike, run, lambda parent: parent["children"])
    return follow(run)


def advance_until(look_alike, run, is_so):
    for _turn in range(200):
        if is_so(ocp_task(look_alike, run.ocp_task_id)):
            return
        advance(look_alike, 0.3)
    raise AssertionError("the look-alike never got there")


def silence_log(look_alike, submit):
    """Let the log name nobody, so that only the rules tell candidates apart."""
    path = f"/tasks/{submit.task_instance.ocp_id}/subtasks/{submit.ocp_id}/set"
    control(look_alike, "POST", path, log_override="nothing to see")


def foreign(look_alike, run, **over):
    """Somebody's task on the run's cluster, by default one that looks like a child of ours."""
    given = {"cluster_id": run.cluster_ocp_id, "creator": "ocpdash", "name": "Upgrade OB cluster", "seconds": 500_000}
    return control(look_alike, "POST", "/foreign", **given | over)["task_id"]


def ocp_task(look_alike, task_id):
    return next(task for task in control(look_alike, "GET", "/state")["tasks"] if task["id"] == task_id)


def real_child(look_alike, run):
    return ocp_task(look_alike, run.ocp_task_id)["children"][0]


def test_the_child_of_a_hop_is_bound_once_and_audited(look_alike, cast):
    run = finish_submit(look_alike, posted(cast))
    child = child_of(run)
    assert (child.ocp_id, child.hop) == (real_child(look_alike, run), 0)
    advance(look_alike, 60)
    follow(run)
    event = AuditEvent.objects.get(action="run.bind_child")
    assert event.after == {"task_id": child.ocp_id, "hop": 0}


def test_a_task_that_runs_while_no_hop_is_open_is_no_candidate(look_alike, cast):
    run = follow(posted(cast))
    foreign(look_alike, run)
    silence_log(look_alike, Subtask.objects.get(task_instance__run=run, name=SUBMIT))
    run = finish_submit(look_alike, run)
    assert set(run.task_instances.values_list("kind", flat=True)) == {"parent", "child"}


@pytest.mark.parametrize(
    "over", [{"creator": "admin"}, {"type": "SYS_SCHEDULED"}, {"type": "SYS_ONECE"}, {"cluster_id": 1_000_009}]
)
def test_what_is_not_ours_not_manual_or_elsewhere_is_no_candidate(look_alike, cast, over):
    run, submit = to_submit(look_alike, posted(cast))
    silence_log(look_alike, submit)
    foreign(look_alike, run, **over)
    run = finish_submit(look_alike, run)
    assert child_of(run).ocp_id == real_child(look_alike, run)
    assert not run.task_instances.filter(kind="possible").exists()


def test_of_several_candidates_the_one_that_the_log_names_is_bound(look_alike, cast):
    run, _submit = to_submit(look_alike, posted(cast))
    foreign(look_alike, run)
    run = finish_submit(look_alike, run)
    assert child_of(run).ocp_id == real_child(look_alike, run)


def test_ambiguous_children_are_listed_and_neither_drawn_nor_decisive(look_alike, cast):
    run, submit = to_submit(look_alike, posted(cast))
    decoy = foreign(look_alike, run)
    silence_log(look_alike, submit)
    run = finish_submit(look_alike, run)
    possible = run.task_instances.filter(kind="possible")
    assert set(possible.values_list("ocp_id", flat=True)) == {decoy, real_child(look_alike, run)}
    assert child_of(run) is None
    assert not Subtask.objects.filter(task_instance__kind="possible").exists()
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", status="FAILED")
    runs.move(follow(run), "close")
    assert follow(run).alarm is None


def test_an_id_inside_a_longer_number_confirms_nothing(look_alike, cast):
    run, submit = to_submit(look_alike, posted(cast))
    decoy = foreign(look_alike, run)
    text = f"task_instance_id=9{decoy} and {decoy}0, x{decoy}, {decoy}_1"
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/subtasks/{submit.ocp_id}/set", log_override=text)
    run = finish_submit(look_alike, run)
    assert child_of(run) is None


def test_a_possible_child_is_bound_as_soon_as_the_log_names_it(look_alike, cast):
    run, submit = to_submit(look_alike, posted(cast))
    decoy = foreign(look_alike, run)
    silence_log(look_alike, submit)
    run = finish_submit(look_alike, run)
    path = f"/tasks/{run.ocp_task_id}/subtasks/{submit.ocp_id}/set"
    control(look_alike, "POST", path, log_override=f"task_instance_id={real_child(look_alike, run)}, well")
    advance(look_alike, 30)
    run = follow(run)
    assert child_of(run).ocp_id == real_child(look_alike, run)
    assert child_of(run).subtasks.count() >= 40
    assert run.task_instances.get(ocp_id=decoy).kind == "possible"


def test_a_single_candidate_waits_for_the_end_of_the_submit_subtask(look_alike, cast):
    """While it runs, the true child may still come."""
    run, _submit = to_submit(look_alike, posted(cast))
    decoy = foreign(look_alike, run)
    run = follow(run)
    assert run.task_instances.get(ocp_id=decoy).kind == "possible"


def test_a_task_that_another_run_is_bound_to_is_never_a_child(look_alike, cast):
    other = posted(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    run, submit = to_submit(look_alike, posted(cast))
    silence_log(look_alike, submit)
    decoy = foreign(look_alike, run)
    TaskInstance.objects.create(run=other, ocp_id=decoy, kind="child", hop=9, observed_at=other.status_at)
    run = finish_submit(look_alike, run)
    assert child_of(run).ocp_id == real_child(look_alike, run)
    assert not run.task_instances.filter(ocp_id=decoy).exists()


def test_every_hop_of_a_longer_path_gets_its_own_child(look_alike, cast):
    run = posted(cast, cluster=scenes.OTHER, target=scenes.TARGET)
    hop_count = len(run.change_request.plan["hops"])
    assert hop_count > 1
    run = step(look_alike, run, lambda: fresh(run).status == "verifying", seconds=60)
    assert list(run.task_instances.filter(kind="child").values_list("hop", flat=True)) == list(range(hop_count))
    assert moves(run).count("run.bind_child") == hop_count


def test_children_of_hops_that_passed_unseen_are_still_bound(look_alike, cast):
    run = posted(cast, cluster=scenes.OTHER, target=scenes.TARGET)
    advance(look_alike, TO_THE_END)
    run = follow(run)
    assert run.status == "verifying"
    assert run.task_instances.filter(kind="child").count() == len(run.change_request.plan["hops"])


def test_a_child_that_cannot_be_read_hides_neither_the_parent_nor_its_end(look_alike, cast):
    run = finish_submit(look_alike, posted(cast))
    child = child_of(run)
    control(look_alike, "POST", "/faults", method="GET", path=f"/{child.ocp_id}$", action="status", status=404)
    advance(look_alike, 60)
    run = follow(run)
    assert run.unreadable_reason == {"code": "unreadable.vanished", "params": {"task_id": child.ocp_id}}
    advance(look_alike, TO_THE_END)
    UpgradeRun.objects.filter(pk=run.pk).update(detail_due_at=None)
    run = follow(run)
    assert run.status == "verifying"


def test_another_task_under_a_childs_id_is_not_written_over_it(look_alike, cast):
    run = finish_submit(look_alike, posted(cast))
    child = child_of(run)
    created_at = child.created_in_ocp_at.timestamp()
    control(look_alike, "POST", f"/tasks/{child.ocp_id}/set", created_at=created_at + 60, status="FAILED")
    run = follow(run)
    assert child_of(run).status == "RUNNING"
    assert run.unreadable_reason["code"] == "unreadable.other_task"


def test_a_task_that_fits_two_hops_is_written_once(look_alike, cast):
    """A wait subtask that is not done keeps its hop open, also where somebody made OCP go on to the next one."""
    run = posted(cast, cluster=scenes.OTHER, target=scenes.TARGET)
    advance(look_alike, TO_THE_END)
    client = endpoints.client(run.endpoint)
    parent = client.task(run.ocp_task_id)
    waits = [row for row in parent.subtasks if row.name == "Wait dag success"]
    assert len(waits) > 1
    for submit in [row for row in parent.subtasks if row.name == SUBMIT]:
        path = f"/tasks/{parent.id}/subtasks/{submit.id}/set"
        control(look_alike, "POST", path, log_override="nothing to see")
    first = min(waits, key=lambda row: row.start_time)
    steps = tuple(replace(row, status="FAILED") if row.id == first.id else row for row in parent.subtasks)
    parent = replace(parent, status="RUNNING", subtasks=steps)
    found = children.read(run, parent, client)
    assert observing.apply(run, parent, found.children, observation=selectors.observation(), at=run.intent_at)
    written = run.task_instances.exclude(kind="parent").values_list("kind", "hop")
    assert sorted(written) == [*(("child", hop) for hop in range(1, len(waits))), ("possible", 0)]

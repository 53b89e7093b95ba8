"""The actions beside the chosen subtask: what is offered, to whom, and what a refused one says."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.scenes import Cast
from tests.views.acting import client_of
from tests.views.run_rows import make_run, page_of
from upgrades.models import Decision, RunAction, Subtask, SubtaskEvent, TaskInstance, UpgradeRun, User
from upgrades.services import decisions, run_actions, step_decisions

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return Cast()


@pytest.fixture
def run(cast: Cast) -> UpgradeRun:
    """A failed run whose parent stopped at its first step."""
    run = make_run(cast, "failed")
    task = TaskInstance.objects.create(
        run=run, ocp_id=run.ocp_task_id, kind="parent", status="FAILED", operation="EXECUTE", observed_at=timezone.now()
    )
    Subtask.objects.create(
        task_instance=task, ocp_id=11, name="Start node", status="FAILED", operation="EXECUTE", run_time=1
    )
    return run


def page(run: UpgradeRun, person: User) -> str:
    return client_of(person).get(page_of(run, f"?node={run.ocp_task_id}/11")).content.decode()


def retry(run: UpgradeRun, client: Client, **over: object) -> int:
    task_id = run.ocp_task_id or 0
    form = {"kind": "retry", "task_id": task_id, "subtask_id": 11}
    form["shown"] = run_actions.shown_hash(run, "retry", task_id, 11)
    return int(client.post(reverse("runs-act", args=[run.pk]), form | over).status_code)


def skip(run: UpgradeRun, **over: str) -> dict[str, object]:
    task_id = run.ocp_task_id or 0
    shown = decisions.evidence_hash(step_decisions.evidence(run, "skip", task_id, 11))
    name = run.change_request.cluster.name
    given = {"kind": "skip", "purpose": "Done by hand.", "evidence_hash": shown, "cluster_name": name}
    return {**given, "ocp_task_id": task_id, "ocp_subtask_id": 11, **over}


def test_an_operator_presses_retry_and_the_page_says_that_ocp_has_not_shown_it_yet(cast: Cast, run: UpgradeRun) -> None:
    assert "Retry this subtask in OCP" in page(run, cast.olga)
    assert retry(run, client_of(cast.olga)) == 302
    text = page(run, cast.omar)
    assert 'data-status="asked"' in text
    assert "not yet seen in OCP" in text
    assert "Retry this subtask in OCP" not in text
    answer = client_of(cast.omar)
    assert retry(run, answer) == 409
    assert RunAction.objects.count() == 1


def test_who_may_not_retry_sees_the_button_with_the_reason_and_who_can(cast: Cast, run: UpgradeRun) -> None:
    text = page(run, cast.uma)
    assert "it takes an operator." in text
    assert reverse("runs-act", args=[run.pk]) not in text
    assert retry(run, client_of(cast.uma)) == 403


@pytest.mark.parametrize(
    ("over", "status"),
    [({"shown": "old"}, 409), ({"kind": "skip"}, 400), ({"subtask_id": 12}, 409), ({"task_id": "x"}, 409)],
)
def test_a_retry_that_cannot_be_is_told_why_and_asks_nothing(
    cast: Cast, run: UpgradeRun, over: dict[str, object], status: int
) -> None:
    assert retry(run, client_of(cast.olga), **over) == status
    assert not RunAction.objects.exists()


def test_a_skip_takes_the_clusters_name_of_both_and_what_was_typed_stays(cast: Cast, run: UpgradeRun) -> None:
    propose, client = reverse("decisions-propose", args=[run.pk]), client_of(cast.olga)
    answer = client.post(propose, skip(run, cluster_name="another"))
    assert answer.status_code == 400
    assert "Done by hand." in answer.content.decode()
    assert "Type the name of this run&#x27;s cluster." in answer.content.decode()
    assert client.post(propose, skip(run)).status_code == 302
    decision = Decision.objects.get()
    address = reverse("decisions-confirm", args=[decision.pk])
    form = {"evidence_hash": decision.evidence_hash, "is_read": "on"}
    assert client_of(cast.amir).post(address, form).status_code == 400
    assert "skipped by hand" in page(run, cast.amir)
    form["cluster_name"] = run.change_request.cluster.name
    assert client_of(cast.amir).post(address, form).status_code == 302
    assert RunAction.objects.get().decision == decision
    assert "not yet seen in OCP" in page(run, cast.uma)


def test_what_was_done_in_ocps_console_is_said_with_its_origin(cast: Cast, run: UpgradeRun) -> None:
    event = {"task_ocp_id": run.ocp_task_id, "subtask_ocp_id": 11, "name": "Start node", "seen_at": timezone.now()}
    SubtaskEvent.objects.create(run=run, act="SKIP", status_after="SUCCESSFUL", operation_after="SKIP", **event)
    text = page(run, cast.uma)
    assert 'data-banner="console"' in text
    assert "In OCP, not by ocpdash: SKIP of Start node" in text
    events = client_of(cast.uma).get(page_of(run, "?view=events")).content.decode()
    assert "in OCP, not by ocpdash" in events


def test_late_evidence_and_clusters_still_held_are_banners(cast: Cast) -> None:
    run = make_run(cast, "closed", late_evidence=[{"kind": "answer", "http_status": 200, "task_id": 99, "code": None}])
    run.holds.create(cluster=run.change_request.cluster)
    text = client_of(cast.uma).get(page_of(run)).content.decode()
    assert 'data-banner="late"' in text
    assert "200, code none, task 99" in text
    assert f"Still held: {run.change_request.cluster.name}" in text


def test_the_parents_subtask_is_chosen_once_its_child_is_well_although_the_child_is_drawn_in_its_place(
    cast: Cast, run: UpgradeRun
) -> None:
    parent = run.task_instances.get()
    Subtask.objects.filter(task_instance=parent).update(name="Submit cluster upgrade task", status="SUCCESSFUL")
    Subtask.objects.create(task_instance=parent, ocp_id=12, name="Wait dag success", status="FAILED", upstreams=[11])
    child = TaskInstance.objects.create(
        run=run, ocp_id=9001, kind="child", hop=0, status="SUCCESSFUL", observed_at=timezone.now()
    )
    Subtask.objects.create(task_instance=child, ocp_id=21, name="Stop zone", status="SUCCESSFUL")
    text = client_of(cast.olga).get(page_of(run)).content.decode()
    assert f'data-chosen="{parent.ocp_id}/12"' in text
    assert "Retry this subtask in OCP" in text

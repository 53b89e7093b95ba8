"""What is asked of OCP during a run, by the API: a retry by one person, a skip by two."""

import json
from typing import Any

import pytest
from django.http import HttpResponse

from tests.api.gates import call, token_of
from tests.scenes import Cast
from tests.town import failed_step, retry_of
from tests.views.run_rows import make_run
from upgrades.models import Decision, RunAction, UpgradeRun

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


@pytest.fixture
def run(cast: Cast) -> UpgradeRun:
    run = make_run(cast, "failed")
    failed_step(run)
    return run


def told(answer: HttpResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = json.loads(answer.content)
    return found


def test_a_retry_is_asked_for_on_the_state_that_was_offered(cast: Cast, run: UpgradeRun) -> None:
    token, actions = token_of(cast.olga), f"/api/v1/runs/{run.pk}/actions/"
    about = f"kind=retry&task_id={run.ocp_task_id}&subtask_id=11"
    offer = told(call(token, "get", f"{actions}offer/?{about}"), 200)
    step = run.task_instances.get().subtasks.get()
    assert (offer["why_not"], offer["shown"]) == (None, retry_of(run, step)["shown"])
    body = {"kind": "retry", "task_id": str(run.ocp_task_id), "subtask_id": "11", "shown": "0" * 64}
    assert told(call(token, "post", actions, body), 409)["code"] == "decision.evidence_moved"
    made = told(call(token, "post", actions, body | {"shown": offer["shown"]}), 201)
    assert (made["status"], made["subtask_id"]) == ("asked", "11")
    assert told(call(token, "get", made["url"]), 200) == made
    assert told(call(token, "get", f"{actions}offer/?{about}"), 200)["why_not"]["code"] == "run_action.another_open"
    for wrong in ("kind=retry_task&task_id=1&subtask_id=2", "kind=retry&task_id=1", "kind=skip&task_id=1"):
        assert call(token, "get", f"{actions}offer/?{wrong}").status_code == 400, wrong


def test_a_skip_takes_two_people_and_the_clusters_name_of_both(cast: Cast, run: UpgradeRun) -> None:
    proposer, confirmer = token_of(cast.olga), token_of(cast.amir)
    about = f"?kind=skip&ocp_task_id={run.ocp_task_id}&ocp_subtask_id=11"
    shown = told(call(proposer, "get", f"/api/v1/runs/{run.pk}/evidence/{about}"), 200)
    assert shown["why_not"] is None
    assert call(proposer, "get", f"/api/v1/runs/{run.pk}/evidence/?kind=skip").status_code == 400
    body = {"kind": "skip", "purpose": "Done by hand.", "evidence_hash": shown["evidence_hash"]}
    body |= {"ocp_task_id": str(run.ocp_task_id), "ocp_subtask_id": "11"}
    address, name = f"/api/v1/runs/{run.pk}/decisions/", {"cluster_name": run.change_request.cluster.name}
    assert told(call(proposer, "post", address, body), 400)["field"] == "cluster_name"
    decision = told(call(proposer, "post", address, body | name), 201)
    confirm = {"evidence_hash": decision["evidence_hash"], "is_read": True}
    where = f"{decision['url']}confirm/"
    assert call(proposer, "post", where, confirm | name).status_code == 403
    assert told(call(confirmer, "post", where, confirm), 400)["field"] == "cluster_name"
    assert not RunAction.objects.exists()
    assert told(call(confirmer, "post", where, confirm | name), 200)["status"] == "confirmed"
    assert RunAction.objects.get().decision == Decision.objects.get()

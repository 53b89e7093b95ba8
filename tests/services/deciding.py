"""Two people decide: how a run comes to need it, and what each of them does."""

import pytest

from tests import scenes
from tests.scenes import control
from upgrades.models import Decision, Endpoint, UpgradeRun
from upgrades.services import carrying_out, decisions, endpoints, following, moves, submission, sweeping


def run_of(look_alike, cast, mode):
    change_request = scenes.starting(cast)
    control(look_alike, "POST", "/answer", mode=mode)
    submission.submit(change_request.pk)
    return UpgradeRun.objects.select_related("endpoint").get(pk=change_request.pk)


def propose(run, kind, person, task_id=None):
    shown = decisions.evidence_hash(decisions.evidence(run, kind, task_id))
    return decisions.propose(
        run=run, kind=kind, purpose="We looked in OCP.", evidence_hash=shown, actor=person, ocp_task_id=task_id
    )


def confirm(decision, person):
    decisions.confirm(decision=decision, evidence_hash=decision.evidence_hash, actor=person)


def carry_out(endpoint, run):
    carrying_out.carry_out_all(Endpoint.objects.get(pk=endpoint.pk))
    run.refresh_from_db()
    return Decision.objects.latest("pk")


def refusal(call, *args, **kwargs):
    with pytest.raises(moves.Refusal) as caught:
        call(*args, **kwargs)
    return type(caught.value), caught.value.reason.code


def swept(run):
    sweeping.sweep(Endpoint.objects.get(pk=run.endpoint_id))
    run.refresh_from_db()
    return run


def failed_run(look_alike, cast, endpoint):
    run = run_of(look_alike, cast, "plain")
    control(look_alike, "POST", f"/tasks/{run.ocp_task_id}/set", status="FAILED")
    following.refresh(run, endpoints.client(endpoint))
    run.refresh_from_db()
    assert run.status == "failed"
    return run

"""What a worker makes of a decision of two people: whose names stay with the run, and what OCP's silence does to it."""

import pytest

from tests.scenes import control
from tests.services.deciding import carry_out, confirm, propose, run_of, swept
from upgrades.models import AuditEvent, Endpoint, UpgradeRun

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_quiet")]


def adoption(look_alike, cast, endpoint):
    """A run in doubt, and the decision of olga and bea to adopt the one task that fits."""
    Endpoint.objects.filter(pk=endpoint.pk).update(is_account_ours=False)
    run = swept(run_of(look_alike, cast, "lost"))
    decision = propose(run, "adopt", cast.olga, run.candidates[0])
    confirm(decision, cast.bea)
    return run


@pytest.mark.parametrize("kind", ["adopt", "abandon"])
def test_the_run_names_both_who_decided(look_alike, cast, endpoint, kind):
    if kind == "adopt":
        run = adoption(look_alike, cast, endpoint)
    else:
        run = swept(run_of(look_alike, cast, "drop"))
        confirm(propose(run, "abandon", cast.olga), cast.bea)
    carry_out(endpoint, run)
    event = AuditEvent.objects.get(action=f"run.{kind}")
    assert event.reason == {"code": "decision.by", "params": {"proposer": "olga", "confirmer": "bea"}}


@pytest.mark.parametrize(("status", "is_open"), [(500, False), (401, True)])
def test_a_decision_waits_where_ocp_does_not_answer_and_the_endpoint_says_so(
    look_alike, cast, endpoint, status, is_open
):
    run = adoption(look_alike, cast, endpoint)
    path = f"/instances/{run.candidates[0]}"
    control(look_alike, "POST", "/faults", method="GET", path=path, action="status", status=status)
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("confirmed", "unconfirmed")
    failing = Endpoint.objects.get(pk=endpoint.pk)
    assert failing.failing_since is not None
    assert (failing.breaker_opened_at is not None) == is_open


def test_a_decision_waits_where_ocp_may_not_be_asked(look_alike, cast, endpoint):
    run = adoption(look_alike, cast, endpoint)
    Endpoint.objects.filter(pk=endpoint.pk).update(is_active=False)
    decision = carry_out(endpoint, run)
    assert (decision.status, run.status) == ("confirmed", "unconfirmed")
    assert UpgradeRun.objects.get().ocp_task_id is None

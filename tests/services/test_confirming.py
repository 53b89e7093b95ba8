"""What the second of two people is refused, although the first was not."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.services.deciding import confirm, propose, refusal, run_of, swept
from upgrades.models import AuditEvent, Decision, Endpoint
from upgrades.services import decisions, moves

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_quiet")]


@pytest.fixture
def proposal(look_alike, cast):
    """Olga's, to abandon a run that OCP never saw."""
    return propose(swept(run_of(look_alike, cast, "drop")), "abandon", cast.olga)


def test_what_speaks_against_it_by_now_refuses_the_second_as_well(proposal, cast, settings):
    settings.QUIET_PERIOD_SECONDS = 900
    assert refusal(confirm, proposal, cast.omar) == (moves.TooLate, "decision.quiet_period")
    assert Decision.objects.get().status == "proposed"


def test_a_proposal_whose_time_is_over_is_not_confirmed(proposal, cast):
    Decision.objects.update(expires_at=timezone.now())
    assert refusal(confirm, proposal, cast.omar)[0] is moves.TooLate
    Decision.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    confirm(proposal, cast.omar)
    assert Decision.objects.get().status == "confirmed"


def test_another_evidence_than_the_page_showed_is_not_confirmed(proposal, cast):
    call = {"decision": proposal, "actor": cast.omar}
    assert refusal(decisions.confirm, evidence_hash="0" * 64, **call) == (moves.TooLate, "decision.evidence_moved")
    shown = proposal.evidence_hash
    assert refusal(decisions.confirm, evidence_hash=shown, is_read=False, **call) == (
        moves.Invalid,
        "form.evidence_not_read",
    )


def test_confirming_wakes_the_worker_that_reads_ocp(proposal, cast, redis, endpoint):
    later = timezone.now() + timedelta(hours=1)
    Endpoint.objects.update(sweep_due_at=later)
    redis.delete("tick")
    confirm(proposal, cast.omar)
    assert Endpoint.objects.get(pk=endpoint.pk).sweep_due_at < later
    assert redis.llen("tick") == 1
    event = AuditEvent.objects.get(action="decision.confirm")
    assert (event.actor, event.outcome) == (cast.omar, "done")


def test_only_a_known_kind_is_proposed_for_a_run(look_alike, cast):
    run = swept(run_of(look_alike, cast, "drop"))
    assert refusal(propose, run, "forget", cast.olga) == (moves.Invalid, "form.kind_unknown")

"""Decisions in the browser: proposed by one, confirmed by another, on the same evidence."""

import re

import pytest
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse

from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import client_of, in_review, refused, run_of
from upgrades.models import Decision, Environment, UpgradeRun, User
from upgrades.services import decisions

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return Cast()


@pytest.fixture
def run(cast: Cast) -> UpgradeRun:
    return run_of(in_review(cast))


def proposal(run: UpgradeRun, kind: str = "abandon", **over: object) -> dict[str, object]:
    shown = decisions.evidence(run, kind)
    return {"kind": kind, "purpose": "OCP shows nothing.", "evidence_hash": decisions.evidence_hash(shown)} | over


def proposed(run: UpgradeRun, user: User) -> Decision:
    content = proposal(run)
    return decisions.propose(
        run=run,
        kind="abandon",
        purpose="OCP shows nothing.",
        evidence_hash=str(content["evidence_hash"]),
        actor=user,
    )


def panel(run: UpgradeRun, user: User) -> str:
    request = RequestFactory().get("/")
    request.user = user
    return render_to_string("upgrades/decisions/_panel.html", {"run": run, "user": user}, request)


def addresses(run: UpgradeRun, decision: Decision) -> dict[str, str]:
    return {
        "propose": reverse("decisions-propose", args=[run.pk]),
        "confirm": reverse("decisions-confirm", args=[decision.pk]),
        "withdraw": reverse("decisions-withdraw", args=[decision.pk]),
    }


@pytest.mark.parametrize("action", ["propose", "confirm", "withdraw"])
def test_each_button_asks_for_sign_in_hides_strangers_and_refuses_who_may_not_decide(
    cast: Cast, run: UpgradeRun, action: str
) -> None:
    decision = proposed(run, cast.olga)
    address = addresses(run, decision)[action]
    assert Client().post(address).headers["Location"].startswith("/sign-in/?next=")
    assert client_of(make_user("stranger", ("admin", Environment.DEV))).post(address).status_code == 404
    for person in (make_user("vera", "viewer"), cast.uma):
        assert client_of(person).post(address).status_code == 403
        assert refused(f"decision.{action}", person) == 1
    decision.refresh_from_db()
    assert decision.status == "proposed"


def test_two_people_decide_and_the_proposer_cannot_be_the_second(cast: Cast, run: UpgradeRun) -> None:
    address = reverse("decisions-propose", args=[run.pk])
    assert client_of(cast.olga).post(address, proposal(run)).headers["Location"] == reverse(
        "runs-detail", args=[run.pk]
    )
    decision = Decision.objects.get()
    confirm = reverse("decisions-confirm", args=[decision.pk])
    shown = {"evidence_hash": decision.evidence_hash, "is_read": "on"}
    assert client_of(cast.olga).post(confirm, shown).status_code == 403
    assert client_of(cast.amir).post(confirm, shown).status_code == 302
    decision.refresh_from_db()
    assert (decision.status, decision.confirmer) == ("confirmed", cast.amir)


def test_a_proposal_without_a_reason_is_shown_again(cast: Cast, run: UpgradeRun) -> None:
    address = reverse("decisions-propose", args=[run.pk])
    answer = client_of(cast.olga).post(address, proposal(run, purpose=" "))
    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.content.decode()
    assert client_of(cast.olga).post(address, proposal(run, kind="explode")).status_code == 400
    assert not Decision.objects.exists()


def test_a_proposal_on_evidence_that_moved_is_too_late_and_keeps_the_text(cast: Cast, run: UpgradeRun) -> None:
    content = proposal(run, purpose="I asked the DBA on duty.")
    UpgradeRun.objects.filter(pk=run.pk).update(ocp_word="RUNNING")
    answer = client_of(cast.olga).post(reverse("decisions-propose", args=[run.pk]), content)
    assert answer.status_code == 409
    assert "I asked the DBA on duty." in answer.content.decode()


def test_a_confirmation_after_the_evidence_moved_is_too_late_and_the_panel_says_so(cast: Cast, run: UpgradeRun) -> None:
    decision = proposed(run, cast.olga)
    UpgradeRun.objects.filter(pk=run.pk).update(ocp_word="RUNNING")
    run.refresh_from_db()
    answer = client_of(cast.amir).post(
        reverse("decisions-confirm", args=[decision.pk]),
        {"evidence_hash": decision.evidence_hash, "is_read": "on"},
    )
    assert answer.status_code == 409
    assert "What was shown has moved since" in panel(run, cast.amir)
    assert reverse("decisions-confirm", args=[decision.pk]) not in panel(run, cast.amir)


def test_a_proposal_is_withdrawn_once(cast: Cast, run: UpgradeRun) -> None:
    address = reverse("decisions-withdraw", args=[proposed(run, cast.olga).pk])
    answers = [client_of(cast.olga).post(address).status_code for _ in range(2)]
    assert answers == [302, 409]


def test_the_panel_offers_to_each_person_what_that_person_may_do(cast: Cast, run: UpgradeRun) -> None:
    offer = f"Propose: Abandon the run of {run.number}"
    assert offer in panel(run, cast.olga)
    assert 'name="evidence_hash"' in panel(run, cast.olga)
    assert 'name="evidence_hash"' not in panel(run, cast.uma)
    assert 'aria-disabled="true"' in panel(run, cast.uma)
    decision = proposed(run, cast.olga)
    confirm = reverse("decisions-confirm", args=[decision.pk])
    assert confirm in panel(run, cast.amir)
    assert confirm not in panel(run, cast.olga)
    assert confirm not in panel(run, cast.uma)
    assert "You proposed it" in panel(run, cast.olga)


def test_each_candidate_can_be_adopted_by_its_own_proposal(cast: Cast) -> None:
    run = run_of(in_review(cast), candidates=[4201, 4202])
    shown = panel(run, cast.olga)
    assert 'name="ocp_task_id" value="4201"' in shown
    assert 'name="ocp_task_id" value="4202"' in shown
    evidence = decisions.evidence_hash(decisions.evidence(run, "adopt", 4202))
    content = proposal(run, kind="adopt", ocp_task_id=4202, evidence_hash=evidence)
    client_of(cast.olga).post(reverse("decisions-propose", args=[run.pk]), content)
    assert Decision.objects.get().ocp_task_id == 4202


def test_a_run_without_anything_to_decide_shows_no_panel(cast: Cast) -> None:
    assert panel(run_of(in_review(cast), "verified"), cast.olga).strip() == ""


def test_a_confirmation_without_the_tick_is_refused_beside_it(cast: Cast, run: UpgradeRun) -> None:
    decision = proposed(run, cast.olga)
    confirm = reverse("decisions-confirm", args=[decision.pk])
    answer = client_of(cast.amir).post(confirm, {"evidence_hash": decision.evidence_hash})
    assert answer.status_code == 400
    assert re.search(r'id="read-error".*?Tick that you looked at this evidence', answer.text, re.DOTALL)
    decision.refresh_from_db()
    assert decision.status == "proposed"

"""Both machines against a one-page model: the real services, PostgreSQL and a look-alike OCP, random acts of people.

Short and the same each time in `make test`. Longer, at random, and with the shortest story of what went wrong:
MACHINE_EXAMPLES=500 pytest --timeout 0 tests/services/test_machines.py
"""

import os
from datetime import timedelta
from functools import partial

import pytest
from django.db.models import F
from hypothesis import Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test

from tests import scenes
from tests.followed import TO_THE_END, advance
from tests.scenes import control, posts
from tests.services.machine_hands import Hands
from tests.services.machine_model import FINAL, FORBIDDEN, OK, PEOPLE, RUN_FINAL, TOO_LATE, Model
from upgrades.models import AuditEvent, ChangeRequest, Endpoint, Grant, Package, Server, UpgradeRun, User
from upgrades.rules import workflow
from upgrades.services import (
    actions,
    carrying_out,
    change_requests,
    decisions,
    expiring,
    following,
    staleness,
    submission,
    sweeping,
    verifying,
)

pytestmark = pytest.mark.django_db(transaction=True)

LONGER = int(os.environ.get("MACHINE_EXAMPLES", "0"))
# As far as a request has come before the random acts begin: alone they would seldom see a run.
APPROVED = (
    ("edit", "dana"),
    ("submit", "olga"),
    ("approve", "olga"),
    ("approve", "dana"),
    ("approve", "amir"),
    ("approve", "bea"),
)
STAGES = ("draft", "approved", "in_doubt", "failed", "ended")
ACTS = ("edit", "submit", "approve", "send_back", "take_back", "start", "call_off")
ENDS = ("reject", "withdraw")
ANSWERS = ("plain", "plain", "lost", "drop", "500", "refuse")
people = st.sampled_from(PEOPLE)


def is_open(machine):
    return machine.model.status not in FINAL


def has_run(machine):
    return machine.model.run is not None


class Machines(Hands):
    """What may come next, and what must hold after it. `stage`: how far the request has come before."""

    stage = "draft"

    @initialize(quorum=st.integers(1, 2), doubt=st.sampled_from(("lost", "drop", "500")))
    def begin(self, quorum, doubt):
        self.model = Model(quorum=quorum)
        ChangeRequest.objects.filter(pk=self.pk).update(quorum=quorum)
        if self.stage == "draft":
            return
        for what, who in APPROVED:
            self.act(what, who)
        self.buttons_agree()
        if self.stage == "approved":
            return
        self.act("start", "omar")
        self.carry_start(doubt if self.stage == "in_doubt" else "plain", is_blocked=False)
        if self.stage != "in_doubt":
            self.ocp_ends(is_good=self.stage == "ended")
            self.follow()

    # --- people -------------------------------------------------------------------------------------------------

    @precondition(lambda self: is_open(self) and not has_run(self))
    @rule(choice=st.integers(0, 1000))
    def somebody_who_may_acts(self, choice):
        able = [(what, who) for what in ACTS for who in PEOPLE if self.may(what, who) == OK]
        if able:
            self.act(*able[choice % len(able)])

    @rule(what=st.sampled_from(ENDS), who=people, is_meant=st.integers(0, 3))
    def ends(self, what, who, is_meant):
        if not is_meant or self.may(what, who) != OK:
            self.act(what, who)

    @rule(what=st.sampled_from(ACTS), who=people)
    def anybody_acts(self, what, who):
        self.act(what, who)

    @precondition(lambda self: not has_run(self))
    @rule(what=st.sampled_from(("edit", "submit", "approve", "start")), who=people)
    def anybody_acts_on_an_older_page(self, what, who):
        """The form's version or the plan is not today's."""
        request, person = self.request(), self.person(who)
        request.lock_version, request.fingerprint = request.lock_version - 1, "0" * 64
        expected = FORBIDDEN if self.may(what, who) == FORBIDDEN else TOO_LATE
        assert self.outcome(self.call(what, request, person)) == expected, f"{who}: {what}"

    @rule()
    def buttons_agree(self):
        for who in PEOPLE:
            for state in actions.actions(self.request(), self.person(who)):
                may = self.may(state.action, who)
                assert state.is_allowed or may != OK, f"{who} could {state.action}"
                assert not state.is_allowed or may != FORBIDDEN, f"{who} may not {state.action}"

    @precondition(lambda self: not has_run(self))
    @rule(who=st.sampled_from(("amir", "bea", "dana")))
    def approver_loses_or_regains_the_role(self, who):
        holders = self.model.roles["approver"]
        if who in holders:
            Grant.objects.filter(user__username=who, role="approver").delete()
            holders.remove(who)
        else:
            Grant.objects.create(user=self.person(who), role="approver", environment="")
            holders.add(who)

    # --- time, the plan, the worker -------------------------------------------------------------------------------

    @precondition(lambda self: self.model.status not in {*FINAL, "draft", "in_progress"})
    @rule()
    def time_passes(self):
        ChangeRequest.objects.filter(pk=self.pk).update(expires_at=F("submitted_at") - timedelta(days=1))
        self.model.is_over = True

    @precondition(lambda self: not has_run(self))
    @rule(is_start_late=st.booleans())
    def expire(self, is_start_late):
        if is_start_late:
            ChangeRequest.objects.filter(pk=self.pk).update(starting_at=F("starting_at") - timedelta(hours=1))
        expiring.expire_all()
        self.model.expire(is_start_late=is_start_late)

    @precondition(lambda self: is_open(self) and not has_run(self))
    @rule(is_noticed=st.booleans())
    def package_is_replaced(self, is_noticed):
        sha1 = control(self.look_alike, "POST", f"/packages/{scenes.TARGET}/replace")["sha1"]
        Package.objects.filter(file_name=scenes.TARGET).update(sha1=sha1)
        ChangeRequest.objects.update(plan_checked_at=None)
        self.model.package += 1
        if is_noticed:
            staleness.check_all(self.cluster.endpoint_id)
            self.model.compare_plan()

    @rule(answer=st.sampled_from(ANSWERS), is_blocked=st.booleans())
    def carry_start(self, answer, is_blocked):
        had_run = has_run(self)
        control(self.look_alike, "POST", "/answer", mode="plain")
        if answer != "plain":
            control(self.look_alike, "POST", "/answer", mode=answer)
        Endpoint.objects.update(is_active=not is_blocked)
        submission.submit(self.pk)
        Endpoint.objects.update(is_active=True)
        self.model.carry_start(answer, is_blocked=is_blocked)
        if not had_run and UpgradeRun.objects.exists():
            self.was_approved_by_others()

    # --- the run --------------------------------------------------------------------------------------------------

    @precondition(has_run)
    @rule()
    def sweep(self):
        sweeping.sweep(self.endpoint())
        self.model.sweep()

    @precondition(has_run)
    @rule()
    def follow(self):
        following.follow(self.endpoint())
        self.model.follow()

    @precondition(has_run)
    @rule()
    def verify(self):
        verifying.verify_due(self.endpoint())
        self.model.verify()

    @precondition(lambda self: self.model.ocp == "running")
    @rule(is_good=st.booleans())
    def ocp_ends(self, is_good):
        if not is_good:
            control(self.look_alike, "POST", "/fail", step="Wait observer active", times=1)
        advance(self.look_alike, TO_THE_END)
        self.model.ocp, self.model.is_read = "successful" if is_good else "failed", False

    @precondition(lambda self: self.model.ocp == "failed")
    @rule()
    def ocp_retries(self):
        control(self.look_alike, "POST", f"/tasks/{self.task_id()}/retry")
        self.model.ocp, self.model.is_read = "running", False

    @precondition(lambda self: self.model.ocp == "successful")
    @rule(is_right=st.booleans())
    def server_changes(self, is_right):
        server = Server.objects.filter(cluster=self.cluster).order_by("ip").first()
        build = ("4.2.1.8", "108000022024072217") if is_right else ("4.2.1.2", "102000042023120514")
        control(self.look_alike, "POST", f"/servers/{server.ip}/set", version=build[0], build=build[1])
        self.model.are_servers_right = is_right

    @precondition(lambda self: self.model.run in {"failed", "verifying", "disagrees", "unconfirmed"})
    @rule(proposer=people, confirmer=people)
    def two_decide(self, proposer, confirmer):
        kind = "abandon" if self.model.run == "unconfirmed" else "close"
        # The quiet period is over on our clock. OCP's stays, or its task would have begun too late to be ours.
        UpgradeRun.objects.update(intent_at=F("ocp_intent_at") - timedelta(seconds=1000))
        run, model = self.run(), self.model
        shown = decisions.evidence_hash(decisions.evidence(run, kind))
        propose = partial(
            decisions.propose,
            run=run,
            kind=kind,
            purpose="We looked.",
            evidence_hash=shown,
            actor=self.person(proposer),
        )
        expected = OK if model.may_decide(proposer) else FORBIDDEN
        if kind == "abandon" and expected == OK and not model.is_swept:
            expected = TOO_LATE
        assert self.outcome(propose) == expected
        if expected != OK:
            return
        decision = run.decisions.latest("pk")
        expected = OK if model.may_decide(confirmer) and confirmer != proposer else FORBIDDEN
        confirm = partial(decisions.confirm, decision=decision, evidence_hash=shown, actor=self.person(confirmer))
        assert self.outcome(confirm) == expected
        if expected == OK:
            carrying_out.carry_out_all(self.endpoint())
            getattr(model, kind)()
        else:
            decisions.withdraw(decision=decision, actor=self.person(proposer))

    # --- after each step --------------------------------------------------------------------------------------------

    @invariant()
    def rows_say_what_the_model_says(self):
        request, model = self.request(), self.model
        assert (request.status, request.revision) == (model.status, model.revision)
        assert list(UpgradeRun.objects.values_list("pk", "status")) == ([(self.pk, model.run)] if model.run else [])
        assert request.outcome == (model.run if model.run in RUN_FINAL else "")
        if request.status == "in_review":
            names = User.objects.filter(pk__in=change_requests.judge(request).counted_voter_ids)
            assert {person.username for person in names} == model.counted()

    @invariant()
    def nothing_is_posted_twice(self):
        assert len(posts(self.look_alike)) == self.model.posts <= 1
        assert AuditEvent.objects.filter(action="run.intend").count() == self.model.posts

    @invariant()
    def what_ended_stays_ended(self):
        for machine, rows in (("change_request", ChangeRequest.objects.all()), ("run", UpgradeRun.objects.all())):
            for status in rows.values_list("status", flat=True):
                assert self.ended.get(machine, status) == status
                if status in workflow.FINAL[machine]:
                    self.ended[machine] = status

    @invariant()
    def audit_tells_every_move_and_refusal(self):
        for machine, status in (("change_request", "draft"), ("run", "submitting")):
            acts = [f"{machine}.{move.action}" for move in workflow.MOVES[machine]]
            told = AuditEvent.objects.filter(action__in=acts, outcome="done").order_by("pk")
            for event in told:
                assert event.before["status"] == status, event
                status = event.after["status"]
            model = self.model.status if machine == "change_request" else self.model.run or "submitting"
            assert status == model
        assert AuditEvent.objects.filter(outcome="refused").count() == self.refusals


@pytest.mark.parametrize("stage", STAGES)
def test_services_do_what_the_model_of_both_machines_does(stage, settings, services, transactional_db):
    settings.VERIFY_SECONDS = settings.DISAGREE_SECONDS = 0
    settings.DISAGREE_AFTER_SECONDS = settings.DETAIL_WATCHED_SECONDS = 0
    Machines.settings, Machines.superuser_url, Machines.stage = settings, services.superuser_url, stage
    run_state_machine_as_test(
        Machines,
        settings=hypothesis_settings(
            max_examples=LONGER or 3,
            stateful_step_count=40 if LONGER else 10,
            derandomize=not LONGER,
            deadline=None,
            database=None,
            print_blob=False,
            # Each try of a shorter story is a story anew: that is for who asks for it.
            phases=[Phase.generate, Phase.shrink] if LONGER else [Phase.generate],
        ),
    )

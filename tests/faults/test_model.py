"""R7: both machines against a one-page model: random acts, crashes at SQL statements, what OCP answers, lost roles.

The services, PostgreSQL and the look-alike are real; after each story the checker judges what is left. A seed is
EXAMPLES stories of STEPS steps; FAULTS_SEEDS plays one again, MODEL_SHRINK=1 looks for the shortest story.
"""

import os
from datetime import timedelta
from functools import partial

import pytest
from django.db.models import F
from hypothesis import Phase
from hypothesis import seed as hypothesis_seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule, run_state_machine_as_test

from tests import scenes
from tests.faults import lengths, record
from tests.faults.model import ANSWERS, FINAL, FORBIDDEN, OK, PEOPLE, RUN_FINAL, TOO_LATE, Model
from tests.faults.model_hands import Hands
from tests.followed import TO_THE_END, advance
from tests.scenes import control, posts
from upgrades.models import AuditEvent, ChangeRequest, Endpoint, Package, Server, UpgradeRun, User
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

SEEDS = lengths.seeds(short=3, push=12, full=4000)
# The first story of a seed is the plainest that there is.
EXAMPLES, STEPS = (2, 12) if lengths.length() == "short" else (5, 50)
# A run of pytest in `make faults` is one part; at each push two processes share the seeds.
CHUNK = 2 if lengths.length() == "push" else len(SEEDS)
CHUNKS = [SEEDS[first : first + CHUNK] for first in range(0, len(SEEDS), CHUNK or 1)]
# As far as a request has come before the random acts begin: alone they would seldom see a run.
APPROVED = (
    ("edit", "dana"),
    ("submit", "olga"),
    ("approve", "olga"),
    ("approve", "dana"),
    ("approve", "amir"),
    ("approve", "bea"),
)
STAGES = ("draft", "approved", "struck", "in_doubt", "failed", "ended")
ACTS = ("edit", "submit", "approve", "send_back", "take_back", "start", "call_off")
ENDS = ("reject", "withdraw")
# A start that is taken is what most of the others need.
answers = st.sampled_from(("plain", "plain", "plain", *ANSWERS))
# No submission has more SQL statements.
statements = st.integers(0, 250)
SPOILT = ("status", "drop", "cut", "reset", "blank", "broken_utf_8")
people = st.sampled_from(PEOPLE)


def is_open(machine):
    return machine.model.status not in FINAL


def has_run(machine):
    return machine.model.run is not None


class Machines(Hands):
    """What may come next, and what must hold after it. `stage`: how far the request has come before."""

    stage = "draft"
    # Its count is of steps.
    part = record.Part("")

    @initialize(quorum=st.integers(1, 2), doubt=st.sampled_from(("lost", "drop", "500")), statement=statements)
    def begin(self, quorum, doubt, statement):
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
        if self.stage == "struck":
            self.worker_ends_in_mid_submission(doubt, statement)
            return
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
        holders.symmetric_difference_update({who})
        self.set_roles(who, [role for role, names in self.model.roles.items() if who in names])

    @precondition(lambda self: is_open(self) and not has_run(self))
    @rule(choice=st.integers(0, 1000), statement=st.integers(0, 60))
    def web_process_ends_in_mid_act(self, choice, statement):
        able = [(what, who) for what in ACTS for who in PEOPLE if self.may(what, who) == OK]
        if able:
            what, who = able[choice % len(able)]
            if not self.crashes(statement, self.call(what, self.request(), self.person(who))):
                getattr(self.model, what)(who)

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

    @rule(answer=answers, is_blocked=st.booleans())
    def carry_start(self, answer, is_blocked):
        had_run = has_run(self)
        self.answer_next_post(answer)
        Endpoint.objects.update(is_active=not is_blocked)
        submission.submit(self.pk)
        Endpoint.objects.update(is_active=True)
        self.model.carry_start(answer, is_blocked=is_blocked)
        if not had_run and UpgradeRun.objects.exists():
            self.was_approved_by_others()

    @precondition(lambda self: self.model.status == "starting")
    @rule(answer=answers, statement=statements)
    def worker_ends_in_mid_submission(self, answer, statement):
        self.answer_next_post(answer)
        if not self.crashes(statement, partial(submission.submit, self.pk)):
            self.model.carry_start(answer, is_blocked=False)
            return
        # Its claim runs out.
        ChangeRequest.objects.update(claimed_until=None)
        reached = UpgradeRun.objects.values_list("status", flat=True).first()
        self.model.crash_start(answer, reached, is_posted=bool(posts(self.look_alike)))

    @precondition(lambda self: self.model.run == "submitting")
    @rule()
    def submission_grows_old(self):
        with self.at_once("UNCONFIRMED_AFTER_SECONDS"):
            sweeping.turn_unconfirmed()
        self.model.grow_old()

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

    @precondition(has_run)
    @rule(tick=st.sampled_from(("sweep", "follow", "verify")), statement=st.integers(0, 60))
    def worker_ends_in_mid_tick(self, tick, statement):
        """The next one does what is left."""
        if tick == "verify" and not self.model.are_servers_right:
            return
        work = {"sweep": sweeping.sweep, "follow": following.follow, "verify": verifying.verify_due}[tick]
        self.crashes(statement, partial(work, self.endpoint()))
        getattr(self, tick)()

    @precondition(has_run)
    @rule(tick=st.sampled_from(("sweep", "follow", "verify")), action=st.sampled_from(SPOILT))
    def ocp_spoils_every_answer_of_a_tick(self, tick, action):
        """What cannot be read moves nothing."""
        control(self.look_alike, "POST", "/faults", action=action, method="GET", status=502)
        work = {"sweep": sweeping.sweep, "follow": following.follow, "verify": verifying.verify_due}[tick]
        work(self.endpoint())
        control(self.look_alike, "DELETE", "/faults")
        # The time after which a run that could not be read is tried again is over.
        UpgradeRun.objects.update(detail_due_at=None)

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
        for task_id in self.failed_tasks():
            control(self.look_alike, "POST", f"/tasks/{task_id}/retry")
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
        with self.at_once("QUIET_PERIOD_SECONDS"):
            self.decide(proposer, confirmer)

    def decide(self, proposer, confirmer):
        kind = "abandon" if self.model.run == "unconfirmed" else "close"
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
    def is_counted(self):
        self.part.count += 1

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
        assert AuditEvent.objects.filter(action="run.intend").count() == has_run(self)

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


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("chunk", CHUNKS, ids=lambda chunk: f"{chunk[0]}-{chunk[-1]}")
def test_services_do_what_the_model_of_both_machines_does(chunk, settings, services, transactional_db):
    settings.VERIFY_SECONDS = settings.DISAGREE_SECONDS = 0
    settings.DISAGREE_AFTER_SECONDS = settings.DETAIL_WATCHED_SECONDS = 0
    Machines.settings, Machines.superuser_url = settings, services.superuser_url
    about = "steps of random stories against the model, with crashes at SQL statements"
    with record.kept("R7", about, seeds=chunk) as Machines.part:
        for number in chunk:
            Machines.stage = STAGES[number % len(STAGES)]
            run_state_machine_as_test(
                hypothesis_seed(number)(Machines),
                settings=hypothesis_settings(
                    max_examples=EXAMPLES,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    print_blob=False,
                    # Each try of a shorter story is a story anew: that is for who asks for it.
                    phases=[Phase.generate, *[Phase.shrink][: "MODEL_SHRINK" in os.environ]],
                ),
            )

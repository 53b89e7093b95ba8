"""The checker is itself proved: a clean story stays green, and each break of the product turns it red."""

import dataclasses
import subprocess
import sys

import pytest

from tests import followed, scenes
from tests.conftest import reset_state
from tests.faults import broken, checker
from tests.scenes import Cast, control
from upgrades.models import ChangeRequest, Endpoint, Grant, UpgradeRun
from upgrades.rules import workflow
from upgrades.services import change_requests, runs, sealing, submission, sweeping

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


@pytest.fixture
def endpoint(look_alike, settings):
    return scenes.connect(look_alike, settings)


@pytest.fixture
def found(look_alike, endpoint, read_records):
    """Returns what the checker finds now: the invariants, and all texts for the message of a failed assert."""

    def find(*, is_settled=False):
        return {violation.invariant: violation.text for violation in judged(is_settled)}

    def judged(is_settled):
        return checker.violations(read_records(look_alike), is_settled=is_settled)

    return find


def test_a_story_from_the_draft_to_verified_is_clean(look_alike, endpoint, read_records):
    run = followed.posted(Cast())
    before = read_records(look_alike)
    assert checker.violations(before, is_settled=False) == []
    followed.advance(look_alike, followed.TO_THE_END)
    followed.follow(run)
    assert followed.verify(run).status == "verified"
    sealing.seal_new()
    records = read_records(look_alike)
    assert checker.violations(records, is_settled=True, earlier=before) == []
    assert (len(records.posts), len(records.runs), len(records.sealed)) == (1, 1, len(records.events))


def test_the_checker_shares_no_code_with_the_product():
    code = "import sys, tests.faults.checker; print(sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "'psycopg'" in loaded
    assert not [name for name in ("upgrades", "ocpdash", "django", "celery") if f"'{name}'" in loaded]


# --- I1: one POST ---------------------------------------------------------------------------------------------


def test_retries_of_the_post_are_noticed(look_alike, found, monkeypatch):
    broken.retry_posts(monkeypatch)
    control(look_alike, "POST", "/answer", mode="lost")
    submission.submit(scenes.starting(Cast()).pk)
    assert found().keys() == {"I1"}


def test_a_second_post_in_doubt_is_noticed(look_alike, found, monkeypatch):
    broken.post_again_in_doubt(monkeypatch)
    control(look_alike, "POST", "/answer", mode="500", is_accepted=True)
    submission.submit(scenes.starting(Cast()).pk)
    assert found().keys() == {"I1"}


def test_a_second_post_after_an_empty_list_is_noticed(look_alike, endpoint, found, monkeypatch):
    broken.post_again_after_the_list(monkeypatch)
    control(look_alike, "POST", "/answer", mode="late", delay=3600)
    submission.submit(scenes.starting(Cast()).pk)
    assert found() == {}
    sweeping.sweep(endpoint)
    assert found().keys() == {"I1"}


def test_a_second_run_of_one_request_is_noticed(look_alike, found, services):
    with broken.without_unique(services.superuser_url, "upgrades_upgraderun", "change_request_id", is_key=True):
        control(look_alike, "POST", "/answer", mode="drop")
        submission.submit(scenes.starting(Cast()).pk)
        assert found() == {}
        broken.tamper(services.superuser_url, "INSERT INTO upgrades_upgraderun SELECT * FROM upgrades_upgraderun")
        assert "I1" in found()


def test_a_database_that_forgot_its_run_and_sends_again_is_noticed(look_alike, found, services):
    control(look_alike, "POST", "/answer", mode="drop", count=2)
    change_request = scenes.starting(Cast())
    submission.submit(change_request.pk)
    gone = ("DELETE FROM upgrades_clusterhold", "DELETE FROM upgrades_upgraderun")
    broken.tamper(services.superuser_url, *gone)
    # So did the file beside it, which would let nothing more be sent.
    reset_state()
    ChangeRequest.objects.update(status="starting", claimed_until=None)
    submission.submit(change_request.pk)
    assert "I1" in found()


# --- I2: what was approved ------------------------------------------------------------------------------------


def test_a_plan_that_is_not_compared_is_noticed(found, monkeypatch):
    broken.trust_fingerprints(monkeypatch)
    change_request = scenes.starting(Cast())
    Endpoint.objects.update(upgrade_body="extended")
    submission.submit(change_request.pk)
    assert found().keys() == {"I2"}


def test_a_vote_of_the_requester_is_noticed(found, monkeypatch):
    cast = Cast()
    Grant.objects.create(user=cast.olga, role="approver", environment="")
    cast.olga.refresh_from_db()
    broken.count_everybody(monkeypatch)
    change_request = scenes.in_review(cast)
    scenes.vote(change_request, cast.olga)
    change_requests.start(change_request=change_request, fingerprint=change_request.fingerprint, actor=cast.olga)
    submission.submit(change_request.pk)
    assert UpgradeRun.objects.exists()
    assert found().keys() == {"I2"}


def test_a_vote_given_twice_is_noticed(found, services):
    with broken.without_unique(services.superuser_url, "upgrades_vote", "change_request_id", "revision", "voter_id"):
        cast = Cast()
        change_request = scenes.in_review(cast, quorum=2)
        scenes.vote(change_request, cast.amir)
        assert found() == {}
        scenes.vote(change_request, cast.amir)
        assert found().keys() == {"I2"}


def test_a_vote_whose_right_was_gone_is_noticed(found, monkeypatch):
    cast = Cast()
    change_request = scenes.starting(cast)
    monkeypatch.setattr(submission, "_check_approval", lambda row: None)
    Grant.objects.filter(user=cast.amir).delete()
    submission.submit(change_request.pk)
    assert found().keys() == {"I2"}


# --- I3: one run on a cluster ---------------------------------------------------------------------------------


def test_two_runs_on_one_cluster_are_noticed(look_alike, found, services):
    with broken.without_unique(services.superuser_url, "upgrades_clusterhold", "cluster_id"):
        cast = Cast()
        first = scenes.starting(cast, cluster=scenes.PAIR, target=scenes.PAIR_TARGET)
        second = scenes.starting(cast, cluster=f"{scenes.PAIR}_sb", target=scenes.PAIR_TARGET)
        control(look_alike, "POST", "/answer", mode="drop", count=2)
        submission.submit(first.pk)
        assert found() == {}
        submission.submit(second.pk)
        assert UpgradeRun.objects.count() == 2
        assert "I3" in found()


def test_an_open_run_without_its_hold_is_noticed(found, services):
    followed.posted(Cast())
    broken.tamper(services.superuser_url, "DELETE FROM upgrades_clusterhold")
    assert found().keys() == {"I3", "I6"}


# --- I4: nothing forgotten ------------------------------------------------------------------------------------


def test_a_child_that_is_adopted_is_noticed(look_alike, endpoint, found, monkeypatch):
    control(look_alike, "POST", "/answer", mode="lost")
    submission.submit(scenes.starting(Cast()).pk)
    while not [task for task in control(look_alike, "GET", "/state")["tasks"] if task["kind"] == "child"]:
        followed.advance(look_alike, 20)
    broken.mistake_children_for_parents(monkeypatch)
    sweeping.sweep(endpoint)
    assert UpgradeRun.objects.get().status == "running"
    assert found().keys() == {"I4"}


def test_a_run_that_nobody_looks_for_is_noticed(look_alike, found):
    control(look_alike, "POST", "/answer", mode="lost")
    submission.submit(scenes.starting(Cast()).pk)
    assert found() == {}
    assert found(is_settled=True).keys() == {"I4"}


def test_a_start_that_hangs_is_noticed(found):
    scenes.starting(Cast())
    assert found() == {}
    assert found(is_settled=True).keys() == {"I4"}


def test_a_run_called_unsent_that_was_sent_is_noticed(look_alike, found, services):
    control(look_alike, "POST", "/answer", mode="refuse")
    submission.submit(scenes.starting(Cast()).pk)
    assert found(is_settled=True) == {}
    broken.tamper(services.superuser_url, """UPDATE upgrades_upgraderun SET answer = '{"is_sent": false}'""")
    assert found().keys() == {"I4"}


# --- I5 and I6: moves and their events ------------------------------------------------------------------------


def test_a_move_out_of_a_final_status_is_noticed(look_alike, found, monkeypatch):
    control(look_alike, "POST", "/answer", mode="refuse")
    submission.submit(scenes.starting(Cast()).pk)
    resume = dataclasses.replace(workflow.find("run", "doubt"), sources=frozenset({"refused"}))
    broken.reopen(monkeypatch, workflow.MOVES, resume)
    runs.move(UpgradeRun.objects.get(), "doubt")
    assert "I5" in found()


def test_a_final_status_changed_by_hand_is_noticed(look_alike, found, services):
    control(look_alike, "POST", "/answer", mode="refuse")
    submission.submit(scenes.starting(Cast()).pk)
    broken.tamper(services.superuser_url, "UPDATE upgrades_upgraderun SET status = 'abandoned'")
    assert "I5" in found()


TOLD = (
    "change_request.create", "change_request.submit", "change_request.vote", "change_request.approve",
    "change_request.start", "change_request.begin", "change_request.finish", "run.intend", "run.send", "run.accept",
    "run.end", "run.verify", "hold.take", "hold.free",
)  # fmt: skip


def verified(look_alike):
    run = followed.posted(Cast())
    followed.advance(look_alike, followed.TO_THE_END)
    followed.follow(run)
    assert followed.verify(run).status == "verified"


@pytest.mark.parametrize("forgotten", ["run.accept", "hold.free"])
def test_an_audit_event_that_is_forgotten_is_noticed(look_alike, found, monkeypatch, forgotten):
    broken.forget_event(monkeypatch, forgotten)
    verified(look_alike)
    assert "I6" in found()


def test_each_event_of_a_story_is_missed_and_each_that_tells_of_nothing_is_noticed(look_alike, endpoint, read_records):
    verified(look_alike)
    records = read_records(look_alike)
    assert checker.violations(records, is_settled=True) == []
    assert {event["action"] for event in records.events} > set(TOLD)
    for event in (event for event in records.events if event["action"] in TOLD):
        others = [other for other in records.events if other is not event]
        twice = [*records.events, {**event, "id": records.events[-1]["id"] + 1}]
        for events in (others, twice):
            judged = checker.violations(dataclasses.replace(records, events=events), is_settled=True)
            assert {"I5", "I6"} & {violation.invariant for violation in judged}, (event["action"], len(events))


# --- I7: the audit trail itself -------------------------------------------------------------------------------

COLUMN = "UPDATE upgrades_auditevent SET {} WHERE action = 'change_request.vote'"
CHANGED = {
    "a column": COLUMN.format("comment = 'other'"),
    "a time": COLUMN.format("at = at + interval '1 microsecond'"),
    "a value in JSON": COLUMN.format("after = after || '{\"more\": 1}'"),
    "an event taken away": "DELETE FROM upgrades_auditevent WHERE action = 'endpoint.register'",
    "a seal taken away": "DELETE FROM upgrades_auditseal WHERE seq = 2",
    "a seal's hash": "UPDATE upgrades_auditseal SET hash = reverse(hash) WHERE seq = 2",
}


@pytest.mark.parametrize("statement", CHANGED.values(), ids=CHANGED)
def test_an_audit_trail_that_was_changed_is_noticed(look_alike, found, read_records, services, statement):
    cast = Cast()
    scenes.approved(cast)
    sealing.seal_new()
    before = read_records(look_alike)
    assert checker.violations(before, is_settled=True) == []
    broken.tamper(services.superuser_url, statement)
    assert found().keys() == {"I7"}

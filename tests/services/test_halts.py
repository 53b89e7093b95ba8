"""Nothing is sent while a database may be older than what was done; what an admin's word does and does not lift."""

import stat

import pytest

from tests import scenes
from tests.followed import in_thread, submit, wait_until
from tests.scenes import Cast, posts
from upgrades import selectors
from upgrades.models import AuditEvent, ChangeRequest, Epoch, Halt, UpgradeRun
from upgrades.rules import Reason, seals
from upgrades.rules import halts as rules
from upgrades.services import change_requests, decisions, halts, moves, runs, sealing, state_file, submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def cast(look_alike, settings, transactional_db):
    scenes.connect(look_alike, settings)
    assert halts.look() is None
    return Cast()


def go_ahead():
    """Let the file know of a start that the database has no row of, as after a restore."""
    kept = state_file.read()
    state_file.keep(rules.Kept(kept.epoch, sent=(rules.Sent("run", 999, "lost"),)))


def lift(cast, **over):
    given = {"comment": "Compared with OCP.", "is_restored": False, "shown": [h.pk for h in selectors.open_halts()]}
    halts.lift(actor=cast.ada, **given | over)


def kinds():
    return [halt.kind for halt in selectors.open_halts()]


def test_the_first_look_begins_an_epoch_and_writes_the_file(transactional_db):
    Epoch.objects.all().delete()
    state_file.path().unlink(missing_ok=True)
    assert halts.look() is None
    (epoch,) = Epoch.objects.all()
    assert state_file.read().epoch == epoch.key
    assert stat.S_IMODE(state_file.path().stat().st_mode) == 0o600
    assert epoch.server == selectors.server() != ""
    assert halts.look() is None
    assert Epoch.objects.count() == 1


def test_the_file_knows_of_a_start_before_it_leaves(look_alike, cast):
    run = submit(scenes.starting(cast))
    assert len(posts(look_alike)) == 1
    assert state_file.read().sent == (halts.sent_run(run),)


def test_the_file_follows_the_newest_seal(cast):
    scenes.approved(cast)
    sealing.seal_new()
    assert halts.look() is None
    assert state_file.read().head == selectors.head_of_chain() != seals.START


def test_a_start_that_no_row_knows_stops_everything(look_alike, cast):
    approved, starting = scenes.approved(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET), scenes.starting(cast)
    go_ahead()
    submission.submit(starting.pk)
    assert (posts(look_alike), kinds()) == ([], ["restored"])
    for row in (approved, starting):
        row.refresh_from_db()
        assert (row.status, row.status_reason["code"]) == ("stale", "halt.voided")
    assert not UpgradeRun.objects.exists()
    events = list(AuditEvent.objects.order_by("pk").values_list("action", "outcome"))[-5:]
    assert ("halt.declare", "failed") in events
    assert events[-1] == ("halt.settle", "done")
    # Found again, it is declared once.
    assert halts.look() == halts.IN_FORCE
    assert Halt.objects.count() == 1


def test_a_seal_that_is_not_there_any_more_stops_everything(cast):
    head = selectors.head_of_chain()
    state_file.keep(rules.Kept(state_file.read().epoch, seals.Head(head.seq + 500, "f" * 64)))
    assert halts.look() == halts.IN_FORCE
    assert selectors.open_halts()[0].reason["code"] == "halt.seal_unknown"


def test_an_empty_database_beside_an_old_file_stops_everything(cast):
    Epoch.objects.all().delete()
    assert halts.look() == halts.IN_FORCE
    assert selectors.open_halts()[0].reason["code"] == "halt.epoch_unknown"


def test_what_was_decided_before_is_void_and_what_comes_after_stands(look_alike, cast):
    change_request = scenes.in_review(cast, quorum=2)
    scenes.vote(change_request, cast.amir)
    untouched = scenes.in_review(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    go_ahead()
    halts.look()
    change_request.refresh_from_db()
    untouched.refresh_from_db()
    assert (change_request.status, untouched.status) == ("stale", "in_review")
    change_requests.submit(change_request=change_request, lock_version=change_request.lock_version, actor=cast.olga)
    scenes.vote(change_request, cast.amir)
    scenes.vote(change_request, cast.bea)
    assert halts.look() == halts.IN_FORCE
    change_request.refresh_from_db()
    assert (change_request.status, change_request.revision) == ("approved", 2)
    with pytest.raises(moves.TooLate) as refusal:
        change_requests.start(change_request=change_request, fingerprint=change_request.fingerprint, actor=cast.olga)
    assert refusal.value.reason.code == "halt.in_force"
    lift(cast)
    change_requests.start(change_request=change_request, fingerprint=change_request.fingerprint, actor=cast.olga)
    assert submit(change_request).status == "running"
    assert len(posts(look_alike)) == 1


def test_a_start_under_way_is_in_doubt_and_its_decision_overtaken(cast, look_alike):
    change_request = scenes.starting(cast)
    submit(change_request)
    run = UpgradeRun.objects.get(pk=change_request.pk)
    # As the backup had it: intent written, no word of the sending.
    UpgradeRun.objects.filter(pk=run.pk).update(status="submitting", sent_at=None, ocp_task_id=None)
    go_ahead()
    halts.look()
    run.refresh_from_db()
    assert (run.status, run.status_reason["code"]) == ("unconfirmed", "halt.run_in_doubt")
    assert Halt.objects.get().settled_at is not None


def test_an_open_decision_is_overtaken(cast, look_alike, settings):
    settings.QUIET_PERIOD_SECONDS = 0
    run = submit(scenes.starting(cast))
    run.refresh_from_db()
    runs.move(run, "fail")
    shown = decisions.evidence_hash(decisions.evidence(run, "close"))
    decision = decisions.propose(run=run, kind="close", purpose="Over.", evidence_hash=shown, actor=cast.olga)
    go_ahead()
    halts.look()
    decision.refresh_from_db()
    assert (decision.status, decision.status_reason["code"]) == ("overtaken", "halt.voided")


def test_a_halt_between_intent_and_post_lets_nothing_leave(look_alike, cast, settings):
    """Declared by another host while this one reads OCP a second time."""
    change_request = scenes.starting(cast)
    scenes.control(look_alike, "POST", "/faults", action="hold", count=1, method="GET", path="/api/v2/time", skip=1)
    settings.SUBMIT_BUDGET_SECONDS, settings.SECOND_PRE_READ_SECONDS = 30, 20
    thread = in_thread(submission.submit, change_request.pk)
    wait_until(lambda: UpgradeRun.objects.filter(pk=change_request.pk).exists())
    halts.declare(rules.Kind.OTHER_SERVER, Reason("halt.other_server", {"before": "a", "now": "b"}))
    scenes.control(look_alike, "DELETE", "/faults")
    thread.join()
    run = UpgradeRun.objects.get(pk=change_request.pk)
    assert (run.status, run.sent_at, posts(look_alike)) == ("refused", None, [])
    assert run.status_reason["code"] == "halt.in_force"


def test_another_server_is_found_by_the_database_alone_and_keeps_votes(look_alike, cast):
    approved = scenes.approved(cast)
    Epoch.objects.update(server="another/00000001/1/1")
    assert halts.look() == halts.IN_FORCE
    assert kinds() == ["other_server"]
    approved.refresh_from_db()
    assert approved.status == "approved"
    lift(cast)
    assert (halts.look(), kinds()) == (None, [])
    change_requests.start(change_request=approved, fingerprint=approved.fingerprint, actor=cast.olga)
    assert submit(approved).status == "running"


def test_a_lost_file_stops_where_votes_stand_and_nowhere_else(cast):
    state_file.path().unlink()
    assert halts.look() is None
    approved = scenes.approved(cast)
    state_file.path().unlink()
    assert halts.look() == halts.IN_FORCE
    assert kinds() == ["file_missing"]
    # The new file guards from now on, and does not lift what the lost one began.
    assert state_file.read() is not None
    assert halts.look() == halts.IN_FORCE
    lift(cast, is_restored=True)
    approved.refresh_from_db()
    assert (approved.status, halts.look()) == ("stale", None)
    assert sorted(Halt.objects.values_list("kind", flat=True)) == ["file_missing", "restored"]


def test_a_host_that_comes_late_with_a_file_of_before_is_answered_for(cast):
    go_ahead()
    old = state_file.path().read_bytes()
    halts.look()
    lift(cast)
    state_file.path().write_bytes(old)
    assert halts.look() is None
    assert state_file.read().epoch == Epoch.objects.first().key


def test_only_an_admin_of_all_lifts_and_says_why(cast):
    go_ahead()
    halts.look()
    for person in (cast.olga, cast.amir, cast.uma):
        with pytest.raises(moves.Forbidden):
            halts.lift(actor=person, comment="Fine.", is_restored=False, shown=[1])
    for comment in ("", " ", "x" * 4001):
        with pytest.raises(moves.Invalid):
            lift(cast, comment=comment)
    with pytest.raises(moves.TooLate):
        lift(cast, shown=[])
    lift(cast)
    with pytest.raises(moves.TooLate):
        lift(cast, shown=[])
    event = AuditEvent.objects.filter(action="halt.lift", outcome="done").get()
    assert (event.actor, event.after["kinds"], event.comment) == (cast.ada, ["restored"], "Compared with OCP.")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"epoch": 1, "head": "7", "sent": []}', b"\xff" * 9])
def test_a_file_that_makes_no_sense_sends_nothing_from_here(look_alike, cast, content):
    change_request = scenes.starting(cast)
    state_file.path().write_bytes(content)
    submission.submit(change_request.pk)
    change_request.refresh_from_db()
    assert (change_request.status, change_request.status_reason["code"]) == ("approved", "halt.file_unreadable")
    assert (posts(look_alike), kinds()) == ([], [])


def test_a_file_that_cannot_be_written_sends_nothing_from_here(look_alike, cast, settings, tmp_path):
    change_request = scenes.starting(cast)
    (tmp_path / "taken").write_text("no folder")
    settings.STATE_DIR = tmp_path / "taken" / "state"
    submission.submit(change_request.pk)
    change_request.refresh_from_db()
    assert change_request.status_reason["code"] in ("halt.file_unwritable", "halt.file_unreadable")
    assert posts(look_alike) == []


def test_a_file_that_can_no_more_be_written_after_the_intent_lets_nothing_leave(look_alike, cast, settings):
    """The folder goes away between T1 and the POST: what is about to leave could not be kept."""
    change_request = scenes.starting(cast)
    scenes.control(look_alike, "POST", "/faults", action="hold", count=1, method="GET", path="/api/v2/time", skip=1)
    settings.SUBMIT_BUDGET_SECONDS, settings.SECOND_PRE_READ_SECONDS = 30, 20
    thread = in_thread(submission.submit, change_request.pk)
    wait_until(lambda: UpgradeRun.objects.filter(pk=change_request.pk).exists())
    # A folder in the place of the new file: root, too, cannot write there.
    taken = state_file.path().with_suffix(".new")
    taken.mkdir()
    scenes.control(look_alike, "DELETE", "/faults")
    thread.join()
    taken.rmdir()
    run = UpgradeRun.objects.get(pk=change_request.pk)
    assert (run.status, run.sent_at, posts(look_alike)) == ("refused", None, [])
    assert run.status_reason["code"] == "halt.file_unwritable"
    assert ChangeRequest.objects.get(pk=run.pk).outcome == "refused"

"""Death at every call: whatever dies at the k-th SQL statement or word to OCP, the next tick goes on, and rightly.

R1b: every k of every job, against every way in which OCP may answer (docs/reliability.md).
"""

import gc

import pytest

from tests import scenes
from tests.conftest import clean_database
from tests.faults import broken, checker, crash_points, lengths, record, restart
from tests.faults.crash_jobs import JOBS, SUBMIT
from tests.faults.crash_points import AFTER, DEAD, DONE, DURING, Point
from tests.faults.crash_stage import ANSWERS, Stage
from tests.faults.ocp_process import OcpProcess
from tests.faults.saved import Saved
from tests.faults.violation import Violation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(3600)]

# The deaths are dealt out over so many seeds: all of them together are every death there is.
SLICES = 16
MODES = {"short": ["lost"], "push": ["plain", "lost", "late", "500, accepted"], "full": [*ANSWERS]}[lengths.length()]
SHORT_JOBS = ("sweep, adopting", "skip")


@pytest.fixture
def play(services, settings, read_records):
    """Returns play(job, modes, slices, part): the violations with their places. `part` counts the deaths."""
    settings.UNCONFIRMED_AFTER_SECONDS = 0
    settings.START_TIMEOUT_SECONDS = 10 * 3600
    saved = Saved(services.superuser_url)

    def play(job, modes, slices, part):
        settings.QUIET_PERIOD_SECONDS = job.quiet_seconds
        ocp = OcpProcess()
        try:
            plays = Plays(job, Stage(ocp, scenes.connect(ocp, settings)), saved, read_records, part)
            for mode in modes:
                for place, point in enumerate(points(plays.calls(mode))):
                    if place % SLICES in slices:
                        plays.strike(mode, point)
        finally:
            ocp.stop()
            clean_database(services.superuser_url)
        return plays.found

    yield play
    saved.close()


class Plays:
    """One job, done and killed again and again from the same scene; `found` are the violations, with their place."""

    def __init__(self, job, stage, saved, read_records, part):
        self.job, self.stage, self.saved, self.read, self.part = job, stage, saved, read_records, part
        self.work = job.arrange(stage)
        saved.keep()
        stage.ocp.keep()
        gc.collect()
        gc.freeze()
        self.found = []

    def calls(self, mode):
        """The names of the calls that the job makes when nothing strikes it."""
        self._set(mode)
        code, calls = crash_points.play(self.work, self.stage.ocp.url)
        assert code == DONE
        self._judge(mode, None)
        return calls

    def strike(self, mode, point):
        """Kill the job at `point`, do it again, let everything come to rest, and judge."""
        self._set(mode)
        code, _calls = crash_points.play(self.work, self.stage.ocp.url, point)
        self.part.count += code == DEAD
        self.work()
        self._judge(mode, point)

    def _set(self, mode):
        self.saved.put_back()
        self.stage.ocp.put_back()
        self.job.prepare(self.stage, mode)

    def _judge(self, mode, point):
        restart.settle(self.stage.ocp, is_followed=self.job.is_followed)
        found = checker.violations(self.read(self.stage.ocp), is_settled=True)
        if mode == "plain":
            found += [Violation("I4", f"left: {row}") for row in self.job.left()]
        self.found += [(mode, point, violation) for violation in found]


def points(calls):
    """Every death: before each call, after the last one, and while a commit is under way."""
    found = [Point(k) for k in range(1, len(calls) + 1)] + [Point(len(calls), AFTER)]
    return sorted(found + [Point(k, DURING) for k, call in enumerate(calls, 1) if call == "COMMIT"])


def test_a_submission_that_dies_at_any_call_is_sent_once_and_not_forgotten(play):
    slices = lengths.seeds(short=1, push=SLICES, full=SLICES)
    about = f"death at each call of a submission, {len(MODES)} ways to answer"
    with record.kept("R1b", about, seeds=slices) as part:
        found = play(SUBMIT, MODES, slices, part)
        part.violations = len(found)
    assert found == []
    assert part.count


def test_a_job_that_dies_at_any_call_goes_on_with_the_next_tick(play):
    slices, found = lengths.seeds(short=1, push=2, full=SLICES), []
    names, is_full = SHORT_JOBS if lengths.length() == "short" else tuple(JOBS), lengths.length() == "full"
    with record.kept("R1b-jobs", f"death at each call of {len(names)} other jobs", seeds=slices) as part:
        for name in names:
            told = play(JOBS[name], list(JOBS[name].modes) if is_full else ["plain"], slices, part)
            found += [(name, *violation) for violation in told]
        part.violations = len(found)
    assert found == []
    assert part.count


@lengths.longer
def test_the_same_plays_show_a_product_that_posts_again_after_an_empty_list(play, monkeypatch):
    broken.post_again_after_the_list(monkeypatch)
    # Which slice holds the death that shows it moves with every statement of the product.
    part = record.Part("deaths of a broken product")
    told = (found for one in range(SLICES) for found in play(SUBMIT, ["drop"], [one], part))
    assert any(violation.invariant == "I1" for _mode, _point, violation in told)

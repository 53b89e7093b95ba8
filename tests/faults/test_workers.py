"""Workers and beats that die, freeze, hang or come in numbers: shown in time, followed again, nothing sent twice."""

import fcntl
import itertools
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from tests import scenes
from tests.faults import lengths, record
from tests.faults.ground import SHORTER, Crew, Services
from tests.faults.stories import Story, comes_true, told
from tests.scenes import control
from upgrades import selectors
from upgrades.models import AuditEvent, UpgradeRun
from upgrades.services import decisions
from upgrades.views.run_facts import freshness

pytestmark = pytest.mark.timeout(3600)

SHOWN_SECONDS, RESUMED_SECONDS = 90.0, 120.0
# A fifth of the defaults, and so is the time in which a silent worker must be shown.
FIFTH = {"SILENT_SECONDS": "6", "IDLE_EXIT_SECONDS": "24", "STREAM_PULSE_SECONDS": "2"}
DEFAULTS = {"SILENT_SECONDS": "30", "IDLE_EXIT_SECONDS": "120", "STREAM_PULSE_SECONDS": "10"}
DEAF = ("env", f"PYTHONPATH={Path(__file__).parent / 'deaf'}")
STOPPED, KILLED, HUNG = signal.SIGSTOP, signal.SIGKILL, signal.SIGALRM
STRIKES = (
    (STOPPED, "follow"),
    (KILLED, "follow"),
    (STOPPED, "tick"),
    (HUNG, "follow"),
    (HUNG, "tick"),
    (KILLED, "tick"),
)


def is_shown_silent(run_id: int) -> bool:
    """Whether the run's page says that our worker is silent."""
    mark = selectors.run_mark(run_id, None)
    return mark is not None and freshness(mark).trouble == "worker"


@lengths.longer
def test_a_dead_or_frozen_worker_is_shown_and_its_runs_are_followed_again(own_services, monkeypatch, tmp_path) -> None:
    """R13, at a fifth of the default times."""
    for name in FIFTH:
        monkeypatch.setattr(settings, name, float(FIFTH[name]))
    _stalls(own_services, tmp_path / "gate", "R13", lengths.seeds(0, 6, 200), FIFTH, SHOWN_SECONDS / 5)


@lengths.longer
def test_a_dead_or_frozen_worker_is_shown_by_the_default_times(own_services, tmp_path) -> None:
    """R13, as production is set."""
    _stalls(own_services, tmp_path / "gate", "R13-defaults", lengths.seeds(0, 0, 6), DEFAULTS, SHOWN_SECONDS)


def _stalls(
    services: Services, gate: Path, fault: str, seeds: range, environment: dict[str, str], shown_within: float
) -> None:
    shown, resumed, before = [], [], dict.fromkeys(("tick", "follow"), (*DEAF, f"GATE={gate}"))
    gate.touch()
    about = "workers killed, stopped, hung: shown as silent in time, followed again in time"
    with (
        record.kept(fault, about, seeds=seeds) as part,
        services.turned(),
        Crew(services, environment=environment, before=before) as crew,
    ):

        def play(story: Story, seed: int) -> None:
            part.count += 1
            seen, back = _stall(story, crew, gate, *STRIKES[seed % len(STRIKES)])
            shown.append(seen)
            resumed.append(back)

        found = told(services, seeds, play)
        late = sum(seconds > shown_within for seconds in shown) + sum(seconds > RESUMED_SECONDS for seconds in resumed)
        part.violations = len(found) + late
    print(f"shown {max(shown):.1f} s after it at most, followed again {max(resumed):.1f} s after they could")
    assert found == []
    assert not late, (shown, resumed)


@contextmanager
def _shut(gate: Path) -> Iterator[None]:
    """Whom the supervisor starts anew meanwhile waits at the gate: else a killed worker is back before it is missed."""
    with gate.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _stall(story: Story, crew: Crew, gate: Path, number: signal.Signals, name: str) -> tuple[float, float]:
    """Strike a worker under a run: seconds until the page said so, and from its return until the run had ended well."""
    # Whatever comes next takes longer than the worker is away; on a busy machine the run would be over by then.
    control(story.look_alike, "POST", "/speed", speed=1)
    assert story.goes(0, RESUMED_SECONDS)
    run_id, pid = story.requests[0].pk, crew.pids[name]
    with _shut(gate):
        crew.signal(name, number)
        struck = time.monotonic()
        assert comes_true(lambda: is_shown_silent(run_id), 2 * SHOWN_SECONDS)
        seen = time.monotonic() - struck
    if number == STOPPED:
        crew.signal(name, signal.SIGCONT)
    else:
        # Nobody helps one that hangs: it ends by itself. Whatever ended is started anew.
        assert comes_true(lambda: crew.pids[name] != pid, 2 * RESUMED_SECONDS)
    able = time.monotonic()
    control(story.look_alike, "POST", "/speed", speed=6000)
    assert comes_true(lambda: story.status(0) == "verified", 2 * RESUMED_SECONDS)
    back = time.monotonic() - able
    assert not is_shown_silent(run_id)
    assert not AuditEvent.objects.filter(change_request_id=run_id, action="run.fail").exists()
    return seen, back


@lengths.longer
def test_a_worker_that_slept_from_the_intent_until_the_run_was_abandoned_sends_nothing(
    own_services, monkeypatch
) -> None:
    """F-WRK-4."""
    monkeypatch.setattr(settings, "QUIET_PERIOD_SECONDS", 12.0)
    services, seeds = own_services, lengths.seeds(0, 3, 20)
    environment = {**SHORTER, "QUIET_PERIOD_SECONDS": "12"}
    about = "worker stopped between T1 and the POST, woken after the run was abandoned"
    with (
        record.kept("F-WRK-4", about, seeds=seeds) as part,
        services.turned(),
        Crew(services, environment=environment) as crew,
    ):

        def play(story: Story, _seed: int) -> None:
            part.count += 1
            _oversleep(story, crew, environment)

        found = told(services, seeds, play)
        part.violations = len(found)
    assert found == []


def _oversleep(story: Story, crew: Crew, environment: dict[str, str]) -> None:
    is_holding = _hold(story, method="GET", path="/api/v2/time", skip=1)
    story.start(0)
    assert comes_true(is_holding, 30)
    assert story.status(0) == "submitting"
    crew.signal("tick", signal.SIGSTOP)
    control(story.look_alike, "DELETE", "/faults")
    with Crew(crew.services, ("tick-b",), environment=environment):
        assert comes_true(lambda: story.status(0) == "unconfirmed", 60)
        run = UpgradeRun.objects.select_related("endpoint").get(pk=story.requests[0].pk)
        assert comes_true(lambda: decisions.why_not(UpgradeRun.objects.get(pk=run.pk), "abandon") is None, 60)
        run.refresh_from_db()
        shown = decisions.evidence_hash(decisions.evidence(run, "abandon"))
        decision = decisions.propose(
            run=run, kind="abandon", purpose="Its worker is gone.", evidence_hash=shown, actor=story.cast.olga
        )
        decisions.confirm(decision=decision, evidence_hash=shown, actor=story.cast.omar)
        assert comes_true(lambda: story.status(0) == "abandoned", 60)
        crew.signal("tick", signal.SIGCONT)
        assert comes_true(lambda: [piece["kind"] for piece in _late_evidence(run)] == ["not_sent"], 60)
    assert scenes.posts(story.look_alike) == []
    assert UpgradeRun.objects.get(pk=run.pk).sent_at is None


def _late_evidence(run: UpgradeRun) -> list[dict[str, str]]:
    return list(UpgradeRun.objects.get(pk=run.pk).late_evidence)


def _hold(story: Story, **fault: object) -> Callable[[], bool]:
    """Hold a request that fits, and return a function that says whether one is held."""
    found = control(story.look_alike, "POST", "/faults", action="hold", count=1, **fault)

    def is_holding() -> bool:
        rows = control(story.look_alike, "GET", "/faults")
        return any(row["id"] == found["id"] and row["holding"] for row in rows)

    return is_holding


@lengths.longer
def test_three_beats_and_four_workers_do_everything_once(own_services) -> None:
    """R5: each seed is a minute of it."""
    services, seeds, began = own_services, lengths.seeds(0, 1, 10), time.monotonic()
    programs = ("beat", "beat-b", "beat-c", "tick", "tick-b", "follow", "follow-b")
    about = "a run under three beats and four workers"
    with record.kept("R5", about, seeds=seeds) as part, services.turned(), Crew(services, programs):

        def play(story: Story, _seed: int) -> None:
            both = (0, 1)
            for number in both:
                part.count += 1
                assert story.goes(number, 60)
            assert comes_true(lambda: all(story.status(number) == "verified" for number in both), 120)

        def within() -> Iterator[int]:
            """Story after story, until their time is over."""
            number = itertools.count(10 * seeds[0])
            while time.monotonic() < began + 60 * len(seeds):
                yield next(number)

        found = told(services, within(), play)
        part.violations = len(found)
    assert found == []


@lengths.longer
def test_workers_that_are_ended_one_after_another_lose_no_run(own_services) -> None:
    """R20 within one version: SIGTERM, the end of what is under way, and a new process."""
    services, seeds = own_services, lengths.seeds(0, 3, 20)
    about = "tick, follow and beat ended by SIGTERM and started anew, runs in flight"
    with record.kept("R20-roll", about, seeds=seeds) as part, services.turned(), Crew(services) as crew:

        def play(story: Story, _seed: int) -> None:
            assert story.goes(0, 60)
            story.start(1)
            for name in ("tick", "follow", "beat"):
                pid = crew.pids[name]
                part.count += 1
                crew.signal(name, signal.SIGTERM)
                assert comes_true(lambda name=name, pid=pid: crew.pids[name] != pid, RESUMED_SECONDS)
            assert story.goes(1, RESUMED_SECONDS)
            assert comes_true(lambda: story.status(0) == story.status(1) == "verified", RESUMED_SECONDS)

        found = told(services, seeds, play)
        part.violations = len(found)
    assert found == []


@lengths.longer
def test_without_beat_the_others_ring_and_it_is_said(own_services, monkeypatch) -> None:
    """F-BEAT-2."""
    for name in FIFTH:
        monkeypatch.setattr(settings, name, float(FIFTH[name]))
    services, seeds = own_services, lengths.seeds(0, 2, 20)
    with (
        record.kept("F-BEAT-2", "beat stopped, and let go on", seeds=seeds) as part,
        services.turned(),
        Crew(services, environment=FIFTH) as crew,
    ):

        def play(story: Story, _seed: int) -> None:
            assert comes_true(lambda: selectors.silent_parts() == {}, 60)
            part.count += 1
            crew.signal("beat", signal.SIGSTOP)
            assert story.goes(0, 60)
            assert story.goes(1, 60)
            assert comes_true(lambda: story.status(0) == story.status(1) == "verified", 60)
            assert comes_true(lambda: set(selectors.silent_parts()) == {"beat"}, 60)
            # Queues are served, and somebody stands in: beat alone is away, however long that takes.
            assert not comes_true(lambda: set(selectors.silent_parts()) != {"beat"}, 8)
            crew.signal("beat", signal.SIGCONT)
            assert comes_true(lambda: selectors.silent_parts() == {}, 60)

        found = told(services, seeds, play)
        part.violations = len(found)
    assert found == []

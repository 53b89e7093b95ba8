"""The jobs that die, each with the scene in which it is done and the ways in which OCP may answer it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from tests import followed, scenes
from tests.faults.ocp_process import OcpProcess
from tests.scenes import Cast, control
from upgrades import tasks
from upgrades.models import ChangeRequest, Decision, Endpoint, RunAction, UpgradeRun
from upgrades.services import change_requests, decisions, following, moves, run_actions, sealing, submission, sweeping

Work = Callable[[], object]
Mode = Mapping[str, Any]

# How OCP may answer the upgrade POST: bodies of POST /answer, and "" for as it should.
ANSWERS: dict[str, Mode] = {
    "plain": {"mode": "plain"},
    "lost": {"mode": "lost"},
    "late": {"mode": "late", "delay": 0.05},
    "500, accepted": {"mode": "500", "is_accepted": True},
    "500": {"mode": "500"},
    "cut": {"mode": "cut"},
    "reset": {"mode": "reset"},
    "refuse": {"mode": "refuse"},
    "busy": {"mode": "busy"},
    "401": {"mode": "401"},
    "403, accepted": {"mode": "403", "is_accepted": True},
    "429": {"mode": "429"},
    "redirect": {"mode": "redirect"},
    "drop": {"mode": "drop"},
}
# How it may answer any other request, once: bodies of POST /faults.
TROUBLES: dict[str, Mode] = {
    "plain": {},
    "lost": {"action": "lost"},
    "500": {"action": "status", "status": 500},
    "cut": {"action": "cut"},
    "reset": {"action": "reset"},
    "401": {"action": "status", "status": 401},
    "429": {"action": "status", "status": 429},
    "redirect": {"action": "redirect"},
    "drop": {"action": "drop"},
}
_ANY_READ = {"method": "GET", "count": 1, "skip": 1}
_ANY_ACT = {"method": "POST", "path": "/tasks/instances/", "count": 1}


@dataclass
class Stage:
    """Where a job is played: the look-alike, our endpoint there, and the people."""

    ocp: OcpProcess
    endpoint: Endpoint
    cast: Cast = field(default_factory=Cast)

    def answer(self, name: str) -> None:
        """How the next upgrade POST is answered."""
        control(self.ocp, "POST", "/answer", **ANSWERS[name])  # type: ignore[arg-type]

    def advance(self, seconds: float) -> None:
        """Move OCP's engine."""
        control(self.ocp, "POST", "/advance", seconds=seconds)  # type: ignore[arg-type]

    def posted(self, answer: str = "plain") -> UpgradeRun:
        """A run whose POST was answered so."""
        self.answer(answer)
        change_request = scenes.starting(self.cast)
        submission.submit(change_request.pk)
        return UpgradeRun.objects.select_related("endpoint").get(pk=change_request.pk)

    def failed(self) -> UpgradeRun:
        """A run whose child failed, and which says so."""
        run = self.posted()
        control(self.ocp, "POST", "/fail", step="Wait observer active", times=1)  # type: ignore[arg-type]
        self.advance(followed.TO_THE_END)
        return followed.follow(run)

    def sweep(self) -> None:
        tasks.sweep(self.endpoint.pk)

    def follow(self) -> None:
        tasks.follow(self.endpoint.pk)


@dataclass(frozen=True)
class Job:
    """`arrange` makes the scene and returns the work; `modes` the ways OCP may answer; `strike` brings one about.

    `is_followed`: whether what comes after its POST is part of the story. `quiet_seconds`: the quiet period there.
    """

    arrange: Callable[[Stage], Work]
    modes: Mapping[str, Mode]
    strike: Mode = field(default_factory=dict)
    is_followed: bool = False
    quiet_seconds: float = 900

    def prepare(self, stage: Stage, mode: str) -> None:
        """Let OCP answer so from now on."""
        if self.modes is ANSWERS:
            stage.answer(mode)
        elif self.modes[mode]:
            control(stage.ocp, "POST", "/faults", **self.strike, **self.modes[mode])  # type: ignore[arg-type]


def _submission(stage: Stage) -> Work:
    change_request = scenes.starting(stage.cast)
    return lambda: tasks.submit(change_request.pk)


def _swept(answer: str) -> Callable[[Stage], Work]:
    def arrange(stage: Stage) -> Work:
        stage.posted(answer)
        return stage.sweep

    return arrange


def _followed(*, is_failing: bool = False, seconds: float = followed.TO_THE_END) -> Callable[[Stage], Work]:
    def arrange(stage: Stage) -> Work:
        stage.posted()
        if is_failing:
            control(stage.ocp, "POST", "/fail", step="Wait observer active", times=1)  # type: ignore[arg-type]
        stage.advance(seconds)
        return stage.follow

    return arrange


def _verified(stage: Stage) -> Work:
    run = stage.posted()
    stage.advance(followed.TO_THE_END)
    assert followed.follow(run).status == "verifying"
    return lambda: tasks.verify(stage.endpoint.pk)


def _retried(stage: Stage) -> Work:
    run = stage.failed()
    child = followed.child_of(run)
    assert child is not None
    step = (child.ocp_id, child.subtasks.get(status="FAILED").ocp_id)
    shown = run_actions.shown_hash(run, "retry", *step)
    action = run_actions.ask(
        run=run, kind="retry", task_id=step[0], subtask_id=step[1], shown=shown, actor=stage.cast.olga
    )

    def work() -> None:
        RunAction.objects.filter(pk=action.pk).update(due_at=timezone.now())
        tasks.act(action.pk)

    return work


def _clicked(click: Work) -> Work:
    """A person's click, which may come again after it worked: a refusal then is right."""

    def work() -> None:
        with suppress(moves.Refusal):
            click()

    return work


def _vote(stage: Stage) -> Work:
    pk = scenes.in_review(stage.cast).pk
    return _clicked(lambda: scenes.vote(ChangeRequest.objects.get(pk=pk), stage.cast.amir))


def _start(stage: Stage) -> Work:
    row = scenes.approved(stage.cast)

    def click() -> None:
        fresh = ChangeRequest.objects.get(pk=row.pk)
        change_requests.start(change_request=fresh, fingerprint=row.fingerprint, actor=stage.cast.olga)

    return _clicked(click)


def _proposed(run: UpgradeRun, kind: str, stage: Stage, task_id: int | None = None) -> Decision:
    shown = decisions.evidence_hash(decisions.evidence(run, kind, task_id))
    return decisions.propose(
        run=run, kind=kind, purpose="We looked.", evidence_hash=shown, actor=stage.cast.olga, ocp_task_id=task_id
    )


def _confirmed(run: UpgradeRun, kind: str, stage: Stage, task_id: int | None = None) -> None:
    decision = _proposed(run, kind, stage, task_id)
    decisions.confirm(decision=decision, evidence_hash=decision.evidence_hash, actor=stage.cast.omar)


def _unconfirmed(stage: Stage, answer: str = "drop") -> UpgradeRun:
    run = stage.posted(answer)
    sweeping.sweep(Endpoint.objects.get(pk=stage.endpoint.pk))
    return followed.fresh(run)


def _confirm(stage: Stage) -> Work:
    decision = _proposed(_unconfirmed(stage), "abandon", stage)

    def click() -> None:
        fresh = Decision.objects.get(pk=decision.pk)
        decisions.confirm(decision=fresh, evidence_hash=decision.evidence_hash, actor=stage.cast.omar)

    return _clicked(click)


def _abandoned(stage: Stage) -> Work:
    _confirmed(_unconfirmed(stage), "abandon", stage)
    return stage.sweep


def _closed(stage: Stage) -> Work:
    run = stage.failed()
    following.refresh(run, following.endpoints.client(run.endpoint))
    _confirmed(followed.fresh(run), "close", stage)
    return stage.sweep


def _adopted(stage: Stage) -> Work:
    Endpoint.objects.filter(pk=stage.endpoint.pk).update(is_account_ours=False)
    run = _unconfirmed(stage, "lost")
    (task_id,) = run.candidates
    _confirmed(run, "adopt", stage, task_id)
    return stage.sweep


def _expired(stage: Stage) -> Work:
    row = scenes.approved(stage.cast)
    ChangeRequest.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    return tasks.expire_all


def _sealed(stage: Stage) -> Work:
    scenes.approved(stage.cast)
    return sealing.seal_new


SUBMIT = Job(_submission, ANSWERS)
JOBS: dict[str, Job] = {
    "sweep, adopting": Job(_swept("lost"), TROUBLES, _ANY_READ),
    "sweep, finding nothing": Job(_swept("drop"), TROUBLES, _ANY_READ),
    "sweep, after busy": Job(_swept("busy"), TROUBLES, _ANY_READ, quiet_seconds=0),
    "sweep, a late match": Job(_swept("403, accepted"), TROUBLES, _ANY_READ),
    "follow, running": Job(_followed(seconds=60), TROUBLES, _ANY_READ, is_followed=True),
    "follow, failing": Job(_followed(is_failing=True), TROUBLES, _ANY_READ, is_followed=True),
    "follow, ending": Job(_followed(), TROUBLES, _ANY_READ, is_followed=True),
    "verify": Job(_verified, TROUBLES, _ANY_READ, is_followed=True),
    "retry": Job(_retried, TROUBLES, _ANY_ACT, is_followed=True),
    "vote": Job(_vote, {"plain": {}}),
    "start": Job(_start, {"plain": {}}),
    "confirm": Job(_confirm, {"plain": {}}, quiet_seconds=0),
    "abandon": Job(_abandoned, TROUBLES, _ANY_READ, quiet_seconds=0),
    "close": Job(_closed, TROUBLES, _ANY_READ, is_followed=True),
    "adopt": Job(_adopted, TROUBLES, _ANY_READ),
    "expire": Job(_expired, {"plain": {}}),
    "seal": Job(_sealed, {"plain": {}}),
}

"""The jobs that die, each with the scene in which it is done and the ways in which OCP may answer it."""

from collections.abc import Callable

from django.utils import timezone

from tests import followed, scenes
from tests.faults.crash_actions import ACTIONS
from tests.faults.crash_mirrors import MIRRORS
from tests.faults.crash_stage import ANSWERS, ANY_READ, PLAIN, TROUBLES, Job, Stage, Work, clicked
from tests.scenes import control
from upgrades import tasks
from upgrades.models import ChangeRequest, Decision, Endpoint, UpgradeRun
from upgrades.services import change_requests, decisions, following, sealing, sweeping


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


def _vote(stage: Stage) -> Work:
    pk = scenes.in_review(stage.cast).pk
    return clicked(lambda: scenes.vote(ChangeRequest.objects.get(pk=pk), stage.cast.amir))


def _start(stage: Stage) -> Work:
    row = scenes.approved(stage.cast)

    def click() -> None:
        fresh = ChangeRequest.objects.get(pk=row.pk)
        change_requests.start(change_request=fresh, fingerprint=row.fingerprint, actor=stage.cast.olga)

    return clicked(click)


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

    return clicked(click)


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
    "sweep, adopting": Job(_swept("lost"), TROUBLES, ANY_READ),
    "sweep, finding nothing": Job(_swept("drop"), TROUBLES, ANY_READ),
    "sweep, after busy": Job(_swept("busy"), TROUBLES, ANY_READ, quiet_seconds=0),
    "sweep, a late match": Job(_swept("403, accepted"), TROUBLES, ANY_READ),
    "follow, running": Job(_followed(seconds=60), TROUBLES, ANY_READ, is_followed=True),
    "follow, failing": Job(_followed(is_failing=True), TROUBLES, ANY_READ, is_followed=True),
    "follow, ending": Job(_followed(), TROUBLES, ANY_READ, is_followed=True),
    "verify": Job(_verified, TROUBLES, ANY_READ, is_followed=True),
    **ACTIONS,
    "vote": Job(_vote, PLAIN),
    "start": Job(_start, PLAIN),
    "confirm": Job(_confirm, PLAIN, quiet_seconds=0),
    "abandon": Job(_abandoned, TROUBLES, ANY_READ, quiet_seconds=0),
    "close": Job(_closed, TROUBLES, ANY_READ, is_followed=True),
    "adopt": Job(_adopted, TROUBLES, ANY_READ),
    "expire": Job(_expired, PLAIN),
    "seal": Job(_sealed, PLAIN),
    **MIRRORS,
}

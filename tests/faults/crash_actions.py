"""Retries, skips and cancels that die: where they are asked for, decided on by two, and sent."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from django.utils import timezone

from tests import followed
from tests.faults.crash_stage import ANY_ACT, PLAIN, TROUBLES, Job, Stage, Work, clicked
from tests.services.acting import ask, child_step, confirm, propose
from upgrades import tasks
from upgrades.models import Decision, RunAction, SubtaskLog, UpgradeRun
from upgrades.services import endpoints, moves

Step = tuple[int, int]


def _failed(stage: Stage) -> tuple[UpgradeRun, Step]:
    """A run whose child failed, and the subtask, whose log somebody has looked at."""
    run = stage.failed()
    step = child_step(run)
    text = endpoints.client(run.endpoint).subtask_log(*step).text
    SubtaskLog.objects.create(
        task_instance=followed.child_of(run), subtask_ocp_id=step[1], text=text, observed_at=timezone.now()
    )
    return run, step


def _running(stage: Stage) -> tuple[UpgradeRun, Step]:
    """A run under way, and a subtask of its child at work."""
    run = stage.posted()

    def at_work() -> Step | None:
        child = followed.child_of(run)
        subtask = child.subtasks.filter(status="RUNNING").first() if child is not None else None
        return (child.ocp_id, subtask.ocp_id) if child is not None and subtask is not None else None

    followed.step(stage.ocp, run, at_work)  # type: ignore[arg-type]
    step = at_work()
    assert step is not None
    return run, step


_SCENES = {"retry": _failed, "skip": _failed, "cancel": _running}


def _sent(kind: str) -> Callable[[Stage], Work]:
    """A worker sends what was asked for and, where it takes two, confirmed."""

    def arrange(stage: Stage) -> Work:
        run, step = _SCENES[kind](stage)
        if kind == "retry":
            action = ask(run, step, stage.cast.olga)
        else:
            action = confirm(propose(run, kind, step, stage.cast.olga), stage.cast.omar)

        def work() -> None:
            RunAction.objects.filter(pk=action.pk).update(due_at=timezone.now())
            tasks.act(action.pk)

        return work

    return arrange


def _asked(stage: Stage) -> Work:
    run, step = _failed(stage)
    return clicked(partial(ask, run, step, stage.cast.olga))


def _decided(kind: str) -> Callable[[Stage], Work]:
    """One proposes, another confirms; whoever comes again is refused what is there already."""

    def arrange(stage: Stage) -> Work:
        run, step = _SCENES[kind](stage)

        def work() -> None:
            with suppress(moves.Refusal):
                propose(run, kind, step, stage.cast.olga)
            with suppress(moves.Refusal):
                confirm(Decision.objects.latest("pk"), stage.cast.omar)

        return work

    return arrange


ACTIONS: dict[str, Job] = {
    "ask for a retry": Job(_asked, PLAIN, is_followed=True, left=lambda: _not_done("retry")),
    "decide on a skip": Job(_decided("skip"), PLAIN, is_followed=True, left=lambda: _not_done("skip")),
    "decide on a cancel": Job(_decided("cancel"), PLAIN, is_followed=True, left=lambda: _not_done("cancel")),
    "retry": Job(_sent("retry"), TROUBLES, ANY_ACT, is_followed=True),
    "skip": Job(_sent("skip"), TROUBLES, ANY_ACT, is_followed=True),
    "cancel": Job(_sent("cancel"), TROUBLES, ANY_ACT, is_followed=True),
}


def _not_done(kind: str) -> list[object]:
    """What a click was to lead to and did not."""
    return [] if RunAction.objects.filter(kind=kind, status="done").exists() else [f"no {kind} was done"]

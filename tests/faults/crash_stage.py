"""Where the jobs that die are played, and what a job is."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests import followed, scenes
from tests.faults.ocp_process import OcpProcess
from tests.scenes import Cast, control
from upgrades import tasks
from upgrades.models import Endpoint, UpgradeRun
from upgrades.services import moves, submission

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
# Where no answer of OCP's is waited for.
PLAIN: dict[str, Mode] = {"plain": {}}
ANY_READ = {"method": "GET", "count": 1, "skip": 1}
ANY_ACT = {"method": "POST", "path": "/tasks/instances/", "count": 1}


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
    `left`: rows that should be gone when all is done and OCP answered as it should.
    """

    arrange: Callable[[Stage], Work]
    modes: Mapping[str, Mode]
    strike: Mode = field(default_factory=dict)
    is_followed: bool = False
    quiet_seconds: float = 900
    left: Callable[[], Iterable[object]] = tuple

    def prepare(self, stage: Stage, mode: str) -> None:
        """Let OCP answer so from now on."""
        if self.modes is ANSWERS:
            stage.answer(mode)
        elif self.modes[mode]:
            control(stage.ocp, "POST", "/faults", **self.strike, **self.modes[mode])  # type: ignore[arg-type]


def clicked(click: Work) -> Work:
    """A person's click, which may come again after it worked: a refusal then is right."""

    def work() -> None:
        with suppress(moves.Refusal):
            click()

    return work

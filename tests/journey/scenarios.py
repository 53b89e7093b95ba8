"""The stories: what goes wrong on OCP's side, on which cluster, and how the run must end."""

from dataclasses import dataclass, field
from typing import Any

STEP = "Wait observer active"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One story. `arrange` are calls of the look-alike's control port, made just before the start."""

    name: str
    about: str
    cluster: str
    ends: str = "verified"
    arrange: tuple[tuple[str, dict[str, Any]], ...] = ()
    # What happens between the approval and the start: a method of story.Story each.
    before: tuple[str, ...] = ()
    # What people do, or see, meanwhile: likewise.
    meanwhile: tuple[str, ...] = ()
    # Audit actions without which the story was another one.
    audited: tuple[str, ...] = field(default=())

    @property
    def is_over(self) -> bool:
        """Whether the run has ended for good, and its request with it."""
        return self.ends in ("verified", "refused", "closed")

    @property
    def is_held(self) -> bool:
        """Whether the run still holds its clusters then: an open one does, and one under alarm."""
        return not self.is_over or self.ends == "closed"


def _answer(mode: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return ("/answer", {"mode": mode, **more})


PLAIN = Scenario(
    "plain",
    "nothing goes wrong; a primary and its standby, both held",
    "trade_core",
    meanwhile=("see_both_held",),
    audited=("run.accept",),
)
LOST = Scenario(
    "lost",
    "OCP takes the upgrade, its answer is lost",
    "coupon_dev",
    arrange=(_answer("lost"),),
    meanwhile=("see_child_before_adoption",),
    audited=("run.doubt", "run.adopt"),
)
LATE = Scenario(
    "late",
    "the connection breaks, OCP takes the upgrade 4 s later",
    "report_ap",
    arrange=(_answer("late", delay=4),),
    audited=("run.doubt", "run.adopt"),
)
LATER = Scenario(
    "later",
    "OCP takes it only after the quiet period: two people decide",
    "settle_batch",
    arrange=(_answer("late", delay=16),),
    meanwhile=("adopt_by_two_people",),
    audited=("run.doubt", "decision.propose", "decision.confirm", "decision.carry_out", "run.adopt"),
)
BUSY = Scenario(
    "busy",
    "somebody's task begins after the second pre-read: OCP says busy",
    "user_center",
    ends="refused",
    arrange=(_answer("busy"),),
    meanwhile=("see_quiet_period_kept",),
    audited=("run.doubt", "run.refuse"),
)
LYING = Scenario(
    "lying",
    "OCP says SUCCESSFUL, one server stays old",
    "ledger_old",
    ends="disagrees",
    arrange=(("/lie", {}),),
    meanwhile=("see_old_server_named",),
    audited=("run.end", "run.disagree"),
)
SILENCE = Scenario(
    "silence",
    "OCP is silent for a while in mid-upgrade",
    "edge_arm",
    # Slow enough that everybody watches before it is over.
    arrange=(("/speed", {"speed": 25}),),
    meanwhile=("sit_through_silence",),
    audited=("run.end", "run.verify"),
)


def failing(step: str) -> Scenario:
    """A step fails once; somebody retries it in OCP's console."""
    return Scenario(
        "fail",
        f"{step} fails once, somebody retries it in OCP's console",
        "report_ap_02",
        arrange=(("/fail", {"step": step}),),
        meanwhile=("retry_in_ocp",),
        audited=("run.fail", "run.resume", "run.end"),
    )


def _failing_once() -> tuple[tuple[str, dict[str, Any]], ...]:
    return (("/fail", {"step": STEP}),)


RETRIED = Scenario(
    "retried",
    "a step of the child fails; it and the parent's are retried from the page",
    "risk_scoring",
    arrange=_failing_once(),
    meanwhile=("retry_from_the_page",),
    audited=("run.fail", "run_action.ask", "run_action.send", "run_action.finish", "run.resume", "run.end"),
)
SKIPPED = Scenario(
    "skipped",
    "a skip is refused to one person and done by two",
    "log_archive",
    arrange=_failing_once(),
    meanwhile=("skip_by_two",),
    audited=("decision.propose", "decision.confirm", "decision.carry_out", "run_action.finish", "run.end"),
)
ALARMED = Scenario(
    "alarmed",
    "two people close a failed run, then somebody retries it in OCP: alarm",
    "order_history",
    ends="closed",
    arrange=_failing_once(),
    meanwhile=("close_and_retry_in_ocp",),
    audited=("run.fail", "run.close", "run.alarm"),
)
VANISHED = Scenario(
    "vanished",
    "OCP's task vanishes in mid-upgrade: unreadable, never failed",
    "user_center_02",
    ends="running",
    arrange=(("/speed", {"speed": 25}),),
    meanwhile=("see_task_vanish",),
    audited=("run.accept", "run.unreadable"),
)
RENEWED = Scenario(
    "renewed",
    "the package is replaced after the approval: stale, renewed, voted anew",
    "coupon_dev_02",
    before=("renew_when_stale",),
    audited=("change_request.turn_stale", "change_request.submit"),
)
RESTARTED = Scenario(
    "restarted",
    "OCP is killed in mid-upgrade and starts again with its state",
    "risk_scoring_02",
    # Slow enough that it is at work when it comes back.
    arrange=(("/speed", {"speed": 25}),),
    meanwhile=("see_ocp_restart",),
    audited=("run.accept", "run.end", "run.verify"),
)
UNLUCKY = {scenario.name: scenario for scenario in (RETRIED, SKIPPED, ALARMED, VANISHED, RENEWED, RESTARTED)}
ANSWERS = {scenario.name: scenario for scenario in (PLAIN, LOST, LATE, LATER, BUSY)}
ALL = (
    *(PLAIN, LOST, LATE, LATER, BUSY, failing(STEP), LYING, SILENCE),
    *(RETRIED, SKIPPED, ALARMED, RENEWED, RESTARTED, VANISHED),
)

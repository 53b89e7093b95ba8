"""Both machines on one page: what a request and its run must do, said without Django, rows, or OCP's client.

tests/faults/test_model.py drives the real services and compares. Each act answers OK, or how it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

OK, FORBIDDEN, TOO_LATE = "ok", "Forbidden", "TooLate"
REQUESTER = "olga"
EDITABLE = {"draft", "changes_requested", "stale"}
FINAL = {"rejected", "expired", "withdrawn", "done"}
RUN_FINAL = {"refused", "abandoned", "verified", "closed"}
ROLES = {
    "operator": {"olga", "omar", "dana"},
    "approver": {"amir", "bea", "dana"},
    "admin": {"ada"},
}
PEOPLE = ("olga", "omar", "dana", "amir", "bea", "ada", "uma")
# What T2 makes of OCP's answer to the POST, and whether OCP has the task then.
ANSWERS = {
    "plain": ("running", True),
    "lost": ("unconfirmed", True),
    "cut": ("unconfirmed", True),
    "reset": ("unconfirmed", True),
    "drop": ("unconfirmed", False),
    "500": ("unconfirmed", False),
    "429": ("unconfirmed", False),
    "redirect": ("unconfirmed", False),
    "refuse": ("refused", False),
    "403": ("refused", False),
}
AS_OCP_SAYS = {"running": "running", "failed": "failed", "successful": "verifying"}


@dataclass
class Model:
    """One request and its run. `package` counts the contents that OCP's package has had."""

    quorum: int
    roles: dict[str, set[str]] = field(default_factory=lambda: {role: set(names) for role, names in ROLES.items()})
    status: str = "draft"
    revision: int = 1
    sent_back: int = 0
    editors: set[str] = field(default_factory=lambda: {REQUESTER})
    votes: dict[tuple[int, str], tuple[tuple[int, int], str]] = field(default_factory=dict)
    package: int = 0
    plan: tuple[int, int] | None = None
    is_over: bool = False
    run: str | None = None
    posts: int = 0
    # What OCP has of it, what our rows have read of that, and what its servers show.
    ocp: str | None = None
    is_read: bool = False
    is_swept: bool = False
    are_servers_right: bool = True
    was_disagreement_seen: bool = False

    # --- people ---------------------------------------------------------------------------------------------------

    def edit(self, who: str) -> str:
        if who not in self.roles["operator"]:
            return FORBIDDEN
        if self.status not in EDITABLE:
            return TOO_LATE
        self.revision += 1
        self.editors.add(who)
        return OK

    def submit(self, who: str) -> str:
        if who not in self.roles["operator"]:
            return FORBIDDEN
        if self.status not in EDITABLE:
            return TOO_LATE
        revision = self.revision + (self.status == "stale")
        able = self.roles["approver"] - self.editors - {REQUESTER, who}
        able -= {voter for number, voter in self.votes if number == revision}
        if revision <= self.sent_back or len(able) < self.quorum:
            return TOO_LATE
        self.editors.add(who)
        self.revision, self.plan = revision, (revision, self.package)
        self.status, self.is_over = "in_review", False
        return OK

    def approve(self, who: str) -> str:
        return self._vote(who, "approve")

    def send_back(self, who: str) -> str:
        if self.status == "approved" and self.may_vote(who):
            return self._back()
        return self._vote(who, "send_back")

    def reject(self, who: str) -> str:
        return self._vote(who, "reject")

    def may_vote(self, who: str) -> bool:
        return who in self.roles["approver"] and who != REQUESTER and who not in self.editors

    def _vote(self, who: str, verdict: str) -> str:
        if not self.may_vote(who):
            return FORBIDDEN
        if self.status != "in_review" or (self.revision, who) in self.votes:
            return TOO_LATE
        assert self.plan is not None
        self.votes[self.revision, who] = (self.plan, verdict)
        if verdict == "send_back":
            return self._back()
        if verdict == "reject":
            self.status = "rejected"
        elif len(self.counted()) >= self.quorum:
            self.status, self.is_over = "approved", False
        return OK

    def counted(self) -> set[str]:
        """Whose approvals hold for what would run now."""
        approvals = {who for (_number, who), vote in self.votes.items() if vote == (self.plan, "approve")}
        return {who for who in approvals if self.may_vote(who)}

    def take_back(self, who: str) -> str:
        if who != REQUESTER:
            return FORBIDDEN
        return self._back() if self.status in {"in_review", "approved"} else TOO_LATE

    def _back(self) -> str:
        self.status, self.sent_back = "changes_requested", self.revision
        return OK

    def withdraw(self, who: str) -> str:
        if who != REQUESTER and who not in self.roles["admin"]:
            return FORBIDDEN
        return self._go("withdrawn", {*EDITABLE, "in_review", "approved", "starting"})

    def copy_ended(self, who: str) -> str:
        if who not in self.roles["operator"]:
            return FORBIDDEN
        return OK if self.status in FINAL else TOO_LATE

    def start(self, who: str) -> str:
        if who not in self.roles["operator"]:
            return FORBIDDEN
        return self._go("starting", set() if self.is_over else {"approved"})

    def call_off(self, who: str) -> str:
        if who not in self.roles["operator"]:
            return FORBIDDEN
        return self._go("approved", {"starting"})

    def _go(self, target: str, sources: set[str]) -> str:
        if self.status not in sources:
            return TOO_LATE
        self.status = target
        return OK

    def may_decide(self, who: str) -> bool:
        return any(who in names for names in self.roles.values())

    # --- the worker -----------------------------------------------------------------------------------------------

    def carry_start(self, answer: str, *, is_blocked: bool) -> None:
        """One submission: a run, or back to where the reason belongs."""
        if self.status != "starting":
            return
        if is_blocked:
            self.status = "approved"
        elif self.is_over:
            self.status = "expired"
        elif len(self.counted()) < self.quorum:
            self.status = "in_review"
        elif self.plan != (self.revision, self.package):
            self.status = "stale"
        else:
            self._post(answer)

    def _post(self, answer: str) -> None:
        self.status, self.posts = "in_progress", 1
        self.run, has_task = ANSWERS[answer]
        self.ocp = "running" if has_task else None
        self._settle()

    def crash_start(self, answer: str, reached: str | None, *, is_posted: bool) -> None:
        """The worker ended in mid submission. `reached`: its run as it was left, None where T1 was not."""
        if reached is None:
            assert not is_posted
            return
        self.carry_start(answer, is_blocked=False)
        assert reached in {"submitting", self.run}
        assert is_posted or reached == "submitting"
        if not is_posted:
            self.posts, self.ocp = 0, None
        if reached == "submitting":
            self.status, self.run = "in_progress", "submitting"

    def grow_old(self) -> None:
        """Nobody has heard of the POST for too long."""
        if self.run == "submitting":
            self.run = "unconfirmed"

    def _settle(self) -> None:
        if self.run in RUN_FINAL:
            self.status = "done"

    def expire(self, *, is_start_late: bool) -> None:
        """What time alone ends."""
        if is_start_late and self.status == "starting":
            self.status = "approved"
        if self.is_over and self.status not in {*FINAL, "draft", "in_progress"}:
            self.status = "expired"

    def compare_plan(self) -> None:
        if self.status in {"in_review", "approved"} and self.plan != (self.revision, self.package):
            self.status = "stale"

    def sweep(self) -> None:
        if self.run not in {"submitting", "unconfirmed"}:
            return
        self.is_swept = True
        if self.ocp is not None:
            self.run, self.is_read = AS_OCP_SAYS[self.ocp], False

    def follow(self) -> None:
        if self.run in {"running", "failed"}:
            assert self.ocp is not None
            self.run, self.is_read = AS_OCP_SAYS[self.ocp], True

    def verify(self) -> None:
        if self.run not in {"verifying", "disagrees"}:
            return
        if self.are_servers_right:
            self.run = "verified"
            self._settle()
        elif self.was_disagreement_seen:
            self.run = "disagrees"
        self.was_disagreement_seen = not self.are_servers_right

    def close(self) -> None:
        """Two people have agreed: what was read just before, other than shown, overtakes them."""
        before, was_read = self.run, self.is_read
        self.follow()
        self.is_read = True
        if self.run == before and was_read:
            self.run = "closed"
            self._settle()

    def abandon(self) -> None:
        self.run = "abandoned"
        self._settle()

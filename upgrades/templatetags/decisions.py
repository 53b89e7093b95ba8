"""The decisions about a run: what is open, what may be proposed, on which evidence."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from upgrades.forms.decisions import ProposeForm
from upgrades.models import Decision, UpgradeRun, User
from upgrades.rules import Reason, workflow
from upgrades.services import decisions, moves, step_decisions
from upgrades.templatetags.ocpdash import status_word, time_text

register = template.Library()

PAST_SHOWN = 5
_K = workflow.DecisionKind
# What a kind does, as the name of a button, and what follows from it.
KINDS: Mapping[str, tuple[str | Promise, str | Promise]] = {
    _K.ADOPT: (
        gettext_lazy("Adopt OCP's task as the run of %(number)s"),
        gettext_lazy("The run is bound to that task and followed from then on. Nothing is sent to OCP."),
    ),
    _K.ABANDON: (
        gettext_lazy("Abandon the run of %(number)s"),
        gettext_lazy(
            "OCP is read once more; a task that shows up ends the decision. The clusters stay held until they are "
            "seen whole."
        ),
    ),
    _K.CLOSE: (
        gettext_lazy("Close the run of %(number)s"),
        gettext_lazy(
            "OCP is read once more; anything RUNNING, or other than the evidence, ends the decision. The run ends "
            "as closed, not as verified."
        ),
    ),
    _K.RELEASE: (
        gettext_lazy("Free the clusters held by the run of %(number)s"),
        gettext_lazy("Other upgrades of these clusters can then be started, whatever OCP is doing with them."),
    ),
    _K.SKIP: (
        gettext_lazy("Skip a failed subtask in the run of %(number)s"),
        gettext_lazy(
            "OCP is read once more, then told to count the subtask as done without its work. Whatever comes after it "
            "goes on as if it had been done. OCP's manual says that steps of an upgrade must not be skipped by hand."
        ),
    ),
    _K.CANCEL: (
        gettext_lazy("Cancel a running subtask in the run of %(number)s"),
        gettext_lazy(
            "OCP is read once more, then told to stop the subtask: it ends FAILED, and so does the upgrade until it is "
            "retried. OCP's manual says to leave the steps of an upgrade alone."
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing that could be proposed, or why not."""

    kind: str
    task_id: int | None
    reason: Reason | None
    evidence: dict[str, Any]
    evidence_hash: str


@dataclass(frozen=True, slots=True)
class Panel:
    """Decisions of one run for one reader."""

    open: Decision | None
    has_moved: bool
    may_confirm: bool
    may_withdraw: bool
    proposals: list[Proposal]
    past: list[Decision]

    @property
    def is_empty(self) -> bool:
        return self.open is None and not self.proposals and not self.past


@register.simple_tag
def decision_panel(run: UpgradeRun, user: User) -> Panel:
    """The panel of `run` for `user`."""
    rows = list(run.decisions.select_related("proposer", "confirmer").order_by("-pk")[: PAST_SHOWN + 1])
    is_open = bool(rows) and rows[0].status not in workflow.DECISION_FINAL
    current = rows[0] if is_open else None
    is_proposed = current is not None and current.status == workflow.DecisionStatus.PROPOSED
    confirm = workflow.find("decision", "confirm")
    is_decider = workflow.why_not_permitted(confirm, moves.actor_of(user, run.environment)) is None
    return Panel(
        open=current,
        has_moved=current is not None and is_proposed and _hash_now(run, current) != current.evidence_hash,
        may_confirm=is_proposed and is_decider and current is not None and current.proposer_id != user.pk,
        may_withdraw=is_proposed and is_decider,
        proposals=[] if current else list(_proposals(run, user)),
        past=rows[1:] if is_open else rows[:PAST_SHOWN],
    )


def _hash_now(run: UpgradeRun, decision: Decision) -> str:
    if decision.kind in workflow.STEP_DECISIONS:
        return decisions.evidence_hash(step_decisions.evidence_of(decision))
    return decisions.evidence_hash(decisions.evidence(run, decision.kind, decision.ocp_task_id))


def _proposals(run: UpgradeRun, user: User) -> Iterator[Proposal]:
    """One for each kind that fits the run's status; adopting, one for each candidate."""
    for kind, reason in decisions.available(run, user):
        task_ids: list[int | None] = list(run.candidates) if kind == _K.ADOPT else []
        for task_id in task_ids or [None]:
            shown = decisions.evidence(run, kind, task_id)
            yield Proposal(kind, task_id, reason, shown, decisions.evidence_hash(shown))


@register.filter
def kind_text(kind: str, number: str) -> str:
    """What a kind of decision does, as a button says it."""
    return str(KINDS[kind][0]) % {"number": number} if kind in KINDS else kind


@register.filter
def kind_effect(kind: str) -> str:
    """What follows from a kind of decision."""
    return str(KINDS[kind][1]) if kind in KINDS else ""


@register.filter
def evidence_facts(evidence: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """The evidence in names and values; OCP's words as they are."""
    if "subtask" in evidence:
        return list(_step_facts(evidence))
    tasks = [f"{task['id']} {task['kind']}: {task['status']} {task['operation']}".strip() for task in evidence["tasks"]]
    holds = [f"{hold['cluster']}: {hold['status']}, {hold['version']}" for hold in evidence["holds"]]
    candidates = [str(number) for number in evidence["candidates"]]
    facts: list[tuple[str, str | None]] = [
        (_("Run"), status_word(evidence["status"])),
        (_("Task to adopt") if evidence["kind"] == _K.ADOPT else _("Bound to task"), _text(evidence["ocp_task_id"])),
        (_("OCP's last word"), evidence["ocp_word"] or None),
        (_("Sent"), _time(evidence["sent_at"])),
        (_("Candidates seen in OCP"), ", ".join(candidates) or _("none")),
        (_("Tasks"), "; ".join(tasks) or _("none")),
        (_("Clusters held"), "; ".join(holds) or _("none")),
    ]
    if evidence["is_unreadable"]:
        facts.append((_("Reading"), _("the run cannot be read now")))
    return facts


def _step_facts(evidence: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    step, log = evidence["subtask"] or {}, evidence["log"]
    tasks = [f"{task['id']} {task['kind']}: {task['status']} {task['operation']}".strip() for task in evidence["tasks"]]
    yield _("Cluster"), evidence["cluster"]
    yield _("Run"), status_word(evidence["status"])
    yield _("Subtask"), f"{step.get('name', '')} · {evidence['ocp_task_id']}/{step.get('id', '')}"
    yield _("State in OCP"), f"{step.get('status', '')} {step.get('operation', '')}".strip() or None
    yield _("Attempt"), _text(step.get("run_time"))
    yield _("Tasks"), "; ".join(tasks) or _("none")
    if evidence["kind"] == _K.SKIP:
        yield _("Log, SHA-256"), log["sha256"][:16] if log else _("not read yet")
    if step.get("is_rollback_prohibited"):
        yield _("Rollback"), _("OCP forbids it from here on")


@register.simple_tag
def is_step_decision(decision: Decision) -> bool:
    """Whether `decision` is about one subtask: then the cluster's name is typed by both people."""
    return decision.kind in workflow.STEP_DECISIONS


@register.filter
def as_json(value: Any) -> str:
    """A JSON value on several lines, to be shown as text."""
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True)


@register.filter
def typed_for(form: ProposeForm | str | None, proposal: Proposal) -> bool:
    """Whether the text of a refused form belongs to this proposal."""
    if not isinstance(form, ProposeForm):
        return False
    return form["kind"].value() == proposal.kind and str(form["ocp_task_id"].value() or "") == str(
        proposal.task_id or ""
    )


def _time(text: str | None) -> str | None:
    return time_text(dt.datetime.fromisoformat(text), "seconds") if text else None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)

"""What can be asked of OCP for the chosen subtask, and what became of what was asked."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from upgrades.forms.decisions import ProposeForm
from upgrades.forms.run_actions import ActForm
from upgrades.models import RunAction, UpgradeRun, User
from upgrades.rules import Reason, workflow
from upgrades.rules.run_actions import Kind
from upgrades.selectors import Step
from upgrades.services import decisions, moves, run_actions, step_decisions
from upgrades.views.reader import reader

PAST_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Offer:
    """A retry that could be asked for, or why not."""

    kind: str
    subtask_id: int | None
    reason: Reason | None
    shown: str


@dataclass(frozen=True, slots=True)
class StepProposal:
    """A skip or cancel that could be proposed, or why not. `form`: a bound one whose text is kept."""

    kind: str
    task_id: int
    subtask_id: int
    reason: Reason | None
    evidence: dict[str, Any]
    evidence_hash: str
    form: ProposeForm | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """The actions of one subtask for one reader."""

    task_id: int
    open: RunAction | None
    past: list[RunAction]
    offers: list[Offer]
    proposals: list[StepProposal]

    @property
    def is_empty(self) -> bool:
        return not (self.open or self.past or self.offers or self.proposals)


def panel(run: UpgradeRun, step: Step | None, user: User) -> Panel | None:
    """What `user` can do about the subtask `step`; None without one. The number of queries is fixed."""
    if step is None:
        return None
    task_id, subtask_id = (int(number) for number in step.key.split("/"))
    rows = [row for row in _rows(run, task_id) if row.subtask_ocp_id in (None, subtask_id)]
    is_acted_on = run.status in workflow.RUN_FOLLOWED
    current = next((row for row in rows if row.is_open), None)
    return Panel(
        task_id=task_id,
        open=current,
        past=[row for row in rows if not row.is_open][:PAST_SHOWN],
        offers=list(_offers(run, step, task_id, subtask_id, user)) if is_acted_on and current is None else [],
        proposals=list(_proposals(run, step, task_id, subtask_id, user)) if is_acted_on and current is None else [],
    )


def _rows(run: UpgradeRun, task_id: int) -> list[RunAction]:
    rows = RunAction.objects.filter(run=run, task_ocp_id=task_id).select_related("asker", "decision__proposer")
    return list(rows.order_by("-pk"))


def _offers(run: UpgradeRun, step: Step, task_id: int, subtask_id: int, user: User) -> Iterator[Offer]:
    """Retry of a failed subtask; of its whole task where more than it failed there."""
    if step.status != "FAILED":
        return
    refusal = run_actions.why_not_permitted(run, user)
    kinds = [(Kind.RETRY, subtask_id)]
    failed = run.task_instances.filter(ocp_id=task_id, status="FAILED", subtasks__status="FAILED").count()
    for kind, number in [*kinds, *([(Kind.RETRY_TASK, None)] if failed > 1 else [])]:
        reason = refusal or run_actions.why_not(run, kind, task_id, number)
        yield Offer(kind, number, reason, run_actions.shown_hash(run, kind, task_id, number))


def _proposals(run: UpgradeRun, step: Step, task_id: int, subtask_id: int, user: User) -> Iterator[StepProposal]:
    kind = {"FAILED": workflow.DecisionKind.SKIP, "RUNNING": workflow.DecisionKind.CANCEL}.get(step.status)
    if kind is not None:
        yield _proposal(run, kind, task_id, subtask_id, user)


def _proposal(
    run: UpgradeRun, kind: str, task_id: int, subtask_id: int, user: User, form: ProposeForm | None = None
) -> StepProposal:
    reason = decisions.why_not_permitted(run, user) or run_actions.why_not(run, kind, task_id, subtask_id)
    if reason is None and run.decisions.open().exists():
        reason = Reason("decision.another_open")
    shown = step_decisions.evidence(run, kind, task_id, subtask_id)
    return StepProposal(kind, task_id, subtask_id, reason, shown, decisions.evidence_hash(shown), form)


def step_again(run: UpgradeRun, form: ProposeForm, user: User) -> StepProposal | None:
    """The proposal of a refused form as it is now, with what was typed; None where it was of another kind."""
    given = form.cleaned_data
    task_id, subtask_id = given.get("ocp_task_id"), given.get("ocp_subtask_id")
    if given.get("kind") not in workflow.STEP_DECISIONS or not task_id or not subtask_id:
        return None
    return _proposal(run, given["kind"], task_id, subtask_id, user, form)


@require_POST
def run_act(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a retry. It is sent by a Celery worker, which reads OCP first."""
    user = reader(request)
    rows = UpgradeRun.objects.visible_to(user).select_related("change_request__cluster", "endpoint")
    run = get_object_or_404(rows, pk=pk)
    form = ActForm(request.POST)
    form.is_valid()
    given = form.cleaned_data
    task_id, subtask_id = given.get("task_id") or 0, given.get("subtask_id")
    about = {"kind": given.get("kind", ""), "task_id": task_id, "subtask_id": subtask_id}
    try:
        run_actions.ask(run=run, shown=given.get("shown", ""), actor=user, **about)
    except (moves.TooLate, moves.Invalid) as refusal:
        facts = {"run": run, "refusal": refusal.reason, "back": _address(pk, task_id, subtask_id)}
        status = 409 if isinstance(refusal, moves.TooLate) else 400
        return render(request, "upgrades/runs/act_refused.html", facts, status=status)
    messages.success(request, _("It is asked for. OCP is read once more, then it is sent once."))
    return redirect(_address(pk, task_id, subtask_id))


def _address(pk: int, task_id: int, subtask_id: int | None) -> str:
    node = f"?node={task_id}/{subtask_id}#chosen" if subtask_id else ""
    return reverse("runs-detail", args=[pk]) + node

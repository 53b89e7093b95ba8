"""Decisions: proposed by one on evidence, confirmed by another. The page of the run or endpoint carries the panel."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from upgrades import reasons
from upgrades.forms.decisions import ConfirmForm, ProposeForm
from upgrades.models import Decision, UpgradeRun
from upgrades.services import deciding, decisions, moves
from upgrades.views import endpoints, run_actions
from upgrades.views.reader import reader


@require_POST
def decision_propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Propose a decision about the run `pk` on the evidence that the page showed."""
    user = reader(request)
    run = _run(request, pk)
    form = ProposeForm(request.POST)
    form.is_valid()
    given = form.cleaned_data
    about = {name: given.get(name, "") for name in ("kind", "purpose", "evidence_hash", "cluster_name")}
    step: dict[str, Any] = {"task_id": given.get("ocp_task_id"), "subtask_id": given.get("ocp_subtask_id")}
    try:
        deciding.propose(run=run, actor=user, **about, **step)
    except (moves.TooLate, moves.Invalid) as refusal:
        return _run_again(request, pk, refusal, form)
    messages.success(request, _("It is proposed. A second person must confirm it on the same evidence."))
    return redirect("runs-detail", pk)


@require_POST
def decision_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm what somebody else proposed; what is about a run is carried out by a Celery worker."""
    user = reader(request)
    decision = _decision(request, pk)
    form = ConfirmForm(request.POST)
    form.is_valid()
    given = {name: form.cleaned_data.get(name, "") for name in ("evidence_hash", "is_read", "cluster_name")}
    try:
        deciding.confirm(decision=decision, actor=user, **given)
    except (moves.TooLate, moves.Invalid) as refusal:
        return _again(request, decision, refusal)
    if decision.endpoint_id is None:
        messages.success(request, _("It is confirmed. OCP is read once more, then it is carried out."))
    else:
        messages.success(
            request, _("The endpoint has its new address. Enter its credentials: nothing is asked before.")
        )
    return _back(decision)


@require_POST
def decision_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a proposal back."""
    decision = _decision(request, pk)
    try:
        decisions.withdraw(decision=decision, actor=reader(request))
    except moves.TooLate as refusal:
        return _again(request, decision, refusal)
    messages.success(request, _("The proposal is withdrawn. Nothing was changed in OCP."))
    return _back(decision)


def _decision(request: HttpRequest, pk: int) -> Decision:
    rows = Decision.objects.visible_to(reader(request)).select_related("run", "endpoint", "proposer")
    return get_object_or_404(rows, pk=pk)


def _back(decision: Decision) -> HttpResponse:
    """To the page of what it is about."""
    if decision.endpoint_id is not None:
        return redirect("endpoints-detail", decision.endpoint_id)
    return redirect("runs-detail", decision.run_id)


def _run(request: HttpRequest, pk: int) -> UpgradeRun:
    rows = UpgradeRun.objects.visible_to(reader(request)).select_related("change_request__cluster", "endpoint")
    return get_object_or_404(rows, pk=pk)


def _again(request: HttpRequest, decision: Decision, refusal: moves.Refusal) -> HttpResponse:
    if decision.run_id is not None:
        return _run_again(request, decision.run_id, refusal)
    return endpoints.address_again(request, decision.endpoint_id or 0, refusal)


def _run_again(request: HttpRequest, pk: int, refusal: moves.Refusal, form: ProposeForm | None = None) -> HttpResponse:
    """The decisions of the run as they are now, with the refusal and what was typed."""
    if form is not None and isinstance(refusal, moves.Invalid):
        form.add_error(refusal.field if refusal.field in form.fields else None, reasons.sentence(refusal.reason))
    run = _run(request, pk)
    facts: dict[str, Any] = {"run": run, "form": form, "refusal": refusal.reason}
    if form is not None:
        facts["step"] = run_actions.step_again(run, form, reader(request))
    status = 409 if isinstance(refusal, moves.TooLate) else 400
    return render(request, "upgrades/decisions/detail.html", facts, status=status)

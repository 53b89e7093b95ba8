"""Decisions: proposed by one on evidence that was read, confirmed by another on the same evidence."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from upgrades import selectors
from upgrades.api import acts, filters
from upgrades.api.access import caller
from upgrades.api.bodies import Body, NoFields, given
from upgrades.api.doors import acts as acting
from upgrades.api.doors import lists, reads
from upgrades.api.paging import page
from upgrades.api.run_actions import ID
from upgrades.api.shapes import Moment, OcpId, Person, Plain, ReasonField, Shape
from upgrades.forms.change_requests import TEXT_LIMIT
from upgrades.forms.decisions import DecisionFilterForm, EvidenceForm
from upgrades.models import Decision, Scope, User
from upgrades.rules import workflow
from upgrades.services import address_changes, decisions, run_actions, step_decisions

KINDS = (*decisions.KINDS, *step_decisions.KINDS)


class DecisionSerializer(Shape):
    """One decision. `evidence` is what both people are shown, `evidence_hash` its SHA-256."""

    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    kind = serializers.ChoiceField(choices=[str(kind) for kind in workflow.DecisionKind])
    status = serializers.ChoiceField(choices=[str(status) for status in workflow.DecisionStatus])
    status_at = Moment()
    status_reason = ReasonField(allow_null=True)
    run = serializers.IntegerField(source="run_id", allow_null=True)
    endpoint = serializers.IntegerField(source="endpoint_id", allow_null=True)
    proposer = Person()
    confirmer = Person(allow_null=True)
    purpose = serializers.CharField()
    ocp_task_id = OcpId(allow_null=True)
    ocp_subtask_id = OcpId(allow_null=True)
    evidence = Plain()
    evidence_hash = serializers.CharField()
    proposed_at = Moment()
    confirmed_at = Moment(allow_null=True)
    expires_at = Moment()

    def get_url(self, decision: Decision) -> str:
        """Where it is in the API."""
        return reverse("api:decisions-detail", args=[decision.pk])


class EvidenceSerializer(Shape):
    """What a proposal of this kind would rest on now, and why it cannot be made, if so."""

    kind = serializers.CharField()
    evidence = Plain()
    evidence_hash = serializers.CharField()
    why_not = ReasonField(allow_null=True)


class ProposeBody(Body):
    """A decision about a run, on the evidence that you read. `ocp_task_id`: which task to adopt.

    To skip or cancel: its task and subtask, and the name of the cluster, as the page wants it typed.
    """

    kind = serializers.ChoiceField(choices=KINDS)
    purpose = serializers.CharField(max_length=TEXT_LIMIT)
    evidence_hash = serializers.CharField(max_length=64)
    ocp_task_id = serializers.RegexField(ID, required=False)
    ocp_subtask_id = serializers.RegexField(ID, required=False)
    cluster_name = serializers.CharField(required=False, default="", max_length=255)


class ConfirmBody(Body):
    """The evidence that you read, and that you did."""

    evidence_hash = serializers.CharField(max_length=64)
    is_read = serializers.BooleanField()
    cluster_name = serializers.CharField(required=False, default="", max_length=255)


_EVIDENCE = (
    OpenApiParameter("kind", OpenApiTypes.STR, enum=KINDS, required=True),
    OpenApiParameter("ocp_task_id", OpenApiTypes.STR, description="To adopt, skip or cancel: OCP's task."),
    OpenApiParameter("ocp_subtask_id", OpenApiTypes.STR, description="To skip or cancel: OCP's subtask."),
)


@lists(Scope.READ, DecisionSerializer, DecisionFilterForm)
def decision_list(request: Request) -> Response:
    """The decisions about runs of your environments, newest first. Admins and auditors of all: of endpoints too."""
    chosen = filters.read(request, DecisionFilterForm).chosen()
    rows = _visible(caller(request)).filter(**chosen)
    return page(request, rows, DecisionSerializer, ("-pk",))


@reads(Scope.READ, DecisionSerializer)
def decision_detail(request: Request, pk: int) -> Response:
    """One decision with its evidence."""
    filters.read(request, known=())
    return Response(_told(pk, caller(request)))


@reads(Scope.READ, EvidenceSerializer, parameters=_EVIDENCE)
def decision_evidence(request: Request, pk: int) -> Response:
    """What a decision about the run would rest on now; its hash goes into the proposal."""
    form = filters.read(request, EvidenceForm, known=())
    run = selectors.run_detail(pk, caller(request))
    kind, task_id = form.cleaned_data["kind"], form.cleaned_data["ocp_task_id"]
    if kind in workflow.STEP_DECISIONS:
        subtask_id = form.cleaned_data["ocp_subtask_id"]
        shown = step_decisions.evidence(run, kind, task_id, subtask_id)
        why_not = run_actions.why_not(run, kind, task_id, subtask_id)
    else:
        shown = decisions.evidence(run, kind, task_id)
        why_not = decisions.why_not(run, kind)
    told = {"kind": kind, "evidence": shown, "evidence_hash": decisions.evidence_hash(shown)}
    return Response(EvidenceSerializer({**told, "why_not": why_not}).data)


@acting(Scope.DECISIONS, DecisionSerializer, ProposeBody, status=201)
def decision_propose(request: Request, pk: int) -> HttpResponse:
    """Propose a decision about the run. A second person must confirm it on the same evidence."""
    filters.read(request, known=())
    user = caller(request)
    run = selectors.run_detail(pk, user)
    values = given(request, ProposeBody)
    task_id, subtask_id = (int(values.pop(name, 0)) for name in ("ocp_task_id", "ocp_subtask_id"))
    cluster_name = values.pop("cluster_name")

    def act() -> dict[str, Any]:
        if values["kind"] in workflow.STEP_DECISIONS:
            about = {"task_id": task_id, "subtask_id": subtask_id, "cluster_name": cluster_name}
            return _told(step_decisions.propose(run=run, actor=user, **about, **values).pk, user)
        return _told(decisions.propose(run=run, actor=user, ocp_task_id=task_id or None, **values).pk, user)

    return acts.answer(request, act, status=201)


@acting(Scope.DECISIONS, DecisionSerializer, ConfirmBody)
def decision_confirm(request: Request, pk: int) -> HttpResponse:
    """Confirm what somebody else proposed. What is about a run is carried out by a Celery worker."""
    filters.read(request, known=())
    user = caller(request)
    decision = get_object_or_404(_visible(user), pk=pk)
    values = given(request, ConfirmBody)
    cluster_name = values.pop("cluster_name")

    def act() -> dict[str, Any]:
        if decision.kind in workflow.STEP_DECISIONS:
            step_decisions.confirm(decision=decision, actor=user, cluster_name=cluster_name, **values)
        elif decision.endpoint_id is None:
            decisions.confirm(decision=decision, actor=user, **values)
        else:
            address_changes.confirm(decision=decision, actor=user, **values)
        return _told(pk, user)

    return acts.answer(request, act)


@acting(Scope.DECISIONS, DecisionSerializer)
def decision_withdraw(request: Request, pk: int) -> HttpResponse:
    """Take a proposal back."""
    filters.read(request, known=())
    user = caller(request)
    decision = get_object_or_404(_visible(user), pk=pk)
    given(request, NoFields)

    def act() -> dict[str, Any]:
        decisions.withdraw(decision=decision, actor=user)
        return _told(pk, user)

    return acts.answer(request, act)


def _visible(user: User) -> Any:
    return Decision.objects.visible_to(user).select_related("run", "endpoint", "proposer", "confirmer")


def _told(pk: int, user: User) -> dict[str, Any]:
    return dict(DecisionSerializer(get_object_or_404(_visible(user), pk=pk)).data)

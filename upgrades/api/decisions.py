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
from upgrades.models import Decision, Endpoint, Role, Scope, User
from upgrades.rules import Reason, workflow
from upgrades.services import address_changes, deciding, decisions, moves


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

    kind = serializers.ChoiceField(choices=deciding.KINDS)
    purpose = serializers.CharField(max_length=TEXT_LIMIT)
    evidence_hash = serializers.CharField(max_length=64)
    ocp_task_id = serializers.RegexField(ID, required=False)
    ocp_subtask_id = serializers.RegexField(ID, required=False)
    cluster_name = serializers.CharField(required=False, default="", max_length=255)


class AddressBody(Body):
    """Another address for an endpoint, on the evidence that you read. `is_http_allowed`: plain http may be spoken.

    The stored credentials do not go with it: they are entered anew once it is confirmed.
    """

    base_url = serializers.CharField(max_length=255)
    is_http_allowed = serializers.BooleanField(required=False, default=False)
    purpose = serializers.CharField(max_length=TEXT_LIMIT)
    evidence_hash = serializers.CharField(max_length=64)


class ConfirmBody(Body):
    """The evidence that you read, and that you did."""

    evidence_hash = serializers.CharField(max_length=64)
    is_read = serializers.BooleanField()
    cluster_name = serializers.CharField(required=False, default="", max_length=255)


_EVIDENCE = (
    OpenApiParameter("kind", OpenApiTypes.STR, enum=deciding.KINDS, required=True),
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
    asked = form.cleaned_data
    shown = deciding.shown(run, asked["kind"], asked["ocp_task_id"], asked["ocp_subtask_id"])
    return Response(EvidenceSerializer(shown).data)


@reads(Scope.READ, EvidenceSerializer)
def endpoint_evidence(request: Request, pk: int) -> Response:
    """What another address for the endpoint would rest on now. For admins and auditors of all environments."""
    filters.read(request, known=())
    user = caller(request)
    endpoint = get_object_or_404(Endpoint.objects.visible_to(user), pk=pk)
    # It names requests of every environment.
    if not (user.has_role(Role.ADMIN, "") or user.has_role(Role.AUDITOR, "")):
        raise moves.Forbidden(Reason("api.forbidden"))
    return Response(EvidenceSerializer(deciding.shown_of_address(endpoint)).data)


@acting(Scope.DECISIONS, DecisionSerializer, ProposeBody, status=201)
def decision_propose(request: Request, pk: int) -> HttpResponse:
    """Propose a decision about the run. A second person must confirm it on the same evidence."""
    filters.read(request, known=())
    user = caller(request)
    run = selectors.run_detail(pk, user)
    values = given(request, ProposeBody)
    step: dict[str, Any] = {name: int(values.pop(f"ocp_{name}", 0)) for name in ("task_id", "subtask_id")}

    def act() -> dict[str, Any]:
        return _told(deciding.propose(run=run, actor=user, **step, **values).pk, user)

    return acts.answer(request, act, status=201)


@acting(Scope.DECISIONS, DecisionSerializer, AddressBody, status=201)
def endpoint_propose(request: Request, pk: int) -> HttpResponse:
    """Propose another address for the endpoint. Another admin of all environments must confirm it."""
    filters.read(request, known=())
    user = caller(request)
    endpoint = get_object_or_404(Endpoint.objects.visible_to(user), pk=pk)
    values = given(request, AddressBody)

    def act() -> dict[str, Any]:
        return _told(address_changes.propose(endpoint=endpoint, actor=user, **values).pk, user)

    return acts.answer(request, act, status=201)


@acting(Scope.DECISIONS, DecisionSerializer, ConfirmBody)
def decision_confirm(request: Request, pk: int) -> HttpResponse:
    """Confirm what somebody else proposed. What is about a run is carried out by a Celery worker."""
    filters.read(request, known=())
    user = caller(request)
    decision = get_object_or_404(_visible(user), pk=pk)
    values = given(request, ConfirmBody)

    def act() -> dict[str, Any]:
        deciding.confirm(decision=decision, actor=user, **values)
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

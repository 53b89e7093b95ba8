"""Run actions: a retry asked of OCP by one person. A skip or cancel takes two: propose it as a decision."""

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
from upgrades.api.bodies import Body, given
from upgrades.api.doors import acts as acting
from upgrades.api.doors import lists, reads
from upgrades.api.paging import page
from upgrades.api.shapes import Moment, OcpId, Person, ReasonField, Shape
from upgrades.forms.run_actions import OfferForm
from upgrades.models import RunAction, Scope, UpgradeRun, User
from upgrades.rules import workflow
from upgrades.rules.run_actions import BY_ONE, Kind
from upgrades.services import run_actions

ID = r"^[1-9][0-9]{0,17}$"


class RunActionSerializer(Shape):
    """What was asked, and what became of it as read from OCP. `subtask_id` null: of all failed ones of the task."""

    id = serializers.IntegerField()
    url = serializers.SerializerMethodField()
    run = serializers.IntegerField(source="run_id")
    kind = serializers.ChoiceField(choices=[str(kind) for kind in Kind])
    status = serializers.ChoiceField(choices=[str(status) for status in workflow.RunActionStatus])
    status_at = Moment()
    status_reason = ReasonField(allow_null=True)
    asker = Person()
    decision = serializers.IntegerField(source="decision_id", allow_null=True)
    task_id = OcpId(source="task_ocp_id")
    subtask_id = OcpId(source="subtask_ocp_id", allow_null=True)
    name = serializers.CharField()
    asked_at = Moment()
    sent_at = Moment(allow_null=True)

    def get_url(self, action: RunAction) -> str:
        """Where it is in the API."""
        return reverse("api:run-actions-detail", args=[action.pk])


class OfferSerializer(Shape):
    """Whether a retry can be asked for now, and on which state: `shown` goes into the call."""

    kind = serializers.ChoiceField(choices=BY_ONE)
    shown = serializers.CharField()
    why_not = ReasonField(allow_null=True)


class AskBody(Body):
    """A retry of one subtask, or `retry_task` of all failed ones of a task. `shown`: the state that you read."""

    kind = serializers.ChoiceField(choices=BY_ONE)
    task_id = serializers.RegexField(ID)
    subtask_id = serializers.RegexField(ID, required=False)
    shown = serializers.CharField(max_length=64)


_ABOUT = (
    OpenApiParameter("kind", OpenApiTypes.STR, enum=BY_ONE, required=True),
    OpenApiParameter("task_id", OpenApiTypes.STR, required=True, description="OCP's task."),
    OpenApiParameter("subtask_id", OpenApiTypes.STR, description="OCP's subtask; not for retry_task."),
)


@lists(Scope.READ, RunActionSerializer, also=(404,))
def run_action_list(request: Request, pk: int) -> Response:
    """What was asked of OCP during the run, newest first."""
    filters.read(request)
    run = selectors.run_detail(pk, caller(request))
    return page(request, _rows().filter(run=run), RunActionSerializer, ("-pk",))


@reads(Scope.READ, OfferSerializer, parameters=_ABOUT)
def run_action_offer(request: Request, pk: int) -> Response:
    """Whether a retry can be asked for now, and the state that it would rest on."""
    asked = filters.read(request, OfferForm, known=()).cleaned_data
    user = caller(request)
    run = selectors.run_detail(pk, user)
    about = (run, asked["kind"], asked["task_id"], asked["subtask_id"])
    why_not = run_actions.why_not_permitted(run, user) or run_actions.why_not(*about)
    told = {"kind": asked["kind"], "shown": run_actions.shown_hash(*about), "why_not": why_not}
    return Response(OfferSerializer(told).data)


@reads(Scope.READ, RunActionSerializer)
def run_action_detail(request: Request, pk: int) -> Response:
    """One run action: asked, sending, done, refused, unconfirmed or lapsed."""
    filters.read(request, known=())
    return Response(_told(pk, caller(request)))


@acting(Scope.RUN_ACTIONS, RunActionSerializer, AskBody, status=201)
def run_action_ask(request: Request, pk: int) -> HttpResponse:
    """Ask for a retry. A Celery worker reads OCP once more, then sends it once."""
    filters.read(request, known=())
    user = caller(request)
    run = selectors.run_detail(pk, user)
    values = given(request, AskBody)
    about = {"kind": values["kind"], "task_id": int(values["task_id"]), "shown": values["shown"]}
    subtask_id = values.get("subtask_id")

    def act() -> dict[str, Any]:
        made = run_actions.ask(run=run, actor=user, subtask_id=int(subtask_id) if subtask_id else None, **about)
        return _told(made.pk, user)

    return acts.answer(request, act, status=201)


def _rows() -> Any:
    return RunAction.objects.select_related("asker")


def _told(pk: int, user: User) -> dict[str, Any]:
    rows = _rows().filter(run__in=UpgradeRun.objects.visible_to(user))
    return dict(RunActionSerializer(get_object_or_404(rows, pk=pk)).data)

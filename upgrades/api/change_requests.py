"""Change requests: read, written, edited. Their moves are in `request_moves`."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
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
from upgrades.api.shapes import Moment, Person, Plain, ReasonField, Shape
from upgrades.forms.change_requests import TEXT_LIMIT
from upgrades.forms.request_filters import ChangeRequestFilterForm
from upgrades.models import ChangeRequest, Cluster, Environment, Scope, User, Vote
from upgrades.rules import plan, workflow
from upgrades.services import actions, change_requests


class RequestSerializer(Shape):
    """One change request of the list."""

    id = serializers.IntegerField()
    number = serializers.CharField()
    url = serializers.SerializerMethodField()
    status = serializers.ChoiceField(choices=[str(status) for status in workflow.RequestStatus])
    status_at = Moment()
    status_reason = ReasonField(allow_null=True)
    outcome = serializers.CharField(help_text="How its run ended; empty before.")
    cluster = serializers.IntegerField(source="cluster_id")
    cluster_name = serializers.CharField(source="cluster.name")
    environment = serializers.ChoiceField(choices=Environment.values)
    target_file_name = serializers.CharField()
    purpose = serializers.CharField()
    impact = serializers.CharField(help_text="What users will notice.")
    ticket = serializers.CharField(help_text="An https address or a number in another system.")
    copied_from = serializers.IntegerField(source="copied_from_id", allow_null=True)
    requester = Person()
    revision = serializers.IntegerField()
    lock_version = serializers.IntegerField()
    fingerprint = serializers.CharField(help_text="SHA-256 of `plan_text`: what votes and the start are about.")
    quorum = serializers.IntegerField()
    created_at = Moment()
    submitted_at = Moment(allow_null=True)
    approved_at = Moment(allow_null=True)
    expires_at = Moment(allow_null=True)

    def get_url(self, change_request: ChangeRequest) -> str:
        """Where it is in the API."""
        return reverse("api:requests-detail", args=[change_request.pk])


class VoteSerializer(Shape):
    """One person's recorded decision on one fingerprint."""

    voter = Person()
    verdict = serializers.ChoiceField(choices=Vote.Verdict.values)
    comment = serializers.CharField()
    revision = serializers.IntegerField()
    fingerprint = serializers.CharField()
    created_at = Moment()


class MoveSerializer(Shape):
    """What could be done now: by the caller, or why not and by whom."""

    action = serializers.CharField()
    is_allowed = serializers.BooleanField()
    why_not = ReasonField(source="reason", allow_null=True)
    who = serializers.ListField(child=Person(), help_text="Who could, where the caller may not.")


class RequestDetailSerializer(RequestSerializer):
    """One change request with its plan, its votes and the caller's moves."""

    plan = Plain(allow_null=True)
    plan_text = serializers.SerializerMethodField(help_text="The plan, byte for byte as it is signed.")
    votes = VoteSerializer(many=True)
    moves = serializers.SerializerMethodField()
    run = serializers.SerializerMethodField(help_text="Where its run is in the API; null before the start.")

    def get_plan_text(self, change_request: ChangeRequest) -> str:
        """The one byte string of the plan, "" before there is one."""
        return plan.canonical(change_request.plan).decode() if change_request.plan else ""

    def get_moves(self, change_request: ChangeRequest) -> MoveSerializer(many=True):  # type: ignore[valid-type]
        """What the page has buttons for."""
        return MoveSerializer(actions.actions(change_request, self.context["user"]), many=True).data

    def get_run(self, change_request: ChangeRequest) -> str | None:
        """The run's address."""
        has_run = getattr(change_request, "run", None) is not None
        return reverse("api:runs-detail", args=[change_request.pk]) if has_run else None


class WriteBody(Body):
    """A new change request."""

    cluster = serializers.IntegerField(min_value=1)
    target_file_name = serializers.CharField(max_length=255)
    purpose = serializers.CharField(max_length=TEXT_LIMIT)
    impact = serializers.CharField(required=False, allow_blank=True, max_length=TEXT_LIMIT)
    ticket = serializers.CharField(required=False, allow_blank=True, max_length=500)


class EditBody(Body):
    """The content anew, on what was read under `lock_version`. Impact and ticket stay as they are unless given."""

    target_file_name = serializers.CharField(max_length=255)
    purpose = serializers.CharField(max_length=TEXT_LIMIT)
    impact = serializers.CharField(required=False, allow_blank=True, max_length=TEXT_LIMIT)
    ticket = serializers.CharField(required=False, allow_blank=True, max_length=500)
    lock_version = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


def detail(pk: int, user: User) -> dict[str, Any]:
    """One change request as the API tells of it now. Raises Http404."""
    return dict(RequestDetailSerializer(selectors.change_request_detail(pk, user), context={"user": user}).data)


@lists(Scope.READ, RequestSerializer, ChangeRequestFilterForm)
def request_list(request: Request) -> Response:
    """The change requests of your environments, newest first."""
    form = filters.read(request, ChangeRequestFilterForm)
    return page(request, selectors.change_request_list(caller(request), form.chosen()), RequestSerializer, ("-pk",))


@reads(Scope.READ, RequestDetailSerializer)
def request_detail(request: Request, pk: int) -> Response:
    """One change request: the plan and its fingerprint, the votes, and what you may do, or why not."""
    filters.read(request, known=())
    return Response(detail(pk, caller(request)))


@acting(Scope.REQUESTS_WRITE, RequestDetailSerializer, WriteBody, status=201)
def request_create(request: Request) -> HttpResponse:
    """Write a draft; you become its requester."""
    filters.read(request, known=())
    user, values = caller(request), given(request, WriteBody)
    visible = Cluster.objects.visible_to(user).select_related("endpoint")
    cluster = get_object_or_404(visible, pk=values.pop("cluster"))

    def act() -> dict[str, Any]:
        return detail(change_requests.create(cluster=cluster, actor=user, **values).pk, user)

    return acts.answer(request, act, status=201)


@acting(Scope.REQUESTS_WRITE, RequestDetailSerializer, EditBody)
def request_edit(request: Request, pk: int) -> HttpResponse:
    """Change the content of a draft, of one sent back, or of a stale one."""
    filters.read(request, known=())
    user = caller(request)
    change_request = selectors.change_request_detail(pk, user)
    kept = {"impact": change_request.impact, "ticket": change_request.ticket}
    values = kept | given(request, EditBody)

    def act() -> dict[str, Any]:
        change_requests.edit(change_request=change_request, actor=user, **values)
        return detail(pk, user)

    return acts.answer(request, act)

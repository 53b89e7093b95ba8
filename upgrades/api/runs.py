"""Upgrade runs: the list, one run, and its snapshot, which a program follows as an open page does."""

import time

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from upgrades import live, selectors
from upgrades.api import filters
from upgrades.api.access import caller
from upgrades.api.doors import lists, reads
from upgrades.api.paging import page
from upgrades.api.shapes import FindingField, Moment, OcpId, ReasonField, Shape
from upgrades.forms.request_filters import RunFilterForm
from upgrades.models import Environment, Scope, UpgradeRun
from upgrades.rules import workflow


class RunSerializer(Shape):
    """One run of the list."""

    id = serializers.IntegerField(source="pk", help_text="That of its change request.")
    number = serializers.CharField()
    url = serializers.SerializerMethodField()
    status = serializers.ChoiceField(choices=[str(status) for status in workflow.RunStatus])
    status_at = Moment()
    status_reason = ReasonField(allow_null=True)
    version = serializers.IntegerField()
    endpoint = serializers.CharField(source="endpoint.name")
    cluster = serializers.IntegerField(source="change_request.cluster_id")
    cluster_name = serializers.CharField(source="change_request.cluster.name")
    environment = serializers.ChoiceField(choices=Environment.values)
    ocp_task_id = OcpId(allow_null=True)
    intent_at = Moment()
    sent_at = Moment(allow_null=True)
    ended_at = Moment(allow_null=True)
    verified_at = Moment(allow_null=True)

    def get_url(self, run: UpgradeRun) -> str:
        """Where it is in the API."""
        return reverse("api:runs-detail", args=[run.pk])


class HoldSerializer(Shape):
    """A cluster that the run has taken."""

    cluster = serializers.IntegerField(source="cluster_id")
    cluster_name = serializers.CharField(source="cluster.name")


class RunDetailSerializer(RunSerializer):
    """One run with what ocpdash itself found."""

    target_file_name = serializers.CharField(source="change_request.target_file_name")
    fingerprint = serializers.CharField()
    affected_ocp_ids = serializers.ListField(child=OcpId())
    candidates = serializers.ListField(child=OcpId(), help_text="OCP's tasks that may be this run's.")
    ocp_word = serializers.CharField(help_text="What OCP says of its task.")
    observed_at = Moment(allow_null=True)
    unreadable_since = Moment(allow_null=True)
    unreadable_reason = ReasonField(allow_null=True)
    findings = serializers.ListField(child=FindingField(), help_text="Where the servers disagree with the plan.")
    alarm = ReasonField(allow_null=True)
    alarm_at = Moment(allow_null=True)
    holds = HoldSerializer(many=True)
    snapshot = serializers.SerializerMethodField(help_text="The whole state, with an ETag: follow it there.")

    def get_snapshot(self, run: UpgradeRun) -> str:
        """Where its snapshot is."""
        return reverse("api:runs-snapshot", args=[run.pk])


_ETAG = OpenApiParameter("If-None-Match", location=OpenApiParameter.HEADER, description="The ETag of the last answer.")
_TOLD = OpenApiResponse(
    OpenApiTypes.OBJECT, description="The state. ETag names it; Observed-At says when OCP was read, on a 304 too."
)


@lists(Scope.READ, RunSerializer, RunFilterForm)
def run_list(request: Request) -> Response:
    """The runs of your environments, newest first."""
    form = filters.read(request, RunFilterForm)
    return page(request, selectors.run_list(caller(request), form.chosen()), RunSerializer, ("-intent_at", "-pk"))


@reads(Scope.READ, RunDetailSerializer)
def run_detail(request: Request, pk: int) -> Response:
    """One run: where it stands, what OCP says, what ocpdash found, which clusters it holds."""
    filters.read(request, known=())
    run = selectors.run_detail(pk, caller(request))
    prefetch_related_objects([run], "holds__cluster")
    return Response(RunDetailSerializer(run).data)


@reads(Scope.READ, _TOLD, parameters=(_ETAG,))
def run_snapshot(request: Request, pk: int) -> HttpResponse:
    """The whole state of a run; 304 while nothing moved. Asking tells the worker to read OCP more often."""
    filters.read(request, known=())
    mark = selectors.run_mark(pk, caller(request))
    if mark is None:
        raise Http404
    live.watch(pk, "", now=time.time())
    if request.headers.get("If-None-Match") == mark.etag:
        return HttpResponseNotModified(headers=mark.headers)
    return HttpResponse(selectors.run_snapshot(mark), content_type="application/json", headers=mark.headers)

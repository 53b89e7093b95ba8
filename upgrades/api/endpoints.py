"""Endpoints: where OCP is, and how well it is read. Never credentials, keys or certificates."""

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from upgrades.api import filters
from upgrades.api.access import caller
from upgrades.api.doors import lists, reads
from upgrades.api.paging import page
from upgrades.api.shapes import Moment, ReasonField, Shape
from upgrades.models import Endpoint, Scope


class EndpointSerializer(Shape):
    """One OCP."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    base_url = serializers.CharField()
    account_name = serializers.CharField()
    is_active = serializers.BooleanField()
    ocp_version = serializers.CharField(help_text="As OCP last told it; empty where it never did.")
    observed_at = Moment(allow_null=True)
    failing_since = Moment(allow_null=True)
    failure = ReasonField(allow_null=True)
    breaker_opened_at = Moment(allow_null=True, help_text="Since when OCP is not asked, for it refused our sign-in.")


@lists(Scope.READ, EndpointSerializer)
def endpoint_list(request: Request) -> Response:
    """The OCPs, by name."""
    filters.read(request)
    return page(request, Endpoint.objects.visible_to(caller(request)), EndpointSerializer, ("name", "pk"))


@reads(Scope.READ, EndpointSerializer)
def endpoint_detail(request: Request, pk: int) -> Response:
    """One OCP."""
    filters.read(request, known=())
    endpoint = get_object_or_404(Endpoint.objects.visible_to(caller(request)), pk=pk)
    return Response(EndpointSerializer(endpoint).data)

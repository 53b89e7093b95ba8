"""Packages of OCP's repository. Which of them a cluster can take is judged when a change request is sent."""

from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from upgrades import selectors
from upgrades.api import filters
from upgrades.api.access import caller
from upgrades.api.doors import lists, reads
from upgrades.api.paging import page
from upgrades.api.shapes import Moment, OcpId, Shape
from upgrades.forms.clusters import PackageFilterForm
from upgrades.models import Endpoint, Package, Scope


class PackageSerializer(Shape):
    """One RPM; `file_name` is what a change request names."""

    id = serializers.IntegerField()
    ocp_id = OcpId()
    endpoint = serializers.CharField(source="endpoint.name")
    name = serializers.CharField()
    file_name = serializers.CharField()
    version = serializers.CharField()
    build = serializers.CharField()
    operating_system = serializers.CharField()
    architecture = serializers.CharField()
    sha1 = serializers.CharField()
    size = serializers.IntegerField(allow_null=True)
    type = serializers.CharField()
    observed_at = Moment()
    replaced_at = Moment(allow_null=True, help_text="When its content changed under the same name.")
    missing_since = Moment(allow_null=True)


@lists(Scope.READ, PackageSerializer, PackageFilterForm)
def package_list(request: Request) -> Response:
    """The packages, by file name; those of OceanBase itself unless `only` says otherwise."""
    form = filters.read(request, PackageFilterForm)
    visible = Endpoint.objects.visible_to(caller(request))
    rows = selectors.package_list(form.chosen()).filter(endpoint__in=visible).select_related("endpoint")
    return page(request, rows, PackageSerializer, ("file_name", "pk"))


@reads(Scope.READ, PackageSerializer)
def package_detail(request: Request, pk: int) -> Response:
    """One package."""
    filters.read(request, known=())
    visible = Endpoint.objects.visible_to(caller(request))
    rows = Package.objects.filter(endpoint__in=visible).select_related("endpoint")
    return Response(PackageSerializer(get_object_or_404(rows, pk=pk)).data)

"""Clusters as OCP last showed them, each with its age."""

from django.db.models import Prefetch
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
from upgrades.forms.clusters import ClusterFilterForm
from upgrades.models import Cluster, Environment, Scope, Server


class ClusterSerializer(Shape):
    """One cluster of the list."""

    id = serializers.IntegerField()
    ocp_id = OcpId()
    ob_cluster_id = OcpId(allow_null=True)
    name = serializers.CharField()
    endpoint = serializers.CharField(source="endpoint.name")
    environment = serializers.ChoiceField(choices=Environment.values)
    owner = serializers.CharField()
    labels = serializers.ListField(child=serializers.CharField())
    version = serializers.CharField()
    build = serializers.CharField()
    is_mixed = serializers.BooleanField(help_text="Whether its servers run different versions.")
    status = serializers.CharField(help_text="OCP's word.")
    type = serializers.CharField()
    architecture = serializers.CharField()
    primary_ocp_id = OcpId(allow_null=True)
    standby_ocp_ids = serializers.ListField(child=OcpId())
    server_count = serializers.IntegerField()
    observed_at = Moment()
    missing_since = Moment(allow_null=True, help_text="Since when OCP's list lacks it.")


class ServerSerializer(Shape):
    """One observer with its own version."""

    address = serializers.CharField()
    zone = serializers.CharField(source="zone_name")
    version = serializers.CharField()
    build = serializers.CharField()
    status = serializers.CharField()
    observed_at = Moment()


class ClusterDetailSerializer(ClusterSerializer):
    """One cluster with its servers."""

    topology_observed_at = Moment(allow_null=True)
    servers = ServerSerializer(many=True)


@lists(Scope.READ, ClusterSerializer, ClusterFilterForm)
def cluster_list(request: Request) -> Response:
    """The clusters of your environments, by name."""
    form = filters.read(request, ClusterFilterForm)
    rows = selectors.cluster_list(caller(request), form.chosen()).select_related("endpoint")
    return page(request, rows, ClusterSerializer, ("name", "pk"))


@reads(Scope.READ, ClusterDetailSerializer)
def cluster_detail(request: Request, pk: int) -> Response:
    """One cluster with its servers."""
    filters.read(request, known=())
    here = Prefetch("servers", Server.objects.filter(missing_since=None))
    rows = Cluster.objects.visible_to(caller(request)).select_related("endpoint").prefetch_related(here)
    return Response(ClusterDetailSerializer(get_object_or_404(rows, pk=pk)).data)

"""When a waiting request turns stale: a plan that definitely moved, looked at often enough and not more."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import scenes
from upgrades.models import ChangeRequest, Cluster, Server
from upgrades.services import endpoints, inventory, staleness

pytestmark = pytest.mark.django_db(transaction=True)


def checked(change_request, *, later=0.0):
    """The request after a check that comes `later` seconds after the last one."""
    earlier = F("plan_checked_at") - timedelta(seconds=later)
    ChangeRequest.objects.update(plan_checked_at=earlier)
    staleness.check_all(change_request.endpoint_id)
    change_request.refresh_from_db()
    return change_request


def test_a_plan_that_was_checked_a_moment_ago_costs_one_statement(cast):
    change_request = checked(scenes.approved(cast))
    Cluster.objects.filter(pk=change_request.cluster_id).update(name="renamed")
    with CaptureQueriesContext(connection) as queries:
        staleness.check_all(change_request.endpoint_id)
    assert len(queries) == 1
    change_request.refresh_from_db()
    assert change_request.status == "approved"
    assert checked(change_request, later=staleness.CHECK_SECONDS).status == "stale"


def test_a_plan_that_cannot_be_built_does_not_hide_the_others(cast):
    broken, other = scenes.approved(cast), scenes.approved(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    ChangeRequest.objects.filter(pk=broken.pk).update(plan={**broken.plan, "plan_format": 99})
    Cluster.objects.filter(pk=other.cluster_id).update(name="renamed")
    for _round in range(2):
        try:
            staleness.check_all(other.endpoint_id)
        except ValueError:
            continue
    other.refresh_from_db()
    assert other.status == "stale"


def test_a_version_that_ocp_does_not_show_for_a_while_makes_nothing_stale(cast):
    change_request = scenes.approved(cast)
    cluster = change_request.cluster
    shown = endpoints.client(cluster.endpoint).servers(cluster.ocp_id)
    silent = [replace(shown[0], version="", build="", raw_version=""), *shown[1:]]
    inventory.mirror_servers(cluster, silent, timezone.now())
    assert Server.objects.filter(cluster=cluster, version="").count() == 1
    assert checked(change_request).status == "approved"
    gone = silent[:-1]
    inventory.mirror_servers(cluster, gone, timezone.now())
    assert checked(change_request, later=staleness.CHECK_SECONDS).status == "stale"


def test_a_checksum_that_ocp_does_not_show_for_a_while_makes_nothing_stale(look_alike, cast):
    change_request = scenes.approved(cast)
    change_request.endpoint.packages.update(sha1="")
    assert checked(change_request).status == "approved"
    inventory.sync(change_request.endpoint)
    assert checked(change_request, later=staleness.CHECK_SECONDS).status == "approved"

"""The mirror of packages: what is replaced under its name is noticed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_endpoint
from tests.services.rows import package
from upgrades.models import AuditEvent, Cluster, Endpoint, Package
from upgrades.services import inventory
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.django_db


def paths(look_alike: LookAlike) -> list[str]:
    return [entry["path"] for entry in look_alike._requests_since(0)]


def test_a_package_replaced_under_its_name_is_recorded_loudly(look_alike: LookAlike, endpoint: Endpoint) -> None:
    inventory.sync(endpoint)
    before = Package.objects.get(file_name__contains="4.2.1.8-108000022024072217.el7")
    with look_alike.world.lock:
        look_alike.world.packages[before.file_name].sha1 = "b" * 40
        look_alike.world.list_texts.clear()
    inventory.sync(endpoint)
    after = Package.objects.get(pk=before.pk)
    assert (after.sha1, after.previous_sha1) == ("b" * 40, before.sha1)
    assert after.replaced_at == after.observed_at
    event = AuditEvent.objects.get(action="package.replaced")
    assert (event.before, event.after) == ({"sha1": before.sha1}, {"sha1": "b" * 40})
    inventory.sync(endpoint)
    assert AuditEvent.objects.filter(action="package.replaced").count() == 1


def test_a_sha1_that_is_missing_once_does_not_hide_a_replacement() -> None:
    endpoint = make_endpoint()
    at = timezone.now()
    for second, sha1 in enumerate(["a" * 40, "", "b" * 40]):
        inventory.mirror_packages(endpoint, [package(sha1=sha1)], at + timedelta(seconds=second))
    row = Package.objects.get()
    assert (row.sha1, row.previous_sha1, row.replaced_at) == ("b" * 40, "a" * 40, at + timedelta(seconds=2))


def test_a_sha1_that_comes_back_the_same_is_no_replacement() -> None:
    endpoint = make_endpoint()
    at = timezone.now()
    for second, sha1 in enumerate(["a" * 40, "", "a" * 40]):
        inventory.mirror_packages(endpoint, [package(sha1=sha1)], at + timedelta(seconds=second))
    assert Package.objects.get().replaced_at is None


def test_of_two_packages_with_one_name_the_newest_is_kept_and_an_endless_name_is_left_out() -> None:
    endpoint = make_endpoint()
    packages = [package(id=9, sha1="c" * 40), package(id=8), package(id=10, file_name="x" * 256)]
    inventory.mirror_packages(endpoint, packages, timezone.now())
    assert Package.objects.get().ocp_id == 9


def test_packages_that_cannot_be_read_do_not_hide_the_clusters(look_alike: LookAlike, endpoint: Endpoint) -> None:
    look_alike.faults.add("status", path="software-packages", status=403)
    inventory.sync(endpoint)
    endpoint.refresh_from_db()
    assert Cluster.objects.count() == 12
    assert endpoint.failure["code"] == "ocp.forbidden"
    assert endpoint.packages_observed_at is None

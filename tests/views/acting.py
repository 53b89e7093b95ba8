"""What the tests of these pages share: people signed in, requests on rows of the mirror, one run in doubt."""

from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_cluster, make_endpoint, make_package, make_run
from tests.scenes import Cast
from upgrades.models import AuditEvent, ChangeRequest, Cluster, UpgradeRun, User
from upgrades.rules import workflow
from upgrades.services import change_requests

PURPOSE = "Fixes the memory growth of incident 2291."


def client_of(user: User) -> Client:
    """A browser in which `user` is signed in."""
    client = Client()
    client.force_login(user)
    return client


def mirror(name: str = "trade_core", **over: Any) -> Cluster:
    """A cluster that can take two packages of its OCP."""
    cluster = make_cluster(make_endpoint(), name=name, **over)
    make_package(cluster.endpoint)
    make_package(cluster.endpoint, version="4.2.1.7", build="107010002024062719")
    return cluster


def target_of(cluster: Cluster, version: str = "4.2.1.8") -> str:
    """The name of the package of that version."""
    return str(cluster.endpoint.packages.get(version=version).file_name)


def draft(cast: Cast, cluster: Cluster | None = None) -> ChangeRequest:
    """A draft by olga."""
    cluster = cluster or mirror()
    return change_requests.create(
        cluster=cluster, target_file_name=target_of(cluster), purpose=PURPOSE, actor=cast.olga
    )


def in_review(cast: Cast, cluster: Cluster | None = None, *, quorum: int = 1) -> ChangeRequest:
    """A request of olga's that waits for votes."""
    written = draft(cast, cluster)
    ChangeRequest.objects.filter(pk=written.pk).update(quorum=quorum)
    written.refresh_from_db()
    return change_requests.submit(change_request=written, lock_version=written.lock_version, actor=cast.olga)


def url(name: str, change_request: ChangeRequest) -> str:
    """The address of one of the request's pages."""
    return reverse(f"requests-{name}", args=[change_request.pk])


def ballot(change_request: ChangeRequest, verdict: str = "approve", comment: str = "") -> dict[str, str]:
    """What the form of a vote sends."""
    return {"verdict": verdict, "comment": comment, "fingerprint": change_request.fingerprint}


def run_of(change_request: ChangeRequest, status: str = workflow.RunStatus.UNCONFIRMED, **over: Any) -> UpgradeRun:
    """The run of a request in a given status, as if a submission had left it so an hour ago."""
    ChangeRequest.objects.filter(pk=change_request.pk).update(status=workflow.RequestStatus.IN_PROGRESS)
    an_hour_ago = timezone.now() - timedelta(hours=1)
    values: dict[str, Any] = {
        "intent_at": an_hour_ago,
        "swept_at": timezone.now(),
        "ocp_task_id": None if status in ("unconfirmed", "submitting") else 4200 + change_request.pk,
    }
    return make_run(change_request, status, **values | over)


def queries(client: Client, address: str) -> int:
    """How many queries a page costs, once the session is warm."""
    assert client.get(address).status_code == 200
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len(captured)


def refused(action: str, user: User) -> int:
    """How many refusals of `action` to `user` the audit holds."""
    events = AuditEvent.objects.filter(action=action, actor=user, outcome=AuditEvent.Outcome.REFUSED)
    return int(events.count())

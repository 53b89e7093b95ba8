"""What the tests of pages share: a reader, a page's text, requests and runs in the way."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from tests.factories import make_user
from upgrades.models import ChangeRequest, Cluster, UpgradeRun, User
from upgrades.rules import workflow


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, response.content[:2000]
    return response.content.decode()


def names_of(client: Client, query: str = "") -> list[str]:
    """The clusters that the list shows, in order."""
    return re.findall(r'<a class="name long" href="[^"]*"><bdi>([^<]*)</bdi>', text_of(client, "/clusters/" + query))


def page_of(cluster: Cluster) -> str:
    return reverse("clusters-detail", args=[cluster.pk])


def request_for(cluster: Cluster, **over: Any) -> ChangeRequest:
    values: dict[str, Any] = {
        "endpoint": cluster.endpoint,
        "cluster": cluster,
        "target_file_name": "oceanbase-4.2.1.8-108000022024072217.el7.x86_64.rpm",
        "purpose": "test",
        "requester": make_user(),
        "status": workflow.RequestStatus.IN_REVIEW,
        "plan": {},
        "fingerprint": "f" * 64,
    }
    return ChangeRequest.objects.create(**values | over)


def run_of(change_request: ChangeRequest) -> UpgradeRun:
    return UpgradeRun.objects.create(
        change_request=change_request,
        endpoint=change_request.endpoint,
        status="unconfirmed",
        cluster_ocp_id=change_request.cluster.ocp_id,
        affected_ocp_ids=[change_request.cluster.ocp_id],
        body="{}",
        fingerprint="f" * 64,
        worker_token="t",
    )

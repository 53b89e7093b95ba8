"""Longer arrangements for tests: a connected look-alike, and an approved change request on it."""

from datetime import datetime
from typing import Any

import requests

from tests.factories import make_user
from upgrades.models import ChangeRequest, Cluster, Endpoint, User
from upgrades.services import change_requests, inventory, registration, topology, votes
from upgrades.simulator.server import LookAlike

# A cluster of the look-alike and a package one binary hop ahead of it; a second such pair.
CLUSTER = "coupon_dev"
TARGET = "oceanbase-4.2.1.8-108000022024072217.el7.x86_64.rpm"
OTHER = "wallet_dev"
OTHER_TARGET = "oceanbase-4.2.1.0-100000102023092807.el7.x86_64.rpm"
# A primary with a standby.
PAIR = "trade_core"
PAIR_TARGET = "oceanbase-2.2.75-20210108170301.el7.x86_64.rpm"
READ = (CLUSTER, OTHER, PAIR, f"{PAIR}_sb")


def connect(look_alike: LookAlike, settings: Any) -> Endpoint:
    """Name the look-alike in the settings, register it and fill the mirror, as far as these scenes need it."""
    settings.OCP_URL = look_alike.url
    settings.OCP_USERNAME = look_alike.username
    settings.OCP_PASSWORD = look_alike.password
    settings.OCP_ALLOW_HTTP = True
    settings.OCP_ACCOUNT_IS_OURS = True
    endpoint = registration.register_from_environment()
    inventory.sync(endpoint)
    for cluster in Cluster.objects.filter(endpoint=endpoint, name__in=READ):
        topology.sync(cluster)
    return endpoint


def control(look_alike: LookAlike, method: str, path: str, /, **body: Any) -> Any:
    """One call of the look-alike's control port; its JSON."""
    answer = requests.request(method, f"{look_alike.control_url}{path}", json=body or None, timeout=10)
    assert answer.ok, answer.text
    return answer.json()


def posts(look_alike: LookAlike) -> list[dict[str, Any]]:
    """Every upgrade POST that reached the look-alike."""
    return list(control(look_alike, "GET", "/posts"))


class Cast:
    """The people of a story, each with one role for all environments."""

    def __init__(self) -> None:
        self.olga: User = make_user("olga", "operator")
        self.omar: User = make_user("omar", "operator")
        self.amir: User = make_user("amir", "approver")
        self.bea: User = make_user("bea", "approver")
        self.uma: User = make_user("uma", "auditor")
        self.ada: User = make_user("ada", "admin")


def in_review(
    cast: Cast,
    *,
    cluster: str = CLUSTER,
    target: str = TARGET,
    quorum: int = 1,
    endpoint: Endpoint | None = None,
    window: tuple[datetime, datetime] | None = None,
) -> ChangeRequest:
    """A request written and sent to review by olga; `endpoint` where several have a cluster of that name.

    window: when it opens and closes; no form asks for one.
    """
    rows = Cluster.objects.all() if endpoint is None else Cluster.objects.filter(endpoint=endpoint)
    row = rows.get(name=cluster)
    change_request = change_requests.create(
        cluster=row, target_file_name=target, purpose="Fixes incident 2291.", actor=cast.olga
    )
    opens_at, closes_at = window or (None, None)
    ChangeRequest.objects.filter(pk=change_request.pk).update(
        quorum=quorum, window_opens_at=opens_at, window_closes_at=closes_at
    )
    change_request.refresh_from_db()
    return change_requests.submit(
        change_request=change_request, lock_version=change_request.lock_version, actor=cast.olga
    )


def vote(change_request: ChangeRequest, person: User, verdict: str = "approve", comment: str = "") -> None:
    """`person` votes on the plan as it stands."""
    votes.cast(
        change_request=change_request,
        verdict=verdict,
        comment=comment,
        fingerprint=change_request.fingerprint,
        actor=person,
    )


def approved(cast: Cast, **over: Any) -> ChangeRequest:
    """A request that amir has approved."""
    change_request = in_review(cast, **over)
    vote(change_request, cast.amir)
    return change_request


def starting(cast: Cast, **over: Any) -> ChangeRequest:
    """An approved request whose start olga has asked for."""
    change_request = approved(cast, **over)
    change_requests.start(change_request=change_request, fingerprint=change_request.fingerprint, actor=cast.olga)
    return change_request

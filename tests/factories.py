"""Plain functions that make rows for tests: fixed, readable values, each of which may be given."""

from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.utils import timezone

from upgrades import selectors
from upgrades.models import (
    ChangeRequest,
    Cluster,
    Endpoint,
    Environment,
    Grant,
    Package,
    Server,
    UpgradeRun,
    User,
    Zone,
)
from upgrades.rules import workflow
from upgrades.services import credentials

_numbers = count(1)
_AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def make_user(username: str = "", *roles: str | tuple[str, str], **over: Any) -> User:
    """A person; a role holds for all environments, a pair (role, environment) for that one."""
    user = User.objects.create_user(username or f"person{next(_numbers)}", **over)
    for role in roles:
        name, environment = role if isinstance(role, tuple) else (role, "")
        Grant.objects.create(user=user, role=name, environment=environment)
    return user


def make_endpoint(**over: Any) -> Endpoint:
    """An endpoint that was read a moment ago, with credentials that can be unsealed."""
    now = timezone.now()
    name = f"ocp-{next(_numbers)}"
    values: dict[str, Any] = {
        "name": name,
        "base_url": f"http://127.0.0.1:1/{name}",
        "account_name": "ocpdash",
        "is_account_ours": True,
        "is_http_allowed": True,
        "ocp_version": "4.2.2-20240315150922",
        "observed_at": now,
        "lists_observed_at": now,
        "packages_observed_at": now,
    }
    values |= over
    if "credentials" not in values:
        values["credentials"] = credentials.seal(
            credentials.Credentials("geheim-4711"), base_url=values["base_url"], account_name=values["account_name"]
        )
    return Endpoint.objects.create(**values)


def make_cluster(endpoint: Endpoint | None = None, *, zones: int = 3, servers: int = 1, **over: Any) -> Cluster:
    """A running primary with `zones` zones of `servers` servers each, all of the cluster's version and build."""
    number = next(_numbers)
    now = timezone.now()
    values: dict[str, Any] = {
        "endpoint": endpoint or Endpoint.objects.first() or make_endpoint(),
        "ocp_id": 1_000_000 + number,
        "ob_cluster_id": 1000 + number,
        "name": f"cluster_{number}",
        "version": "4.2.1.1",
        "build": "101000062023110109",
        "status": "RUNNING",
        "type": "PRIMARY",
        "architecture": "x86_64",
        "server_count": zones * servers,
        "region_names": ["Shanghai"],
        "zone_names": [f"zone{index + 1}" for index in range(zones)],
        "environment": Environment.PRODUCTION,
        "observed_at": now,
        "topology_observed_at": now,
        "topology_tried_at": now,
    }
    cluster = Cluster.objects.create(**values | over)
    for index in range(zones):
        make_zone(cluster, name=f"zone{index + 1}")
        for position in range(servers):
            make_server(cluster, zone_name=f"zone{index + 1}", ip=f"10.{number % 250}.{index + 1}.{11 + position}")
    return cluster


def make_zone(cluster: Cluster, **over: Any) -> Zone:
    values: dict[str, Any] = {"name": f"zone{next(_numbers)}", "region": "Shanghai", "idc": "sh1", "status": "RUNNING"}
    return Zone.objects.create(**{"cluster": cluster, "observed_at": timezone.now()} | values | over)


def make_server(cluster: Cluster, **over: Any) -> Server:
    number = next(_numbers)
    values: dict[str, Any] = {
        "cluster": cluster,
        "ocp_id": 2_000_000 + number,
        "zone_name": "zone1",
        "ip": f"10.0.{number // 250}.{number % 250}",
        "version": cluster.version,
        "build": cluster.build,
        "status": "RUNNING",
        "observed_at": timezone.now(),
    }
    server = Server.objects.create(**values | over)
    keep_versions(server.cluster)
    return server


def keep_versions(cluster: Cluster) -> None:
    """Let the cluster's row say what its servers run, as the mirror does with every write of them."""
    cluster.server_versions = selectors.server_versions(cluster)
    cluster.save(update_fields=["server_versions"])


def make_package(endpoint: Endpoint | None = None, **over: Any) -> Package:
    """A server package for el7 and x86_64 that clusters of make_cluster() can take."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "endpoint": endpoint or Endpoint.objects.first() or make_endpoint(),
        "ocp_id": number,
        "name": "oceanbase-ce",
        "version": "4.2.1.8",
        "build": "108000022024072217",
        "operating_system": "el7",
        "architecture": "x86_64",
        "sha1": f"{number:040x}",
        "size": 218_000_000,
        "type": "OB_SERVER_INSTALL_PACKAGE",
        "created_in_ocp_at": _AT,
        "observed_at": timezone.now(),
    }
    values |= over
    named = "{name}-{version}-{build}.{operating_system}.{architecture}.rpm".format(**values)
    return Package.objects.create(**{"file_name": named} | values)


def make_change_request(cluster: Cluster | None = None, **over: Any) -> ChangeRequest:
    """A request that waits for votes on an empty plan."""
    cluster = cluster or make_cluster()
    values: dict[str, Any] = {
        "endpoint": cluster.endpoint,
        "cluster": cluster,
        "target_file_name": "oceanbase-4.2.1.8-108000022024072217.el7.x86_64.rpm",
        "purpose": "test",
        "status": workflow.RequestStatus.IN_REVIEW,
        "plan": {},
        "fingerprint": "f" * 64,
    }
    values |= over
    if "requester" not in values:
        values["requester"] = make_user()
    return ChangeRequest.objects.create(**values)


def make_run(change_request: ChangeRequest, status: str = workflow.RunStatus.UNCONFIRMED, **over: Any) -> UpgradeRun:
    """A run of which nobody knows yet whether OCP took it; the row of its request stays as it is."""
    values: dict[str, Any] = {
        "endpoint": change_request.endpoint,
        "status": status,
        "cluster_ocp_id": change_request.cluster.ocp_id,
        "affected_ocp_ids": [change_request.cluster.ocp_id],
        "body": "{}",
        "fingerprint": change_request.fingerprint,
        "worker_token": "t",
    }
    return UpgradeRun.objects.create(change_request=change_request, **values | over)

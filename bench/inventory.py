"""The lists of clusters and of packages over three endpoints with 10,000 clusters, beside an empty view of ours.

Figures are the processor's time of this process and of its PostgreSQL. Its own PostgreSQL and Redis. Run from the root: python -m bench.inventory
"""

from __future__ import annotations

from django.db import connections
from django.test import Client
from django.utils import timezone

from bench.frame import backend, own_services
from bench.record import record, spent
from tests.factories import make_endpoint, make_package, make_user
from upgrades.forms.clusters import CLUSTER_SORTS
from upgrades.models import Cluster, Endpoint, Server

CLUSTERS = 10_000
ENDPOINTS = 3
ZONES = 3
TURNS = 15
# As a fleet looks: a few versions in many builds, and a repository that keeps old ones.
VERSIONS = ["3.1.2", "3.2.4.5", "4.0.0.0", "4.1.0.2", *(f"4.2.1.{patch}" for patch in range(11)), "4.2.2.0", "4.3.3.0"]
PACKAGES = 40


def build_of(version: str, number: int) -> str:
    """Return one of three builds of a version."""
    return f"{version.split('.')[-1]}{number % 3:02d}00002023110109"


def make() -> Client:
    """Return a browser of a viewer over the whole fleet."""
    endpoints = [make_endpoint() for _number in range(ENDPOINTS)]
    for endpoint in endpoints:
        for number in range(PACKAGES):
            version = VERSIONS[number % len(VERSIONS)]
            arch = ("x86_64", "aarch64")[number % 2]
            make_package(endpoint, version=version, build=build_of(version, number), architecture=arch)
    make_clusters(endpoints)
    # The application's role owns no table, and ANALYZE passes over what is not one's own.
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
    client = Client()
    client.force_login(make_user("vera", "viewer"))
    return client


def make_clusters(endpoints: list[Endpoint]) -> None:
    """Insert the clusters, each with its servers; one in a hundred runs two versions."""
    now = timezone.now()
    rows = Cluster.objects.bulk_create(
        Cluster(
            endpoint=endpoints[number % ENDPOINTS], ocp_id=1_000_000 + number, ob_cluster_id=number,
            name=f"cluster_{number:05d}", version=VERSIONS[number % len(VERSIONS)],
            build=build_of(VERSIONS[number % len(VERSIONS)], number // 7), status="RUNNING", type="PRIMARY",
            architecture=("x86_64", "x86_64", "aarch64")[number % 3], server_count=ZONES,
            region_names=[f"region{number % 12}"], zone_names=[f"zone{zone}" for zone in range(ZONES)],
            server_versions=versions_of(number), owner=f"team-{number % 40}" if number % 3 else "",
            labels=[f"tier-{number % 4}", f"app-{number % 60}"] if number % 3 else [],
            environment=("production", "staging", "dev")[number % 3], observed_at=now, topology_observed_at=now,
            topology_tried_at=now,
        )
        for number in range(CLUSTERS)
    )  # fmt: skip
    Server.objects.bulk_create(
        Server(
            cluster=row, ocp_id=number * ZONES + zone, zone_name=f"zone{zone}",
            ip=f"10.{number >> 8}.{number & 255}.{zone}", status="RUNNING", observed_at=now,
            version=row.server_versions[-1 if zone == 0 else 0][0], build=row.build,
        )
        for number, row in enumerate(rows)
        for zone in range(ZONES)
    )  # fmt: skip


def versions_of(number: int) -> list[list[str]]:
    """Return what the servers of a cluster run, as its row keeps it."""
    version = VERSIONS[number % len(VERSIONS)]
    names = {version, "4.2.1.8"} if number % 100 == 0 else {version}
    return [[name, build_of(version, number // 7)] for name in sorted(names)]


def main() -> None:
    """Print and keep the figures."""
    with own_services():
        client = make()
        asked = {
            **{f"clusters by {sort}": f"/clusters/?sort={sort}" for sort in CLUSTER_SORTS},
            "clusters, last page": f"/clusters/?page={CLUSTERS // 50}",
            "clusters, mixed versions": "/clusters/?only=mixed",
            "packages": "/packages/",
        }
        for address in asked.values():
            assert client.get(address).status_code == 200, address
        calls = {name: lambda address=address: client.get(address) for name, address in asked.items()}  # type: ignore[misc]
        found = spent(TURNS, backend(), floor=lambda: client.get("/healthz"), **calls)
        for name in asked:
            record(
                "inventory",
                f"{name}, {CLUSTERS} clusters over {ENDPOINTS} endpoints, ms of CPU",
                found[name],
                found["floor"],
            )


if __name__ == "__main__":
    main()

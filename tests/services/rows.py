"""Rows of OCP's lists, as the client returns them."""

from dataclasses import replace
from typing import Any

from upgrades.ocp import types


def listed(**over: Any) -> types.Cluster:
    """A row of OCP's list of clusters."""
    row = types.Cluster(
        id=22,
        name="trade_core",
        ob_cluster_id=1001,
        version="4.2.1.1",
        build="",
        status="RUNNING",
        type="PRIMARY",
        architecture="",
        primary_id=None,
        standby_ids=(),
        server_count=3,
        zone_names=("zone1", "zone2", "zone3"),
        region_names=("Shanghai",),
        create_time=None,
    )
    return replace(row, **over)


def package(**over: Any) -> types.Package:
    """A row of OCP's list of packages."""
    row = types.Package(
        id=7,
        name="oceanbase",
        file_name="oceanbase-4.2.1.8-108000022024072217.el7.x86_64.rpm",
        version="4.2.1.8",
        build="108000022024072217",
        operating_system="el7",
        architecture="x86_64",
        sha1="a" * 40,
        size=218_000_000,
        type="OB_SERVER_INSTALL_PACKAGE",
        create_time=None,
    )
    return replace(row, **over)

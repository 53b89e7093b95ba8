"""One plan's facts, as the tests of plans use them: a primary with its standby, two hops, one leftover."""

from datetime import UTC, datetime

from upgrades.rules.plan import ClusterPlan, EndpointPlan, Hop, Override, PlanFacts, ServerPlan, TargetPlan

CHILD = "oceanbase-4.2.1.8-108000022024072217.el7.x86_64.rpm"

PRIMARY = ClusterPlan(
    ocp_id=22,
    name="trade_core",
    ob_cluster_id=1,
    version="4.1.0.2",
    build="102000042023061314",
    servers=tuple(ServerPlan(f"10.24.{zone}.11:2882", "4.1.0.2", "102000042023061314") for zone in (1, 2, 3)),
    leftover_ids=(43001207, 43000990),
)
STANDBY = ClusterPlan(
    ocp_id=23,
    name="trade_core_dr",
    ob_cluster_id=None,
    version="4.1.0.2",
    build="102000042023061314",
    servers=(ServerPlan("10.25.1.11:2882", "4.1.0.2", "102000042023061314"),),
)
FACTS = PlanFacts(
    endpoint=EndpointPlan(1, "https://ocp.example.com:8443", "ocpdash", "sha256:ab"),
    cluster_ocp_id=22,
    clusters=(PRIMARY, STANDBY),
    target=TargetPlan(CHILD, "aa" * 20, "4.2.1.8", "108000022024072217"),
    hops=(
        Hop("4.2.1.1", "101000062023110109", "oceanbase-4.2.1.1-101000062023110109.el7.x86_64.rpm", "bb" * 20),
        Hop("4.2.1.8", "108000022024072217", CHILD, "aa" * 20),
    ),
    revision=2,
    policy_version=3,
    opens_at=datetime(2026, 11, 20, 17, tzinfo=UTC),
    closes_at=datetime(2026, 11, 20, 21, tzinfo=UTC),
    is_auto_start=True,
    overrides=(Override("cluster.architecture_unknown", "Looked at the hosts."), Override("backup.old", "Agreed.")),
)


def leaves(value, path=()):
    """Yield the path of every leaf of a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield path
        return
    for key, item in items:
        yield from leaves(item, (*path, key))


def put(value, path, leaf):
    """Set the leaf at a path, in place, and return the value."""
    inner = value
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = leaf
    return value

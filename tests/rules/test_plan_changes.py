"""How two plans differ, for evidence and for people."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.plans import CHILD, FACTS, PRIMARY, STANDBY
from upgrades.rules import Reason, plan
from upgrades.rules.plan import Change, Hop, ServerPlan, TargetPlan

BEFORE = plan.build(FACTS)
FIRST = PRIMARY.servers[0]
B = "102000042023061314"


def described(**over):
    return plan.describe(BEFORE, plan.build(replace(FACTS, **over)))


def with_primary(**over):
    return described(clusters=(replace(PRIMARY, **over), STANDBY))


def test_equal_plans_do_not_differ():
    assert plan.difference(BEFORE, plan.build(FACTS)) == ()
    assert described() == ()


def test_difference_names_cluster_and_server_and_both_values():
    servers = (replace(FIRST, version="4.2.1.1"), *PRIMARY.servers[1:])
    after = plan.build(replace(FACTS, clusters=(replace(PRIMARY, servers=servers), STANDBY)))
    path = ("clusters", 22, "servers", "10.24.1.11:2882", "version")
    assert plan.difference(BEFORE, after) == (Change(path, "4.1.0.2", "4.2.1.1"),)
    assert plan.difference(BEFORE, after)[0].dotted == "clusters.22.servers.10.24.1.11:2882.version"


def test_difference_comes_in_the_order_of_its_paths():
    after = plan.build(replace(FACTS, revision=3, policy_version=4, endpoint=replace(FACTS.endpoint, address="x")))
    paths = [change.dotted for change in plan.difference(BEFORE, after)]
    assert paths == ["endpoint.address", "policy_version", "revision"]


CASES = [
    (lambda: described(revision=3), [Reason("plan.revision_changed", {"before": 2, "after": 3})]),
    (lambda: described(policy_version=4), [Reason("plan.policy_changed", {"before": 3, "after": 4})]),
    (
        lambda: described(endpoint=replace(FACTS.endpoint, address="https://other")),
        [Reason("plan.endpoint_address_changed", {"before": "https://ocp.example.com:8443", "after": "https://other"})],
    ),
    (
        lambda: described(endpoint=replace(FACTS.endpoint, account="root", ca_pin="")),
        [
            Reason("plan.endpoint_account_changed", {"before": "ocpdash", "after": "root"}),
            Reason("plan.endpoint_ca_changed", {"before": "sha256:ab", "after": ""}),
        ],
    ),
    (
        lambda: described(endpoint=replace(FACTS.endpoint, id=2)),
        [Reason("plan.endpoint_other", {"before": 1, "after": 2})],
    ),
    (lambda: described(clusters=(PRIMARY,)), [Reason("plan.cluster_gone", {"cluster": "trade_core_dr"})]),
    (
        lambda: described(clusters=(PRIMARY, STANDBY, replace(STANDBY, ocp_id=24, name="new_dr"))),
        [Reason("plan.cluster_added", {"cluster": "new_dr"})],
    ),
    (
        lambda: with_primary(version="4.2.1.1", build="7"),
        [
            Reason(
                "plan.cluster_version_changed",
                {"cluster": "trade_core", "before": f"4.1.0.2-{B}", "after": "4.2.1.1-7"},
            )
        ],
    ),
    (
        lambda: with_primary(leftover_ids=(43001207, 43000990, 43001555)),
        [
            Reason(
                "plan.leftovers_changed",
                {"cluster": "trade_core", "before": (43000990, 43001207), "after": (43000990, 43001207, 43001555)},
            )
        ],
    ),
    (
        lambda: with_primary(servers=PRIMARY.servers[1:]),
        [Reason("plan.server_gone", {"cluster": "trade_core", "server": "10.24.1.11:2882"})],
    ),
    (
        lambda: with_primary(servers=(*PRIMARY.servers, ServerPlan("10.24.4.11:2882", "4.1.0.2", "1"))),
        [Reason("plan.server_added", {"cluster": "trade_core", "server": "10.24.4.11:2882", "version": "4.1.0.2-1"})],
    ),
    (
        lambda: with_primary(servers=(replace(FIRST, version="4.2.1.1", build="7"), *PRIMARY.servers[1:])),
        [
            Reason(
                "plan.server_version_changed",
                {
                    "cluster": "trade_core",
                    "server": "10.24.1.11:2882",
                    "before": f"4.1.0.2-{B}",
                    "after": "4.2.1.1-7",
                },
            )
        ],
    ),
    (lambda: with_primary(name="other"), [Reason("plan.other_changed", {"path": "clusters.22.name"})]),
    (
        lambda: described(
            target=replace(FACTS.target, sha1="cc"), hops=(FACTS.hops[0], replace(FACTS.hops[1], sha1="cc"))
        ),
        [Reason("plan.package_replaced", {"file_name": CHILD, "before": "aa" * 20, "after": "cc"})],
    ),
    (
        lambda: described(hops=(replace(FACTS.hops[0], sha1="dd"), FACTS.hops[1])),
        [
            Reason(
                "plan.package_replaced",
                {"file_name": FACTS.hops[0].file_name, "before": "bb" * 20, "after": "dd"},
            )
        ],
    ),
    (
        lambda: described(hops=FACTS.hops[1:]),
        [Reason("plan.hops_changed", {"before": (FACTS.hops[0].file_name, CHILD), "after": (CHILD,)})],
    ),
    (
        lambda: described(closes_at=None),
        [
            Reason(
                "plan.window_changed",
                {
                    "opens_before": "2026-11-20T17:00:00+00:00",
                    "closes_before": "2026-11-20T21:00:00+00:00",
                    "opens_after": "2026-11-20T17:00:00+00:00",
                    "closes_after": None,
                },
            )
        ],
    ),
    (lambda: described(is_auto_start=False), [Reason("plan.auto_start_changed", {"is_auto_start": False})]),
    (
        lambda: described(overrides=()),
        [Reason("plan.overrides_changed", {"before": ("backup.old", "cluster.architecture_unknown"), "after": ()})],
    ),
    (
        lambda: described(body_options={"upgradeMode": "ROLLING"}),
        [Reason("plan.other_changed", {"path": "body.upgradeMode"})],
    ),
    (lambda: described(cluster_ocp_id=23), [Reason("plan.other_changed", {"path": "cluster_ocp_id"})]),
]


@pytest.mark.parametrize(("act", "expected"), CASES)
def test_each_kind_of_difference_has_its_reason(act, expected):
    assert list(act()) == expected


def test_server_that_stands_twice_is_told_by_place():
    reasons = with_primary(servers=(FIRST, *PRIMARY.servers))
    assert {reason.code for reason in reasons} == {"plan.other_changed"}
    assert Reason("plan.other_changed", {"path": "clusters.22.servers.3"}) in reasons


def test_other_target_is_told_once_with_its_hops():
    other = TargetPlan("other.rpm", "ee", "4.2.1.9", "9")
    reasons = described(target=other, hops=(FACTS.hops[0], Hop("4.2.1.9", "9", "other.rpm", "ee")))
    assert [reason.code for reason in reasons] == ["plan.other_changed", "plan.hops_changed", "plan.target_changed"]
    assert reasons[2].params == {"before": CHILD, "after": "other.rpm"}


servers = st.lists(
    st.builds(
        ServerPlan, st.sampled_from(["a:1", "b:1", "c:1"]), st.sampled_from(["4.1.0.2", "4.2.1.1"]), st.just("1")
    ),
    max_size=4,
).map(tuple)
clusters = servers.map(lambda found: (replace(PRIMARY, servers=found), STANDBY))
facts = st.builds(replace, st.just(FACTS), clusters=clusters, revision=st.integers(1, 2))


@given(facts, facts)
def test_plans_differ_exactly_when_their_fingerprints_do(first, second):
    before, after = plan.build(first), plan.build(second)
    is_same = plan.fingerprint(before) == plan.fingerprint(after)
    assert (plan.difference(before, after) == ()) == is_same
    assert (plan.describe(before, after) == ()) == is_same


def test_only_values_that_are_not_shown_are_unread_and_never_what_definitely_moved():
    silent = replace(FIRST, version="", build="")
    after = plan.build(replace(FACTS, clusters=(replace(PRIMARY, servers=(silent, *PRIMARY.servers[1:])), STANDBY)))
    assert plan.unread(BEFORE, after).path[:2] == ("clusters", 22)
    gone = plan.build(replace(FACTS, clusters=(replace(PRIMARY, servers=(silent, *PRIMARY.servers[2:])), STANDBY)))
    assert plan.unread(BEFORE, gone) is None
    assert plan.unread(BEFORE, BEFORE) is None
    assert plan.unread(BEFORE, plan.build(replace(FACTS, endpoint=replace(FACTS.endpoint, account="")))) is None

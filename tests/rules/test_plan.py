"""The plan, its canonical bytes, its fingerprint and the body that will be sent."""

import json
import random
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.plans import CHILD, FACTS, STANDBY, leaves, put
from upgrades.rules import plan
from upgrades.rules.plan import Hop, Override

KEPT_FINGERPRINT = "6b91b75917a83736765da3857fbf6cae5c993c1bc2ead150fa6d1a497fbaaa78"


def test_format_1_stays_as_it_was_first_written():
    built = plan.build(FACTS)
    assert list(built) == [
        "plan_format",
        "revision",
        "endpoint",
        "cluster_ocp_id",
        "clusters",
        "target",
        "hops",
        "body",
        "window",
        "policy_version",
        "overrides",
    ]
    assert plan.fingerprint(built) == KEPT_FINGERPRINT


def test_plan_survives_a_json_column():
    built = plan.build(FACTS)
    stored = json.loads(json.dumps(built))
    assert plan.canonical(stored) == plan.canonical(built)
    assert plan.build(FACTS, plan.format_of(stored)) == stored


@given(st.randoms(use_true_random=False))
def test_order_of_ocps_answer_never_matters(shuffler: random.Random):
    def shuffled(items):
        items = list(items)
        shuffler.shuffle(items)
        return tuple(items)

    clusters = shuffled(
        replace(cluster, servers=shuffled(cluster.servers), leftover_ids=shuffled(cluster.leftover_ids))
        for cluster in FACTS.clusters
    )
    facts = replace(FACTS, clusters=clusters, overrides=shuffled(FACTS.overrides))
    assert plan.canonical(plan.build(facts)) == plan.canonical(plan.build(FACTS))


def test_order_of_hops_matters():
    built = plan.build(FACTS)
    turned = {**built, "hops": built["hops"][::-1]}
    assert plan.fingerprint(turned) != plan.fingerprint(built)


@pytest.mark.parametrize("path", list(leaves(plan.build(FACTS))), ids=str)
def test_fingerprint_changes_with_every_leaf(path):
    built = plan.build(FACTS)
    for other in ("another text", 424242, None, True, False):
        changed = put(deepcopy(built), path, other)
        if json.dumps(changed) != json.dumps(built):
            assert plan.fingerprint(changed) != plan.fingerprint(built)
            assert plan.difference(built, changed)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), json_values))
def test_canonical_bytes_are_stable_and_read_back_equal(value):
    text = plan.canonical(value)
    assert json.loads(text) == value
    turned = dict(reversed(list(value.items())))
    assert plan.canonical(turned) == text
    assert plan.canonical(json.loads(text)) == text


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1.0},
        {"a": float("nan")},
        {"a": [1, float("inf")]},
        {"a": (1, 2)},
        {"a": b"x"},
        {"a": {1: 2}},
        {"a": {"b": {3}}},
        {"a": datetime(2026, 1, 1, tzinfo=UTC)},
        {"a": "\ud800"},
    ],
)
def test_what_has_no_single_form_is_refused(value):
    with pytest.raises(ValueError, match=r"plan\.a|plan|surrogates"):
        plan.canonical(value)


def test_text_is_utf_8_and_has_no_spaces():
    assert plan.canonical({"b": "变更", "a": [1, None, True]}) == '{"a":[1,null,true],"b":"变更"}'.encode()


def test_body_is_the_documented_one():
    assert plan.body(plan.build(FACTS)) == f'{{"rpmFileName": "{CHILD}"}}'.encode()


def test_options_of_the_body_are_part_of_plan_and_body():
    facts = replace(FACTS, body_options={"upgradeMode": "ROLLING", "freezeServer": False, "zoneOrder": ["z2", "z1"]})
    built = plan.build(facts)
    assert json.loads(plan.body(built)) == {
        "rpmFileName": CHILD,
        "upgradeMode": "ROLLING",
        "freezeServer": False,
        "zoneOrder": ["z2", "z1"],
    }
    assert plan.fingerprint(built) != plan.fingerprint(plan.build(FACTS))


def test_the_bytes_of_a_body_are_the_same_in_whatever_order_it_was_put_together():
    options = {"zoneOrder": ["杭州", "z1"], "freezeServer": False, "upgradeMode": "ROLLING"}
    wanted = (
        '{"freezeServer": false, "rpmFileName": "CHILD", "upgradeMode": "ROLLING", "zoneOrder": ["杭州", "z1"]}'
    ).replace("CHILD", CHILD)
    assert plan.body(plan.build(replace(FACTS, body_options=options))) == wanted.encode()


def test_body_that_has_no_single_form_is_refused():
    built = plan.build(FACTS)
    built["body"]["timeout"] = 1.5
    with pytest.raises(ValueError, match=r"body\.timeout: float has no canonical form"):
        plan.body(built)


def test_body_that_names_another_package_is_refused():
    built = plan.build(FACTS)
    built["body"]["rpmFileName"] = "oceanbase-4.3.0.0-1.el7.x86_64.rpm"
    with pytest.raises(ValueError, match="another package"):
        plan.body(built)


def test_times_are_kept_in_utc_whatever_zone_they_were_given_in():
    moment = datetime(2026, 11, 21, 1, 0, tzinfo=timezone(timedelta(hours=8)))
    here, there = replace(FACTS, opens_at=moment), replace(FACTS, opens_at=moment.astimezone(UTC))
    assert plan.build(here) == plan.build(there)
    assert plan.build(here)["window"]["opens_at"] == "2026-11-20T17:00:00+00:00"


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ({"clusters": (STANDBY, STANDBY), "cluster_ocp_id": STANDBY.ocp_id}, "twice"),
        ({"clusters": ()}, "not among"),
        ({"cluster_ocp_id": 999}, "not among"),
        ({"hops": ()}, "last hop"),
        ({"hops": (Hop("4.2.1.8", "1", "other.rpm", "sha"),)}, "last hop"),
        ({"body_options": {"rpmFileName": "x"}}, "not by an option"),
        ({"opens_at": datetime(2026, 1, 1)}, "no zone"),  # noqa: DTZ001 the missing zone is the point
    ],
)
def test_facts_that_contradict_themselves_make_no_plan(over, message):
    with pytest.raises(ValueError, match=message):
        plan.build(replace(FACTS, **over))


@pytest.mark.parametrize("plan_format", [0, 2, None, "1"])
def test_unknown_format_is_refused(plan_format):
    with pytest.raises(ValueError, match="not known"):
        plan.build(FACTS, plan_format)


@pytest.mark.parametrize("stored", [{}, {"plan_format": "1"}, {"plan_format": True}, {"plan_format": None}])
def test_plan_without_a_format_is_refused(stored):
    with pytest.raises(ValueError, match="format"):
        plan.format_of(stored)


def test_override_is_part_of_the_plan():
    more = replace(FACTS, overrides=(*FACTS.overrides, Override("cluster.few_zones", "The lab has two zones.")))
    assert plan.fingerprint(plan.build(more)) != plan.fingerprint(plan.build(FACTS))

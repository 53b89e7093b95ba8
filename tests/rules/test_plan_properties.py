"""The fingerprint over any facts: each field of them changes it, the order of OCP's answers never does."""

import json
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given, settings
from hypothesis import strategies as st

from upgrades.rules import plan
from upgrades.rules.plan import ClusterPlan, EndpointPlan, Hop, Override, PlanFacts, ServerPlan, TargetPlan

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
numbers = st.integers(0, 2**53)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
servers = st.builds(ServerPlan, texts, texts, texts)
targets = st.builds(TargetPlan, texts, texts, texts, texts)
clusters = st.builds(
    ClusterPlan,
    ocp_id=numbers,
    name=texts,
    ob_cluster_id=st.none() | numbers,
    version=texts,
    build=texts,
    servers=st.lists(servers, min_size=1, max_size=3).map(tuple),
    leftover_ids=st.lists(numbers, max_size=3, unique=True).map(tuple),
)


def last_hop(target):
    return Hop(target.version, target.build, target.file_name, target.sha1)


@st.composite
def facts(draw):
    target = draw(targets)
    affected = draw(st.lists(clusters, min_size=1, max_size=3, unique_by=lambda cluster: cluster.ocp_id))
    return PlanFacts(
        endpoint=draw(st.builds(EndpointPlan, numbers, texts, texts, texts)),
        cluster_ocp_id=draw(st.sampled_from(affected)).ocp_id,
        clusters=tuple(affected),
        target=target,
        hops=(*draw(st.lists(st.builds(Hop, texts, texts, texts, texts), max_size=2)), last_hop(target)),
        revision=draw(numbers),
        policy_version=draw(numbers),
        opens_at=draw(st.none() | moments),
        closes_at=draw(st.none() | moments),
        is_auto_start=draw(st.booleans()),
        body_options=draw(st.dictionaries(texts.filter(lambda name: name != "rpmFileName"), st.booleans(), max_size=2)),
        overrides=tuple(draw(st.lists(st.builds(Override, texts, texts), max_size=2))),
    )


def leaves(value, path=()):
    """Yield the path of every field that holds a plain value."""
    if is_dataclass(value):
        for one in fields(value):
            yield from leaves(getattr(value, one.name), (*path, one.name))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path


def changed(value, path):
    """The same facts with another value at `path`."""
    if not path:
        return other_than(value)
    if isinstance(value, tuple):
        return (*value[: path[0]], changed(value[path[0]], path[1:]), *value[path[0] + 1 :])
    return replace(value, **{path[0]: changed(getattr(value, path[0]), path[1:])})


def other_than(value):
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        # Above every number that is drawn, so that no second cluster has it.
        return value + 2**54
    if isinstance(value, str):
        return value + "'"
    if isinstance(value, datetime):
        return value + timedelta(microseconds=1)
    if value is None:
        return 7
    return {**value, "another": True} if "another" not in value else {}


def mended(before, after, path):
    """The facts must fit each other: the posted cluster is an affected one, and the last hop is the target."""
    ids = [cluster.ocp_id for cluster in before.clusters]
    if path[0] == "clusters" and path[-1] == "ocp_id" and ids[path[1]] == before.cluster_ocp_id:
        return replace(after, cluster_ocp_id=after.clusters[path[1]].ocp_id)
    if path[0] == "target":
        return replace(after, hops=(*after.hops[:-1], last_hop(after.target)))
    return after


def can_stand_alone(before, path):
    """The last hop and the posted cluster are the target's and the clusters' own."""
    return path != ("cluster_ocp_id",) and path[:2] != ("hops", len(before.hops) - 1)


@settings(max_examples=30)
@given(facts())
def test_any_field_of_the_facts_changes_the_fingerprint(before):
    one = plan.build(before)
    for path in filter(lambda path: can_stand_alone(before, path), leaves(before)):
        after = changed(before, path)
        if path in {("opens_at",), ("closes_at",)} and getattr(before, path[0]) is None:
            after = replace(before, **{path[0]: datetime(2026, 1, 1, tzinfo=UTC)})
        other = plan.build(mended(before, after, path))
        assert plan.fingerprint(one) != plan.fingerprint(other), path
        assert plan.difference(one, other), path


@settings(max_examples=30)
@given(facts().filter(lambda found: len(found.clusters) > 1))
def test_which_of_the_clusters_is_posted_to_changes_the_fingerprint(before):
    other = next(cluster.ocp_id for cluster in before.clusters if cluster.ocp_id != before.cluster_ocp_id)
    after = replace(before, cluster_ocp_id=other)
    assert plan.fingerprint(plan.build(after)) != plan.fingerprint(plan.build(before))


@settings(max_examples=30)
@given(facts(), st.randoms(use_true_random=False))
def test_order_in_which_ocp_names_things_changes_nothing(before, shuffler):
    def shuffled(items):
        return tuple(shuffler.sample(items, len(items)))

    turned = tuple(
        replace(cluster, servers=shuffled(cluster.servers), leftover_ids=shuffled(cluster.leftover_ids))
        for cluster in shuffled(before.clusters)
    )
    after = replace(before, clusters=turned, overrides=shuffled(before.overrides))
    assert plan.canonical(plan.build(after)) == plan.canonical(plan.build(before))


@settings(max_examples=30)
@given(facts(), st.integers(-12, 14))
def test_zone_in_which_a_time_is_written_changes_nothing(before, hours):
    zone = timezone(timedelta(hours=hours))
    moved = {
        name: value and value.astimezone(zone) for name in ("opens_at", "closes_at") if (value := getattr(before, name))
    }
    assert plan.build(replace(before, **moved)) == plan.build(before)


@settings(max_examples=30)
@given(facts())
def test_stored_plan_is_built_again_in_its_own_format(before):
    for plan_format in range(1, plan.PLAN_FORMAT + 1):
        built = plan.build(before, plan_format)
        stored = json.loads(json.dumps(built))
        assert plan.format_of(stored) == plan_format
        assert plan.canonical(plan.build(before, plan.format_of(stored))) == plan.canonical(built)
        assert plan.canonical(json.loads(plan.canonical(built))) == plan.canonical(built)
        assert plan.fingerprint(stored) == plan.fingerprint(built)

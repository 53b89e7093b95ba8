"""How two plans differ: leaf by leaf for evidence, and as reasons for people.

Reason codes of describe(), params in brackets; a value that one of the plans lacks is None:
plan.revision_changed [before, after], plan.endpoint_address_changed, plan.endpoint_account_changed,
plan.endpoint_ca_changed, plan.endpoint_other [before, after each], plan.cluster_added [cluster],
plan.cluster_gone [cluster], plan.cluster_version_changed [cluster, before, after], plan.server_added [cluster, server,
version], plan.server_gone [cluster, server], plan.server_version_changed [cluster, server, before, after],
plan.leftovers_changed [cluster, before, after], plan.target_changed [before, after], plan.package_replaced
[file_name, before, after], plan.hops_changed [before, after], plan.window_changed [opens_before, closes_before,
opens_after, closes_after], plan.auto_start_changed [is_auto_start], plan.policy_changed [before, after],
plan.overrides_changed [before, after], plan.other_changed [path].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from upgrades.rules import Reason
from upgrades.rules.versions import full

Plan = Mapping[str, Any]
Key = str | int
_LIST_KEYS = MappingProxyType({"clusters": "ocp_id", "servers": "address", "overrides": "check"})
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. path: keys from the root; a list's item is named by its own key (a cluster by its OCP id,
    a server by its address), else by its place. before and after are JSON values, None where there is none.
    """

    path: tuple[Key, ...]
    before: Any
    after: Any

    @property
    def dotted(self) -> str:
        """The path as text, e.g. clusters.22.servers.10.0.0.1:2882.version."""
        return ".".join(str(key) for key in self.path)


def difference(before: Plan, after: Plan) -> tuple[Change, ...]:
    """Return every difference of two built plans, ordered by path; () only when they are the same."""
    changes = _differences((), before, after)
    return tuple(sorted(changes, key=lambda change: [(isinstance(key, str), str(key)) for key in change.path]))


def describe(before: Plan, after: Plan) -> tuple[Reason, ...]:
    """Return the differences as reasons, each once, in the order of difference()."""
    reasons: dict[Reason, None] = {}
    for change in difference(before, after):
        describer = _DESCRIBERS.get(str(change.path[0]), _other)
        reasons.update(dict.fromkeys(describer(change, before, after)))
    return tuple(reasons)


def unread(before: Plan, after: Plan) -> Change | None:
    """Return a difference if all are values that `after` merely lacks, None where something definitely moved.

    OCP leaves fields empty now and then: not shown is not the same as changed.
    """
    changes = difference(before, after)
    return changes[0] if changes and all(_is_unread(change) for change in changes) else None


def _is_unread(change: Change) -> bool:
    if change.path == ("body", "zoneOrder"):
        return change.after is None
    is_ocps = change.path[0] in ("clusters", "target", "hops")
    return is_ocps and isinstance(change.before, str | int) and change.after in ("", None)


def _differences(path: tuple[Key, ...], before: Any, after: Any) -> Iterator[Change]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        parts: tuple[Mapping[Key, Any], Mapping[Key, Any]] | None = (before, after)
    else:
        parts = _keyed(path, before, after)
    if parts is None:
        if type(before) is not type(after) or before != after:
            yield Change(path, _or_none(before), _or_none(after))
        return
    for key in {**parts[0], **parts[1]}:
        yield from _differences((*path, key), parts[0].get(key, _ABSENT), parts[1].get(key, _ABSENT))


def _keyed(path: tuple[Key, ...], before: Any, after: Any) -> tuple[Mapping[Key, Any], Mapping[Key, Any]] | None:
    """Return two lists of objects as mappings, or None where they are no such lists."""
    both = (before, after)
    if not all(isinstance(items, list) for items in both) or not (before or after):
        return None
    if not all(isinstance(item, Mapping) for items in both for item in items):
        return None
    name = _LIST_KEYS.get(str(path[-1])) if path else None
    keyed = [{item.get(name, place): item for place, item in enumerate(items)} for items in both]
    if name is None or len(keyed[0]) != len(before) or len(keyed[1]) != len(after):
        keyed = [dict(enumerate(items)) for items in both]
    return keyed[0], keyed[1]


def _or_none(value: Any) -> Any:
    return None if value is _ABSENT else value


def _other(change: Change, before: Plan, after: Plan) -> Iterator[Reason]:
    yield Reason("plan.other_changed", {"path": change.dotted})


def _simple(code: str) -> Callable[[Change, Plan, Plan], Iterator[Reason]]:
    def describer(change: Change, before: Plan, after: Plan) -> Iterator[Reason]:
        yield Reason(code, {"before": change.before, "after": change.after})

    return describer


def _endpoint(change: Change, before: Plan, after: Plan) -> Iterator[Reason]:
    codes = {"address": "address_changed", "account": "account_changed", "ca_pin": "ca_changed"}
    code = codes.get(str(change.path[-1]), "other")
    yield Reason(f"plan.endpoint_{code}", {"before": change.before, "after": change.after})


def _cluster(change: Change, before: Plan, after: Plan) -> Iterator[Reason]:
    cluster_id = change.path[1]
    old, new = _find(before, cluster_id), _find(after, cluster_id)
    name = str((new or old)["name"])
    if not old or not new:
        yield Reason("plan.cluster_added" if new else "plan.cluster_gone", {"cluster": name})
    elif change.path[2] in ("version", "build"):
        params = {"cluster": name, "before": _version_of(old), "after": _version_of(new)}
        yield Reason("plan.cluster_version_changed", params)
    elif change.path[2] == "leftover_ids":
        yield Reason("plan.leftovers_changed", {"cluster": name, "before": change.before, "after": change.after})
    elif change.path[2] == "servers":
        yield from _server(name, change, old, new)
    else:
        yield from _other(change, before, after)


def _server(cluster: str, change: Change, old: Plan, new: Plan) -> Iterator[Reason]:
    address = change.path[3] if len(change.path) > 3 else ""
    was = next((server for server in old["servers"] if server["address"] == address), None)
    now = next((server for server in new["servers"] if server["address"] == address), None)
    params = {"cluster": cluster, "server": str(address)}
    if was and now:
        yield Reason("plan.server_version_changed", {**params, "before": _version_of(was), "after": _version_of(now)})
    elif now:
        yield Reason("plan.server_added", {**params, "version": _version_of(now)})
    elif was:
        yield Reason("plan.server_gone", params)
    else:
        yield Reason("plan.other_changed", {"path": change.dotted})


def _target(change: Change, before: Plan, after: Plan) -> Iterator[Reason]:
    yield from _package(before["target"], after["target"])


def _hops(change: Change, before: Plan, after: Plan) -> Iterator[Reason]:
    old, new = before["hops"], after["hops"]
    names = [tuple(hop["file_name"] for hop in hops) for hops in (old, new)]
    if names[0] != names[1]:
        yield Reason("plan.hops_changed", {"before": names[0], "after": names[1]})
        return
    for was, now in zip(old, new, strict=True):
        if was != now:
            yield from _package(was, now)


def _package(was: Plan, now: Plan) -> Iterator[Reason]:
    if was["file_name"] != now["file_name"]:
        yield Reason("plan.target_changed", {"before": was["file_name"], "after": now["file_name"]})
    elif was["sha1"] != now["sha1"]:
        params = {"file_name": now["file_name"], "before": was["sha1"], "after": now["sha1"]}
        yield Reason("plan.package_replaced", params)
    else:
        yield Reason("plan.other_changed", {"path": f"target.{now['file_name']}"})


def _window(change: Change, before: Plan, after: Plan) -> Iterator[Reason]:
    was, now = before["window"], after["window"]
    if change.path[-1] == "is_auto_start":
        yield Reason("plan.auto_start_changed", {"is_auto_start": now["is_auto_start"]})
        return
    params = {"opens_before": was["opens_at"], "closes_before": was["closes_at"]}
    yield Reason("plan.window_changed", {**params, "opens_after": now["opens_at"], "closes_after": now["closes_at"]})


def _overrides(change: Change, before: Plan, after: Plan) -> Iterator[Reason]:
    checks = [tuple(override["check"] for override in plan["overrides"]) for plan in (before, after)]
    yield Reason("plan.overrides_changed", {"before": checks[0], "after": checks[1]})


def _find(plan: Plan, cluster_id: Key) -> Any:
    return next((cluster for cluster in plan["clusters"] if cluster["ocp_id"] == cluster_id), None)


def _version_of(thing: Plan) -> str:
    return full(thing["version"], thing["build"])


_DESCRIBERS: Mapping[str, Callable[[Change, Plan, Plan], Iterator[Reason]]] = MappingProxyType(
    {
        "revision": _simple("plan.revision_changed"),
        "policy_version": _simple("plan.policy_changed"),
        "endpoint": _endpoint,
        "clusters": _cluster,
        "target": _target,
        "hops": _hops,
        "window": _window,
        "overrides": _overrides,
    }
)

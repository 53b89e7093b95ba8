"""Reading an uploaded oceanbase_upgrade_dep.yml: strict, capped, and with the place of what is wrong.

Nothing is constructed but text, flags and lists: aliases, tags and keys that are not known are refused, so that a
file is either read as its author meant it or not at all.
Format: the head of oceanbase/oceanbase, tools/upgrade/oceanbase_upgrade_dep.yml; obdeploy's route of plugin
oceanbase 4.0.0.0 (when_come_from and when_upgraded_to exclude each other; a version stands there once).

Reason codes of parse(), all with line and column where there is one, counted from 1: path_file.empty,
path_file.too_large [limit], path_file.too_deep, path_file.too_many [limit], path_file.not_plain,
path_file.not_yaml [problem], path_file.wrong_shape [expected, found], path_file.key_unknown [key],
path_file.key_twice [key], path_file.version_missing, path_file.version_twice [version, first],
path_file.two_conditions.
"""

from __future__ import annotations

from collections.abc import Iterator

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from upgrades.rules import Reason
from upgrades.rules.path_graph import BINARY_BARRIERS, BinaryRule, Entry
from upgrades.rules.stops import Graph, graph_of
from upgrades.rules.versions import name_key, version_key

MOST_BYTES = 128 * 1024
MOST_DEPTH = 8
MOST_ENTRIES = 2000
MOST_TARGETS = 200
_FOUND_LENGTH = 60
_KEYS = (
    "version",
    "can_be_upgraded_to",
    "can_be_direct_upgraded_to",
    "deprecated",
    "require_from_binary",
)
_CONDITIONS = ("value", "when_come_from", "when_upgraded_to")


class _Wrong(Exception):
    """The file cannot be taken. reason: why, and where."""

    def __init__(self, code: str, at: yaml.Mark | None = None, **params: str | int) -> None:
        place = {"line": at.line + 1, "column": at.column + 1} if at is not None else {}
        super().__init__(code)
        self.reason = Reason(code, {**place, **params})


class _Loader(yaml.SafeLoader):
    """Composes nodes, and stops at what a path file has no use for before it costs anything."""

    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()
        # An alias event carries an anchor as well.
        if getattr(event, "anchor", None) is not None or getattr(event, "tag", None) is not None:
            raise _Wrong("path_file.not_plain", event.start_mark)
        if self.depth >= MOST_DEPTH:
            raise _Wrong("path_file.too_deep", event.start_mark)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def parse(text: str) -> tuple[Entry, ...] | Reason:
    """Return the entries of the file, in its order, or the first thing that is wrong with it."""
    try:
        return _entries(_root(text))
    except _Wrong as wrong:
        return wrong.reason


def graph_of_file(text: str) -> Graph | Reason:
    """Return the graph of the file, or what is wrong with it. Where it is silent, the manual's barriers hold."""
    entries = parse(text)
    return entries if isinstance(entries, Reason) else graph_of(entries, BINARY_BARRIERS)


def _root(text: str) -> Node:
    if len(text) > MOST_BYTES or len(text.encode(errors="replace")) > MOST_BYTES:
        raise _Wrong("path_file.too_large", limit=MOST_BYTES // 1024)
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise _Wrong("path_file.not_yaml", line=line, column=column, problem=error.reason) from error
    except yaml.MarkedYAMLError as error:
        problem = error.problem or error.context or ""
        raise _Wrong("path_file.not_yaml", error.problem_mark or error.context_mark, problem=problem[:200]) from error
    if root is None:
        raise _Wrong("path_file.empty")
    return root


def _entries(root: Node) -> tuple[Entry, ...]:
    if not isinstance(root, SequenceNode):
        raise _shape(root, "entries")
    if not root.value:
        raise _Wrong("path_file.empty")
    if len(root.value) > MOST_ENTRIES:
        raise _Wrong("path_file.too_many", root.value[MOST_ENTRIES].start_mark, limit=MOST_ENTRIES)
    spelled: dict[tuple[int, ...], tuple[str, int]] = {}
    entries = []
    for node in root.value:
        entry = _entry(node)
        key = name_key(entry["version"])
        if key in spelled:
            raise _Wrong("path_file.version_twice", node.start_mark, version=entry["version"], first=spelled[key][1])
        spelled[key] = (entry["version"], node.start_mark.line + 1)
        entries.append(entry)
    names = {key: version for key, (version, _line) in spelled.items()}
    return tuple(_in_one_spelling(entry, names) for entry in entries)


def _in_one_spelling(entry: Entry, names: dict[tuple[int, ...], str]) -> Entry:
    """3.1.2 and 3.1.2.0 are one version: each is named as its own entry names it, or as it is named first."""

    def named(versions: list[str]) -> list[str]:
        return [names.setdefault(name_key(version), version) for version in versions]

    same: Entry = {**entry, "to": named(entry["to"])}
    if "direct_to" in entry:
        same["direct_to"] = named(entry["direct_to"])
    return same


def _entry(node: Node) -> Entry:
    fields = dict(_fields(node, _KEYS))
    if "version" not in fields:
        raise _Wrong("path_file.version_missing", node.start_mark)
    entry: Entry = {"version": _version(fields["version"]), "to": _versions(fields.get("can_be_upgraded_to"))}
    if "can_be_direct_upgraded_to" in fields:
        entry["direct_to"] = _versions(fields["can_be_direct_upgraded_to"])
    if "deprecated" in fields:
        entry["deprecated"] = _flag(fields["deprecated"], "flag")
    if "require_from_binary" in fields:
        entry["require_from_binary"] = _binary_rule(fields["require_from_binary"])
    return entry


def _binary_rule(node: Node) -> bool | BinaryRule:
    if not isinstance(node, MappingNode):
        return _flag(node, "binary_rule")
    fields = dict(_fields(node, _CONDITIONS))
    if "value" not in fields:
        raise _shape(node, "binary_rule")
    if "when_come_from" in fields and "when_upgraded_to" in fields:
        raise _Wrong("path_file.two_conditions", node.start_mark)
    rule: BinaryRule = {"value": _flag(fields["value"], "flag")}
    if "when_come_from" in fields:
        rule["when_come_from"] = _versions(fields["when_come_from"])
    if "when_upgraded_to" in fields:
        rule["when_upgraded_to"] = _versions(fields["when_upgraded_to"])
    return rule


def _fields(node: Node, known: tuple[str, ...]) -> Iterator[tuple[str, Node]]:
    if not isinstance(node, MappingNode):
        raise _shape(node, "entry" if known is _KEYS else "binary_rule")
    seen: set[str] = set()
    for name, value in node.value:
        key = name.value if isinstance(name, ScalarNode) else ""
        if key not in known:
            raise _Wrong("path_file.key_unknown", name.start_mark, key=_text(name), known=", ".join(known))
        if key in seen:
            raise _Wrong("path_file.key_twice", name.start_mark, key=key)
        seen.add(key)
        yield key, value


def _versions(node: Node | None) -> list[str]:
    if node is None or (isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:null"):
        return []
    if not isinstance(node, SequenceNode):
        raise _shape(node, "versions")
    if len(node.value) > MOST_TARGETS:
        raise _Wrong("path_file.too_many", node.value[MOST_TARGETS].start_mark, limit=MOST_TARGETS)
    return [_version(item) for item in node.value]


def _version(node: Node) -> str:
    if isinstance(node, ScalarNode):
        version, dash, build = node.value.partition("-")
        try:
            version_key(version, build)
        except ValueError:
            pass
        else:
            if bool(dash) == bool(build):
                return str(node.value)
    raise _shape(node, "version")


def _flag(node: Node, expected: str) -> bool:
    if isinstance(node, ScalarNode) and node.tag == "tag:yaml.org,2002:bool":
        return bool(yaml.SafeLoader.bool_values[node.value.lower()])
    raise _shape(node, expected)


def _shape(node: Node, expected: str) -> _Wrong:
    return _Wrong("path_file.wrong_shape", node.start_mark, expected=expected, found=_text(node))


def _text(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return str(node.value)[:_FOUND_LENGTH]
    return "[…]" if isinstance(node, SequenceNode) else "{…}"

"""Which version can be upgraded to which: data, as the vendor publishes it.

4.x: oceanbase/oceanbase, tools/upgrade/oceanbase_upgrade_dep.yml at 4c4a07a8. 2.x and 3.x: an excerpt, and the
versions at which the binary must be replaced, from the OCP manual (V4.2.2, O&M best practices, "Upgrade an OB
cluster") and en.oceanbase.com/docs/enterprise-oceanbase-database-en-10000000000848535.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict


class BinaryRule(TypedDict):
    """The binary must be replaced here (value), but only when coming from, or going to, one of these versions."""

    value: bool
    when_come_from: NotRequired[list[str]]
    when_upgraded_to: NotRequired[list[str]]


class Entry(TypedDict):
    """One version, `A.B.C.D` or `A.B.C.D-build`, and what the vendor says of it."""

    version: str
    to: list[str]
    direct_to: NotRequired[list[str]]
    deprecated: NotRequired[bool]
    require_from_binary: NotRequired[bool | BinaryRule]


ENTRIES_4X: tuple[Entry, ...] = (
    {"version": "4.0.0.0", "to": ["4.1.0.0"]},
    {"version": "4.1.0.0-100000192023032010", "to": ["4.1.0.0"], "deprecated": True},
    {"version": "4.1.0.0", "to": ["4.1.0.1"]},
    {"version": "4.1.0.1", "to": ["4.1.0.2"]},
    {
        "version": "4.1.0.2",
        "to": ["4.2.0.0"],
        "require_from_binary": {"value": True, "when_come_from": ["4.0.0.0", "4.1.0.0-100000192023032010"]},
    },
    {"version": "4.2.0.0-100000152023080109", "to": ["4.2.0.0"], "deprecated": True},
    {"version": "4.2.0.0-100010022023081817", "to": ["4.2.0.0"], "deprecated": True},
    {"version": "4.2.0.0", "to": ["4.2.1.0"]},
    {"version": "4.2.1.0", "to": ["4.2.1.1"]},
    {
        "version": "4.2.1.1",
        "to": ["4.2.1.2"],
        "require_from_binary": {"value": True, "when_come_from": ["4.1.0.0", "4.1.0.1", "4.1.0.2", "4.2.0.0"]},
    },
    {"version": "4.3.0.0", "to": ["4.3.0.1"]},
    {"version": "4.3.0.1", "to": ["4.3.1.0"]},
    {"version": "4.3.1.0", "to": ["4.3.2.0"]},
    {"version": "4.3.2.0", "to": ["4.3.3.0"]},
    {"version": "4.3.3.0", "to": []},
)

ENTRIES_2X_3X: tuple[Entry, ...] = (
    {"version": "2.2.70", "to": ["2.2.71"]},
    {"version": "2.2.71", "to": ["2.2.72"]},
    {"version": "2.2.72", "to": ["2.2.73"]},
    {"version": "2.2.73", "to": ["2.2.74"]},
    {"version": "2.2.74", "to": ["2.2.75"]},
    {"version": "2.2.75", "to": ["2.2.76"]},
    {"version": "2.2.76", "to": ["2.2.77"]},
    {"version": "2.2.77", "to": ["2.2.78"], "direct_to": ["3.1.2"]},
    {"version": "3.1.0", "to": ["3.1.1"]},
    {"version": "3.1.1", "to": ["3.1.2"]},
    {"version": "3.1.2", "to": ["3.1.3"]},
)

BINARY_BARRIERS: tuple[str, ...] = ("1.4.79", "2.1.31", "2.2.1", "2.2.50", "2.2.77", "3.1.2")

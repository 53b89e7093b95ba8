"""Single fields: times, versions, text; and that nothing but Malformed ever comes of a body."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ocp.conftest import document
from upgrades.ocp import envelope, fields, parse, parse_checks, parse_tasks
from upgrades.ocp.fields import Malformed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021-08-25T15:09:31+08:00", datetime(2021, 8, 25, 7, 9, 31, tzinfo=UTC)),
        ("2021-08-25T15:09:31.7+08:00", datetime(2021, 8, 25, 7, 9, 31, 700000, UTC)),
        ("2021-08-25T15:09:31.012345678+0800", datetime(2021, 8, 25, 7, 9, 31, 12345, UTC)),
        ("2021-09-02T08:39:29.295684Z", datetime(2021, 9, 2, 8, 39, 29, 295684, UTC)),
        ("2021-08-25 02:09:31-05:30", datetime(2021, 8, 25, 7, 39, 31, tzinfo=UTC)),
        ("1970-01-01T08:00:00+08:00", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
def test_every_documented_form_of_a_time_is_read_as_utc(text, expected):
    assert fields.parse_time(text) == expected
    assert fields.parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2021-08-25",
        "2021-08-25T15:09:31",
        "2021-08-25T15:09:31.1234567890Z",
        "2021-08-25T15:09:31.Z",
        "2021-13-25T15:09:31Z",
        "2021-02-30T15:09:31Z",
        "2021-08-25T24:09:31Z",
        "2021-08-25T15:09:31+99:00",
        "0001-01-01T00:00:00+08:00",
        "9999-12-31T23:59:59-08:00",
        "0000-01-01T00:00:00Z",
        "2021-08-25T15:09:31Z\x00",
        "1629875371000",
    ],
)
def test_other_times_are_refused(text):
    with pytest.raises(Malformed):
        fields.parse_time(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.2.73", ("2.2.73", "")),
        ("2.2.73-20201211175814", ("2.2.73", "20201211175814")),
        ("2.2.73_20201117154111-b6aae37ffa2e(Nov 17 2020 16:09:04)", ("2.2.73", "20201117154111")),
        ("4.2.1.1_101000062023110109-2eb3(Nov  1 2023 14:00:00)", ("4.2.1.1", "101000062023110109")),
        ("3.1.0-1c10f0b3", ("3.1.0", "")),
        ("OceanBase 4.2", ("OceanBase 4.2", "")),
        ("", ("", "")),
    ],
)
def test_version_and_build_are_told_apart(text, expected):
    assert fields.split_version(text) == expected


@pytest.mark.parametrize(
    ("read", "value", "expected"),
    [
        (fields.size, 0, 0),
        (fields.size, "12", 12),
        (fields.size, 2**63 - 1, 2**63 - 1),
        (fields.ident, 0, 0),
        (fields.link, 0, 0),
        (fields.link, -1, None),
        (fields.link, None, None),
        (fields.number, -(2**31 - 1), -(2**31 - 1)),
        (fields.links, [0, 1], (0, 1)),
        (fields.links, None, ()),
        (fields.words, ["a", "b"], ("a", "b")),
    ],
)
def test_numbers_and_lists_are_read_up_to_their_edges(read, value, expected):
    assert read({"x": value}, "x") == expected


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (fields.size, -1),
        (fields.size, 2**63),
        (fields.ident, -1),
        (fields.ident, None),
        (fields.number, True),
        (fields.number, 2**31),
        (fields.links, [1, None]),
        (fields.words, ["a", None]),
        (fields.words, "ab"),
        (fields.words, ["a"] * (fields.LIST_CAP + 1)),
    ],
)
def test_numbers_and_lists_past_their_edges_are_refused(read, value):
    with pytest.raises(Malformed):
        read({"x": value}, "x")


def test_depth_is_capped_and_what_ocp_sends_is_far_below():
    envelope.load(b'{"a":' * 30 + b"1" + b"}" * 30)
    with pytest.raises(Malformed, match="deep"):
        envelope.load(b'{"a":' * 33 + b"1" + b"}" * 33)


def test_number_of_parts_is_capped():
    envelope.load(b"[" + b"[]," * 400_000 + b"[]]")
    with pytest.raises(Malformed, match="parts"):
        envelope.load(b"[" + b"[]," * 600_000 + b"[]]")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
KEYS = st.sampled_from(sorted({*document("task-detail")["data"], *document("cluster-upgrade")["data"], "clusterId"}))
READERS = [
    parse_tasks.task,
    parse_tasks.subtask,
    parse_checks.alarm,
    parse_checks.backup_overview,
    parse_checks.data_backup_task,
    parse_checks.audit_record,
    parse.cluster,
    parse.zone,
    parse.server,
    parse.parameter,
    parse.package,
    parse.page,
]


@settings(max_examples=150)
@given(data=st.dictionaries(KEYS | st.text(max_size=8), JSON, max_size=8), read=st.sampled_from(READERS))
def test_whatever_comes_is_read_or_refused_and_nothing_else(data, read):
    try:
        read({"id": 1, **data})
    except Malformed:
        return

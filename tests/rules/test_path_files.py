"""An uploaded path file: read as meant or refused, with its place."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrades.rules import Reason, path_files
from upgrades.rules.path_changes import changes
from upgrades.rules.path_graph import BINARY_BARRIERS, ENTRIES_4X
from upgrades.rules.routes import Path, find_path
from upgrades.rules.stops import graph_of, known_graph

WHOLE = """\
# OceanBase 4.x
- version: 4.0.0.0
  can_be_upgraded_to:
      - 4.1.0.0
- version: 4.1.0.0-100000192023032010   # beta
  can_be_upgraded_to:
    - 4.1.0.0
  deprecated: True
- version: 4.1.0.0
  can_be_upgraded_to: [4.1.0.2]
- version: 4.1.0.2
  can_be_upgraded_to:
  require_from_binary:
    value: True
    when_come_from: [4.0.0.0, 4.1.0.0-100000192023032010]
- version: 2.2.77
  can_be_upgraded_to: []
  can_be_direct_upgraded_to: [3.1.2]
"""


def test_a_whole_file_is_read_as_it_was_meant():
    entries = path_files.parse(WHOLE)
    assert not isinstance(entries, Reason)
    assert [entry["version"] for entry in entries][-1] == "2.2.77"
    assert entries[1] == {"version": "4.1.0.0-100000192023032010", "to": ["4.1.0.0"], "deprecated": True}
    rule = {"value": True, "when_come_from": ["4.0.0.0", "4.1.0.0-100000192023032010"]}
    assert entries[3] == {"version": "4.1.0.2", "to": [], "require_from_binary": rule}
    graph = path_files.graph_of_file(WHOLE)
    found = find_path(graph, ("4.0.0.0", "1"), ("4.1.0.2", "9"))
    assert isinstance(found, Path)
    assert [step.version for step in found.steps] == ["4.1.0.0", "4.1.0.2"]
    assert graph.stops["3.1.2"].is_barrier


def test_both_spellings_of_a_version_are_one():
    entries = path_files.parse("- version: 3.1.2\n- version: 3.1.1\n  can_be_upgraded_to: [3.1.2.0]\n")
    assert entries[1]["to"] == ["3.1.2"]
    twice = path_files.parse("- version: 3.1.2\n- version: 3.1.2.0\n")
    assert twice == Reason("path_file.version_twice", {"line": 2, "column": 3, "version": "3.1.2.0", "first": 1})


def hops(text, source, target):
    """The versions at which the binary is replaced on the way."""
    found = find_path(path_files.graph_of_file(text), source, target)
    assert isinstance(found, Path)
    return [step.version for step in found.binary_hops]


SPELLED = """\
- version: 4.1.0.0
  can_be_upgraded_to: [4.1.0.1]
- version: 4.1.0.1
  can_be_upgraded_to: [4.2.0.0]
  require_from_binary: {value: True, CONDITION}
- version: 4.2.0.0
"""


@pytest.mark.parametrize(
    "condition",
    [
        "when_come_from: [4.1.0.0]",
        "when_come_from: [4.1.0]",
        "when_upgraded_to: [4.2.0.0]",
        "when_upgraded_to: [4.2.0]",
    ],
)
def test_a_condition_holds_however_its_versions_are_spelled(condition):
    text = SPELLED.replace("CONDITION", condition)
    assert hops(text, ("4.1.0.0", "1"), ("4.2.0.0", "9")) == ["4.1.0.1", "4.2.0.0"]
    shorter = text.replace("version: 4.1.0.0", "version: 4.1.0").replace("[4.1.0]", "[4.1.0.0]")
    assert hops(shorter, ("4.1.0", "1"), ("4.2.0.0", "9")) == ["4.1.0.1", "4.2.0.0"]


@pytest.mark.parametrize("condition", ["when_come_from: [4.0.0.0]", "when_upgraded_to: [4.3.0.0]"])
def test_a_condition_that_does_not_hold_asks_for_no_stop(condition):
    text = SPELLED.replace("CONDITION", condition)
    assert hops(text, ("4.1.0.0", "1"), ("4.2.0.0", "9")) == ["4.2.0.0"]


def test_a_direct_way_is_spelled_as_its_target_is():
    entries = path_files.parse("- version: 3.1.2\n- version: 2.2.77\n  can_be_direct_upgraded_to: [3.1.2.0]\n")
    assert entries[1] == {"version": "2.2.77", "to": [], "direct_to": ["3.1.2"]}


@pytest.mark.parametrize("named", ["3.1.2", "3.1.2.0"])
@pytest.mark.parametrize("own_entry", ["", "- version: NAMED\n  can_be_upgraded_to: [3.1.3]\n"])
def test_the_barriers_of_the_manual_hold_however_a_file_spells_them(named, own_entry):
    text = "- version: 3.1.1\n  can_be_upgraded_to: [NAMED]\n" + own_entry
    graph = path_files.graph_of_file(text.replace("NAMED", named))
    assert graph.stops[named].is_barrier


def test_one_version_is_one_stop_and_no_change_however_it_is_spelled():
    text = "- version: 3.1.1\n  can_be_upgraded_to: [3.1.2]\n- version: 3.1.0\n  can_be_upgraded_to: [3.1.2.0]\n"
    graph = path_files.graph_of_file(text)
    assert set(graph.stops) == {"3.1.0", "3.1.1", "3.1.2"}
    longer = text.replace("3.1.2.0", "3.1.2").replace("3.1.2", "3.1.2.0").replace("3.1.1\n", "3.1.1.0\n")
    assert changes(graph, path_files.graph_of_file(longer)).count == 0


def entry(**lines):
    return "- version: 4.2.1.8\n" + "".join(f"  {name}: {value}\n" for name, value in lines.items())


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("", "path_file.empty", None),
        ("# nothing\n", "path_file.empty", None),
        ("[]", "path_file.empty", None),
        ("version: 4.2.1.8\n", "path_file.wrong_shape", (1, 1)),
        ("4.2.1.8", "path_file.wrong_shape", (1, 1)),
        ("- 4.2.1.8\n", "path_file.wrong_shape", (1, 3)),
        ("- can_be_upgraded_to: []\n", "path_file.version_missing", (1, 3)),
        ("- version: latest\n", "path_file.wrong_shape", (1, 12)),
        ("- version: 4.2\n", "path_file.wrong_shape", (1, 12)),
        ("- version: 4.2.1.8-\n", "path_file.wrong_shape", (1, 12)),
        ("- version: 4.2.1.8-el7\n", "path_file.wrong_shape", (1, 12)),
        ("- version: [4.2.1.8]\n", "path_file.wrong_shape", (1, 12)),
        (entry() + entry(), "path_file.version_twice", (2, 3)),
        (entry(can_be_upgraded_to="4.2.1.9"), "path_file.wrong_shape", (2, 23)),
        (entry(can_be_upgraded_to="[4.2.1.9, next]"), "path_file.wrong_shape", (2, 33)),
        (entry(can_be_upgraded_to="[[4.2.1.9]]"), "path_file.wrong_shape", (2, 24)),
        (entry(deprecated="maybe"), "path_file.wrong_shape", (2, 15)),
        (entry(deprecated="1"), "path_file.wrong_shape", (2, 15)),
        (entry(require_from_binary="often"), "path_file.wrong_shape", (2, 24)),
        (entry(require_from_binary="{when_come_from: [4.2.1.0]}"), "path_file.wrong_shape", (2, 24)),
        (entry(require_from_binary="{value: 3}"), "path_file.wrong_shape", (2, 32)),
        (entry(require_from_binary="{value: True, if: 3}"), "path_file.key_unknown", (2, 38)),
        (
            entry(require_from_binary="{value: True, when_come_from: [], when_upgraded_to: []}"),
            "path_file.two_conditions",
            (2, 24),
        ),
        (entry(can_be_upgrade_to="[]"), "path_file.key_unknown", (2, 3)),
        (entry() + "  version: 4.2.1.9\n", "path_file.key_twice", (2, 3)),
        ("- &a version: 4.2.1.8\n", "path_file.not_plain", (1, 3)),
        ("- version: &a 4.2.1.8\n- *a\n", "path_file.not_plain", (1, 12)),
        ("- !!python/object/apply:os.system ['true']\n", "path_file.not_plain", (1, 3)),
        ("- version: !!str 4.2.1.8\n", "path_file.not_plain", (1, 12)),
        ("- {version: 4.2.1.8\n", "path_file.not_yaml", (2, 1)),
        ("- version: 4.2.1.8\n\tdeprecated: True\n", "path_file.not_yaml", (2, 1)),
        ("- version: 'a\n", "path_file.not_yaml", (2, 1)),
        ("- version: 4.2.1.8\n--- \n- version: 4.2.1.9\n", "path_file.not_yaml", (2, 1)),
        ("- version: \x00\n", "path_file.not_yaml", (1, 12)),
        ("- version: 4.2.1.8\n  \x07\n", "path_file.not_yaml", (2, 3)),
        ("[" * 5000, "path_file.too_deep", (1, 9)),
        ("- " * 5000, "path_file.too_deep", (1, 17)),
        ("#" * (path_files.MOST_BYTES + 1), "path_file.too_large", None),
        ("#" + "版" * (path_files.MOST_BYTES // 3 + 1), "path_file.too_large", None),
        ("".join(f"- version: 4.2.1.{n}\n" for n in range(2001)), "path_file.too_many", (2001, 3)),
        (entry(can_be_upgraded_to=[f"4.3.0.{n}" for n in range(201)]).replace("'", ""), "path_file.too_many", None),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text, code, place):
    began = time.monotonic()
    reason = path_files.parse(text)
    assert time.monotonic() - began < 5
    assert isinstance(reason, Reason)
    assert reason.code == code
    if place is not None:
        assert (reason.params["line"], reason.params["column"]) == place


def test_what_was_expected_and_found_is_told():
    reason = path_files.parse(entry(deprecated="maybe"))
    assert (reason.params["expected"], reason.params["found"]) == ("flag", "maybe")
    reason = path_files.parse("- version: " + "9" * 500)
    assert reason.params["found"] == "9" * 60


@pytest.mark.parametrize(
    ("text", "expected", "found"),
    [
        ("- 4.2.1.8\n", "entry", "4.2.1.8"),
        (entry(require_from_binary="[]"), "binary_rule", "[…]"),
        (entry(require_from_binary="{when_come_from: []}"), "binary_rule", "{…}"),
        (entry(require_from_binary="{value: {}}"), "flag", "{…}"),
        (entry(can_be_upgraded_to="{}"), "versions", "{…}"),
        (entry(can_be_upgraded_to="[[]]"), "version", "[…]"),
    ],
)
def test_what_stands_there_is_named_by_its_shape(text, expected, found):
    reason = path_files.parse(text)
    assert (reason.params["expected"], reason.params["found"]) == (expected, found)


def test_a_key_that_is_no_text_is_named_by_its_shape_and_the_known_ones_are_told():
    reason = path_files.parse("- {[a]: b}\n")
    assert (reason.code, reason.params["key"]) == ("path_file.key_unknown", "[…]")
    assert reason.params["known"].startswith("version, can_be_upgraded_to, ")


def test_what_is_not_yaml_is_told_in_the_readers_words_cut_short():
    reason = path_files.parse("- {version: 4.2.1.8\n")
    assert reason.params["problem"].startswith("expected ',' or '}'")
    # The longest that the reader says of what it met.
    reason = path_files.parse("- %" + "a" * 500)
    assert 0 < len(reason.params["problem"]) <= 200


def test_limits_are_the_last_that_is_taken_and_are_told():
    fitting = "#" * (path_files.MOST_BYTES - len(entry())) + "\n" + entry()[:-1]
    assert path_files.parse(fitting)[0]["version"] == "4.2.1.8"
    assert path_files.parse("#" + fitting).params == {"limit": 128}
    targets = [f"4.3.0.{n}" for n in range(201)]
    assert len(path_files.parse(entry(can_be_upgraded_to=f"[{', '.join(targets[:200])}]"))[0]["to"]) == 200
    assert path_files.parse(entry(can_be_upgraded_to=f"[{', '.join(targets)}]")).params["limit"] == 200


def test_a_file_that_is_wrong_has_no_graph():
    assert path_files.graph_of_file("[]").code == path_files.parse("[]").code


@given(st.text(max_size=200) | st.text("[]{}-:&*! \n\"'|>%@`#,?4.version", max_size=200))
def test_no_text_breaks_the_reader(text):
    assert isinstance(path_files.parse(text), Reason | tuple)


def test_the_largest_file_is_read_in_time():
    text = "".join(f"- version: 4.{n}.0.0\n  can_be_upgraded_to: [4.{n + 1}.0.0]\n" for n in range(2000))
    began = time.monotonic()
    graph = path_files.graph_of_file(text)
    assert not isinstance(graph, Reason)
    found = find_path(graph, ("4.4.0.0", "1"), ("4.2000.0.0", "1"))
    assert len(found.steps) == 1996
    assert time.monotonic() - began < 10


def test_changes_between_two_graphs():
    published = graph_of(ENTRIES_4X, BINARY_BARRIERS)
    assert changes(published, published).count == 0
    mended = [dict(row) for row in ENTRIES_4X]
    mended[-1] = {"version": "4.3.3.0", "to": ["4.3.4.0"], "deprecated": True}
    found = changes(published, graph_of(mended, BINARY_BARRIERS))
    assert (found.stops_added, found.stops_gone) == (("4.3.4.0",), ())
    assert (found.edges_added, found.edges_gone) == ((("4.3.3.0", "4.3.4.0"),), ())
    assert found.ruled == ("4.3.3.0",)
    assert "2.2.77" in changes(known_graph(), published).stops_gone

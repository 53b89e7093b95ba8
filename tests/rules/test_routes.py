"""Versions in order, and the shortest way from one to another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upgrades.rules import Reason, stops
from upgrades.rules.routes import Step, find_path
from upgrades.rules.stops import graph_of, known_graph
from upgrades.rules.versions import PackageName, full, line, parse_file_name, version_key

B = "101000062023110109"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "oceanbase-2.2.76-20210219154519.el7.x86_64.rpm",
            ("oceanbase", "2.2.76", "20210219154519", "el7", "x86_64"),
        ),
        (
            "oceanbase-ce-4.2.1.1-101000062023110109.el7.x86_64.rpm",
            ("oceanbase-ce", "4.2.1.1", "101000062023110109", "el7", "x86_64"),
        ),
        (
            "t-oceanbase-ocp-agent-2.4.0-1884049.alios7.aarch64.rpm",
            ("t-oceanbase-ocp-agent", "2.4.0", "1884049", "alios7", "aarch64"),
        ),
    ],
)
def test_file_name_is_read_from_the_right(text, parts):
    assert parse_file_name(text) == PackageName(*parts)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "oceanbase.rpm",
        "oceanbase-2.2-20210219154519.el7.x86_64.rpm",
        "oceanbase-2.2.76-20210219154519.el7.x84_64.rpm",
        "oceanbase-2.2.76.el7.x86_64.rpm",
        "oceanbase-2.2.76-2021.el7.x86_64.rpm\n",
        "oceanbase-2.2.٧-2021.el7.x86_64.rpm",
        "../oceanbase-2.2.76-2021.el7.x86_64.rpm",
        "Oceanbase-2.2.76-2021.el7.x86_64.rpm",
        "o" * 300 + "-2.2.76-2021.el7.x86_64.rpm",
    ],
)
def test_other_file_names_are_refused(text):
    with pytest.raises(ValueError, match="Not the file name"):
        parse_file_name(text)


def test_versions_are_ordered_by_number_not_by_text():
    assert version_key("4.2.1.10") > version_key("4.2.1.9")
    assert version_key("10.0.0") > version_key("9.9.9")
    assert version_key("4.2.1.1", "9") < version_key("4.2.1.1", "10")
    assert version_key("3.1.2")[:4] == version_key("3.1.2.0")[:4]
    assert version_key("4.2.1.1") < version_key("4.2.1.1", "0")


@pytest.mark.parametrize("broken", [("", ""), ("4.2", ""), ("4.2.1.1.1", ""), ("v4.2.1", ""), ("4.2.1", "el7")])
def test_unreadable_versions_are_refused(broken):
    with pytest.raises(ValueError, match=r"version|build"):
        version_key(*broken)


def test_line_and_full_name_of_a_version():
    assert line("4.2.1.8") == (4, 2, 1)
    assert full("4.2.1.8", "7") == "4.2.1.8-7"
    assert full("4.2.1.8") == "4.2.1.8"


def way(source, target, graph=None):
    found = find_path(graph or known_graph(), source, target)
    if isinstance(found, Reason):
        return found.code
    marks = {(True, False): "*", (True, True): "*?", (False, False): "", (False, True): "?"}
    return [full(step.version, step.build) + marks[step.is_binary, step.is_beyond_graph] for step in found.steps]


def test_documented_upgrade_from_2_2_73_passes_2_2_74_and_replaces_the_binary_once():
    assert way(("2.2.73", "20201211175814"), ("2.2.75", "20210108170301")) == ["2.2.74", "2.2.75-20210108170301*"]


def test_upgrade_from_4_0_to_4_2_1_8_stops_at_each_barrier():
    assert way(("4.0.0.0", "100"), ("4.2.1.8", B)) == [
        "4.1.0.0",
        "4.1.0.1",
        "4.1.0.2*",
        "4.2.0.0",
        "4.2.1.0",
        "4.2.1.1*",
        "4.2.1.2",
        f"4.2.1.8-{B}*?",
    ]


def test_barrier_counts_only_when_coming_from_the_named_versions():
    assert "4.1.0.2" in way(("4.1.0.1", "100"), ("4.2.0.0", B))
    assert "4.2.1.1" in way(("4.2.1.0", "100"), ("4.2.1.2", B))
    assert "4.2.1.1*" in way(("4.2.0.0", "200010022023081817"), ("4.2.1.2", B))


def test_barrier_of_the_older_versions_counts_always():
    assert way(("2.2.76", "1"), ("3.1.3", B)) == ["2.2.77*", "3.1.2*", f"3.1.3-{B}*"]


def test_step_within_the_line_beyond_the_graph_is_allowed_and_marked():
    assert way(("4.2.1.2", "1"), ("4.2.1.8", B)) == [f"4.2.1.8-{B}*?"]
    assert way(("4.2.1.5", "1"), ("4.2.1.8", B)) == [f"4.2.1.8-{B}*?"]
    assert way(("3.2.4.1", "1"), ("3.2.4.5", B)) == [f"3.2.4.5-{B}*?"]


def test_step_beyond_the_graph_never_jumps_over_a_known_version():
    assert way(("4.2.1.0", "1"), ("4.2.1.8", B)) == ["4.2.1.1", "4.2.1.2", f"4.2.1.8-{B}*?"]


def test_unknown_version_between_known_ones_joins_the_graph_at_the_next_one():
    graph = graph_of([{"version": "4.5.0.3", "to": ["4.5.1.0"]}])
    assert way(("4.5.0.1", "1"), ("4.5.1.0", B), graph) == ["4.5.0.3?", f"4.5.1.0-{B}*"]
    assert way(("4.5.0.1", "1"), ("4.5.0.2", B), graph) == [f"4.5.0.2-{B}*?"]
    assert way(("4.5.0.3", "1"), ("4.5.0.7", B), graph) == [f"4.5.0.7-{B}*?"]


def test_two_known_versions_that_no_way_joins_are_not_joined_by_being_neighbours():
    graph = graph_of([{"version": "4.5.0.3", "to": []}, {"version": "4.5.0.4", "to": ["4.5.1.0"]}])
    assert way(("4.5.0.3", "1"), ("4.5.0.4", B), graph) == "path.none"


def test_unknown_version_joins_the_graph_at_the_next_one_and_not_later():
    graph = graph_of([{"version": "4.5.0.3", "to": ["4.5.0.4"]}, {"version": "4.5.0.4", "to": ["4.5.1.0"]}])
    assert way(("4.5.0.1", "1"), ("4.5.1.0", B), graph) == ["4.5.0.3?", "4.5.0.4", f"4.5.1.0-{B}*"]


def test_a_way_knows_whether_a_step_of_it_is_not_in_the_graph():
    assert find_path(known_graph(), ("4.2.1.2", "1"), ("4.2.1.8", B)).is_beyond_graph is True
    assert find_path(known_graph(), ("4.2.1.1", "1"), ("4.2.1.2", B)).is_beyond_graph is False


@pytest.mark.parametrize(("source", "target"), [(("4.2.1.1", ""), ("4.2.1.1", B)), (("4.2.0.0", B), ("4.2.1.1", ""))])
def test_the_version_whose_build_is_missing_is_named(source, target):
    found = find_path(known_graph(), source, target)
    assert (found.code, found.params["version"]) == ("path.build_unknown", "4.2.1.1")


def test_other_line_beyond_the_graph_is_refused():
    assert way(("4.2.1.8", "1"), ("4.2.5.1", B)) == "path.none"
    assert way(("4.2.0.5", "1"), ("4.2.1.1", B)) == "path.none"


def test_same_version_with_a_newer_build_is_one_hop():
    assert way(("4.2.1.1", "101000062023110108"), ("4.2.1.1", B)) == [f"4.2.1.1-{B}*"]


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        (("4.2.1.1", B), ("4.2.1.1", B), "path.already_there"),
        (("4.2.1.1", B), ("4.2.1.1", "1"), "path.not_upward"),
        (("4.2.1.10", "1"), ("4.2.1.9", "2"), "path.not_upward"),
        (("3.1.2", "1"), ("4.0.0.0", "2"), "path.wall"),
        (("2.2.77", "1"), ("4.2.1.1", "2"), "path.wall"),
        (("4.2.1.8", "1"), ("4.3.0.0", "2"), "path.wall"),
        (("4.0.0.0", "1"), ("4.3.3.0", "2"), "path.wall"),
        (("4.1.0.2", "1"), ("4.2.0.0", "100010022023081817"), "path.target_deprecated"),
        (("4.2.1.1", ""), ("4.2.1.1", B), "path.build_unknown"),
        (("4.1.0.0", ""), ("4.2.1.1", B), "path.build_unknown"),
        (("4.2.1.0", "1"), ("4.2.1.1", ""), "path.build_unknown"),
        (("4.2", "1"), ("4.2.1.1", B), "version.unreadable"),
        (("4.2.1.1", "x"), ("4.2.1.1", B), "version.unreadable"),
    ],
)
def test_why_there_is_no_way(source, target, code):
    assert way(source, target) == code


def test_unknown_build_of_the_source_does_no_harm_where_the_way_does_not_depend_on_it():
    assert way(("4.2.1.0", ""), ("4.2.1.2", B)) == ["4.2.1.1", f"4.2.1.2-{B}*"]


def test_deprecated_build_may_be_the_start_and_only_that_build_is_meant():
    assert way(("4.1.0.0", "100000192023032010"), ("4.1.0.2", B))[0] == "4.1.0.0"
    assert way(("4.1.0.0", "100000202023040520"), ("4.1.0.2", B))[0] == "4.1.0.1"


def test_deprecated_build_may_be_passed():
    graph = graph_of(
        [{"version": "4.5.0.0", "to": ["4.5.1.0-5"]}, {"version": "4.5.1.0-5", "to": ["4.5.2.0"], "deprecated": True}]
    )
    assert way(("4.5.0.0", "1"), ("4.5.2.0", B), graph) == ["4.5.1.0-5", f"4.5.2.0-{B}*"]


def test_stop_with_a_build_is_preferred_to_the_one_without():
    graph = graph_of(
        [
            {"version": "2.2.74", "to": ["2.2.75", "2.2.75-20210108170301"]},
            {"version": "2.2.75-20210108170301", "to": ["2.2.76"]},
            {"version": "2.2.75", "to": ["2.2.76"]},
        ]
    )
    assert way(("2.2.74", "1"), ("2.2.76", B), graph) == ["2.2.75-20210108170301", f"2.2.76-{B}*"]
    assert way(("2.2.74", "1"), ("2.2.75", "20210108170300"), graph) == ["2.2.75-20210108170300*"]


def test_shortest_way_is_taken():
    graph = graph_of(
        [
            {"version": "3.0.0", "to": ["3.0.1"], "direct_to": ["3.0.3"]},
            {"version": "3.0.1", "to": ["3.0.2"]},
            {"version": "3.0.2", "to": ["3.0.3"]},
            {"version": "3.0.3", "to": []},
        ]
    )
    assert way(("3.0.0", "1"), ("3.0.3", "2"), graph) == ["3.0.3-2*"]


def test_way_that_goes_down_first_is_no_way():
    graph = graph_of([{"version": "3.0.2", "to": ["3.0.1"]}, {"version": "3.0.1", "to": ["3.0.4"]}])
    assert way(("3.0.2", "1"), ("3.0.4", "2"), graph) == "path.none"


def test_way_that_passes_the_target_and_comes_back_is_no_way():
    graph = graph_of([{"version": "3.0.2", "to": ["3.0.5"]}, {"version": "3.0.5", "to": ["3.0.4"]}])
    assert way(("3.0.2", "1"), ("3.0.4", "2"), graph) == "path.none"


def test_way_through_a_wall_by_a_detour_is_no_way():
    graph = graph_of([{"version": "4.2.5.0", "to": ["4.3.0.0"]}, {"version": "4.3.0.0", "to": ["4.4.0.0"]}])
    assert way(("4.2.5.0", "1"), ("4.4.0.0", "2"), graph) == "path.none"


def test_graph_with_an_unreadable_version_is_refused():
    with pytest.raises(ValueError, match="version"):
        graph_of([{"version": "4.2.1.0", "to": ["latest"]}])


POOL = ["3.0.0", "3.0.1", "3.2.0", "4.0.0.0", "4.2.0.0", "4.2.0.1", "4.2.1.0", "4.3.0.0", "4.3.0.1", "4.4.0.0"]
versions = st.sampled_from(POOL)
builds = st.integers(1, 3).map(str)
keys = st.one_of(versions, versions, st.builds("{}-{}".format, versions, builds))
entries = st.lists(
    st.fixed_dictionaries(
        {"version": keys, "to": st.lists(keys, min_size=1, max_size=4)},
        optional={"deprecated": st.booleans(), "require_from_binary": st.booleans()},
    ),
    min_size=8,
    max_size=25,
)


@given(entries, st.tuples(versions, builds), st.tuples(versions, builds))
def test_paths_lead_upward_only_and_through_no_wall(data, source, target):
    found = find_path(graph_of(data), source, target)
    if isinstance(found, Reason):
        return
    assert found.steps[-1].version == target[0]
    assert found.steps[-1].build == target[1]
    assert found.steps[-1].is_binary
    here = source
    for step in found.steps:
        assert version_key(here[0])[:4] <= version_key(step.version)[:4]
        assert not (version_key(here[0])[0] < 4 <= version_key(step.version)[0])
        assert not (version_key(here[0]) < (4, 3) <= version_key(step.version) < (4, 4))
        here = (step.version, step.build)
    assert version_key(*source) < version_key(*target)
    assert len({(step.version, step.build) for step in found.steps}) == len(found.steps)


def test_known_graph_is_built_once():
    assert stops.known_graph() is known_graph()
    assert isinstance(find_path(known_graph(), ("4.2.1.0", "1"), ("4.2.1.1", "2")).steps[0], Step)

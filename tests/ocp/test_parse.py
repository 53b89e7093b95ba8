"""Answers into types: every documented shape is read, what cannot be right is refused."""

import pytest

from tests.ocp.conftest import document
from upgrades.ocp import parse, parse_checks, parse_tasks
from upgrades.ocp.fields import Malformed
from upgrades.ocp.types import BackupOverview, Parameter, TaskInstance

TASKS = {
    "cluster-upgrade": (108368, 22, 100, "admin", "", 5),
    "cluster-restart": (107351, 21, 100, "admin", "", 19),
    "zone-restart-newer-shape": (89026581, 12000001, None, "admin", "EXECUTE", 15),
    "server-restart-newer-shape": (89027028, 12000001, None, "admin", "EXECUTE", 11),
    "switchover-task-2022-shape": (172383, 8, None, "admin", "EXECUTE", 7),
    "task-detail": (35000312, None, 100, "admin", "EXECUTE", 4),
    "task-retry": (35000312, None, 100, "admin", "EXECUTE", 4),
    "task-rollback": (35000312, None, 100, "admin", "EXECUTE", 4),
    "obproxy-upgrade": (33149, None, None, "admin", "EXECUTE", 8),
}


@pytest.mark.parametrize("name", TASKS)
def test_every_documented_shape_of_a_task_is_read(name):
    data = document(name)["data"]
    task = parse_tasks.task(data)
    found = (task.id, task.cluster_id, task.creator_id, task.creator_name, task.operation, len(task.subtasks))
    assert found == TASKS[name]
    steps = {step.id for step in task.subtasks}
    assert all(steps >= {*step.upstreams, *step.downstreams} for step in task.subtasks)
    assert sum(len(step.upstreams) for step in task.subtasks) >= len(steps) - 1


def test_parts_of_the_newer_shapes_are_kept():
    [step] = [
        step for step in parse_tasks.task(document("zone-restart-newer-shape")["data"]).subtasks if step.id == 89029965
    ]
    assert (step.parallel_idx, step.series_id, step.run_time, step.timeout) == (0, 10, 1, 300)
    assert (step.node_type, step.prohibit_rollback, step.start_time, step.executor) == ("JAVA_TASK", False, None, "")


def test_uploaded_package_is_read_without_what_its_answer_lacks():
    package = parse.package(document("software-package-upload")["data"])
    assert (package.id, package.operating_system, package.create_time) == (26, "alios7", None)


def test_task_with_an_id_alone_is_a_task():
    task = parse_tasks.task({"id": 7})
    assert task == TaskInstance(7, "", "", "", "", None, "", None, "", None, None, None, None, None, ())


def test_null_is_as_good_as_absent():
    assert parse_tasks.task(
        {"id": 7, "cluster": None, "creator": None, "subtasks": None, "startTime": None}
    ) == parse_tasks.task({"id": 7})


def test_unknown_words_are_kept():
    task = parse_tasks.task({"id": "7", "status": "HIBERNATING", "operation": 3, "type": "升级", "context": 5})
    assert (task.id, task.status, task.operation, task.type) == (7, "HIBERNATING", "3", "升级")


def test_numbers_may_be_digits_and_flags_words():
    step = parse_tasks.subtask({"id": "1", "upstreams": ["2", 3], "timeout": "60", "prohibitRollback": "true"})
    assert (step.upstreams, step.timeout, step.prohibit_rollback) == ((2, 3), 60, True)


def test_cluster_id_may_be_flat_and_none_may_be_minus_one():
    assert parse_tasks.task({"id": 1, "clusterId": "22"}).cluster_id == 22
    assert parse_tasks.task({"id": 1, "clusterId": -1}).cluster_id is None


BAD_TASKS = {
    "no id": {},
    "id null": {"id": None},
    "id true": {"id": True},
    "id a fraction": {"id": 1.5},
    "id a float": {"id": 1.0},
    "id empty": {"id": ""},
    "id a word": {"id": "1x"},
    "id in other digits": {"id": "１"},
    "id negative": {"id": -1},
    "id too large": {"id": 2**63},
    "id an object": {"id": {}},
    "name too long": {"id": 1, "name": "x" * 501},
    "name a list": {"id": 1, "name": ["x"]},
    "status a flag": {"id": 1, "status": True},
    "status an object": {"id": 1, "status": {}},
    "start without an offset": {"id": 1, "startTime": "2021-08-25T15:09:31"},
    "start a word": {"id": 1, "startTime": "soon"},
    "creator a number": {"id": 1, "creator": 5},
    "cluster a list": {"id": 1, "cluster": []},
    "subtasks an object": {"id": 1, "subtasks": {"1": {}}},
    "subtask a word": {"id": 1, "subtasks": ["x"]},
    "subtask null": {"id": 1, "subtasks": [None]},
    "subtask without an id": {"id": 1, "subtasks": [{}]},
    "subtasks twice": {"id": 1, "subtasks": [{"id": 2}, {"id": 2}]},
    "subtasks twice over both keys": {"id": 1, "subtasks": [{"id": 2}], "tasks": [{"id": "2"}]},
    "too many subtasks": {"id": 1, "subtasks": [{"id": number} for number in range(5001)]},
    "too many edges": {"id": 1, "subtasks": [{"id": number, "upstreams": [1] * 30} for number in range(2000)]},
    "edge null": {"id": 1, "subtasks": [{"id": 2, "upstreams": [None]}]},
    "edge a word": {"id": 1, "subtasks": [{"id": 2, "upstreams": ["a"]}]},
    "timeout beyond 32 bits": {"id": 1, "subtasks": [{"id": 2, "timeout": 2**31}]},
    "flag a number": {"id": 1, "prohibitRollback": 0},
}


@pytest.mark.parametrize("name", BAD_TASKS)
def test_task_that_cannot_be_right_is_refused(name):
    with pytest.raises(Malformed):
        parse_tasks.task(BAD_TASKS[name])


def test_long_description_is_cut_and_no_more():
    assert len(parse_tasks.subtask({"id": 1, "description": "x" * 10**5}).description) == 2000


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (parse_checks.alarm, {"id": 1, "level": "high"}),
        (parse_checks.alarm, {"level": 1}),
        (parse_checks.data_backup_task, {"id": 1}),
        (parse_checks.audit_record, {"operationEvent": "X"}),
        (parse_checks.backup_overview, {"logBackupDelaySeconds": 1.5}),
    ],
)
def test_check_that_cannot_be_right_is_refused(read, data):
    with pytest.raises(Malformed):
        read(data)


def test_checks_are_read_with_unknown_words_and_times():
    alarm = parse_checks.alarm(
        {"id": "1", "level": "3", "status": "Dormant", "activeAt": "soon", "summary": "x" * 9000}
    )
    assert (alarm.id, alarm.level, alarm.status, alarm.active_at, len(alarm.summary)) == (1, 3, "Dormant", None, 2000)
    assert parse_checks.backup_overview({}) == BackupOverview("", "", "", None, None, None)


def test_text_that_no_database_takes_is_replaced():
    assert parse_tasks.subtask({"id": 1, "name": "a\x00b\ud800c"}).name == "a\ufffdb?c"


def test_standby_and_primary_are_linked():
    primary = parse.cluster({"id": 1, "name": "x", "standbyClusters": [{"id": 2}, {"id": "3"}]})
    standby = parse.cluster({"id": 2, "name": "y", "type": "STANDBY", "primaryCluster": {"id": 1}})
    assert (primary.standby_ids, standby.primary_id, standby.type) == ((2, 3), 1, "STANDBY")


@pytest.mark.parametrize("name", [None, "", " ", 7, ["x"]])
def test_what_is_known_by_its_name_must_have_one(name):
    with pytest.raises(Malformed):
        parse.cluster({"id": 1, "name": name})
    with pytest.raises(Malformed):
        parse.package({"id": 1, "fileName": name})


@pytest.mark.parametrize("link", [{"standbyClusters": [{"name": "x"}]}, {"primaryCluster": {"name": "x"}}])
def test_linked_cluster_without_an_id_is_refused(link):
    with pytest.raises(Malformed):
        parse.cluster({"id": 1, "name": "x", **link})


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"obVersion": "4.2.1.1", "minObBuildVersion": "4.2.1.1-1010"}, ("4.2.1.1", "1010")),
        ({"obVersion": "4.2.1.1", "fullVersion": "4.2.1.2-1010"}, ("4.2.1.1", "")),
        ({"obVersion": "4.2.1.1-7", "fullVersion": "4.2.1.1-1010"}, ("4.2.1.1", "7")),
        ({"fullVersion": "4.2.1.1-1010", "architecture": "aarch64"}, ("4.2.1.1", "1010")),
        ({}, ("", "")),
    ],
)
def test_build_of_a_cluster_comes_from_where_it_is_shown_for_the_same_version(data, expected):
    cluster = parse.cluster({"id": 1, "name": "x", **data})
    assert (cluster.version, cluster.build) == expected


def test_root_server_is_read_in_both_spellings():
    assert parse.server({"id": 1, "withRootserver": False}).has_root_server is False
    assert parse.server({"id": 1, "withRootServer": True}).has_root_server is True
    assert parse.server({"id": 1}).has_root_server is None


@pytest.mark.parametrize(
    ("data", "values"),
    [
        ({"currentValue": {"values": ["a", "b", "a"]}}, ("a", "b")),
        ({"currentValue": {"obParameters": [{"value": "a"}, {"value": "a"}, {"value": 5}]}}, ("a", "5")),
        ({"currentValue": {}}, ()),
        ({}, ()),
    ],
)
def test_values_of_a_parameter_are_distinct(data, values):
    assert parse.parameter({"name": "x", **data}).values == values


def test_value_of_a_parameter_is_not_in_its_repr():
    assert repr(Parameter("backup_dest", ("oss://x?access_key=canary",), "canary")) == "Parameter(name='backup_dest')"


@pytest.mark.parametrize("data", [None, "x", 5, {}, {"page": {}}, {"contents": {}}, {"contents": [1]}])
def test_list_of_no_documented_form_is_refused(data):
    with pytest.raises(Malformed):
        parse.page(data)


def test_values_of_a_parameter_are_told_by_server():
    servers = [
        {"svrIp": "10.24.1.1", "svrPort": 2882, "value": "a"},
        {"svrIp": "10.24.1.2", "svrPort": 0, "value": "b"},
        {"svrIp": "10.24.1.3", "value": "a"},
    ]
    found = parse.parameter({"name": "x", "currentValue": {"obParameters": servers}})
    assert found.by_server == (("10.24.1.1:2882", "a"), ("10.24.1.2:", "b"), ("10.24.1.3:", "a"))
    assert found.values == ("a", "b")


def test_a_cluster_may_have_no_server_and_never_less():
    data = {"id": 1, "name": "x", "serverCount": 0}
    assert parse.cluster(data).server_count == 0
    with pytest.raises(Malformed):
        parse.cluster(data | {"serverCount": -1})


def test_the_ends_of_edges_are_counted_on_both_sides():
    full = {"upstreams": [8] * 5000, "downstreams": [9] * 5000}
    steps = [{"id": number, "name": "a", **full} for number in range(parse_tasks.LINKS_AT_MOST // 10_000)]
    assert len(parse_tasks.task({"id": 1, "subtasks": steps}).subtasks) == len(steps)
    with pytest.raises(Malformed, match="more than 50000"):
        parse_tasks.task({"id": 1, "subtasks": [*steps, {"id": 99, "name": "b", "downstreams": [1]}]})

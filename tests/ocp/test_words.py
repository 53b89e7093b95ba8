"""What is read out of OCP's words."""

import pytest

from tests.ocp.conftest import document
from upgrades.ocp import parse_tasks, words


def test_documented_upgrade_is_an_upgrade_parent_and_other_tasks_are_not():
    assert words.is_upgrade_parent(parse_tasks.task(document("cluster-upgrade")["data"]))
    others = [document(name)["data"] for name in ("cluster-restart", "task-detail", "switchover-task-2022-shape")]
    others += document("task-list")["data"]["contents"]
    assert not [task for task in others if words.is_upgrade_parent(parse_tasks.task(task))]


@pytest.mark.parametrize(
    ("name", "steps", "is_parent"),
    [
        ("Submit upgrade OB cluster dag", [], True),
        ("Upgrade, localised", [words.SUBMIT_SUBTASK, words.WAIT_SUBTASK, "Start node"], True),
        ("Upgrade, localised", [words.SUBMIT_SUBTASK], False),
        ("Takeover", [words.WAIT_SUBTASK], False),
    ],
)
def test_upgrade_parent_is_known_by_its_name_or_by_its_pair_of_subtasks(name, steps, is_parent):
    subtasks = [{"id": number, "name": step} for number, step in enumerate(steps)]
    assert words.is_upgrade_parent(parse_tasks.task({"id": 1, "name": name, "subtasks": subtasks})) is is_parent


@pytest.mark.parametrize(
    ("task_type", "is_system"), [("SYS_ONECE", True), ("SYS_SCHEDULED", True), ("MANUAL", False), ("", False)]
)
def test_type_says_whether_ocp_started_the_task_itself(task_type, is_system):
    assert words.is_system_type(task_type) is is_system


@pytest.mark.parametrize(("name", "speaks"), [("Upgrade OB cluster", True), ("Restart OB cluster", False)])
def test_name_may_speak_of_an_upgrade(name, speaks):
    assert words.names_an_upgrade(parse_tasks.task({"id": 1, "name": name})) is speaks


def test_finished_rollback_is_told_by_the_subtasks_where_the_list_shows_no_operation():
    rolled_back, *others = [parse_tasks.task(task) for task in document("task-list")["data"]["contents"]]
    assert (rolled_back.status, rolled_back.operation, words.operation_of(rolled_back)) == (
        "SUCCESSFUL",
        "",
        "ROLLBACK",
    )
    assert [words.operation_of(task) for task in others] == [""] * len(others)
    assert words.operation_of(parse_tasks.task(document("task-detail")["data"])) == "EXECUTE"

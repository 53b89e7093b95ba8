"""Logs have the format of OCP's own."""

import re
from itertools import pairwise

from .conftest import COUPON_DEV, RPM_4218, Person, document

HEADER = re.compile(r"#{12}\{[A-Z_]+\}\{[^}]+\+08:00\}#{12}")
LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} +(INFO|WARN|ERROR) \d+ --- "
    r"\[pool-subtask-executor-thread-\d+,[0-9a-f]{16},[0-9a-f]{12}\] \S+ +: .+"
)
LAST = re.compile(r"Set state for subtask: \d+, current state: RUNNING, new state: SUCCESSFUL$")


def assert_is_a_log(log: str) -> None:
    header, _, rest = log.partition("\n")
    lines = rest.rstrip("\n").split("\n\n")
    assert HEADER.fullmatch(header)
    assert all(LINE.fullmatch(line) for line in lines)
    assert "Run subtask, id=" in lines[0]
    assert LAST.search(lines[-1])


def test_documented_log_has_the_format_that_is_tested_here() -> None:
    assert_is_a_log(document("subtask-log")["data"]["log"])


def test_every_log_of_an_upgrade_has_the_documented_format(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    ocp.advance()
    for task_id in (parent_id, *ocp.children(parent_id)):
        for subtask in ocp.task(task_id)["subtasks"]:
            assert_is_a_log(ocp.log(task_id, subtask["id"]))


def test_log_of_a_running_subtask_grows_and_only_ever_grows(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    ocp.advance(30)
    (child_id,) = ocp.children(parent_id)

    def is_checking() -> bool:
        return bool(ocp.subtasks(child_id, "Execute upgrade checker")[0]["status"] == "RUNNING")

    ocp.advance_until(is_checking, step=1)
    subtask_id = ocp.subtasks(child_id, "Execute upgrade checker")[0]["id"]
    texts = []
    while is_checking():
        texts.append([line.rsplit(" : ", 1)[-1] for line in ocp.log(child_id, subtask_id).strip().split("\n\n")])
        ocp.advance(4)
    assert len(texts) > 4
    assert all(after[: len(before)] == before for before, after in pairwise(texts))
    assert len(texts[-1]) > len(texts[0])


def test_log_of_a_subtask_that_has_not_run_is_empty(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    (update,) = ocp.subtasks(parent_id, "Update OB cluster status")
    assert ocp.log(parent_id, update["id"]) == ""


def test_log_names_the_servers_a_step_works_on(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    ocp.advance()
    (child_id,) = ocp.children(parent_id)
    logs = [ocp.log(child_id, step["id"]) for step in ocp.subtasks(child_id, "Stop observer process")]
    for server in ocp.servers(COUPON_DEV):
        assert sum(f"Kill observer on {server['ip']}:2882" in log for log in logs) == 1

"""OCP's tasks, subtasks and logs to our types. Everything raises Malformed for what cannot be right."""

import sys

from upgrades.ocp import fields, parse
from upgrades.ocp.fields import Malformed, Row
from upgrades.ocp.types import Subtask, TaskInstance

# Ends of edges that a task's subtasks may name together: OCP names a few for each, and each edge twice.
LINKS_AT_MOST = 50_000


def task(data: Row) -> TaskInstance:
    """Any of the three documented shapes (list and detail; answers of 2021; answers of 2022)."""
    about = fields.part(data, "cluster")
    creator_id, creator_name = _creator(data)
    steps = [subtask(item) for key in ("subtasks", "tasks") for item in fields.parts(data, key)]
    if sum(len(step.upstreams) + len(step.downstreams) for step in steps) > LINKS_AT_MOST:
        raise Malformed(f"the subtasks of a task name more than {LINKS_AT_MOST} others")
    cluster_id = fields.link(about, "id")
    return TaskInstance(
        id=fields.ident(data),
        name=fields.word(data, "name"),
        status=fields.word(data, "status"),
        operation=fields.word(data, "operation"),
        type=fields.word(data, "type"),
        creator_id=creator_id,
        creator_name=creator_name,
        cluster_id=fields.link(data, "clusterId") if cluster_id is None else cluster_id,
        cluster_name=fields.word(about, "name"),
        ob_cluster_id=fields.link(about, "obClusterId"),
        create_time=fields.moment(data, "createTime"),
        start_time=fields.moment(data, "startTime"),
        finish_time=fields.moment(data, "finishTime"),
        prohibit_rollback=fields.flag(data, "prohibitRollback"),
        subtasks=parse.unique(steps, lambda step: step.id),
    )


def log(data: Row) -> str:
    """A subtask's log, "" where there is none yet; as long as the cap on the body lets it be."""
    return fields.word(data, "log", cap=sys.maxsize)


def _creator(data: Row) -> tuple[int | None, str]:
    creator = data.get("creator")
    if isinstance(creator, str):
        return None, fields.word(data, "creator")
    about = fields.part(data, "creator")
    return fields.link(about, "id"), fields.word(about, "name")


def subtask(data: Row) -> Subtask:
    return Subtask(
        id=fields.ident(data),
        name=fields.word(data, "name"),
        description=fields.prose(data, "description"),
        status=fields.word(data, "status"),
        operation=fields.word(data, "operation"),
        upstreams=fields.links(data, "upstreams"),
        downstreams=fields.links(data, "downstreams"),
        run_time=fields.number(data, "runTime"),
        timeout=fields.number(data, "timeout"),
        start_time=fields.moment(data, "startTime"),
        finish_time=fields.moment(data, "finishTime"),
        create_time=fields.moment(data, "createTime"),
        executor=fields.word(data, "executor"),
        series_id=fields.number(data, "seriesId"),
        parallel_idx=fields.number(data, "parallelIdx"),
        prohibit_rollback=fields.flag(data, "prohibitRollback"),
        node_type=fields.word(data, "nodeType"),
    )

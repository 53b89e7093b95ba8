"""The three shapes in which OCP shows a task: the upgrade's answer, the list, the detail."""

import json
from typing import Any

from upgrades.simulator.clock import iso, iso_seconds
from upgrades.simulator.records import Subtask, Task
from upgrades.simulator.shapes import task_cluster
from upgrades.simulator.state import World

Json = dict[str, Any]


def answer(world: World, task: Task) -> Json:
    """Return a task as the upgrade POST answers with it: `tasks`, and the context as Java prints it."""
    cluster = task_cluster(world.clusters[task.cluster_id])
    del cluster["type"]
    return {
        "cluster": cluster,
        "context": context(task),
        "creator": _creator(task),
        "id": task.id,
        "name": task.name,
        "startTime": _moment(task, task.started_at),
        "status": task.status,
        "tasks": [_subtask_in_answer(subtask) for subtask in task.subtasks],
    }


def in_list(world: World, task: Task) -> Json:
    """Return a task as the task list shows it: no edges, no times of subtasks, no operation of the task."""
    shape: Json = {
        "creator": _creator(task),
        "id": task.id,
        "name": task.name,
        "startTime": _moment(task, task.started_at),
        "status": task.status,
        "subtasks": [_subtask_in_list(subtask) for subtask in task.subtasks],
    }
    if task.cluster_id in world.clusters:
        shape["cluster"] = task_cluster(world.clusters[task.cluster_id])
    if task.finished_at:
        shape["finishTime"] = _moment(task, task.finished_at)
    return shape


def list_text(world: World, task: Task) -> str:
    """Return `in_list` as JSON text, kept until the task changes: pollers ask for it each second."""
    text = world.list_texts.get(task.id)
    if text is None:
        text = world.list_texts[task.id] = json.dumps(in_list(world, task), ensure_ascii=False)
    return text


def detail(world: World, task: Task) -> Json:
    """Return a task as its own page shows it."""
    shape: Json = {
        "createTime": iso_seconds(task.created_at),
        "creator": _creator(task),
        "executor": task.executor,
        "id": task.id,
        "name": task.name,
        "operation": task.operation,
        "prohibitRollback": task.prohibit_rollback,
        "startTime": _moment(task, task.started_at),
        "status": task.status,
        "subtasks": [subtask_detail(task, subtask) for subtask in _shuffled(world, task)],
        "taskDefinitionId": -1,
        "type": task.type,
    }
    if task.cluster_id in world.clusters:
        shape["cluster"] = task_cluster(world.clusters[task.cluster_id])
    if task.finished_at:
        shape["finishTime"] = _moment(task, task.finished_at)
    return shape


def subtask_detail(task: Task, subtask: Subtask) -> Json:
    """Return a subtask as a task's detail and a subtask's retry show it."""
    shape: Json = {
        "createTime": iso_seconds(subtask.created_at),
        "description": subtask.description,
        "downstreams": subtask.downstreams,
        "id": subtask.id,
        "name": subtask.name,
        "nodeType": "JAVA_TASK",
        "operation": subtask.operation,
        "parallelIdx": subtask.parallel_idx,
        "prohibitRollback": subtask.prohibit_rollback,
        "runTime": subtask.run_time,
        "seriesId": subtask.series_id,
        "status": subtask.status,
        "timeout": subtask.timeout,
        "upstreams": subtask.upstreams,
    }
    if subtask.executor:
        shape["executor"] = subtask.executor
    if subtask.started_at:
        shape["startTime"] = _moment(task, subtask.started_at)
    if subtask.finished_at:
        shape["finishTime"] = _moment(task, subtask.finished_at)
    return shape


def _moment(task: Task, epoch: float) -> str:
    """Return a moment of a task. OCP writes 3 to 6 digits, an upgrade's tasks alike so that they stay in order."""
    return iso(epoch, 3 + (task.parent_id or task.id) % 4)


def _shuffled(world: World, task: Task) -> list[Subtask]:
    """Return the subtasks in an order that changes with each move of the task: OCP's array has none."""
    order = list(task.subtasks)
    world.dice("shown", task.id, sum(len(subtask.attempts) for subtask in order)).shuffle(order)
    return order


def context(task: Task, parallel_idx: int = -1, **more: object) -> str:
    """Return a task's context as Java's toString prints it."""
    strings = ", ".join(f"{key}={value}" for key, value in (task.strings | more).items())
    lists = ", ".join(f"{key}=[{', '.join(values)}]" for key, values in task.lists.items())
    return f"Context(parallelIdx={parallel_idx}, stringMap={{{strings}}}, listMap={{{lists}}})"


def _creator(task: Task) -> Json:
    return {"id": task.creator_id, "name": task.creator_name}


def _subtask_in_answer(subtask: Subtask) -> Json:
    return {
        "description": subtask.description,
        "downstreams": subtask.downstreams,
        "id": subtask.id,
        "name": subtask.name,
        "operation": subtask.operation,
        "status": subtask.status,
        "upstreams": subtask.upstreams,
    }


def _subtask_in_list(subtask: Subtask) -> Json:
    return {
        "description": subtask.description,
        "id": subtask.id,
        "name": subtask.name,
        "operation": subtask.operation,
        "status": subtask.status,
    }

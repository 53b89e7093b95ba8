"""The log of a subtask, written anew from its attempts each time, in the format of OCP's own logs."""

from collections.abc import Iterator
from dataclasses import dataclass

from upgrades.simulator import steps
from upgrades.simulator.clock import Clock, iso, log_time
from upgrades.simulator.records import Attempt, Server, Subtask, Task
from upgrades.simulator.state import World
from upgrades.simulator.task_shapes import context

_ENTITY = "c.a.o.c.m.t.model.SubtaskInstanceEntity"
_POLL_SECONDS = 10.0
_MOST_POLLS = 200


@dataclass(frozen=True, slots=True)
class _Line:
    """One line: `share` is how far into the attempt it was written, 0 to 1."""

    share: float
    level: str
    logger: str
    text: str


def render(world: World, clock: Clock, task: Task, subtask: Subtask) -> str:
    """Return the whole log of a subtask; of a running attempt, what has been written so far."""
    if subtask.log_override:
        return subtask.log_override
    blocks = [_block(world, clock, task, subtask, number) for number in range(len(subtask.attempts))]
    return "".join(blocks)


def _block(world: World, clock: Clock, task: Task, subtask: Subtask, number: int) -> str:
    attempt = subtask.attempts[number]
    dice = world.dice("log", subtask.id, number)
    length = attempt.finished_at - attempt.started_at if attempt.finished_at else _length_so_far(clock, attempt)
    thread = f"[pool-subtask-executor-thread-{dice.randint(1, 64)},{dice.randbytes(8).hex()},{dice.randbytes(6).hex()}]"
    written = []
    for line in _lines(world, clock, task, subtask, attempt):
        if attempt.finished_at or line.share <= _progress(clock, attempt):
            moment = log_time(attempt.started_at + line.share * length)
            written.append(f"{moment} {line.level:>5} 57200 --- {thread} {line.logger:<40} : {line.text}")
    header = f"############{{{attempt.operation}}}{{{iso(attempt.started_at)}}}############"
    return f"{header}\n" + "\n\n".join(written) + "\n"


def _length_so_far(clock: Clock, attempt: Attempt) -> float:
    """Return the wall seconds an unfinished attempt will take, or has taken where its end is not known."""
    return clock.wall_seconds(attempt.planned or clock.now() - attempt.begun)


def _progress(clock: Clock, attempt: Attempt) -> float:
    return (clock.now() - attempt.begun) / attempt.planned if attempt.planned else 1.0


def _lines(world: World, clock: Clock, task: Task, subtask: Subtask, attempt: Attempt) -> Iterator[_Line]:
    name = _class_name(subtask.name)
    short = f"a.o.s.t.b.{_area(subtask.name)}.{name}"
    printed = context(
        task,
        subtask.parallel_idx,
        prohibit_rollback=str(subtask.prohibit_rollback).lower(),
        task_instance_id=task.id,
        task_operation=attempt.operation.lower(),
        latest_execution_start_time=iso(attempt.started_at),
        sub_task_instance_id=subtask.id,
        **({"zone_name": subtask.zones[0].split(".", 1)[1]} if subtask.zones else {}),
    )
    text = f"Run subtask, id={subtask.id}, context={printed}, executor={subtask.executor}"
    yield _Line(0.0, "INFO", _ENTITY, text)
    yield _Line(0.01, "INFO", short, f"[{name}] begin")
    for share, level, words in _work(world, clock, task, subtask, attempt):
        yield _Line(share, level, short, words)
    if not attempt.outcome:
        return
    if attempt.outcome != "FAILED":
        yield _Line(0.99, "INFO", short, f"[{name}] end")
    state = f"Set state for subtask: {subtask.id}, current state: {_left(attempt)}, new state: {attempt.outcome}"
    yield _Line(1.0, "INFO", _ENTITY, state)


def _left(attempt: Attempt) -> str:
    return "CANCELING" if any("TSK10014" in note for note in attempt.notes) else "RUNNING"


def _work(
    world: World, clock: Clock, task: Task, subtask: Subtask, attempt: Attempt
) -> Iterator[tuple[float, str, str]]:
    """Yield share, level and text of what the step itself has to say."""
    if attempt.operation in ("SKIP", "ROLLBACK_SKIP"):
        yield 0.5, "INFO", "Skip subtask, nothing is done"
        return
    servers = world.servers_of(task, subtask.server_ids)
    words = list(_words(task, subtask, servers))
    if attempt.outcome == "FAILED" or (subtask.is_doomed and not attempt.outcome):
        words = words[: len(words) // 2]
    for index, text in enumerate(words):
        yield 0.02 + 0.9 * (index + 1) / (len(words) + 1), "INFO", text
    if subtask.name == steps.WAIT and task.kind == "parent" and task.children[subtask.hop]:
        yield from _polls(clock, task.children[subtask.hop], attempt)
    for note in attempt.notes:
        yield 0.96, ("WARN" if "TSK" in note else "INFO"), note
    if attempt.outcome == "FAILED":
        yield 0.98, "ERROR", _failure(subtask, servers)


def _polls(clock: Clock, child_id: int, attempt: Attempt) -> Iterator[tuple[float, str, str]]:
    seconds = (attempt.ended or clock.now()) - attempt.begun
    count = min(_MOST_POLLS, 1 + int(seconds / _POLL_SECONDS))
    for index in range(count):
        yield 0.02 + 0.9 * index / count, "INFO", f"Wait dag, task_instance_id={child_id}, status=RUNNING"


def _words(task: Task, subtask: Subtask, servers: list[Server]) -> Iterator[str]:
    target = task.strings.get("target_version", "")
    for template in _TEXTS.get(subtask.name, ()):
        if "{ip}" in template:
            yield from (template.format(ip=server.ip, port=server.port, target=target) for server in servers)
        else:
            zones = ", ".join(key.split(".", 1)[1] for key in subtask.zones)
            clusters = ", ".join(str(cluster_id) for cluster_id in task.cluster_ids)
            yield template.format(zones=zones, target=target, clusters=clusters)


def _failure(subtask: Subtask, servers: list[Server]) -> str:
    where = ", ".join(f"{server.ip}:{server.port}" for server in servers) or "OCP"
    reason = _FAILURES.get(subtask.name, "Operation failed on {where}").format(where=where)
    return (
        f"Run subtask {subtask.id} failed: {reason}\n"
        f"com.oceanbase.ocp.core.exception.UnexpectedException: {reason}\n"
        f"\tat com.oceanbase.ocp.service.task.business.{_class_name(subtask.name)}"
        f".run({_class_name(subtask.name)}.java:{60 + len(subtask.name)})\n"
        "\tat com.oceanbase.ocp.core.task.runtime.SubtaskExecutor.redirectLog(SubtaskExecutor.java:177)"
    )


def _class_name(step: str) -> str:
    words = "".join(word.capitalize() for word in step.split() if word.isalnum())
    return f"{words.removesuffix('Task')}Task"


def _area(step: str) -> str:
    return "server" if "observer" in step else "zone" if "zone" in step else "cluster"


_TEXTS: dict[str, tuple[str, ...]] = {
    steps.PREPARE: (
        "Lock OB clusters for upgrade: cluster_ids=[{clusters}]",
        "Updated cluster status: from [RUNNING] to [OPERATING]",
        "Connect by user ocp_monitor, password=******",
    ),
    steps.CHECKER: (
        "Executing upgrade_checker.py for cluster_ids=[{clusters}]",
        "check min_observer_version, succeed",
        "check paxos replicas are in sync, succeed",
        "check rebalance task, succeed",
        "check major compaction, succeed",
        "check tenants are NORMAL, succeed",
        "check restore job and backup job, succeed",
        "check schema is refreshed, succeed",
        "upgrade checker passed",
    ),
    "Backup OB parameters": (
        "Keep server_permanent_offline_time, enable_rebalance, enable_rereplication of cluster_ids=[{clusters}]",
        "Set server_permanent_offline_time=72h",
    ),
    "Install rpm": (
        "Upload rpm of {target} to all hosts of cluster_ids=[{clusters}]",
        "Run rpm -Uvh --prefix=/home/admin/oceanbase_upgrade on all hosts, exit code 0",
    ),
    steps.PRE_SCRIPT: (
        "alter system begin upgrade",
        "enable_upgrade_mode is True on all servers",
        "Executing upgrade_pre.py for {target}",
        "upgrade system variables, succeed",
        "upgrade system tables, succeed",
        "Executing upgrade_pre.py for {target}, succeed",
    ),
    steps.SET_ZONE: ("Current zone is [{zones}]",),
    "Check cluster health": ("All observers are active", "Paxos replicas are in sync", "Schema is refreshed"),
    steps.STOP_ZONE: ("alter system stop zone '{zones}'", "Leaders have left [{zones}]"),
    steps.MINOR_FREEZE: ("alter system minor freeze zone='{zones}'", "Minor freeze of [{zones}] finished"),
    steps.STOP_OBSERVER: ("Kill observer on {ip}:{port}", "No observer process is left on {ip}"),
    steps.REPLACE_BINARY: ("Link /home/admin/oceanbase/bin/observer on {ip} to {target}",),
    steps.START_OBSERVER: ("Start observer on {ip}:{port}", "Observer on {ip}:{port} reports {target}"),
    steps.WAIT_ACTIVE: ("Server {ip}:{port} is INACTIVE, wait", "Server {ip}:{port} is ACTIVE"),
    "Check refresh schema": ("Refreshed schema version is equal on all servers of [{zones}]",),
    steps.START_ZONE: ("alter system start zone '{zones}'",),
    steps.UPDATE_ZONE: ("Updated zone status: zone [{zones}], from status [OPERATING] to [RUNNING]",),
    steps.POST_SCRIPT: (
        "Executing upgrade_post.py for {target}",
        "run upgrade job, succeed",
        "root inspection, succeed",
        "alter system end upgrade",
        "enable_upgrade_mode is False on all servers",
    ),
    "Check OB version": ("min_observer_version is {target}",),
    "Restore OB parameters": ("Restore server_permanent_offline_time of cluster_ids=[{clusters}]",),
    steps.SYNC_CLUSTER: ("Sync cluster info: cluster_ids=[{clusters}]",),
    steps.SUBMIT: ("Submit dag for cluster_ids=[{clusters}]",),
    steps.UPDATE_CLUSTER: ("Update status of cluster_ids=[{clusters}]",),
}
_FAILURES = {
    steps.CHECKER: "upgrade checker failed with 2 reasons: major compaction is running; a backup job is running",
    "Install rpm": "rpm -Uvh failed on {where}: Cannot allocate memory",
    steps.STOP_ZONE: "SQL error 4012: Timeout, query has reached the maximum query timeout",
    "Check refresh schema": "Wait for schema refresh timed out",
    steps.WAIT_ACTIVE: "Server {where} is still INACTIVE after 600 seconds",
    steps.WAIT: "The dag did not succeed",
}

"""I4: what was intended is never forgotten, and no run has the task of anything else.

At rest (`is_settled`) nothing may hang: whatever a next tick would have moved on is a violation.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from tests.faults.checked_posts import bind
from tests.faults.records import Records, Row
from tests.faults.violation import Violation

_ACTS = {"retry": "retry", "retry_task": "retry", "skip": "skip", "cancel": "cancel"}


def tasks(records: Records, skew: timedelta) -> Iterator[Violation]:
    """A run has the task of its own POST, or one that two people chose; a child under a hop is of that very parent."""
    bound = bind(records, skew)
    addresses = {row["id"]: row["base_url"] for row in records.endpoints}
    shown = {(task["address"], task["id"]): task for task in records.tasks}
    late = {(post["address"], post["task_id"]) for post in records.later_posts}
    for run in records.runs:
        task_id, about = run["ocp_task_id"], f"run {run['change_request_id']}"
        place = (addresses.get(run["endpoint_id"], ""), task_id)
        own = {post["task_id"] for post in bound[run["change_request_id"]]}
        if task_id is not None and task_id not in own and place not in late and not _is_chosen(records, run):
            yield Violation("I4", f"{about} has task {task_id}; its POST led to {own or 'nothing'}")
        task = shown.get(place)
        if task is not None and task["kind"] != "parent":
            yield Violation("I4", f"{about} has task {task_id}, which is a {task['kind']}")
        for child in (child for child in records.children if child["run_id"] == run["change_request_id"]):
            found = shown.get((place[0], child["ocp_id"]))
            if found is not None and found["parent_id"] != task_id:
                yield Violation("I4", f"{about} has child {child['ocp_id']} of parent {found['parent_id']}")


def _is_chosen(records: Records, run: Row) -> bool:
    chosen = (run["change_request_id"], "adopt", run["ocp_task_id"], "done")
    return any((d["run_id"], d["kind"], d["ocp_task_id"], d["status"]) == chosen for d in records.decisions)


def acts(records: Records) -> Iterator[Violation]:
    """I1 for run actions: OCP got no more of them than were recorded as sent."""
    asked = Counter(_about(request) for request in records.acts)
    sent = Counter(
        (str(action["task_ocp_id"]), str(action["subtask_ocp_id"] or ""), _ACTS[action["kind"]])
        for action in records.run_actions
        if any(event["action"] == "run_action.post" for event in records.about("runaction", action["id"]))
    )
    for about, count in (asked - sent).items():
        yield Violation("I1", f"OCP got {asked[about]} of the run action {about}, {count} more than were to be sent")


def _about(request: Row) -> tuple[str, str, str]:
    _, _, path = request["path"].partition("/tasks/instances/")
    task, *subtask, act = path.split("?")[0].strip("/").split("/")
    return task, subtask[-1] if subtask else "", act


def settled(records: Records, skew: timedelta) -> Iterator[Violation]:
    """What still hangs, though every tick has come."""
    passing = (
        ("request", records.change_requests, ("starting",)),
        ("run action", records.run_actions, ("asked", "sending")),
        ("decision", records.decisions, ("confirmed",)),
    )
    for name, rows, statuses in passing:
        for row in (row for row in rows if row["status"] in statuses):
            yield Violation("I4", f"{name} {row['id']} hangs in {row['status']}")
    bound = bind(records, skew)
    for run in records.runs:
        yield from _hanging(records, run)
        for post in bound[run["change_request_id"]]:
            yield from _forgotten(records, run, post)


def _hanging(records: Records, run: Row) -> Iterator[Violation]:
    about = f"run {run['change_request_id']}"
    if run["status"] == "submitting":
        yield Violation("I4", f"{about} hangs in submitting")
    if run["status"] not in ("running", "failed"):
        return
    address = {row["id"]: row["base_url"] for row in records.endpoints}.get(run["endpoint_id"])
    for task in records.tasks:
        is_its_own = (task["address"], task["id"]) == (address, run["ocp_task_id"])
        if is_its_own and task["status"] != {"running": "RUNNING", "failed": "FAILED"}[run["status"]]:
            yield Violation("I4", f"{about} hangs in {run['status']}, OCP says {task['status']}")


def _forgotten(records: Records, run: Row, post: Row) -> Iterator[Violation]:
    """OCP took the POST: its task must be bound, be shown to people, or have raised the alarm."""
    task_id, about = post["task_id"], f"run {run['change_request_id']}"
    if task_id is None or any(other["ocp_task_id"] == task_id for other in records.runs):
        return
    if run["status"] in ("submitting", "unconfirmed") and task_id not in run["candidates"]:
        yield Violation("I4", f"{about} is {run['status']}, and nobody is shown its task {task_id}")
    if run["status"] in ("refused", "abandoned") and run["alarm"] is None:
        yield Violation("I4", f"{about} is {run['status']}, and no alarm tells of its task {task_id}")

"""I5 and I6: every move legal and none out of a final status; every change with its event, every event with its change.

The events of one row are in the order of its changes: each is inserted while its transaction holds the row.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.faults.machines import MACHINES, Machine
from tests.faults.records import Records, Row
from tests.faults.violation import Violation


def moves(records: Records) -> Iterator[Violation]:
    """Each row of each machine against its own events."""
    tables = {
        "changerequest": (records.change_requests, "id"),
        "upgraderun": (records.runs, "change_request_id"),
        "runaction": (records.run_actions, "id"),
        "decision": (records.decisions, "id"),
    }
    of_rows: dict[tuple[str, str], list[Row]] = {}
    for event in records.done():
        of_rows.setdefault((event["subject_type"], event["subject_id"]), []).append(event)
    for name, (rows, key) in tables.items():
        known = {str(row[key]) for row in rows}
        for row in rows:
            yield from _history(f"{name} {row[key]}", MACHINES[name], row, of_rows.get((name, str(row[key])), []))
        for subject_type, subject_id in of_rows:
            if subject_type == name and subject_id not in known:
                yield Violation("I6", f"the audit trail tells of {name} {subject_id}, which is no row")


def _history(about: str, machine: Machine, row: Row, events: list[Row]) -> Iterator[Violation]:
    births = sum(event["action"] == machine.born for event in events)
    if births != 1:
        yield Violation("I6", f"{about} has {births} events {machine.born}")
    made = [event for event in events if "status" in event["after"]]
    status = machine.first
    for event in made:
        yield from _move(about, machine, event, status)
        status = event["after"]["status"]
    if row["status"] != status:
        is_final = status in machine.final
        yield Violation("I5" if is_final else "I6", f"{about} is {row['status']}, its last event says {status}")
    elif made and row["status_reason"] != made[-1]["reason"]:
        yield Violation("I6", f"{about} has another reason than its last event")


def _move(about: str, machine: Machine, event: Row, status: str) -> Iterator[Violation]:
    source, action, target = event["before"].get("status"), event["action"], event["after"]["status"]
    if source in machine.final:
        yield Violation("I5", f"{about} left the final {source}: {action}")
    if (source, action, target) not in machine.moves:
        yield Violation("I5", f"{about} made {action} from {source} to {target}")
    if source != status:
        yield Violation("I6", f"{about} was {status}, and {action} left {source}: a move without its event")


def details(records: Records) -> Iterator[Violation]:
    """Votes, sendings, bound tasks, and what a request has to say of its run."""
    yield from _votes(records)
    yield from _requests(records)
    for run in records.runs:
        yield from _run(records, run)
    for action in records.run_actions:
        sent = _count(records.about("runaction", action["id"]), "run_action.post")
        if sent > 1 or (action["sent_at"] is not None) != (sent == 1):
            yield Violation("I6", f"run action {action['id']}: sent_at {action['sent_at']}, {sent} events of sending")
    for decision in records.decisions:
        if decision["confirmer_id"] is not None and decision["confirmer_id"] == decision["proposer_id"]:
            yield Violation("I2", f"decision {decision['id']} was made by one person")


def _count(events: list[Row], *actions: str) -> int:
    return sum(event["action"] in actions for event in events)


def _votes(records: Records) -> Iterator[Violation]:
    names = ("revision", "fingerprint", "verdict")
    rows = Counter(
        (str(vote["change_request_id"]), vote["voter_id"], *(vote[name] for name in names)) for vote in records.votes
    )
    events = Counter(
        (event["subject_id"], event["actor_id"], *(event["after"].get(name) for name in names))
        for event in records.done()
        if event["action"] == "change_request.vote"
    )
    for vote in (rows - events) + (events - rows):
        yield Violation("I6", f"the vote {vote} has {rows[vote]} rows and {events[vote]} events")


def _requests(records: Records) -> Iterator[Violation]:
    runs = {run["change_request_id"]: run for run in records.runs}
    for row in records.change_requests:
        run = runs.get(row["id"])
        is_over = run is not None and run["status"] in MACHINES["upgraderun"].final
        expected = "done" if is_over else "in_progress"
        if (run is None) != (row["status"] not in ("in_progress", "done")) or (run and row["status"] != expected):
            yield Violation("I6", f"request {row['id']} is {row['status']}, its run {run and run['status']}")
        elif run and is_over and row["outcome"] != run["status"]:
            yield Violation("I6", f"request {row['id']} has the outcome {row['outcome']}, its run {run['status']}")


def _run(records: Records, run: Row) -> Iterator[Violation]:
    events, about = records.about("upgraderun", run["change_request_id"]), f"run {run['change_request_id']}"
    sent = _count(events, "run.send")
    if sent > 1 or (run["sent_at"] is not None and sent != 1):
        yield Violation("I6", f"{about}: sent_at {run['sent_at']}, {sent} events of sending")
    bound = _count(events, "run.accept", "run.adopt")
    if (run["ocp_task_id"] is not None) != (bound == 1):
        yield Violation("I6", f"{about} has task {run['ocp_task_id']}, {bound} events of binding it")
    intent: Any = next((event["after"] for event in events if event["action"] == "run.intend"), {})
    kept = {"fingerprint": run["fingerprint"], "body": run["body"], "clusters": run["affected_ocp_ids"]}
    if json.dumps(intent, sort_keys=True) != json.dumps(kept, sort_keys=True):
        yield Violation("I6", f"{about} is not what its event run.intend says")
    for kind in ("abandon", "close"):
        decided = [d for d in records.decisions if (d["run_id"], d["kind"]) == (run["change_request_id"], kind)]
        if _count(events, f"run.{kind}") and not any(d["status"] == "done" and d["confirmer_id"] for d in decided):
            yield Violation("I2", f"{about}: {kind} without a decision of two people")

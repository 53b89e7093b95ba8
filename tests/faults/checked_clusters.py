"""I3: one open run at most on a cluster of an OCP, and every cluster of an open run held by it."""

from collections.abc import Iterator
from typing import Any

from tests.faults.machines import MACHINES
from tests.faults.records import Records, Row
from tests.faults.violation import Violation

FINAL = MACHINES["upgraderun"].final


def clusters(records: Records) -> Iterator[Violation]:
    """What the rows tell now, and what the audit trail tells of the past."""
    yield from _open_now(records)
    yield from _holds_now(records)
    yield from _over_time(records)


def _open_now(records: Records) -> Iterator[Violation]:
    taken: dict[Any, int] = {}
    for run in records.runs:
        if run["status"] in FINAL:
            continue
        for ocp_id in run["affected_ocp_ids"]:
            other = taken.setdefault((run["endpoint_id"], ocp_id), run["change_request_id"])
            if other != run["change_request_id"]:
                yield Violation("I3", f"runs {other} and {run['change_request_id']} are open on cluster {ocp_id}")


def _holds_now(records: Records) -> Iterator[Violation]:
    places = {row["id"]: (row["endpoint_id"], row["ocp_id"]) for row in records.clusters}
    held: dict[Any, int] = {}
    for hold in records.holds:
        other = held.setdefault(places[hold["cluster_id"]], hold["run_id"])
        if other != hold["run_id"]:
            yield Violation("I3", f"runs {other} and {hold['run_id']} hold the same cluster")
    for run in records.runs:
        for ocp_id in run["affected_ocp_ids"]:
            holder = held.get((run["endpoint_id"], ocp_id))
            if run["status"] not in FINAL and holder != run["change_request_id"]:
                yield Violation("I3", f"run {run['change_request_id']} is open, and {holder} holds cluster {ocp_id}")


def _over_time(records: Records) -> Iterator[Violation]:
    """Play the holds' events: a cluster is taken only when free and freed by who took it, and the rows are the rest."""
    runs = {str(run["change_request_id"]): run for run in records.runs}
    names = {(row["endpoint_id"], row["name"]): row["ocp_id"] for row in records.clusters}
    held: dict[Any, str] = {}
    for event in records.done():
        run = runs.get(event["subject_id"]) if event["subject_type"] == "upgraderun" else None
        if run is None or event["action"] not in ("hold.take", "hold.free"):
            continue
        for cluster in event["after"]["clusters"]:
            is_taken = event["action"] == "hold.take"
            ocp_id = cluster if is_taken else names.get((run["endpoint_id"], cluster))
            yield from _turn(held, (run["endpoint_id"], ocp_id), event, is_taken=is_taken)
    places = {row["id"]: (row["endpoint_id"], row["ocp_id"]) for row in records.clusters}
    rows = {(places[hold["cluster_id"]], str(hold["run_id"])) for hold in records.holds}
    for (place, run_id), where in _difference(set(held.items()), rows):
        yield Violation("I6", f"the hold of {place} by {run_id} is in the {where} alone")


def _turn(held: dict[Any, str], place: Any, event: Row, *, is_taken: bool) -> Iterator[Violation]:
    about = f"event {event['id']}: run {event['subject_id']}"
    if is_taken:
        if place in held:
            yield Violation("I3", f"{about} took {place} while {held[place]} held it")
        held[place] = event["subject_id"]
    elif held.pop(place, None) != event["subject_id"]:
        yield Violation("I6", f"{about} freed {place}, which it did not hold")


def _difference(audited: set[Any], rows: set[Any]) -> Iterator[tuple[Any, str]]:
    yield from ((hold, "audit trail") for hold in audited - rows)
    yield from ((hold, "table") for hold in rows - audited)

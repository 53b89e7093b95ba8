"""I7: audit rows are never changed or removed. The chain of seals, computed a second time."""

import hashlib
import json
from collections.abc import Iterator

from tests.faults.records import Records, Row
from tests.faults.violation import Violation

# docs/architecture.md: a seal is SHA-256 over its number, the seal before it and these columns of its event.
_SEALED = (
    "id", "at", "action", "outcome", "actor_id", "actor_name", "subject_type", "subject_id", "subject_name",
    "change_request_id", "environment", "before", "after", "reason", "comment", "request_id", "trace_id", "address",
)  # fmt: skip


def seals(records: Records) -> Iterator[Violation]:
    """Every link of the chain, and that no event has a second seal."""
    hash_before, seq_before, sealed = "0" * 64, 0, set[int]()
    for link in records.sealed:
        about = f"seal {link['seq']} of event {link['event_id']}"
        if link["seq"] != seq_before + 1:
            yield Violation("I7", f"{about} comes after seal {seq_before}")
        if link["prev_hash"] != hash_before:
            yield Violation("I7", f"{about} does not name the hash of the seal before it")
        if link["id"] is None:
            yield Violation("I7", f"{about}: the event is gone")
        elif digest(link) != link["hash"]:
            yield Violation("I7", f"{about}: the event is not as it was sealed")
        if link["event_id"] in sealed:
            yield Violation("I7", f"{about}: sealed twice")
        sealed.add(link["event_id"])
        hash_before, seq_before = link["hash"], link["seq"]


def digest(link: Row) -> str:
    """What the hash of a seal ought to be."""
    event = {name: link[name] for name in _SEALED}
    text = json.dumps(
        {"event": event, "prev": link["prev_hash"], "seq": link["seq"]},
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return hashlib.sha256(text.encode()).hexdigest()


def since(earlier: Records, now: Records) -> Iterator[Violation]:
    """I7 without seals, and I5: what an earlier reading saw still stands as it stood."""
    rows = {event["id"]: event for event in now.events}
    for event in earlier.events:
        if rows.get(event["id"]) != event:
            yield Violation("I7", f"event {event['id']} was changed or removed since it was read")
    runs = {run["change_request_id"]: run for run in now.runs}
    for run in earlier.runs:
        after = runs.get(run["change_request_id"])
        if after is None or (after["body"], after["fingerprint"]) != (run["body"], run["fingerprint"]):
            yield Violation("I6", f"run {run['change_request_id']} was changed or removed since it was read")

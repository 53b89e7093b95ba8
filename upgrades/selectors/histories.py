"""The machines' histories in the audit, beside the rows: only legal moves, a move for each row's status, as sealed."""

from collections.abc import Iterator, Mapping

from django.db import models

from upgrades.models import AuditEvent, ChainState, ChangeRequest, Decision, RunAction, UpgradeRun
from upgrades.rules import Reason, seals, workflow
from upgrades.selectors.seals import links, loose_events

_MODELS: Mapping[str, type[models.Model]] = {
    "change_request": ChangeRequest,
    "run": UpgradeRun,
    "run_action": RunAction,
    "decision": Decision,
}
_FIRST = {"change_request": "draft", "run": "submitting", "run_action": "asked", "decision": "proposed"}
_MACHINES = {model._meta.model_name: machine for machine, model in _MODELS.items()}
_MOVES = {f"{machine}.{move.action}": move for machine, moves in workflow.MOVES.items() for move in moves}
# The sealer takes seconds.
_UNSEALED_SECONDS = 60

Row = tuple[str, int]


def illegal_moves() -> Iterator[tuple[str, Reason]]:
    """I5: each move that the audit tells of is one of the table, from where the one before it had led."""
    at: dict[Row, str] = {}
    for row, action, before, after in _events():
        move = _MOVES[action]
        if at.get(row, _FIRST[row[0]]) != before:
            words = {"action": action, "before": before, "was": at.get(row, _FIRST[row[0]])}
            yield _name(row), Reason("invariant.move_skipped", words)
        if before not in move.sources or after != str(move.target):
            yield _name(row), Reason("invariant.move_illegal", {"action": action, "before": before, "after": after})
        at[row] = after


def unaccounted_rows() -> Iterator[tuple[str, Reason]]:
    """I6: each row stands where its last move in the audit led, and each move is of a row."""
    at = {row: after for row, _action, _before, after in _events()}
    for machine, model in _MODELS.items():
        rows = dict(model._default_manager.values_list("pk", "status"))
        for pk, status in rows.items():
            told = at.pop((machine, pk), _FIRST[machine])
            if told != status:
                yield _name((machine, pk)), Reason("invariant.not_in_audit", {"status": status, "was": told})
    for row in at:
        yield _name(row), Reason("invariant.row_gone")


def changed_rows() -> Iterator[tuple[str, Reason]]:
    """I7: the whole trail is as it was sealed. Reads every seal, and keeps nothing of what it found."""
    state = ChainState.objects.first() or ChainState()
    own = [seals.Head(state.checked_seq, state.checked_hash)] if state.checked_seq else []
    walk = seals.Walk(heads=own)
    for link in links(0):
        for found in walk.take(link):
            yield "audit", found
    for found in walk.end():
        yield "audit", found
    loose = loose_events(state.settled_event) or loose_events(state.settled_event, _UNSEALED_SECONDS)
    if loose is not None:
        yield "audit", Reason("seal.unsealed", {"event": loose.first, "last": loose.last, "count": loose.count})


def _events() -> Iterator[tuple[Row, str, str, str]]:
    """Every move in the audit, the oldest first: the row, the action, the status before and after."""
    rows = AuditEvent.objects.filter(action__in=list(_MOVES), outcome=AuditEvent.Outcome.DONE).order_by("pk")
    fields = ("subject_type", "subject_id", "action", "before", "after")
    for kind, pk, action, before, after in rows.values_list(*fields).iterator(2000):
        machine = _MACHINES.get(kind)
        if machine is not None:
            yield (machine, int(pk)), action, str(before.get("status")), str(after.get("status"))


def _name(row: Row) -> str:
    machine, pk = row
    return f"{machine} {pk}" if machine in ("run_action", "decision") else f"CR-{pk} {machine}"

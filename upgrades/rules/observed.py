"""What OCP's words about the bound task mean for a run, and by which legal moves it gets there."""

from collections import deque

from upgrades.rules.workflow import RUN_MOVES, Move, RunStatus

_OBSERVED: frozenset[str] = frozenset({"adopt", "end", "fail", "resume", "roll_back"})


def observed_moves(status: str, target: str) -> tuple[Move, ...] | None:
    """The shortest legal path from `status` to the observed `target`, or None.

    Only moves that an observation of OCP's task may make are walked; () when already there.
    """
    queue: deque[tuple[str, tuple[Move, ...]]] = deque([(status, ())])
    seen = {status}
    while queue:
        here, path = queue.popleft()
        if here == target:
            return path
        for move in RUN_MOVES:
            if move.action in _OBSERVED and here in move.sources and move.target not in seen:
                seen.add(move.target)
                queue.append((move.target, (*path, move)))
    return None


def status_from_task(status: str, operation: str) -> RunStatus | None:
    """What OCP's words about the parent task mean for a run; None for a word we do not know.

    A SUCCESSFUL task whose operation is ROLLBACK has been rolled back
    (ocp-express TaskState; ocp-doc task-list sample): it is never a success.
    """
    if status == "RUNNING":
        return RunStatus.RUNNING
    if status == "FAILED":
        return RunStatus.FAILED
    if status == "SUCCESSFUL":
        return RunStatus.ROLLED_BACK if operation == "ROLLBACK" else RunStatus.VERIFYING
    return None

"""The machines of the design on one page, written down a second time: the checker knows them from here alone.

Each line: sources, the audit action that leads on, target. A row is born in `first`, with the event `born`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Machine:
    """`moves` are (source, action, target); `final` the statuses that nothing leaves."""

    first: str
    born: str
    moves: frozenset[tuple[str, str, str]]
    final: frozenset[str]


def _machine(name: str, first: str, born: str, final: str, page: str) -> Machine:
    moves = set()
    for line in page.strip().splitlines():
        sources, action, target = (part.strip() for part in line.split(":"))
        moves |= {(source, f"{name}.{action}", target) for source in sources.split()}
    return Machine(first, f"{name}.{born}", frozenset(moves), frozenset(final.split()))


MACHINES = {
    "changerequest": _machine(
        "change_request",
        first="draft",
        born="create",
        final="rejected expired withdrawn done",
        page="""
            draft changes_requested stale                                         : submit     : in_review
            in_review                                                             : approve    : approved
            in_review approved                                                    : send_back  : changes_requested
            in_review approved                                                    : take_back  : changes_requested
            in_review                                                             : reject     : rejected
            draft in_review changes_requested stale approved starting             : withdraw   : withdrawn
            approved                                                              : start      : starting
            starting                                                              : call_off   : approved
            starting                                                              : block      : approved
            starting                                                              : lose_voter : in_review
            starting                                                              : begin      : in_progress
            in_review approved starting                                           : turn_stale : stale
            in_review changes_requested stale approved starting                   : expire     : expired
            in_progress                                                           : finish     : done
        """,
    ),
    "upgraderun": _machine(
        "run",
        first="submitting",
        born="intend",
        final="refused abandoned rolled_back verified closed",
        page="""
            submitting unconfirmed                : accept    : running
            submitting unconfirmed                : adopt     : running
            submitting unconfirmed                : refuse    : refused
            submitting                            : doubt     : unconfirmed
            unconfirmed                           : abandon   : abandoned
            running failed                        : end       : verifying
            running                               : fail      : failed
            failed                                : resume    : running
            running failed                        : roll_back : rolled_back
            verifying disagrees                   : verify    : verified
            verifying                             : disagree  : disagrees
            running failed verifying disagrees    : close     : closed
        """,
    ),
    "runaction": _machine(
        "run_action",
        first="asked",
        born="ask",
        final="done refused lapsed",
        page="""
            asked               : send   : sending
            asked sending       : refuse : refused
            sending             : doubt  : unconfirmed
            sending unconfirmed : finish : done
            unconfirmed         : lapse  : lapsed
        """,
    ),
    "decision": _machine(
        "decision",
        first="proposed",
        born="propose",
        final="done overtaken expired withdrawn",
        page="""
            proposed           : confirm   : confirmed
            proposed           : withdraw  : withdrawn
            proposed confirmed : expire    : expired
            confirmed          : carry_out : done
            proposed confirmed : overtake  : overtaken
        """,
    ),
}

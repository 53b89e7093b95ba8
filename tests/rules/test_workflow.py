"""The machines and the decision: every status can be left or is final, and the tables agree with the design."""

import pytest

from upgrades.rules import observed, workflow
from upgrades.rules.workflow import FINAL, MOVES, STATUSES, Actor, By

# The arrows of the design, section 4, written out once more by hand.
REQUEST_ARROWS = {
    "draft": {"in_review", "withdrawn"},
    "in_review": {"approved", "changes_requested", "rejected", "stale", "expired", "withdrawn"},
    "changes_requested": {"in_review", "expired", "withdrawn"},
    "stale": {"in_review", "expired", "withdrawn"},
    "approved": {"starting", "changes_requested", "stale", "expired", "withdrawn"},
    "starting": {"in_progress", "in_review", "stale", "expired", "approved", "withdrawn"},
    "in_progress": {"done"},
}
RUN_ARROWS = {
    "submitting": {"running", "refused", "unconfirmed"},
    "unconfirmed": {"running", "refused", "abandoned"},
    "running": {"verifying", "failed", "rolled_back", "closed"},
    "failed": {"running", "verifying", "rolled_back", "closed"},
    "verifying": {"verified", "disagrees", "closed"},
    "disagrees": {"verified", "closed"},
}
RUN_ACTION_ARROWS = {
    "asked": {"sending", "refused"},
    "sending": {"done", "refused", "unconfirmed"},
    "unconfirmed": {"done", "lapsed"},
}
ARROWS = {"change_request": REQUEST_ARROWS, "run": RUN_ARROWS, "run_action": RUN_ACTION_ARROWS}


def arrows(machine):
    found = {}
    for move in MOVES[machine]:
        for source in move.sources:
            found.setdefault(source, set()).add(move.target)
    return found


@pytest.mark.parametrize("machine", ARROWS)
def test_the_tables_hold_the_arrows_of_the_design_and_no_other(machine):
    assert arrows(machine) == ARROWS[machine]


@pytest.mark.parametrize("machine", MOVES)
def test_a_status_without_an_exit_is_final_and_a_final_one_has_none(machine):
    with_exit = set(arrows(machine))
    assert {str(status) for status in STATUSES[machine]} - with_exit == {str(status) for status in FINAL[machine]}


@pytest.mark.parametrize("machine", MOVES)
def test_every_status_but_the_first_is_reached_by_a_move(machine):
    reached = {move.target for move in MOVES[machine]}
    first = next(iter(STATUSES[machine]))
    assert {str(status) for status in STATUSES[machine]} - reached <= {str(first)}


@pytest.mark.parametrize("machine", MOVES)
def test_an_action_stands_once_in_its_table(machine):
    actions = [move.action for move in MOVES[machine]]
    assert len(actions) == len(set(actions))


@pytest.mark.parametrize("machine", ["run", "run_action"])
def test_no_person_moves_a_run_or_an_action_of_it(machine):
    assert {move.by for move in MOVES[machine]} == {By.SYSTEM}


ACTORS = {
    "nobody": Actor(1),
    "operator": Actor(2, is_operator=True),
    "approver": Actor(3, is_approver=True),
    "admin": Actor(4, is_admin=True),
    "requester": Actor(5),
    "inactive": Actor(6, is_active=False, is_operator=True, is_approver=True, is_admin=True),
}
MAY = {
    By.SYSTEM: set(),
    By.OPERATOR: {"operator"},
    By.APPROVER: {"approver"},
    By.REQUESTER: {"requester"},
    By.REQUESTER_OR_ADMIN: {"requester", "admin"},
    By.DECIDER: {"operator", "approver", "admin"},
}


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("move", [move for table in MOVES.values() for move in table], ids=lambda move: move.action)
def test_a_move_is_permitted_to_the_roles_it_names_and_to_nobody_else(move, actor):
    refusal = workflow.why_not_permitted(move, ACTORS[actor], requester_id=5)
    assert (refusal is None) == (actor in MAY[move.by])


@pytest.mark.parametrize("machine", MOVES)
def test_what_the_system_moves_is_no_move_for_people(machine):
    assert all(move.is_for_people is (move.by is not By.SYSTEM) for move in MOVES[machine])
    assert all(move.sources and move.target and move.action for move in MOVES[machine])


@pytest.mark.parametrize("machine", MOVES)
def test_a_move_is_possible_in_its_sources_and_told_by_status_and_action_elsewhere(machine):
    for move in MOVES[machine]:
        for status in map(str, STATUSES[machine]):
            refusal = workflow.why_not_now(move, status)
            assert (refusal is None) == (status in move.sources)
            if refusal is not None:
                assert refusal.params == {"status": status, "action": move.action}


def test_an_unknown_action_is_no_move():
    assert workflow.find("run", "accept").action == "accept"
    with pytest.raises(KeyError, match=r"run\.start"):
        workflow.find("run", "start")


@pytest.mark.parametrize(
    ("status", "operation", "expected"),
    [
        ("RUNNING", "EXECUTE", "running"),
        ("FAILED", "EXECUTE", "failed"),
        ("SUCCESSFUL", "EXECUTE", "verifying"),
        ("SUCCESSFUL", "RETRY", "verifying"),
        ("SUCCESSFUL", "ROLLBACK", "rolled_back"),
        ("FAILED", "ROLLBACK", "failed"),
        ("PAUSED", "EXECUTE", None),
        ("", "", None),
    ],
)
def test_ocps_words_mean_what_the_design_says(status, operation, expected):
    assert observed.status_from_task(status, operation) == expected


@pytest.mark.parametrize(
    ("status", "target", "actions"),
    [
        ("running", "running", []),
        ("running", "failed", ["fail"]),
        ("failed", "verifying", ["end"]),
        ("failed", "running", ["resume"]),
        ("failed", "rolled_back", ["roll_back"]),
        ("submitting", "failed", ["adopt", "fail"]),
        ("unconfirmed", "verifying", ["adopt", "end"]),
        ("unconfirmed", "rolled_back", ["adopt", "roll_back"]),
    ],
)
def test_an_observation_takes_the_shortest_legal_path(status, target, actions):
    assert [move.action for move in observed.observed_moves(status, target)] == actions


@pytest.mark.parametrize("status", ["verifying", "verified", "closed", "refused", "abandoned", "rolled_back"])
def test_an_observation_never_leads_back_to_running(status):
    assert observed.observed_moves(status, "running") is None

"""Each fault that make faults plays: its id in docs/reliability.md, its test, how many seeds it has in full."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """`test` is what pytest is given; `full` the seeds of the full length, `part` how many one run of pytest takes."""

    id: str
    test: str
    full: int
    part: int


_CRASH_POINTS = "tests/faults/test_crash_points.py::test_a_"
_SERVICES = "tests/faults/test_services.py::test_nothing_is_lost_where_a_service_is_struck"
_PARTITIONS = "tests/faults/test_partitions.py::test_nothing_is_sent_twice_and_all_goes_on_after_a_partition"
_WORKERS = "tests/faults/test_workers.py::test_"
_REAL = (
    Fault(
        "R1",
        "tests/faults/test_deaths.py::test_workers_that_are_killed_at_random_moments_send_nothing_twice_and_lose_nothing",
        475,
        25,
    ),
    Fault(
        "R1-processes",
        "tests/faults/test_deaths.py::test_processes_that_are_killed_by_their_ids_send_nothing_twice_and_lose_nothing",
        100,
        5,
    ),
    Fault("R1b", f"{_CRASH_POINTS}submission_that_dies_at_any_call_is_sent_once_and_not_forgotten", 16, 2),
    Fault("R1b-jobs", f"{_CRASH_POINTS}job_that_dies_at_any_call_goes_on_with_the_next_tick", 16, 2),
    Fault("R2", f"{_SERVICES}[redis]", 200, 50),
    Fault("R3", f"{_SERVICES}[database]", 100, 50),
    Fault("R4", _PARTITIONS, 500, 50),
    Fault(
        "R4-pages",
        "tests/faults/test_pages.py::test_a_page_answers_while_redis_or_postgresql_swallow_everything",
        60,
        30,
    ),
    Fault("R5", f"{_WORKERS}three_beats_and_four_workers_do_everything_once", 10, 10),
    Fault("R6", "tests/faults/test_clocks.py::test_a_clock_that_steps_changes_nothing_that_counts", 300, 60),
    Fault("R8", "tests/faults/test_schemathesis.py", 1000, 100),
    Fault("R13", f"{_WORKERS}a_dead_or_frozen_worker_is_shown_and_its_runs_are_followed_again", 200, 25),
    Fault("R13-defaults", f"{_WORKERS}a_dead_or_frozen_worker_is_shown_by_the_default_times", 6, 6),
    # Where nothing has changed in the end it does not count: of these seeds some 2,070 do.
    Fault(
        "R16",
        "tests/faults/test_random_tamperings.py::test_whatever_is_tampered_with_at_random_is_told",
        2100,
        700,
    ),
    Fault("R17", "tests/faults/test_attacks_approvals.py", 5000, 500),
    Fault("R19", "tests/faults/test_restore.py::test_a_restored_backup_submits_nothing_before_votes_anew", 20, 5),
    Fault("R20-roll", f"{_WORKERS}workers_that_are_ended_one_after_another_lose_no_run", 20, 20),
    Fault(
        "F-WRK-4", f"{_WORKERS}a_worker_that_slept_from_the_intent_until_the_run_was_abandoned_sends_nothing", 20, 10
    ),
    Fault(
        "F-BRK-4",
        "tests/faults/test_attacks_broker.py::test_what_strangers_put_into_the_queues_runs_nothing_and_stops_nobody",
        5000,
        500,
    ),
    Fault("F-BEAT-2", f"{_WORKERS}without_beat_the_others_ring_and_it_is_said", 20, 20),
    Fault("F-UI-1", "tests/faults/test_offline.py::test_a_browser_that_was_offline_catches_up_in_five_seconds", 50, 50),
)

_MODEL = (
    Fault("R7", "tests/faults/test_model.py", 4000, 10),
    Fault("R11", "tests/faults/test_soak.py::test_nothing_grows_while_runs_go_on_for_long", 1, 1),
    Fault("R12", "tests/faults/test_odd_answers.py::test_no_kind_of_odd_answer_hurts", 8, 1),
)

FAULTS: dict[str, Fault] = {fault.id: fault for fault in (*_REAL, *_MODEL)}

# What must not have one survivor: four eyes, the fingerprint, T1, the one POST and its verdict, moves, no redirect.
GUARDS = (
    "upgrades/rules/policy.py",
    "upgrades/rules/submission.py",
    "upgrades/rules/plan.py",
    "upgrades/services/submission.py",
    "upgrades/services/sending.py",
    "upgrades/services/moves.py",
    "upgrades/services/votes.py",
    "upgrades/services/holds.py",
    "upgrades/ocp/transport.py",
)

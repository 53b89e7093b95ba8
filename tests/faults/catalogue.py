"""Each fault that make faults plays: its id in docs/reliability.md, its test, how many seeds it has in full."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """`test` is what pytest is given; `full` the seeds of the full length, `part` how many one run of pytest takes."""

    id: str
    test: str
    full: int
    part: int


FAULTS: dict[str, Fault] = {
    fault.id: fault
    for fault in (Fault("R12", "tests/faults/test_odd_answers.py::test_no_kind_of_odd_answer_hurts", full=8, part=1),)
}

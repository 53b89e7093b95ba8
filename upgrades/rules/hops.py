"""Which hop a child task belongs to: the pairs of subtasks in the parent, their windows, and the choice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

_DONE = "SUCCESSFUL"


class Step(Protocol):
    """What the rules need to know of a subtask; times are OCP's own."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def upstreams(self) -> Sequence[int]: ...
    @property
    def downstreams(self) -> Sequence[int]: ...
    @property
    def start_time(self) -> datetime | None: ...
    @property
    def finish_time(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Hop:
    """One binary hop of a parent, counted from 0: its pair of subtasks and when its child may start.

    opens_at: None while the submit subtask has not started. closes_at: None while the wait subtask is not done.
    is_submitted: whether the submit subtask is done, so that its child exists.
    """

    index: int
    submit_id: int
    wait_id: int
    opens_at: datetime | None
    closes_at: datetime | None
    is_submitted: bool

    def is_start_inside(self, started_at: datetime | None) -> bool:
        """Whether a task that started then, on OCP's clock, can be this hop's child."""
        if started_at is None or self.opens_at is None or started_at < self.opens_at:
            return False
        return self.closes_at is None or started_at <= self.closes_at


def topological(steps: Iterable[Step]) -> list[Step]:
    """Steps from upstream to downstream, ties by id; edges are what either end tells. Steps of a cycle come last."""
    by_id = {step.id: step for step in steps}
    waits_for: dict[int, set[int]] = {step_id: set() for step_id in by_id}
    for step in by_id.values():
        waits_for[step.id].update(other for other in step.upstreams if other in by_id)
        for other in step.downstreams:
            if other in by_id:
                waits_for[other].add(step.id)
    ordered: list[Step] = []
    while ready := sorted(step_id for step_id, others in waits_for.items() if not others):
        for step_id in ready:
            ordered.append(by_id[step_id])
            del waits_for[step_id]
        for others in waits_for.values():
            others.difference_update(ready)
    return ordered + [by_id[step_id] for step_id in sorted(waits_for)]


def hops(steps: Iterable[Step], *, submit: str, wait: str) -> tuple[Hop, ...]:
    """The binary hops of a parent in running order: each subtask named `submit` with the next named `wait`.

    One pair a hop: OCP's user guide, en-US 600.cluster-functions/700.upgrade-cluster-version.
    """
    ordered = topological(steps)
    submits = [step for step in ordered if step.name == submit]
    waits = [step for step in ordered if step.name == wait]
    return tuple(_hop(index, *pair) for index, pair in enumerate(zip(submits, waits, strict=False)))


def _hop(index: int, submit: Step, wait: Step) -> Hop:
    return Hop(
        index=index,
        submit_id=submit.id,
        wait_id=wait.id,
        opens_at=submit.start_time,
        # A finish time of an earlier attempt may still stand there while it runs again.
        closes_at=wait.finish_time if wait.status == _DONE else None,
        is_submitted=submit.status == _DONE,
    )


def choose(hop: Hop, candidates: Collection[int], named: Collection[int]) -> int | None:
    """The one candidate that may be bound to `hop`, or None.

    `named`: ids that occur in the submit subtask's log. Exactly one named candidate is it; else a single one,
    once the submit subtask is done and no other can come.
    """
    confirmed = set(candidates) & set(named)
    if len(confirmed) == 1:
        return confirmed.pop()
    if not confirmed and len(candidates) == 1 and hop.is_submitted:
        return next(iter(candidates))
    return None

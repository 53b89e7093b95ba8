"""A pool of forked workers that do what Celery workers do, tick after tick, until they are killed at some moment."""

import os
import random
import signal
import time
import traceback
from collections.abc import Callable
from contextlib import suppress

from tests.faults import crash_points, restart
from upgrades import tasks
from upgrades.models import ChangeRequest, Endpoint, RunAction, User
from upgrades.services import change_requests, moves

# A process that ends by itself had a fault of its own.
_BROKEN = 71


class Pool:
    """So many workers at once; `kill_one` ends one without warning and puts another in its place. `kills` counts."""

    def __init__(self, size: int, dice: random.Random, longest_life: float) -> None:
        self.kills = 0
        self._dice = dice
        self._longest_life = longest_life
        self._ends: dict[int, float] = {}
        for _number in range(size):
            self._fork()

    def kill_one(self) -> None:
        """Wait for the moment at which the next worker dies, and kill it there."""
        pid = min(self._ends, key=lambda pid: self._ends[pid])
        time.sleep(max(0.0, self._ends[pid] - time.monotonic()))
        self._kill(pid)
        forget_leases()
        self._fork()

    def kill_all(self) -> None:
        """End the pool, every worker as suddenly as the others."""
        for pid in list(self._ends):
            self._kill(pid)

    def _kill(self, pid: int) -> None:
        del self._ends[pid]
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert code == -signal.SIGKILL, f"a worker ended by itself: {code}"
        self.kills += 1

    def _fork(self) -> None:
        seed = self._dice.random()
        pid = os.fork()
        if pid == 0:
            _work(random.Random(seed))  # noqa: S311 (a seed to repeat, no secret)
        self._ends[pid] = time.monotonic() + self._dice.uniform(0.0, self._longest_life)


def forget_leases() -> None:
    """Time passes: a lease of the dead would keep the others waiting. Those of the living may run out as well."""
    ChangeRequest.objects.filter(status="starting").update(claimed_until=None)
    restart.pass_time()


def _work(dice: random.Random) -> None:
    """The forked process, from its first moment to its last: it never returns."""
    try:
        crash_points.leave_inherited()
        while True:
            doors = _doors()
            dice.shuffle(doors)
            for door in doors:
                door()
            if not doors:
                time.sleep(0.01)
    except BaseException:  # noqa: BLE001 (told on stderr; the parent sees that it ended by itself)
        traceback.print_exc()
    finally:
        os._exit(_BROKEN)


def _doors() -> list[Callable[[], None]]:
    """What is due, as a tick would ring for it, and the clicks of people."""
    doors: list[Callable[[], None]] = [tasks.expire_all, tasks.seal]
    for row in ChangeRequest.objects.filter(status__in=["approved", "starting"], status_reason__isnull=True):
        doors.append(lambda row=row: _start(row) if row.status == "approved" else tasks.submit(row.pk))
    for action in RunAction.objects.open():
        doors.append(lambda action=action: tasks.act(action.pk))
    for endpoint in Endpoint.objects.all():
        doors += [lambda pk=endpoint.pk, door=door: door(pk) for door in (tasks.sweep, tasks.follow, tasks.verify)]
    return doors


def _start(row: ChangeRequest) -> None:
    with suppress(moves.Refusal):
        operator = User.objects.get(username="olga")
        change_requests.start(change_request=row, fingerprint=row.fingerprint, actor=operator)

"""Two endpoints that are well beside three that are not: one hangs, one answers 401, one has no quota left for us.

Five look-alikes with a run each, over the product's own workers and beat: first all well, then three of them ill. The
floor of a figure is the same one while all were well; what changes is a subtask's status at OCP, and where it must
arrive is the run's row. Run from the root: python -m bench.ill_endpoints
"""

from __future__ import annotations

import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from django.conf import settings

from bench.frame import own_services
from bench.live import change
from bench.record import p95, record
from tests.followed import TO_THE_END, advance, fresh, wait_until
from tests.scenes import OTHER, OTHER_TARGET, Cast, control
from tests.several import asked, connect, hang, refuse, runs_on
from tests.stack import Stack
from upgrades import selectors
from upgrades.models import Endpoint, UpgradeRun
from upgrades.rules.workflow import RunStatus
from upgrades.simulator.server import LookAlike

# Half of them at each of the two, where an upgrade of one hop has about forty.
CHANGES = 64
INVENTORY_SECONDS = 5
DURATIONS = {"FOLLOW_OPEN_SECONDS": "1", "INVENTORY_SECONDS": str(INVENTORY_SECONDS), "VERIFY_SECONDS": "1"}
# A tenth of what the reads of one endpoint are in the same time.
QUOTA = {"10": 3}


@dataclass
class Phase:
    """What was seen in one half. delays: ms; ages: of the list of clusters, s; requests: by look-alike."""

    delays: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    seconds: float = 0.0


def measure(runs: list[UpgradeRun], look_alikes: list[LookAlike]) -> Phase:
    """Let subtasks change at the two that are well, in turn, and see when their rows tell."""
    phase, before, began = Phase(), [asked(ocp) for ocp in look_alikes], time.monotonic()
    for index in range(CHANGES):
        run, ocp = runs[index % 2], look_alikes[index % 2]
        version = fresh(run).version
        begun = change(ocp)
        wait_until(lambda run=run, version=version: fresh(run).version > version, 60)  # type: ignore[misc]
        phase.delays.append((time.time() - begun) * 1000)
        phase.ages += [age(run.endpoint_id) for run in runs[:2]]
        # Spread over the second between two ticks, so that the figure does not follow their rhythm.
        threading.Event().wait(0.3 + index / CHANGES)
    phase.requests = [asked(ocp) - count for ocp, count in zip(look_alikes, before, strict=True)]
    phase.seconds = time.monotonic() - began
    return phase


def followed(runs: list[UpgradeRun]) -> list[UpgradeRun]:
    """The runs, once each has been read."""
    wait_until(lambda: all(fresh(run).observed_at for run in runs), 60)
    return runs


def end(runs: list[UpgradeRun], look_alikes: list[LookAlike]) -> None:
    """Let the runs come to their end."""
    for ocp in look_alikes[: len(runs)]:
        advance(ocp, TO_THE_END)
    wait_until(lambda: all(fresh(run).status == RunStatus.VERIFIED for run in runs), 60)


def age(endpoint_id: int) -> float:
    """How old the mirror of the endpoint's clusters is, in seconds."""
    observed_at = Endpoint.objects.values_list("lists_observed_at", flat=True).get(pk=endpoint_id)
    assert observed_at is not None
    return (selectors.database_now() - observed_at).total_seconds()


def tell(well: Phase, ill: Phase) -> None:
    """Print and keep the figures."""
    record("ill_endpoints", "change at OCP to row, p50, ms", median(ill.delays), median(well.delays))
    record("ill_endpoints", "change at OCP to row, p95, ms", p95(ill.delays), p95(well.delays))
    record("ill_endpoints", "change at OCP to row, slowest, ms", max(ill.delays), max(well.delays))
    what = f"age of the clusters read each {INVENTORY_SECONDS} s"
    record("ill_endpoints", f"{what}, p50, s", median(ill.ages), median(well.ages))
    record("ill_endpoints", f"{what}, p95, s", p95(ill.ages), p95(well.ages))
    for number, name in enumerate(("one that is well", "the other one", "the one that hangs", "401", "no quota")):
        rates = [phase.requests[number] / phase.seconds * 60 for phase in (ill, well)]
        record("ill_endpoints", f"requests a minute to: {name}", *rates)


def main() -> None:
    """Measure beside services of its own."""
    with own_services(), tempfile.TemporaryDirectory() as logs, ExitStack() as stack:
        look_alikes = [LookAlike(speed=0) for _number in range(5)]
        for look_alike in look_alikes:
            look_alike.start()
            stack.callback(look_alike.stop)
        endpoints, cast = connect(look_alikes, settings), Cast()
        runs = runs_on(endpoints, cast)
        processes = stack.enter_context(Stack(Path(logs)))
        processes.environment |= DURATIONS
        processes.start_worker("tick")
        processes.start_worker("follow")
        processes.start_beat()
        well = measure(followed(runs), look_alikes)
        end(runs[:2], look_alikes)
        runs = runs_on(endpoints[:2], cast, cluster=OTHER, target=OTHER_TARGET)
        hang(look_alikes[2])
        before = asked(look_alikes[3])
        refuse(look_alikes[3])
        control(look_alikes[4], "POST", "/rate-limit", **QUOTA)
        ill = measure(followed(runs), look_alikes)
        tell(well, ill)
        spent = asked(look_alikes[3]) - before
        record("ill_endpoints", f"requests that the 401 one got in {ill.seconds:.0f} s", spent)


if __name__ == "__main__":
    main()

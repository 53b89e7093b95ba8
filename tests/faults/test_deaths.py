"""R1: kill -9 at random moments, several runs at once, an OCP that lies: nothing twice, nothing lost, all audited."""

import gc
import random
import threading

import pytest

from ocpdash.processes import wait_until
from tests import scenes
from tests.faults import broken, checker, lengths, record, restart
from tests.faults.ocp_process import OcpProcess
from tests.faults.pool import Pool, forget_leases
from tests.faults.saved import Saved
from tests.scenes import Cast, control
from upgrades.models import ChangeRequest, Cluster, Package, UpgradeRun
from upgrades.services import change_requests, plans, topology

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(3600)]

KILLS = 20
WORKERS = 3
LONGEST_LIFE = 0.5
RUNS = 4
SHARE_OF_PROGRESS = 0.3
PROCESS_KILLS = 5
PATIENCE_SECONDS = 60.0
MOST_ROUNDS = 20
# What OCP does with a POST, by weight.
HOSTILE = {
    "late": (10, {"mode": "late", "delay": 0.15}),
    "lost": (10, {"mode": "lost"}),
    "500": (5, {"mode": "500", "is_accepted": True}),
    "cut": (3, {"mode": "cut"}),
    "refuse": (5, {"mode": "refuse"}),
    "plain": (67, {"mode": "plain"}),
}


def approved(cast, endpoint):
    """Requests on as many clusters as can be upgraded, each approved."""
    found, clusters = [], Cluster.objects.filter(endpoint=endpoint).order_by("pk")
    for cluster in clusters:
        topology.sync(cluster)
    for cluster in clusters.all():
        for package in Package.objects.filter(endpoint=endpoint, name="oceanbase").order_by("-version"):
            if plans.preview(cluster, package.file_name).content and not is_taken(cluster):
                found.append(scenes.approved(cast, cluster=cluster.name, target=package.file_name))
                break
        if len(found) == RUNS:
            return found
    raise AssertionError(f"only {len(found)} clusters can be upgraded")


def is_taken(cluster):
    return any(ChangeRequest.objects.filter(cluster=other).exists() for other in plans.affected(cluster))


class Rounds:
    """The same requests on the same OCP, round after round; what strikes is the seed's."""

    def __init__(self, ocp, saved, requests, read_records):
        self.ocp, self.saved, self.requests, self.read = ocp, saved, requests, read_records
        for request in requests[1:]:
            change_requests.start(change_request=request, fingerprint=request.fingerprint, actor=request.requester)
        saved.keep()
        ocp.keep()
        gc.collect()
        gc.freeze()

    def play(self, seed, part):
        """One round: what the checker found, with the seed. `part` counts the kills."""
        dice = random.Random(seed)  # noqa: S311 (a seed to repeat, no secret)
        self.put_back(dice)
        pool = Pool(WORKERS, dice, LONGEST_LIFE)
        try:
            for _number in range(KILLS - WORKERS):
                pool.kill_one()
                if dice.random() < SHARE_OF_PROGRESS:
                    control(self.ocp, "POST", "/advance", seconds=dice.choice([30, 300]))
        finally:
            pool.kill_all()
            part.count += pool.kills
        restart.settle(self.ocp)
        return [(seed, violation) for violation in self.judge()]

    def judge(self):
        """What is wrong, or still hangs, as it stands now."""
        return checker.violations(self.read(self.ocp), is_settled=True) + lost_starts()

    def put_back(self, dice):
        """Everything as it was, and an OCP that will answer each POST by the dice."""
        self.saved.put_back()
        self.ocp.put_back()
        weights, modes = zip(*HOSTILE.values(), strict=True)
        for request in self.requests:
            answer = dice.choices(modes, weights)[0]
            control(self.ocp, "POST", "/answer", cluster_id=request.cluster.ocp_id, **answer)


@pytest.fixture
def rounds(services, settings, read_records):
    settings.UNCONFIRMED_AFTER_SECONDS = 1
    settings.START_TIMEOUT_SECONDS = 10 * 3600
    settings.VERIFY_SECONDS = 0.1
    ocp, saved = OcpProcess(), Saved(services.superuser_url)
    yield Rounds(ocp, saved, approved(Cast(), scenes.connect(ocp, settings)), read_records)
    saved.close()
    ocp.stop()


def lost_starts():
    """Starts that were asked for and led nowhere, without a word why."""
    rows = ChangeRequest.objects.filter(status="approved", status_reason__isnull=True).exclude(starting_at=None)
    return [checker.Violation("I4", f"the start of {row} is lost") for row in rows]


def test_workers_that_are_killed_at_random_moments_send_nothing_twice_and_lose_nothing(rounds):
    seeds, found = lengths.seeds(short=1, push=25, full=475), []
    about = f"kill -9 of workers at random moments, {RUNS} runs at once, an OCP that lies"
    with record.kept("R1", about, seeds=seeds) as part:
        for seed in seeds:
            found += rounds.play(seed, part)
        part.violations = len(found)
    assert found == []
    assert UpgradeRun.objects.count() >= RUNS - 1


class Crew:
    """The product's own processes on the same OCP; `kill_one` ends one by its id and starts it anew.

    `part` counts the kills.
    """

    def __init__(self, stack, ocp, part):
        stack.drive(ocp)
        stack.environment |= {
            "SUBMIT_BUDGET_SECONDS": "30", "SECOND_PRE_READ_SECONDS": "20", "UNCONFIRMED_AFTER_SECONDS": "2",
            "FOLLOW_OPEN_SECONDS": "1", "VERIFY_SECONDS": "1", "OCP_TOTAL_SECONDS": "5",
        }  # fmt: skip
        self._stack = stack
        self._starts = {
            "beat": stack.start_beat,
            "worker-tick": lambda: stack.start_worker("tick"),
            "worker-follow": lambda: stack.start_worker("follow"),
            "web": stack.start_web,
        }
        self._part = part

    def start(self):
        for start in self._starts.values():
            start()

    def kill_one(self, dice):
        """Within a moment; twice in three a worker of submissions, which has most to lose."""
        threading.Event().wait(dice.uniform(0.0, 1.5))
        name = dice.choice(["worker-tick", "worker-tick", "worker-tick", "worker-follow", "beat", "web"])
        self._stack.kill(name)
        self._part.count += 1
        self._starts[name]()

    def kill_all(self):
        for name in self._starts:
            if name in self._stack.processes:
                self._stack.kill(name)


@lengths.longer
def test_processes_that_are_killed_by_their_ids_send_nothing_twice_and_lose_nothing(rounds, stack):
    seeds, found = lengths.seeds(short=0, push=1, full=100), []
    with record.kept("R1-processes", "kill -9 of worker, beat and web processes", seeds=seeds) as part:
        crew = Crew(stack, rounds.ocp, part)
        for seed in seeds:
            dice = random.Random(seed)  # noqa: S311 (a seed to repeat, no secret)
            rounds.put_back(dice)
            crew.start()
            for _number in range(PROCESS_KILLS):
                crew.kill_one(dice)
                control(rounds.ocp, "POST", "/advance", seconds=dice.choice([0, 300]))
            # The claim of a worker that died in its first pre-read holds 45 s, most of what we wait.
            forget_leases()
            wait_until(lambda: not rounds.judge(), PATIENCE_SECONDS)
            crew.kill_all()
            found += [(seed, violation) for violation in rounds.judge()]
        part.violations = len(found)
    assert found == []


@lengths.longer
def test_kills_show_a_product_that_posts_again_in_doubt(rounds, monkeypatch):
    broken.post_again_in_doubt(monkeypatch)
    monkeypatch.setitem(HOSTILE, "plain", (0, {}))
    # Which seed kills at the telling moment moves with every statement of the product.
    part = record.Part("kills of a broken product")
    found = (violation for seed in range(MOST_ROUNDS) for _seed, violation in rounds.play(seed, part))
    assert any(violation.invariant == "I1" for violation in found)

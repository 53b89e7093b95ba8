"""R12: every kind of odd answer that the look-alike knows, to every read of a worker: nothing falls over.

The look-alike is a process of its own, so that the memory measured is ours alone. Each kind is undone with its
transaction: the next one meets the same rows. A seed is a share of the kinds, each to every read; `make test` has one
share of them, each kind to one read.
"""

import ctypes
import gc
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import translation

from tests import followed, scenes
from tests.factories import make_user
from tests.faults import lengths, record
from tests.scenes import Cast, control
from tests.simulator.process import Running
from tests.views.acting import client_of
from upgrades import live, reasons
from upgrades.models import ChangeRequest, Cluster, Endpoint, Package, Server, Subtask, UpgradeRun
from upgrades.rules import Reason
from upgrades.services import following, inventory, preread, sweeping, topology
from upgrades.simulator import auth

pytestmark = pytest.mark.django_db(transaction=True)

TOTAL_SECONDS = 1.0
# Parts that two processes can share.
SHARES = 8
SEEDS = lengths.seeds(short=1, push=SHARES, full=SHARES)
# The page on which a reader sees what a read brought.
PAGES = {
    "inventory": "/clusters/",
    "topology": "/clusters/{house.cluster.pk}/",
    "follow": "/runs/{house.run.pk}/",
    "sweep": "/runs/",
    "verify": "/runs/{house.run.pk}/",
    "pre-read": "/packages/",
}
# Where no JSON came, the pages of the other reads show the banners of these.
READS_WITH_OWN_BANNERS = {"inventory", "topology", "follow"}
# One call more than its deadline may still be on its way, and the machine may be busy.
SLACK_SECONDS = 3.0
MOST_GROWTH = 64 << 20
# What these tell is told as honestly as anything: a list without a row means that the row is gone.
MAY_HIDE = {
    "rows_vanish", "cluster_is_another", "ids_huge", "ids_negative", "ids_zero", "ids_duplicate", "ids_fraction",
    "names_long", "names_html", "names_bidi", "names_nul", "names_ansi", "names_empty", "names_blank",
    "names_of_lines", "names_surrogate", "names_combining", "names_template", "names_formula", "names_path",
}  # fmt: skip


@dataclass(frozen=True)
class Remote:
    """A look-alike in a process of its own, as far as the scenes need it."""

    url: str
    control_url: str
    username: str = auth.USERNAME
    password: str = auth.PASSWORD


@pytest.fixture
def ocp() -> Iterator[Remote]:
    with Running("--speed", "0") as running:
        yield Remote(running.ocp.url, running.ocp.control_url)


@dataclass(frozen=True)
class House:
    """The rows before any odd answer."""

    cluster: Cluster
    run: UpgradeRun
    # "task id/subtask id" of a step at work, as a page that shows its log asks for it.
    watched: str
    other: Any

    @property
    def reads(self) -> dict[str, Callable[[], object]]:
        """What the workers do with OCP, each as its Celery task calls it: with rows that were just read."""
        return {
            "inventory": lambda: inventory.sync(Endpoint.objects.get()),
            "topology": lambda: topology.sync(Cluster.objects.get(pk=self.cluster.pk)),
            "follow": lambda: following.follow(Endpoint.objects.get()),
            "sweep": lambda: sweeping.sweep(Endpoint.objects.get()),
            "verify": lambda: followed.verify(self.run),
            "pre-read": self._pre_read,
        }

    def arrange(self, name: str) -> None:
        """Bring the run to where this read asks OCP for all that it may. For the transaction that is undone."""
        runs = UpgradeRun.objects.filter(pk=self.run.pk)
        # Else the list, which shows no change, spares the detail from being read.
        runs.update(list_digest="", detail_due_at=None)
        if name == "follow":
            live.watch(self.run.pk, self.watched, now=time.time())
        if name == "sweep":
            runs.update(status="unconfirmed", ocp_task_id=None, baseline=[])
        if name == "verify":
            runs.update(status="verifying", verify_due_at=None)

    def _pre_read(self) -> None:
        try:
            preread.read(ChangeRequest.objects.get(pk=self.other.pk), seconds=TOTAL_SECONDS)
        except preread.Blocked as blocked:
            assert_told(blocked.reason)


@pytest.fixture
def house(ocp: Remote, settings: Any, transactional_db: None) -> House:
    settings.OCP_TOTAL_SECONDS = TOTAL_SECONDS
    scenes.connect(ocp, settings)  # type: ignore[arg-type]
    cast = Cast()
    run = followed.posted(cast)
    child = followed.step(ocp, run, lambda: at_work(run))  # type: ignore[arg-type]
    other = scenes.starting(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    subtask = at_work(child)
    assert subtask is not None
    watched = f"{subtask.task_instance.ocp_id}/{subtask.ocp_id}"
    return House(run.change_request.cluster, followed.fresh(run), watched, other)


def at_work(run: UpgradeRun) -> Subtask | None:
    """A running subtask of a child of the run."""
    rows = Subtask.objects.filter(task_instance__run=run, task_instance__kind="child", status="RUNNING")
    return rows.select_related("task_instance").first()


ASKED = {
    "inventory": r"/clusters\? /software-packages\?",
    "topology": r"/servers\?",
    "follow": r"/instances\?.*status=RUNNING /instances/{parent}$ /instances/{child}$ /subtasks/{subtask}/log$",
    "sweep": r"/instances\?.*clusterId= /instances/{parent}$",
    "verify": r"/clusters\? /servers\? /parameters\?",
    "pre-read": r"/time$ /clusters\? /software-packages\? /servers\? /instances\?.*clusterId=",
}


def test_honest_reads_ask_for_all_that_the_kinds_are_to_spoil(ocp: Remote, house: House) -> None:
    child, _slash, subtask = house.watched.partition("/")
    assert ASKED.keys() == house.reads.keys()
    for name, asked in ASKED.items():
        with transaction.atomic():
            house.arrange(name)
            paths = paths_of(ocp, house.reads[name])
            for pattern in asked.format(parent=house.run.ocp_task_id, child=child, subtask=subtask).split():
                assert any(re.search(pattern, path) for path in paths), (name, pattern, paths)
            assert Endpoint.objects.get().failing_since is None, name
            if name == "sweep":
                adopted = followed.fresh(house.run)
                assert (adopted.status, adopted.ocp_task_id) == ("running", house.run.ocp_task_id)
            transaction.set_rollback(True)


def paths_of(ocp: Remote, read: Callable[[], object]) -> list[str]:
    """What a read asks OCP for."""
    before = len(followed.requests_of(ocp))  # type: ignore[arg-type]
    read()
    return [request["path"] for request in followed.requests_of(ocp, before)]  # type: ignore[arg-type]


def honest_paths(ocp: Remote, house: House, name: str) -> list[str]:
    """What a read asks for where every answer is honest; undone."""
    with transaction.atomic():
        house.arrange(name)
        paths = paths_of(ocp, house.reads[name])
        transaction.set_rollback(True)
    return paths


@pytest.fixture
def _little_to_collect() -> Iterator[None]:
    """forget_peak() collects garbage a thousand times: slow where all of Django is looked at each time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.timeout(300)
@pytest.mark.usefixtures("_little_to_collect")
@pytest.mark.parametrize("seed", SEEDS)
def test_no_kind_of_odd_answer_hurts(ocp: Remote, house: House, seed: int) -> None:
    kinds = control(ocp, "GET", "/faults/kinds")  # type: ignore[arg-type]
    assert len(kinds) >= 150
    reader = client_of(make_user("rita", "viewer"))
    pairs = [pair for share in shares(ocp, house, kinds[seed::SHARES]) for pair in share]
    assert {name for _kind, name in pairs} == set(house.reads)
    troubles = []
    with record.kept("R12", "odd answers to the reads of workers", seeds=range(seed, seed + 1)) as part:
        for kind, name in pairs:
            part.count += 1
            outcome = struck_outcome(ocp, house, kind, name, reader)
            troubles += [f"{kind['kind']} to {name}: {trouble}" for trouble in outcome.troubles]
        part.violations = len(troubles)
    assert not troubles, "\n".join(troubles)


def shares(ocp: Remote, house: House, kinds: list[dict[str, str]]) -> Iterator[list[tuple[dict[str, str], str]]]:
    """For each kind the reads that it can spoil: in `make test` one of them, in turn."""
    asked = {name: honest_paths(ocp, house, name) for name in house.reads}
    for number, kind in enumerate(kinds):
        names = [name for name, paths in asked.items() if any(re.search(kind["calls"], path) for path in paths)]
        assert names, kind
        turn = number % len(names)
        yield [(kind, name) for name in (names[turn : turn + 1] if lengths.length() == "short" else names)]


@dataclass
class Outcome:
    """What came of one kind to one read: how many requests it struck, by how many bytes our memory grew meanwhile."""

    struck: int = 0
    growth: int = 0
    trouble: str = ""

    @property
    def troubles(self) -> Iterator[str]:
        """What is wrong with it, in words."""
        if self.trouble:
            yield self.trouble
        if not self.struck:
            yield "nothing was struck"
        if self.growth >= MOST_GROWTH:
            yield f"{self.growth >> 20} MB"


def struck_outcome(ocp: Remote, house: House, kind: dict[str, str], name: str, reader: Client) -> Outcome:
    """outcome_of(), anew where a busy machine let the deadline pass before the read asked for what the kind spoils."""
    outcome = outcome_of(ocp, house, kind, name, reader)
    for _again in range(2):
        if outcome.struck or outcome.trouble:
            break
        outcome = outcome_of(ocp, house, kind, name, reader)
    return outcome


def outcome_of(ocp: Remote, house: House, kind: dict[str, str], name: str, reader: Client) -> Outcome:
    """What comes of a read of whose answers all that the kind is for are of this kind."""
    outcome = Outcome()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # This transaction is the test's own, to undo what is written; the product holds none while it draws.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            house.arrange(name)
            meet(ocp, house, kind, name, outcome)
            if kind["family"] == "json" or name in READS_WITH_OWN_BANNERS:
                assert_page_stands(PAGES[name].format(house=house), reader)
            transaction.set_rollback(True)
    except Exception as error:  # noqa: BLE001 - all of them are collected
        outcome.trouble = f"{type(error).__name__}: {str(error)[:300]}"
    finally:
        outcome.struck = sum(fault["struck"] for fault in control(ocp, "GET", "/faults"))  # type: ignore[arg-type]
        control(ocp, "DELETE", "/faults")  # type: ignore[arg-type]
    return outcome


def meet(ocp: Remote, house: House, kind: dict[str, str], name: str, outcome: Outcome) -> None:
    known = everything()
    seen_at = Endpoint.objects.get().observed_at
    control(ocp, "POST", "/faults", action=kind["kind"], path=kind["calls"], seconds=0.05)  # type: ignore[arg-type]
    before = forget_peak()
    begun = time.monotonic()
    house.reads[name]()
    took = time.monotonic() - begun
    outcome.growth = peak() - before
    assert took < TOTAL_SECONDS * 2 + SLACK_SECONDS, f"took {took:.1f} s"
    endpoint = Endpoint.objects.get()
    if endpoint.failing_since is not None:
        assert_told(Reason.from_json(endpoint.failure))
    is_unread = endpoint.failing_since is not None and endpoint.observed_at == seen_at
    if is_unread or kind["kind"] not in MAY_HIDE:
        assert known <= everything(), "rows are gone"


def everything() -> set[tuple[str, int]]:
    """Every row that a page shows and that is not marked missing."""
    found = {("subtask", key) for key in Subtask.objects.values_list("pk", flat=True)}
    for model in (Cluster, Package, Server):
        rows = model.objects.filter(missing_since=None).values_list("pk", flat=True)  # type: ignore[attr-defined]
        found |= {(model.__name__, key) for key in rows}
    return found


def assert_told(reason: Reason) -> None:
    """The reason has a sentence in both languages."""
    for language in ("en", "zh-hans"):
        with translation.override(language):
            sentence = reasons.sentence(reason)
        assert sentence != reason.code, reason.code
        assert "?" not in sentence, sentence


def assert_page_stands(page: str, reader: Client) -> None:
    answer = reader.get(page)
    assert answer.status_code == 200, page
    assert "<script>alert" not in answer.text, page


def forget_peak() -> int:
    """Let the kernel count the peak of this process's memory anew; what it holds now, in bytes."""
    # What was freed goes back first, else a read that takes it again would seem to need nothing.
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """The most memory that this process has held since forget_peak(), in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) << 10

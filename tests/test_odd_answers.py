"""Every kind of odd answer that the look-alike knows, to every read of a worker: nothing falls over.

The look-alike is a process of its own, so that the memory measured is ours alone. Each kind is undone with its
transaction: the next one meets the same rows.
"""

import gc
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psutil
import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import translation

from tests import followed, scenes
from tests.factories import make_user
from tests.scenes import Cast, control
from tests.views.acting import client_of
from upgrades import reasons
from upgrades.models import Cluster, Endpoint, Package, Server, Subtask, UpgradeRun
from upgrades.rules import Reason
from upgrades.services import following, inventory, preread, sweeping, topology
from upgrades.simulator import auth

pytestmark = pytest.mark.django_db(transaction=True)

TOTAL_SECONDS = 1.0
# Parts that two processes can share.
SHARES = 8
# The page on which a reader sees what a read brought.
PAGES = {
    "inventory": "/clusters/",
    "topology": "/clusters/{house.cluster.pk}/",
    "follow": "/runs/{house.run.pk}/",
    "sweep": "/runs/",
    "pre-read": "/packages/",
}
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
    command = [sys.executable, "manage.py", "simulate_ocp", "--port", "0", "--control-port", "0", "--speed", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"look-alike at (\S+), control port at (\S+)", process.stdout.readline())
        assert found is not None
        yield Remote(found[1], found[2])
        process.terminate()


@dataclass(frozen=True)
class House:
    """The rows before any odd answer."""

    endpoint: Endpoint
    cluster: Cluster
    run: UpgradeRun
    other: Any

    @property
    def reads(self) -> dict[str, Callable[[], object]]:
        """What the workers do with OCP, each as its Celery task calls it."""
        return {
            "inventory": lambda: inventory.sync(self.endpoint),
            "topology": lambda: topology.sync(self.cluster),
            "follow": lambda: following.follow(self.endpoint),
            "sweep": lambda: sweeping.sweep(self.endpoint),
            "pre-read": self._pre_read,
        }

    def _pre_read(self) -> None:
        try:
            preread.read(self.other, seconds=TOTAL_SECONDS)
        except preread.Blocked as blocked:
            assert_told(blocked.reason)


@pytest.fixture
def house(ocp: Remote, settings: Any, transactional_db: None) -> House:
    settings.OCP_TOTAL_SECONDS = TOTAL_SECONDS
    endpoint = scenes.connect(ocp, settings)  # type: ignore[arg-type]
    cast = Cast()
    run = followed.posted(cast)
    following.follow(endpoint)
    other = scenes.starting(cast, cluster=scenes.OTHER, target=scenes.OTHER_TARGET)
    return House(endpoint, run.change_request.cluster, followed.fresh(run), other)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("share", range(SHARES))
def test_no_kind_of_odd_answer_hurts(ocp: Remote, house: House, share: int) -> None:
    kinds = control(ocp, "GET", "/faults/kinds")
    assert len(kinds) >= 150
    reader = client_of(make_user("rita", "viewer"))
    before = held()
    troubles = [
        f"{kind['kind']} to {name}: {trouble}"
        for kind in kinds[share::SHARES]
        for name in house.reads
        if (trouble := trouble_with(ocp, house, kind, name, reader))
    ]
    assert not troubles, "\n".join(troubles)
    assert held() - before < MOST_GROWTH


def trouble_with(ocp: Remote, house: House, kind: dict[str, str], name: str, reader: Client) -> str:
    """What goes wrong where every answer to one read is of this kind; "" for nothing."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            # This transaction is the test's own, to undo what is written; the product holds none while it draws.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            meet(ocp, house, kind, name)
            assert_page_stands(PAGES[name].format(house=house), reader)
            transaction.set_rollback(True)
    except Exception as error:  # noqa: BLE001 - all of them are collected
        return f"{type(error).__name__}: {str(error)[:300]}"
    finally:
        control(ocp, "DELETE", "/faults")
    return ""


def meet(ocp: Remote, house: House, kind: dict[str, str], name: str) -> None:
    known = everything()
    seen_at = Endpoint.objects.get().observed_at
    control(ocp, "POST", "/faults", action=kind["kind"], path=kind["calls"], seconds=0.05)
    # Else the list, which shows no change, spares the detail from being read.
    UpgradeRun.objects.update(list_digest="", detail_due_at=None)
    begun = time.monotonic()
    house.reads[name]()
    took = time.monotonic() - begun
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


def held() -> int:
    """The memory that this process holds now, in bytes."""
    gc.collect()
    return int(psutil.Process().memory_info().rss)

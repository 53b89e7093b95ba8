"""Lists that grow for ever are read by an index in the order that they show; bench/lists.py measures them."""

from typing import Any

import pytest
from django.db import connection, transaction

from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import in_review, run_of
from upgrades import selectors
from upgrades.models import AuditEvent, ChangeRequest, UpgradeRun
from upgrades.selectors.inbox import runs_waiting

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (UpgradeRun.objects.order_by("-intent_at", "-pk"), "run_by_intent"),
        (UpgradeRun.objects.filter(status="failed").order_by("-intent_at"), "run_by_status"),
        (ChangeRequest.objects.order_by("-pk"), "upgrades_changerequest_pkey"),
        (ChangeRequest.objects.filter(status="stale").order_by("-pk"), "change_request_by_status"),
        (ChangeRequest.objects.filter(requester=1).order_by("-pk"), "change_request_by_requester"),
        (ChangeRequest.objects.filter(cluster=1).order_by("-pk"), "change_request_by_cluster"),
        (AuditEvent.objects.filter(actor=1, environment="dev").order_by("-pk"), "audit_by_actor_there"),
    ],
)
def test_newest_come_from_the_index_without_sorting(rows: Any, index: str) -> None:
    plan = planned(rows[:51], "enable_bitmapscan", "enable_sort")
    assert index in plan
    assert "Sort" not in plan


def test_a_page_in_the_middle_of_the_runs_begins_where_the_index_does() -> None:
    run = run_of(in_review(Cast()))
    plan = planned(selectors.runs_before(UpgradeRun.objects.order_by("-intent_at", "-pk"), run.pk)[:51])
    assert "run_by_intent" in plan
    assert "Index Cond: (intent_at <=" in plan


def test_open_requests_are_named_so_that_an_index_finds_them() -> None:
    rows = selectors.change_request_list(make_user("ada", "viewer"), {"status": "open"})
    assert "NOT" not in str(rows.values("pk").query).partition("WHERE")[2].partition("ORDER")[0]


def planned(rows: Any, *switched_off: str) -> str:
    """How PostgreSQL would go about it, did it not find the table too small for an index."""
    with transaction.atomic(), connection.cursor() as cursor:
        for name in ("enable_seqscan", *switched_off):
            cursor.execute(f"SET LOCAL {name} = off")
        return str(rows.explain())


def test_figures_of_every_page_read_no_run_that_ended_long_ago() -> None:
    ada = make_user("ada", "admin", "operator")
    for rows in (UpgradeRun.objects.visible_to(ada).open(), runs_waiting(ada)):
        plan = planned(rows)
        assert "run_by_status" in plan, plan
        assert "Seq Scan on upgrades_upgraderun" not in plan, plan

"""Lists that grow for ever are read by an index in the order that they show; bench/lists.py measures them."""

from typing import Any

import pytest
from django.db import connection, transaction

from upgrades.models import ChangeRequest, UpgradeRun

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
    ],
)
def test_newest_come_from_the_index_without_sorting(rows: Any, index: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        # A table of no rows would be read whole and sorted.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        plan = rows[:51].explain()
    assert index in plan
    assert "Sort" not in plan

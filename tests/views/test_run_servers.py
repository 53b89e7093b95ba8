"""What ocpdash read of each server stands on the run's page, the difference loud, after the end too."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.scenes import Cast
from tests.views.acting import client_of
from tests.views.run_rows import make_run, page_of
from upgrades.models import UpgradeRun

pytestmark = pytest.mark.django_db

BUILD = "108000022024072217"
AT = "2026-11-21T03:31:52+00:00"
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


@pytest.fixture
def client(cast: Cast) -> Client:
    return client_of(cast.olga)


def server(ip: str, version: str = "4.2.1.8", **over: str) -> dict[str, str]:
    return {
        "address": f"{ip}:2882",
        "zone": "zone1",
        "status": "RUNNING",
        "version": version,
        "build": BUILD,
    } | over


def reading(*servers: dict[str, str], **over: Any) -> dict[str, Any]:
    by_server = {row["address"]: row["version"] for row in servers}
    return {
        "ocp_id": 1,
        "cluster": "trade_core",
        "status": "RUNNING",
        "is_standby": False,
        "before": ["4.2.1.1"],
        "servers": list(servers),
        "servers_at": AT,
        "servers_why": None,
        "parameters": {"min_observer_version": {"values": ["4.2.1.8"], "by_server": by_server}},
        "parameters_at": AT,
        "parameters_why": None,
    } | over


def planned(cast: Cast, status: str, *rows: dict[str, Any], **over: Any) -> UpgradeRun:
    return make_run(cast, status, readings=list(rows), **over)


def row_of(page: str, address: str) -> str:
    (row,) = re.findall(rf'<tr[^>]*data-server="{address}">.*?</tr>', page, re.DOTALL)
    return str(row)


@pytest.mark.parametrize("status", ["verifying", "disagrees", "verified", "closed"])
def test_each_server_stands_beside_the_plan(client: Client, cast: Cast, status: str) -> None:
    run = planned(cast, status, reading(server("10.1.1.1"), server("10.1.1.2", "4.2.1.1", status="INACTIVE")))
    page = client.get(page_of(run)).text
    right, wrong = row_of(page, "10.1.1.1:2882"), row_of(page, "10.1.1.2:2882")
    assert "is-wrong" not in right
    assert "is-wrong" in wrong
    assert f"4.2.1.1-{BUILD}" in wrong
    assert wrong.count('data-verdict="disagrees"') == 2
    assert "INACTIVE" in wrong
    assert f"the plan says 4.2.1.8-{BUILD}" in page
    assert "compatible was 4.2.1.1 before." in page


def test_what_could_not_be_read_says_why_and_when_it_was_read_before(client: Client, cast: Cast) -> None:
    why = {"code": "ocp.server_error", "params": {"http_status": 500}}
    run = planned(cast, "verifying", reading(server("10.1.1.1"), servers_why=why, parameters=None, parameters_why=why))
    page = client.get(page_of(run)).text
    assert "Servers could not be read: OCP failed on its own side (500)." in page
    assert "Parameters could not be read: OCP failed on its own side (500)." in page
    assert "Servers read <time" in page
    assert row_of(page, "10.1.1.1:2882").count('data-verdict="unread"') == 2


def test_standby_and_lost_servers_are_told(client: Client, cast: Cast) -> None:
    params = {"cluster": "trade_core_sb", "address": "10.2.1.9:2882"}
    missing = {"code": "verify.server_missing", "params": params, "verdict": "disagrees"}
    standby = reading(server("10.2.1.1"), ocp_id=2, cluster="trade_core_sb", is_standby=True)
    run = planned(cast, "disagrees", reading(server("10.1.1.1")), standby, findings=[missing])
    page = client.get(page_of(run)).text
    assert "no longer shown by OCP" in row_of(page, "10.2.1.9:2882")
    assert page.count('class="servers__h"') == 2


def test_before_the_first_reading_the_page_says_so(client: Client, cast: Cast) -> None:
    assert "No server was read yet" in client.get(page_of(make_run(cast, "verifying"))).text


def test_what_servers_say_stays_text(client: Client, cast: Cast) -> None:
    run = planned(cast, "verifying", reading(server(HOSTILE, HOSTILE, status=HOSTILE, zone=HOSTILE), status=HOSTILE))
    page = client.get(page_of(run)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page

"""Lists of the API: pages by a cursor, filters that are refused rather than passed over, queries that do not grow."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.api.gates import call, names, token_of
from tests.factories import make_cluster, make_endpoint, make_user
from tests.views.test_lists import FIRST, PLACES, add_row
from upgrades.models import RunAction, UpgradeRun, User

pytestmark = pytest.mark.django_db

FEW, MANY = 3, 30
# A run's own list has a test of its own.
LISTS = sorted(name for name in names() if name.endswith("-list") and name != "run-actions-list")


@pytest.fixture
def vera(db: None) -> User:
    make_endpoint(name=FIRST)
    return make_user("vera", "auditor", "admin", *(("operator", place) for place in PLACES))


@pytest.fixture
def token(vera: User) -> str:
    return token_of(vera)


def rows(token: str, address: str) -> dict[str, Any]:
    answer = call(token, "get", address)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = json.loads(answer.content)
    assert told.keys() == {"items", "next"}
    return told


def refused(token: str, address: str) -> tuple[str, str]:
    answer = call(token, "get", address)
    assert answer.status_code == 400, answer.text
    told = json.loads(answer.content)
    return told["code"], told["field"]


def test_a_list_takes_as_many_queries_for_thirty_rows_as_for_three_and_tells_each_once(vera: User, token: str) -> None:
    found = []
    for first, last in ((0, FEW), (FEW, MANY)):
        for number in range(first, last):
            add_row(number, vera)
        costs, counts = {}, {}
        for name in LISTS:
            with CaptureQueriesContext(connection) as captured:
                counts[name] = len(rows(token, reverse(f"api:{name}") + "?limit=200")["items"])
            costs[name] = len(captured)
            assert not any("COUNT(*)" in query["sql"] for query in captured)
        found.append((costs, counts))
    (few_costs, few), (many_costs, many) = found
    assert many_costs == few_costs
    assert {name for name in LISTS if few[name] < FEW or many[name] < MANY} == set()
    for name in LISTS:
        whole = [row["id"] for row in rows(token, reverse(f"api:{name}") + "?limit=200")["items"]]
        assert walked(token, reverse(f"api:{name}") + "?limit=7") == whole
    for name in ("requests-list", "audit-list", "decisions-list"):
        whole = [row["id"] for row in rows(token, reverse(f"api:{name}"))["items"]]
        assert whole == sorted(whole, reverse=True)


def walked(token: str, address: str | None) -> list[int]:
    """The ids of every page, one after another."""
    found: list[int] = []
    while address:
        told = rows(token, address)
        assert len(told["items"]) <= 7
        found += [row["id"] for row in told["items"]]
        address = told["next"]
    return found


def test_the_actions_of_a_run_take_as_many_queries_for_thirty_as_for_three(vera: User, token: str) -> None:
    add_row(0, vera)
    run = UpgradeRun.objects.latest("pk")
    address, found = reverse("api:run-actions-list", args=[run.pk]), []
    for first, last in ((0, FEW), (FEW, MANY)):
        for number in range(first, last):
            about = {"task_ocp_id": 1, "subtask_ocp_id": number + 1, "status": "lapsed"}
            RunAction.objects.create(run=run, kind="retry", asker=make_user("", "operator"), **about)
        with CaptureQueriesContext(connection) as captured:
            assert len(rows(token, f"{address}?limit=200")["items"]) == last
        found.append(len(captured))
    assert found[0] == found[1]
    whole = [row["id"] for row in rows(token, f"{address}?limit=200")["items"]]
    assert walked(token, f"{address}?limit=7") == whole == sorted(whole, reverse=True)


def test_a_page_is_never_larger_than_its_most(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("upgrades.api.paging.MOST", 2)
    for _number in range(3):
        make_cluster(zones=0)
    for limit in (3, 10**17):
        assert len(rows(token, f"/api/v1/clusters/?limit={limit}")["items"]) == 2


@pytest.mark.parametrize("limit", ["0", "-1", "x", "", "1.5", "٣", "9" * 5000, "1&limit=2"])
def test_a_limit_that_is_none_is_refused(token: str, limit: str) -> None:
    assert refused(token, f"/api/v1/clusters/?limit={limit}") == ("api.bad_parameter", "limit")


def test_a_cursor_that_was_not_made_here_or_for_other_filters_is_refused(token: str) -> None:
    for _number in range(3):
        make_cluster(zones=0)
    address = "/api/v1/clusters/?limit=1"
    cursor = parse_qs(urlsplit(rows(token, address)["next"]).query)["cursor"][0]
    made = signing.dumps(["x", ["a", 1]], salt="elsewhere")
    for bad in ("", "x", "1", cursor[:-1], cursor[1:], "a" + cursor, made, "\x00", "x" * 20_000):
        assert refused(token, f"{address}&cursor={bad.replace(chr(0), '%00')}") == ("api.bad_cursor", "cursor")
    assert refused(token, f"{address}&environment=dev&cursor={cursor}")[0] == "api.bad_cursor"
    assert refused(token, f"/api/v1/packages/?cursor={cursor}")[0] == "api.bad_cursor"
    # Another size of the page is no other list.
    assert len(rows(token, f"/api/v1/clusters/?limit=2&cursor={cursor}")["items"]) == 2


@pytest.mark.parametrize(
    ("name", "query", "code", "field"),
    [
        ("clusters-list", "nonsense=1", "api.unknown_parameter", "nonsense"),
        ("clusters-list", "sort=name", "api.unknown_parameter", "sort"),
        ("clusters-list", "environment=moon", "api.bad_parameter", "environment"),
        ("clusters-list", "environment=dev&environment=dev", "api.bad_parameter", "environment"),
        ("clusters-list", "q=a%00b", "api.bad_parameter", "q"),
        ("clusters-list", "q=" + "x" * 5000, "api.bad_parameter", "q"),
        ("packages-list", "only=odd", "api.bad_parameter", "only"),
        ("endpoints-list", "q=a", "api.unknown_parameter", "q"),
        ("requests-list", "status=odd", "api.bad_parameter", "status"),
        ("requests-list", "cluster=-1", "api.bad_parameter", "cluster"),
        ("requests-list", "page=2", "api.unknown_parameter", "page"),
        ("runs-list", "state=odd", "api.bad_parameter", "state"),
        ("decisions-list", "run=x", "api.bad_parameter", "run"),
        ("audit-list", "before=9", "api.unknown_parameter", "before"),
        ("audit-list", "first_day=1066-10-14", "api.bad_parameter", "first_day"),
        ("audit-list", "number=x", "api.bad_parameter", "number"),
        ("openapi", "format=json", "api.unknown_parameter", "format"),
    ],
)
def test_a_parameter_that_means_nothing_is_refused_by_name(
    token: str, name: str, query: str, code: str, field: str
) -> None:
    assert refused(token, f"{reverse(f'api:{name}')}?{query}") == (code, field)


def test_filters_are_those_of_the_pages(vera: User, token: str) -> None:
    for number in range(6):
        add_row(number, vera)
    found = {
        "/api/v1/clusters/?environment=dev": {"dev"},
        "/api/v1/change-requests/?mine=true&status=stale": {"stale"},
        "/api/v1/runs/?state=ended": {"verified"},
        "/api/v1/runs/?state=unconfirmed": {"unconfirmed"},
        "/api/v1/decisions/?status=proposed": {"proposed"},
        "/api/v1/audit/?action=path_file": {"path_file.upload"},
    }
    column = {"clusters": "environment", "audit": "action"}
    for address, values in found.items():
        items = rows(token, address)["items"]
        assert {row[column.get(address.split("/")[3], "status")] for row in items} == values


def test_other_calls_take_no_parameter(token: str, vera: User) -> None:
    assert refused(token, f"/api/v1/clusters/{make_cluster(zones=0).pk}/?limit=1")[0] == "api.unknown_parameter"
    answer = Client().post(
        "/api/v1/change-requests/?purpose=x", {}, "application/json", headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "api.unknown_parameter")

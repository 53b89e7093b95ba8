"""The list of clusters as a file: what is filtered, in order, harmless to a spreadsheet, and audited."""

import csv
import io
from collections.abc import AsyncIterator
from typing import cast

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import make_change_request, make_cluster, make_endpoint, make_server, make_user
from tests.views.pages import awaited, client_of, sent, text_of
from upgrades.models import AuditEvent, Cluster
from upgrades.views import clusters, exports

pytestmark = pytest.mark.django_db

FILE = "/clusters/export.csv"


@pytest.fixture
def reader() -> Client:
    make_endpoint(name="prod-shanghai")
    return client_of(make_user("vera", ("viewer", "production"), ("viewer", "dev")))


def lines_of(client: Client, query: str = "") -> list[dict[str, str]]:
    answer = client.get(FILE + query)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="clusters-')
    return list(csv.DictReader(io.StringIO(sent(answer).decode("utf-8-sig"))))


def test_the_file_holds_the_filtered_list_in_its_order_and_nothing_that_the_reader_may_not_see(reader: Client) -> None:
    make_cluster(name="b", version="4.2.1.8", owner="payments", labels=["pci", "tier-1"], environment="dev")
    make_cluster(name="a", version="4.2.1.10", environment="dev")
    make_cluster(name="c", environment="production")
    make_cluster(name="hidden", environment="staging")
    assert [line["name"] for line in lines_of(reader)] == ["a", "b", "c"]
    assert [line["name"] for line in lines_of(reader, "?sort=-name")] == ["c", "b", "a"]
    (line,) = lines_of(reader, "?label=pci")
    assert (line["owner"], line["labels"], line["environment"]) == ("payments", "pci; tier-1", "dev")
    assert (line["version"], line["mixed"], line["zones"], line["servers"]) == ("4.2.1.8", "no", "3", "3")
    assert (line["endpoint"], line["request"]) == ("prod-shanghai", "")
    assert f'href="{FILE}?label=pci"' in text_of(reader, "/clusters/?label=pci&page=1")


def test_a_line_tells_of_its_request_and_of_mixed_servers(reader: Client) -> None:
    cluster = make_cluster()
    make_server(cluster, version="4.2.1.8", build="7")
    change_request = make_change_request(cluster)
    (line,) = lines_of(reader)
    assert (line["mixed"], line["server_versions"]) == ("yes", "4.2.1.1-101000062023110109; 4.2.1.8-7")
    assert (line["request"], line["request_status"]) == (change_request.number, "in_review")


# Cells, and how they stand in the file; a semicolon or a tab may part cells too.
CELLS = {
    "=1+1": "'=1+1",
    "+1": "'+1",
    "-1": "'-1",
    "@SUM(A1)": "'@SUM(A1)",
    "\t=1": "'\t'=1",
    "\r=1": "'\r'=1",
    " =1": "' =1",
    "\uff1d1": "'\uff1d1",
    "a;=1+1": "a;'=1+1",
    "a; @SUM(A1)": "a;' @SUM(A1)",
    "a\t-1": "a\t'-1",
    'a;"=1"': """a;'"=1\"""",
    '"=1': """'"=1""",
    "a;b": "a;b",
    "a=1;b-2": "a=1;b-2",
}


@pytest.mark.parametrize(("name", "cell"), CELLS.items())
def test_a_cell_that_would_be_a_formula_is_made_text(name: str, cell: str) -> None:
    assert exports.harmless(name) == cell


def test_the_cells_of_the_file_are_harmless(reader: Client) -> None:
    make_cluster(name="=1+1", labels=["=2", "=3"])
    (line,) = lines_of(reader)
    assert (line["name"], line["labels"]) == ("'=1+1", "'=2;' =3")


def test_plain_cells_and_numbers_stay_as_they_are() -> None:
    assert [exports.harmless(value) for value in ("a=1", 7, -7, None, "")] == ["a=1", "7", "-7", "", ""]


def test_taking_the_list_away_is_audited_with_its_filters(reader: Client) -> None:
    make_cluster(name="alpha")
    lines_of(reader, "?q=alp&sort=name&nonsense=1")
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_name, event.outcome) == ("cluster.export", "vera", "done")
    assert event.after == {"filters": {"q": "alp", "sort": "name"}, "count": 1}


def test_rows_are_read_only_as_they_are_sent_and_none_is_left_out(
    reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clusters, "EXPORT_BATCH", 2)
    for name in ("a", "b", "c", "d", "e"):
        make_cluster(name=name, zones=0)
    answer = reader.get(FILE)
    assert AuditEvent.objects.get().after["count"] == 5

    async def taken() -> list[str]:
        parts = []
        async for part in cast(AsyncIterator[bytes], answer):
            parts.append(part.decode("utf-8-sig"))
            if len(parts) == 2:
                # What is written meanwhile shows in the rows that are not sent yet.
                await Cluster.objects.aupdate(owner="late")
        return parts

    head, first, *rest = awaited(taken)
    assert head.startswith("name,ocp_id,")
    assert [len(list(csv.reader(io.StringIO(part)))) for part in (first, *rest)] == [2, 2, 1]
    assert "late" not in first
    assert all("late" in part for part in rest)


def test_thirty_clusters_cost_as_many_queries_as_three(reader: Client) -> None:
    counts = []
    for size in (3, 27):
        for _number in range(size):
            make_change_request(make_cluster())
        lines_of(reader)
        with CaptureQueriesContext(connection) as queries:
            lines_of(reader)
        counts.append(len(queries))
    assert counts[0] == counts[1]

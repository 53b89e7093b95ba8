"""The list of clusters as a file: what is filtered, in order, harmless to a spreadsheet, and audited."""

import csv
import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.factories import make_cluster, make_endpoint, make_server, make_user
from tests.views.pages import client_of, request_for, text_of
from upgrades.models import AuditEvent
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
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


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
    change_request = request_for(cluster)
    (line,) = lines_of(reader)
    assert (line["mixed"], line["server_versions"]) == ("yes", "4.2.1.1-101000062023110109; 4.2.1.8-7")
    assert (line["request"], line["request_status"]) == (change_request.number, "in_review")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1"])
def test_a_cell_that_would_be_a_formula_is_made_text(reader: Client, name: str) -> None:
    make_cluster(name=name)
    answer = reader.get(FILE)
    assert f"'{name}" in answer.content.decode("utf-8-sig")


def test_plain_cells_and_numbers_stay_as_they_are() -> None:
    assert [exports.harmless(value) for value in ("a=1", 7, -7, None, "")] == ["a=1", "7", "-7", "", ""]


def test_taking_the_list_away_is_audited_with_its_filters(reader: Client) -> None:
    make_cluster(name="alpha")
    lines_of(reader, "?q=alp&sort=name&nonsense=1")
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_name, event.outcome) == ("cluster.export", "vera", "done")
    assert event.after == {"filters": {"q": "alp", "sort": "name"}, "count": 1}


def test_a_file_that_is_cut_says_so_at_its_end(reader: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "EXPORT_MOST", 2)
    for name in ("a", "b", "c"):
        make_cluster(name=name)
    assert [line["name"] for line in lines_of(reader)] == ["a", "b", "1 more clusters: narrow the filter"]
    assert AuditEvent.objects.get().after["count"] == 2


def test_thirty_clusters_cost_as_many_queries_as_three(reader: Client) -> None:
    counts = []
    for size in (3, 27):
        for _number in range(size):
            request_for(make_cluster())
        lines_of(reader)
        with CaptureQueriesContext(connection) as queries:
            lines_of(reader)
        counts.append(len(queries))
    assert counts[0] == counts[1]

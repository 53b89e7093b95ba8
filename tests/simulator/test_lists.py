"""Paging, filters, sorting, signing in, and what is refused."""

import base64

import pytest
import requests

from upgrades.simulator import fleet

from .conftest import COUPON_DEV, EDGE_ARM, RPM_4218, Person


def test_pages_hold_every_cluster_once(ocp: Person) -> None:
    pages = [ocp.data("/api/v2/ob/clusters", page=number, size=5) for number in (1, 2, 3)]
    assert pages[0]["page"] == {"number": 1, "size": 5, "totalElements": 12, "totalPages": 3}
    assert [len(page["contents"]) for page in pages] == [5, 5, 2]
    assert len({cluster["id"] for page in pages for cluster in page["contents"]}) == 12


def test_page_after_the_last_is_empty(ocp: Person) -> None:
    assert ocp.data("/api/v2/ob/clusters", page=9, size=5)["contents"] == []


@pytest.mark.parametrize("query", [{"page": 0}, {"size": 2001}, {"size": "x"}, {"sort": "nothing,asc"}])
def test_a_page_that_makes_no_sense_is_refused(ocp: Person, query: dict[str, str]) -> None:
    answer = ocp.get("/api/v2/ob/clusters", **query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "COM10001")
    assert answer.json()["successful"] is False
    assert "data" not in answer.json()


def test_clusters_are_found_by_name_and_status(ocp: Person) -> None:
    ocp.control("POST", f"/clusters/{EDGE_ARM}/set", status="STOPPED")
    found = ocp.data("/api/v2/ob/clusters", name="TRADE")["contents"]
    assert [cluster["name"] for cluster in found] == ["trade_core", "trade_core_sb"]
    assert ocp.data("/api/v2/ob/clusters", status="STOPPED,OPERATING")["page"]["totalElements"] == 1


def test_tasks_come_newest_first_and_are_found_by_every_filter(ocp: Person) -> None:
    parent_id = ocp.upgraded(COUPON_DEV, RPM_4218)
    newest = ocp.data("/api/v2/tasks/instances", sort="id,desc")["contents"]
    assert newest[0]["id"] == parent_id
    ids = [task["id"] for task in ocp.data("/api/v2/tasks/instances")["contents"]]
    assert ids == sorted(ids, reverse=True)
    for query in (
        {"status": "RUNNING,FAILED"},
        {"clusterId": COUPON_DEV},
        {"cluterName": "coupon_dev"},
        {"name": "upgrade ob", "status": "RUNNING"},
    ):
        assert [task["id"] for task in ocp.data("/api/v2/tasks/instances", **query)["contents"]] == [parent_id]
    assert ocp.data("/api/v2/tasks/instances", type="SYS_SCHEDULED")["page"]["totalElements"] == 1


def test_packages_are_found_by_architecture_and_keyword(ocp: Person) -> None:
    found = ocp.data("/api/v2/software-packages", architecture="aarch64", keyword="4.2.1.2")["contents"]
    assert [package["fileName"] for package in found] == ["oceanbase-4.2.1.2-102000042023120514.el7.aarch64.rpm"]


def test_servers_of_one_zone(ocp: Person) -> None:
    found = ocp.data(f"/api/v2/ob/clusters/{COUPON_DEV}/zones/zone2/servers")["contents"]
    assert [server["zoneName"] for server in found] == ["zone2"]


def test_fleet_repeats_under_other_names_and_addresses() -> None:
    clusters = fleet.build(150)
    addresses = [server.ip for cluster in clusters for server in cluster.servers]
    assert len({cluster.name for cluster in clusters}) == len({cluster.id for cluster in clusters}) == 150
    assert len(set(addresses)) == len(addresses)
    assert all(int(part) < 255 for address in addresses for part in address.split("."))
    second_standby = next(cluster for cluster in clusters if cluster.name == "trade_core_sb_02")
    assert second_standby.primary_id == second_standby.id - 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v2/ob/clusters/7", 404, "OBE11001"),
        ("/api/v2/tasks/instances/7", 404, "TSK10001"),
        ("/api/v2/nothing", 400, "COM10001"),
        ("/api/v2/ob/clusters/abc", 400, "COM10001"),
    ],
)
def test_what_is_not_there_is_refused_with_its_code(ocp: Person, path: str, status: int, code: str) -> None:
    answer = ocp.get(path)
    assert (answer.status_code, answer.json()["status"], answer.json()["error"]["code"]) == (status, status, code)


def test_wrong_password_is_refused_and_locks_the_account_after_twenty(ocp: Person) -> None:
    def ask() -> str:
        answer = requests.get(f"{ocp.url}/api/v2/info", auth=("ocpdash", "wrong"), timeout=10)
        assert answer.status_code == 401
        return str(answer.json()["error"]["code"])

    assert [ask() for _ in range(20)] == ["IAM10004"] * 19 + ["IAM10007"]
    assert ocp.get("/api/v2/info").status_code == 401


@pytest.mark.parametrize("header", [None, "Bearer x", "Basic ???", "Basic " + base64.b64encode(b"\xff").decode()])
def test_other_ways_to_sign_in_are_refused(ocp: Person, header: str | None) -> None:
    answer = requests.get(
        f"{ocp.url}/api/v2/ob/clusters", headers={"Authorization": header} if header else {}, timeout=10
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "IAM10000")


def test_time_needs_no_account(ocp: Person) -> None:
    assert requests.get(f"{ocp.url}/api/v2/time", timeout=10).status_code == 200


def test_both_ports_are_on_loopback_only(ocp: Person) -> None:
    assert ocp.url.startswith("http://127.0.0.1:")
    assert ocp.control_url.startswith("http://127.0.0.1:")


def test_requests_are_logged_with_their_status(ocp: Person) -> None:
    ocp.get("/api/v2/info")
    seen = ocp.control("GET", "/requests")[-1]
    ocp.get("/api/v2/tasks/instances/7")
    later = requests.get(f"{ocp.control_url}/requests?since={seen['n']}", timeout=10).json()
    assert (seen["method"], seen["path"], seen["status"]) == ("GET", "/api/v2/info", 200)
    assert [entry["path"] for entry in later] == ["/api/v2/tasks/instances/7"]

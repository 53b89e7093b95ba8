"""Every call of the client on the answer that OCP's manual documents for it."""

import inspect
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.ocp.conftest import answer, client_of, document, enveloped, payload, refusal
from upgrades.ocp import OcpClient
from upgrades.ocp.errors import BadAnswer, NotFound
from upgrades.ocp.types import ActionAnswer

BODY = b'{"rpmFileName": "oceanbase-2.2.75-20210108170301.el7.x86_64.rpm"}'


class Call(NamedTuple):
    """One use of a public method: what it sends, what comes back, what it makes of it."""

    make: Callable[[OcpClient], Any]
    sends: str
    answer: bytes
    check: Callable[[Any], bool]


CALLS = {
    "time": Call(
        lambda client: client.time(),
        "GET /api/v2/time",
        b"2021-08-25T15:09:31.74+08:00",
        lambda found: found == datetime(2021, 8, 25, 7, 9, 31, 740000, UTC),
    ),
    "info": Call(
        lambda client: client.info(),
        "GET /api/v2/info",
        payload("info"),
        lambda found: (found.name, found.build_version) == ("ocp-server", "2.5.0-SNAPSHOT"),
    ),
    "clusters": Call(
        lambda client: client.clusters(),
        "GET /api/v2/ob/clusters?page=1&size=200&sort=id,asc",
        payload("cluster-list"),
        lambda found: (
            [(each.id, each.ob_cluster_id, each.version, each.build) for each in found] == [(1000002, 4, "2.2.73", "")]
            and (found[0].zone_names, found[0].region_names, found[0].standby_ids) == (("zone1",), ("hz",), ())
        ),
    ),
    "cluster": Call(
        lambda client: client.cluster(1000002),
        "GET /api/v2/ob/clusters?page=1&size=200&sort=id,asc",
        payload("cluster-list"),
        lambda found: (found.name, found.status, found.type) == ("test", "RUNNING", "PRIMARY"),
    ),
    "zones": Call(
        lambda client: client.zones(22),
        "GET /api/v2/ob/clusters/22/zones?page=1&size=200",
        payload("cluster-zones"),
        lambda found: (
            (found[0].name, found[0].region, found[0].idc) == ("zone1", "hangzhou", "hz3")
            and (found[0].servers[0].version, found[0].servers[0].build) == ("3.1.0", "20210412122703")
        ),
    ),
    "servers": Call(
        lambda client: client.servers(22),
        "GET /api/v2/ob/clusters/22/servers?page=1&size=200",
        payload("cluster-servers"),
        lambda found: (
            (found[0].version, found[0].build, found[0].has_root_server) == ("2.2.73", "20201117154111", True)
            and found[0].raw_version.endswith("(Nov 17 2020 16:09:04)")
        ),
    ),
    "parameters": Call(
        lambda client: client.parameters(22),
        "GET /api/v2/ob/clusters/22/parameters?page=1&size=200",
        payload("cluster-parameters"),
        lambda found: (
            len(found) == 19
            and [(each.name, each.values, each.default) for each in found[:2]]
            == [("ilog_index_expire_time", ("7d",), None), ("tcp_keepcnt", ("10",), "")]
        ),
    ),
    "packages": Call(
        lambda client: client.packages(),
        "GET /api/v2/software-packages?page=1&size=200&sort=id,asc",
        payload("software-packages-list"),
        lambda found: (
            [(each.id, each.build, each.size) for each in found]
            == [(12, "1898294", 31017340), (10, "1884049", 29867460)]
        ),
    ),
    "upgrade": Call(
        lambda client: client.upgrade(22, BODY),
        "POST /api/v2/ob/clusters/22/upgrade",
        payload("cluster-upgrade"),
        lambda found: (
            (found.task.id, found.task.cluster_id, found.task.creator_name) == (108368, 22, "admin")
            and (len(found.task.subtasks), found.trace_id, found.http_status) == (5, "b2a365d384444f76", 200)
        ),
    ),
    "tasks": Call(
        lambda client: client.tasks(cluster_id=1, status=("RUNNING", "FAILED"), page=3, size=50),
        "GET /api/v2/tasks/instances?page=3&size=50&sort=id,desc&clusterId=1&status=RUNNING,FAILED",
        payload("task-list"),
        lambda found: (
            [task.id for task in found.items] == [6202983, 6175879]
            and (found.total, found.number, found.size, found.items[0].operation) == (2, 3, 10, "")
            and found.items[0].subtasks[2].operation == "ROLLBACK"
        ),
    ),
    "task": Call(
        lambda client: client.task(35000312),
        "GET /api/v2/tasks/instances/35000312",
        payload("task-detail"),
        lambda found: (
            (found.operation, found.type, found.prohibit_rollback) == ("EXECUTE", "MANUAL", False)
            and (found.subtasks[0].upstreams, found.subtasks[0].downstreams) == ((13000333,), (13000334,))
            and found.subtasks[0].finish_time == datetime(2021, 8, 25, 7, 9, 52, 182000, UTC)
        ),
    ),
    "subtask_log": Call(
        lambda client: client.subtask_log(35000312, 13000335),
        "GET /api/v2/tasks/instances/35000312/subtasks/13000335/log",
        payload("subtask-log"),
        lambda found: found.text == document("subtask-log")["data"]["log"] and not found.is_cut,
    ),
    "package": Call(
        lambda client: client.package("t-oceanbase-ocp-agent-2.4.0-1884049.alios7.x86_64.rpm"),
        "GET /api/v2/software-packages?page=1&size=200&keyword=t-oceanbase-ocp-agent-2.4.0-1884049.alios7.x86_64.rpm",
        payload("software-packages-list"),
        lambda found: (found.id, found.build, found.size) == (10, "1884049", 29867460),
    ),
    "retry_task": Call(
        lambda client: client.retry_task(35000312),
        "POST /api/v2/tasks/instances/35000312/retry",
        payload("task-retry"),
        lambda found: found == ActionAnswer("0bc49000675d41af", 200),
    ),
    "retry_subtask": Call(
        lambda client: client.retry_subtask(35000312, 13000333),
        "POST /api/v2/tasks/instances/35000312/subtasks/13000333/retry",
        enveloped(document("task-retry")["data"]["subtasks"][0]),
        lambda found: found == ActionAnswer("0bc49000675d41af", 200),
    ),
    "skip_subtask": Call(
        lambda client: client.skip_subtask(35000312, 13000333),
        "POST /api/v2/tasks/instances/35000312/subtasks/13000333/skip",
        payload("subtask-skip"),
        lambda found: found == ActionAnswer("0bc49000675d41af", 200),
    ),
    "cancel_subtask": Call(
        lambda client: client.cancel_subtask(35000312, 13000333),
        "POST /api/v2/tasks/instances/35000312/subtasks/13000333/cancel",
        payload("subtask-cancel"),
        lambda found: found == ActionAnswer("0bc49000675d41af", 200),
    ),
    "alarms": Call(
        lambda client: client.alarms("ob shop", status=("Active", "Silenced")),
        "GET /api/v2/alarm/alarms?page=1&size=200&appType=OB&obCluster=ob+shop&status=Active,Silenced",
        payload("alarm-list"),
        lambda found: (
            ([each.id for each in found.items], found.total) == ([1000160, 1000159, 1000158, 1000157], 10)
            and (found.items[0].type, found.items[0].level) == ("no_enough_exporter", 1)
            and found.items[0].active_at == datetime(2020, 12, 3, 1, 44, 4, tzinfo=UTC)
        ),
    ),
    "backup_overview": Call(
        lambda client: client.backup_overview(1000005),
        "GET /api/v2/ob/clusters/1000005/backup/overview",
        payload("backup-overview"),
        lambda found: (
            (found.status, found.schedule_status, found.compaction_status) == ("HAS_BACKUP_STRATEGY", "NORMAL", "IDLE")
            and found.last_data_backup_time == datetime(2021, 9, 16, 9, 25, 2, 993000, UTC)
            and found.log_delay_seconds == 98
        ),
    ),
    "data_backup_tasks": Call(
        lambda client: client.data_backup_tasks(1000005),
        "GET /api/v2/ob/clusters/1000005/backup/task/dataBackupTasks?page=1&size=200",
        payload("backup-data-tasks"),
        lambda found: (
            [(each.id, each.status) for each in found.items] == [(23, "DONE"), (22, "DONE"), (21, "DONE")]
            and (found.total, found.items[0].type) == (3, "FULL_BACKUP")
            and found.items[0].finish_time == datetime(2021, 9, 16, 9, 25, 5, 943000, UTC)
            and "obbackup" not in repr(found)
        ),
    ),
    "audit_records": Call(
        lambda client: client.audit_records("RESTART_OCP_AGENT"),
        "GET /api/v2/audit/events?page=1&size=200&sort=id,desc&operationEvent=RESTART_OCP_AGENT",
        payload("audit-events"),
        lambda found: (
            [each.id for each in found.items] == [112, 113, 114]
            and (found.items[0].operation, found.items[0].operator_name) == ("RESTART_OCP_AGENT", "admin")
            and (found.items[0].resource_id, found.items[0].status) == (20, "FAILED")
        ),
    ),
}


def test_every_public_method_of_the_client_has_a_call_here():
    methods = {name for name, _ in inspect.getmembers(OcpClient, inspect.isfunction) if not name.startswith("_")}
    assert methods == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_call_sends_its_request_and_reads_the_documented_answer(hostile, name):
    call = CALLS[name]
    server = hostile(answer(call.answer))
    assert call.check(call.make(client_of(server.url)))
    [request] = server.requests
    method, target, _ = request.split(b"\r\n", 1)[0].decode().split(" ")
    path, query = urlsplit(call.sends.split(" ")[1])[2:4]
    assert (method, urlsplit(target).path) == (call.sends.split(" ")[0], path)
    assert parse_qs(urlsplit(target).query) == parse_qs(query)


@pytest.mark.parametrize("name", CALLS)
def test_call_carries_the_headers_that_the_manual_asks_for(hostile, name):
    server = hostile(answer(CALLS[name].answer))
    CALLS[name].make(client_of(server.url))
    head = server.requests[0].partition(b"\r\n\r\n")[0].decode()
    sent = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    assert sent.get("Authorization") == (None if name == "time" else "Basic b2xnYTpjYW5hcnktUGE1NS93b3Jk")
    assert sent["Content-Type"] == "application/json"
    assert sent["Host"] == f"127.0.0.1:{server.port}"
    assert sent["Accept-Encoding"] == ("identity" if CALLS[name].sends.startswith("POST") else "gzip")


def test_upgrade_sends_its_body_byte_for_byte(hostile):
    server = hostile(answer(payload("cluster-upgrade")))
    client_of(server.url).upgrade(22, BODY)
    assert server.requests[0].partition(b"\r\n\r\n")[2] == BODY


def test_path_prefix_of_the_address_is_kept(hostile):
    server = hostile(answer(payload("info")))
    client_of(f"{server.url}/ocp/").info()
    assert server.requests[0].startswith(b"GET /ocp/api/v2/info ")


@pytest.mark.parametrize("body", [b'"2021-08-25T07:09:31Z"', b"2021-08-25T15:09:31+0800\n"])
def test_time_is_read_quoted_or_with_a_line_end(hostile, body):
    assert client_of(hostile(answer(body)).url).time() == datetime(2021, 8, 25, 7, 9, 31, tzinfo=UTC)


@pytest.mark.parametrize("status", [401, 403])
def test_time_is_asked_with_a_sign_in_only_where_it_is_asked_for(hostile, status):
    server = hostile(answer(b"", status), answer(b"2021-08-25T15:09:31+08:00"))
    assert client_of(server.url).time() == datetime(2021, 8, 25, 7, 9, 31, tzinfo=UTC)
    assert [b"Authorization" in request for request in server.requests] == [False, True]


@pytest.mark.parametrize("body", [b"", b"okay", b"2021-08-25T15:09:31", "２０２１-08-25T15:09:31Z".encode(), b"\xff"])
def test_time_that_is_none_is_a_bad_answer(hostile, body):
    with pytest.raises(BadAnswer):
        client_of(hostile(answer(body)).url).time()


@pytest.mark.parametrize(
    "alone",
    [
        answer(refusal(404, "OBE11001"), 404),
        answer(refusal(400, 0), 400),
        answer(b"<html>"),
        answer(enveloped({"id": 5})),
        answer(enveloped({"id": 5, "name": "x", "fullVersion": "4.2.1.1-1010"})),
    ],
)
def test_cluster_that_neither_list_nor_its_own_url_shows_is_not_found(hostile, alone):
    server = hostile(answer(payload("cluster-list")), alone)
    with pytest.raises(NotFound):
        client_of(server.url).cluster(4)
    assert [request.split(b" ")[1].split(b"?")[0] for request in server.requests] == [
        b"/api/v2/ob/clusters",
        b"/api/v2/ob/clusters/4",
    ]


def test_cluster_that_the_list_lacks_is_read_by_its_own_url(hostile):
    server = hostile(
        answer(payload("cluster-list")), answer(enveloped({"id": 4, "name": "x", "fullVersion": "4.2.1.1-1010"}))
    )
    assert client_of(server.url).cluster(4).build == "1010"


def test_task_of_another_id_than_asked_for_is_a_bad_answer(hostile):
    with pytest.raises(BadAnswer):
        client_of(hostile(answer(payload("task-detail"))).url).task(35000313)


@pytest.mark.parametrize("bad", ["22", -1, True, 1.0, None])
def test_only_a_number_goes_into_a_url(hostile, bad):
    server = hostile()
    with pytest.raises(ValueError, match="id of OCP"):
        client_of(server.url).upgrade(bad, BODY)
    assert server.connections == 0


def test_info_is_read_with_unknown_and_absent_fields(hostile):
    server = hostile(answer(json.dumps({"name": "ocp", "server": "x", "buildTime": "yesterday"}).encode()))
    info = client_of(server.url).info()
    assert (info.name, info.artifact, info.build_time) == ("ocp", "", None)

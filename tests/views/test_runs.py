"""Runs: list, live page in every status, snapshot and its freshness; nothing OCP writes gets out of its text."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import client_of, in_review, mirror, queries, refused, run_of
from tests.views.run_rows import make_run, make_task, page_of
from upgrades import audit
from upgrades.models import Endpoint, Heartbeat, Subtask, SubtaskEvent, SubtaskLog, UpgradeRun
from upgrades.rules import workflow
from upgrades.views.run_address import Address

pytestmark = pytest.mark.django_db

HOSTILE = "</text><script>alert(1)</script>\"'&\u202e"


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


@pytest.fixture
def client(cast: Cast) -> Client:
    return client_of(cast.olga)


def test_stranger_sees_no_run_and_nobody_is_told_that_it_exists(cast: Cast) -> None:
    run = make_run(cast)
    for person in (make_user("dev.only", ("viewer", "dev")), make_user("nobody")):
        for rest in ("", "snapshot/", "graph/", "log/?node=1/2"):
            assert client_of(person).get(page_of(run, rest)).status_code == 404, rest
        assert "trade_core" not in client_of(person).get("/runs/").text


def test_who_is_not_signed_in_is_sent_to_sign_in(cast: Cast) -> None:
    run = make_run(cast)
    assert Client().get(page_of(run)).status_code == 302
    assert Client().get(page_of(run, "snapshot/"), headers={"Sec-Fetch-Dest": "empty"}).status_code == 401


def test_viewer_watches_and_may_not_ask_for_a_look(cast: Cast) -> None:
    run = make_run(cast, "disagrees")
    viewer = make_user("vera", "viewer")
    assert client_of(viewer).get(page_of(run)).status_code == 200
    assert client_of(viewer).post(page_of(run, "look-again/")).status_code == 403
    assert refused("run.look_again", viewer) == 1


def test_operator_asks_for_a_look(client: Client, cast: Cast) -> None:
    run = make_run(cast, "disagrees", verify_due_at=timezone.now() + timedelta(minutes=5))
    assert client.post(page_of(run, "look-again/")).status_code == 302
    run.refresh_from_db()
    assert run.verify_due_at is not None
    assert run.verify_due_at <= timezone.now()


def test_look_at_a_verified_run_comes_too_late(client: Client, cast: Cast) -> None:
    assert client.post(page_of(make_run(cast, "verified"), "look-again/")).status_code == 409


@pytest.mark.parametrize("status", list(workflow.RunStatus))
@pytest.mark.parametrize("view", ["graph", "timeline", "table", "events"])
def test_every_status_has_its_page(client: Client, cast: Cast, status: str, view: str) -> None:
    run = make_run(cast, status)
    if run.ocp_task_id is not None:
        make_task(run)
    text = client.get(page_of(run, f"?view={view}")).text
    assert "trade_core" in text
    assert f'data-run-status="{status}"' in text
    if status not in ("running",):
        assert f'data-banner="{status}"' in text


def test_what_ocp_writes_stays_text(client: Client, cast: Cast) -> None:
    run = make_run(cast, "failed", ocp_word=HOSTILE[:40], unreadable_since=timezone.now())
    task = make_task(run, name=HOSTILE)
    Subtask.objects.filter(ocp_id=101).update(status="FAILED", operation=HOSTILE)
    text = f"\x1b[31mred\x1b[0m {HOSTILE}"
    SubtaskLog.objects.create(task_instance=task, subtask_ocp_id=101, text=text, observed_at=timezone.now())
    SubtaskEvent.objects.create(
        run=run, task_ocp_id=task.ocp_id, subtask_ocp_id=101, name=HOSTILE, seen_at=timezone.now(), status_after=HOSTILE
    )
    key = f"{task.ocp_id}/101"
    for rest in (
        "",
        "?view=table",
        "?view=timeline",
        "?view=events",
        f"?node={key}",
        f"graph/?node={key}",
        f"log/?node={key}",
    ):
        page = client.get(page_of(run, rest)).text
        assert "<script>alert" not in page, rest
    log = client.get(page_of(run, f"log/?node={key}")).text
    assert "red " in log
    assert "\x1b" not in log
    assert "[31m" not in log
    assert "\\u202e" in log
    assert json.loads(client.get(page_of(run, "snapshot/")).content)["subtasks"][key]["operation"] == HOSTILE


def test_chosen_subtask_lives_in_the_address(client: Client, cast: Cast) -> None:
    run = make_run(cast)
    task = make_task(run)
    text = client.get(page_of(run, f"?node={task.ocp_id}/102")).text
    assert f'data-chosen="{task.ocp_id}/102"' in text
    assert "Step 1</a>" in text
    assert "Step 3</a>" in text
    assert "data-chosen" not in client.get(page_of(run, "?node=1/1")).text


def test_failed_subtask_is_chosen_by_itself(client: Client, cast: Cast) -> None:
    run = make_run(cast)
    task = make_task(run)
    Subtask.objects.filter(ocp_id=101).update(status="FAILED")
    text = client.get(page_of(run)).text
    assert f'data-chosen="{task.ocp_id}/101"' in text
    assert "Step 1 failed in OCP" in text


def test_jumps_lead_to_what_works_and_to_what_failed_first(client: Client, cast: Cast) -> None:
    run = make_run(cast)
    task = make_task(run)
    address = page_of(run, "?view=table&zoom=50&jump=")
    key = f"{task.ocp_id}/101"
    assert client.get(f"{address}current").headers["Location"] == page_of(run, f"?node={key}&zoom=50#n-{key}")
    assert client.get(f"{address}failure").headers["Location"] == page_of(run, "?zoom=50#graph")
    text = client.get(page_of(run)).text
    assert "?jump=current" in text
    assert "?jump=failure" not in text
    Subtask.objects.filter(ocp_id=101).update(status="FAILED")
    assert client.get(f"{address}failure").headers["Location"] == page_of(run, f"?node={key}&zoom=50#n-{key}")
    assert "?jump=failure" in client.get(page_of(run)).text


def test_size_of_the_graph_is_a_link_and_stands_in_the_address(client: Client, cast: Cast) -> None:
    run = make_run(cast)
    make_task(run)

    def width(rest: str) -> int:
        found = re.search(r'<svg class="dag[^"]*" width="(\d+)"', client.get(page_of(run, rest)).text)
        assert found is not None
        return int(found.group(1))

    assert abs(width("?zoom=50") * 2 - width("")) <= 1
    assert width("?zoom=9999") == width("?zoom=nonsense") == width("?zoom=fit") == width("")
    text = client.get(page_of(run, "?zoom=50")).text
    for name, zoom in (("out", "zoom=25"), ("in", "zoom=75"), ("fit", "zoom=fit")):
        assert re.search(rf'data-zoom="{name}"[^>]*href="\?{zoom}#graph"', text)
    assert "dag--fit" in client.get(page_of(run, "?zoom=fit")).text


@pytest.mark.parametrize(
    "query",
    [
        "?",
        "?view=events&order=oldest&only=failed&page=2",
        "?node=4/5&open=a&shut=b&part=2&lines=1400&find=a+b%26&centre=-3,40&zoom=fit",
        "?view=timeline&zoom=150",
    ],
)
def test_address_reads_what_it_writes(query: str) -> None:
    assert Address.read(QueryDict(query[1:])).query() == query


def test_what_is_asked_of_one_log_says_nothing_about_another(client: Client, cast: Cast) -> None:
    address = Address.read(QueryDict("node=4/5&part=2&lines=1400&find=a&zoom=50"))
    assert address.selecting("4/6") == "?node=4/6&zoom=50"
    assert address.selecting("4/5") == "?node=4/5&part=2&lines=1400&find=a&zoom=50"


def test_success_by_skip_is_told_apart(client: Client, cast: Cast) -> None:
    run = make_run(cast)
    make_task(run)
    Subtask.objects.filter(ocp_id=100).update(operation="SKIP")
    for rest in ("", "?view=table"):
        text = client.get(page_of(run, rest)).text
        assert "SUCCESSFUL by SKIP" in text
        assert f'data-key="{run.ocp_task_id}/100" data-name="Step 0" data-status="skipped"' in text


def test_three_troubles_are_three_banners(client: Client, cast: Cast) -> None:
    run = make_run(cast)

    def shown() -> set[str]:
        text = client.get(page_of(run)).text
        return {name for name in ("ocp", "worker", "page") if f'data-trouble="{name}">' in text}

    assert shown() == set()
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=2))
    assert shown() == {"worker"}
    Endpoint.objects.update(failing_since=timezone.now(), failure={"code": "ocp.not_sent", "params": {}})
    assert shown() == {"ocp"}


def test_old_graph_is_grey(client: Client, cast: Cast) -> None:
    run = make_run(cast, observed_at=timezone.now() - timedelta(minutes=2))
    make_task(run)
    assert "canvas--stale" in client.get(page_of(run)).text
    UpgradeRun.objects.update(observed_at=timezone.now())
    assert "canvas--stale" not in client.get(page_of(run)).text


def test_before_the_first_read_the_planned_hops_wait_for_ocp(client: Client, cast: Cast) -> None:
    text = client.get(page_of(make_run(cast, "submitting", observed_at=None))).text
    assert "Hop 1 of 1 · to 4.2.1.8" in text
    assert "planned, waiting for OCP" in text


def test_unconfirmed_says_what_was_intended_sent_and_seen(client: Client, cast: Cast) -> None:
    text = client.get(page_of(make_run(cast, "unconfirmed"))).text
    for words in ("Intended", "sent", "OCP shows nothing, last looked", "two people may abandon it"):
        assert words in text


@pytest.mark.parametrize(
    ("status", "over", "truths"),
    [
        ("submitting", {"sent_at": None, "swept_at": None}, ["yes", "no", "unknown"]),
        ("unconfirmed", {}, ["yes", "unknown", "no"]),
        ("refused", {"answer": {"is_sent": False}, "sent_at": None, "ocp_task_id": None}, ["yes", "no", "no"]),
        ("running", {"answer": {"http_status": 200}}, ["yes", "yes", "unknown"]),
        ("disagrees", {"answer": {"http_status": 200}}, ["yes", "yes", "unknown"]),
    ],
)
def test_strip_says_what_is_known_of_the_start_and_what_comes_next(
    client: Client, cast: Cast, status: str, over: dict[str, Any], truths: list[str]
) -> None:
    text = client.get(page_of(make_run(cast, status, **over))).text
    assert re.findall(r'data-mark="\w+" data-truth="(\w+)"', text) == truths
    assert "%(" not in text


def test_task_is_seen_once_it_was_read(client: Client, cast: Cast) -> None:
    run = make_run(cast, answer={"http_status": 200})
    make_task(run)
    audit.record("run.accept", subject=run)
    text = client.get(page_of(run)).text
    assert re.findall(r'data-truth="(\w+)"', text) == ["yes", "yes", "yes"]
    assert f"task {run.ocp_task_id}, known since" in text
    assert "ocpdash reads OCP at least each 5 s" in text


def test_findings_stand_server_by_server(client: Client, cast: Cast) -> None:
    params = {"cluster": "trade_core", "address": "10.1.1.1:2882", "version": "4.2.1.1", "build": "1"}
    wrong = {"code": "verify.server_version", "params": params, "verdict": "disagrees"}
    text = client.get(page_of(make_run(cast, "disagrees", findings=[wrong]))).text
    assert text.count("10.1.1.1:2882 of trade_core runs 4.2.1.1-1") == 2
    assert "1 finding says otherwise" in text


@pytest.mark.parametrize("rest", ["", "?view=table", "snapshot/", "graph/"])
def test_page_costs_the_same_for_many_subtasks(cast: Cast, rest: str) -> None:
    few, many = make_run(cast), run_of(in_review(cast, mirror("user_center")), "running", observed_at=timezone.now())
    make_task(few, 5)
    make_task(many, 60)
    client = client_of(cast.olga)
    assert queries(client, page_of(few, rest)) == queries(client, page_of(many, rest))


def test_page_is_drawn_without_redis(client: Client, cast: Cast, settings: Any) -> None:
    run = make_run(cast)
    make_task(run)
    broken = {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/redis.sock"}
    settings.CACHES = {"default": broken}
    assert "Step 4" in client.get(page_of(run)).text


def test_list_is_filtered_by_state(client: Client, cast: Cast) -> None:
    make_run(cast, "failed")
    run_of(in_review(cast, mirror("user_center")), "verified")

    def names(query: str) -> set[str]:
        text = client.get(f"/runs/{query}").text
        return {name for name in ("trade_core", "user_center") if name in text}

    assert names("") == {"trade_core", "user_center"}
    assert names("?state=open") == names("?state=needs") == names("?state=failed") == {"trade_core"}
    assert names("?state=ended") == {"user_center"}
    assert names("?state=nonsense") == {"trade_core", "user_center"}
    assert "No run matches" in client.get("/runs/?state=closed").text

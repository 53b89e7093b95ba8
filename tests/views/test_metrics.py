"""/metrics: for who shows the token, whole, and what the rules of the on-call folder go by."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from tests.factories import make_change_request, make_cluster, make_endpoint, make_user
from tests.views.acting import run_of
from upgrades import audit, live
from upgrades.models import ChainState, ClusterHold, Endpoint, Heartbeat, UpgradeRun
from upgrades.rules import Reason, halts
from upgrades.services import halts as halting

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-for-tests-alone-0123456789"


@pytest.fixture(autouse=True)
def _token(settings):
    settings.METRICS_TOKEN = TOKEN


def ask(authorization: str | None = f"Bearer {TOKEN}", method: str = "get"):
    headers = {} if authorization is None else {"Authorization": authorization}
    return getattr(Client(), method)("/metrics", headers=headers)


def told() -> dict:
    """Every sample: {name: {labels: number}}."""
    found: dict = {}
    for family in text_string_to_metric_families(ask().content.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer \u00e9"],
)
def test_without_the_token_it_is_401_and_empty(authorization):
    answer = ask(authorization)
    assert (answer.status_code, answer.content) == (401, b"")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_without_a_token_set_there_is_no_such_page(settings):
    settings.METRICS_TOKEN = ""
    for authorization in (None, "Bearer ", f"Bearer {TOKEN}"):
        assert (ask(authorization).status_code, ask(authorization).content) == (404, b"")


def test_it_only_answers_reads_and_is_not_kept():
    assert ask(method="post").status_code == 405
    answer = ask()
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert "no-store" in answer.headers["Cache-Control"]


def test_every_metric_has_its_help_and_its_type():
    text = ask().content.decode()
    names = {re.sub(r"\{.*|\s.*", "", line) for line in text.splitlines() if line and not line.startswith("#")}
    helps, types = (set(re.findall(rf"^# {word} (\S+) \S", text, re.MULTILINE)) for word in ("HELP", "TYPE"))
    assert helps == types
    assert names <= helps
    assert len(helps) >= 20


def test_each_metric_that_a_rule_names_is_there():
    make_endpoint()
    rules = yaml.safe_load((ROOT / "deploy" / "ocpdash-alerts.yml").read_text(encoding="utf-8"))
    rows = [rule for group in rules["groups"] for rule in group["rules"]]
    named = {name for rule in rows for name in re.findall(r"\bocpdash_\w+", rule["expr"])}
    assert named <= set(told())
    assert len(named) > 12
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] in ("page", "ticket") for rule in rows)
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert sorted({rule["alert"] for rule in rows} - set(re.findall(r"`(Ocpdash\w+)`", page))) == []


def test_the_numbers_follow_the_rows():
    now = timezone.now()
    endpoint = make_endpoint(name="shanghai", observed_at=now - timedelta(seconds=400), failure_count=3)
    cluster = make_cluster(endpoint)
    change_request = make_change_request(cluster, requester=make_user("ada"))
    run = run_of(change_request)
    UpgradeRun.objects.filter(pk=run.pk).update(
        status="unconfirmed",
        intent_at=now - timedelta(seconds=1000),
        unreadable_since=now,
        alarm=Reason("alarm.other_task", {"task_id": 1}).to_json(),
    )
    ClusterHold.objects.get_or_create(cluster=cluster, defaults={"run": run, "is_alarm": True})
    Heartbeat.objects.create(name="worker", at=now - timedelta(seconds=50))
    Heartbeat.objects.create(name="queue follow", at=now - timedelta(seconds=5))
    Endpoint.objects.filter(pk=endpoint.pk).update(breaker_opened_at=now)
    ChainState.objects.create(pk=1, checked_at=now - timedelta(seconds=30), findings=[{"code": "seal.removed"}])
    audit.record("change_request.block", subject=change_request)
    halting.declare(halts.Kind.RESTORED, Reason("halt.send_unknown", {"id": 1}))
    found = told()
    assert found["ocpdash_runs_open"][("unconfirmed",)] == 1
    assert found["ocpdash_runs_open"][("running",)] == 0
    assert 1000 <= found["ocpdash_run_in_doubt_age_seconds"][()] < 1100
    assert found["ocpdash_runs_unreadable"] == found["ocpdash_run_alarms"] == {(): 1}
    assert found["ocpdash_halted"] == {("restored",): 1, ("other_server",): 0, ("file_missing",): 0}
    assert 50 <= found["ocpdash_heartbeat_age_seconds"][("worker",)] < 110
    assert found["ocpdash_heartbeat_age_seconds"][("beat",)] == float("inf")
    assert 5 <= found["ocpdash_canary_age_seconds"][("follow",)] < 65
    assert 400 <= found["ocpdash_endpoint_observed_age_seconds"][("shanghai",)] < 460
    assert found["ocpdash_endpoint_breaker_open"][("shanghai",)] == 1
    assert found["ocpdash_endpoint_failures"][("shanghai",)] == 3
    assert found["ocpdash_audit_findings"] == {(): 1}
    assert found["ocpdash_audit_unsealed_events"][()] >= 2
    assert found["ocpdash_starts_blocked_total"] == {(): 1}
    assert found["ocpdash_redis_up"] == {(): 1}
    assert found["ocpdash_queue_length"][("tick",)] == 0


def test_a_redis_that_is_away_is_told(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    live.connection.cache_clear()
    try:
        found = told()
    finally:
        live.connection.cache_clear()
    assert found["ocpdash_redis_up"] == {(): 0}
    assert "ocpdash_queue_length" not in found

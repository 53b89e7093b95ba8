"""The first page: what runs, what waits for the reader, what ended; nothing of other environments."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.factories import make_cluster, make_user
from upgrades.models import ChangeRequest, UpgradeRun, User

pytestmark = pytest.mark.django_db


def make_request(requester: User, name: str, **over: Any) -> ChangeRequest:
    cluster = make_cluster(name=name, environment=over.pop("environment", "production"))
    values: dict[str, Any] = {
        "endpoint": cluster.endpoint,
        "cluster": cluster,
        "requester": requester,
        "target_file_name": "oceanbase-4.2.1.8-108000022024072217.el7.x86_64.rpm",
        "purpose": "support ends",
        "status": "in_review",
        "plan": {},
        "fingerprint": "9f2c41d7",
        "submitted_at": timezone.now(),
        "expires_at": timezone.now() + timedelta(days=3),
    }
    return ChangeRequest.objects.create(**values | over)


def make_run(requester: User, name: str, status: str, **over: Any) -> UpgradeRun:
    environment = over.pop("environment", "production")
    asked = make_request(requester, name, status="in_progress", environment=environment)
    values: dict[str, Any] = {
        "change_request": asked,
        "endpoint": asked.endpoint,
        "status": status,
        "cluster_ocp_id": asked.cluster.ocp_id,
        "affected_ocp_ids": [asked.cluster.ocp_id],
        "body": "{}",
        "fingerprint": asked.fingerprint,
        "worker_token": "token",
        "ocp_task_id": asked.pk,
        "observed_at": timezone.now(),
    }
    return UpgradeRun.objects.create(**values | over)


def home_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.get("/").text


@pytest.fixture
def operator() -> User:
    return make_user("wang.lei", "operator")


@pytest.fixture
def approver() -> User:
    return make_user("zhao.min", "approver")


def test_quiet_day_says_what_would_stand_here(operator: User) -> None:
    text = home_of(operator)
    for words in ("No run is open.", "Nothing waits for you.", "Nothing runs", "Nothing needs you"):
        assert words in text
    assert "Write a change request" in text


def test_each_reader_sees_what_waits_for_that_reader(operator: User, approver: User) -> None:
    make_request(operator, "trade_core")
    make_request(operator, "user_center", status="approved")
    for_approver = home_of(approver)
    assert "trade_core" in for_approver
    assert "user_center" not in for_approver
    assert "1 thing waits for you." in for_approver
    assert "Write a change request" not in for_approver
    for_operator = home_of(operator)
    assert "user_center" in for_operator
    assert "trade_core" not in for_operator


def test_runs_are_open_need_a_person_or_have_ended(operator: User, approver: User) -> None:
    make_run(operator, "trade_core", "running")
    make_run(operator, "risk_scoring", "unconfirmed", ocp_task_id=None)
    make_run(operator, "mail_queue", "verified")
    make_run(operator, "long_ago", "verified", status_at=timezone.now() - timedelta(days=9))
    text = home_of(make_user("watcher", "viewer"))
    troubled, _colon, rest = text.partition("Open runs")
    assert "Needs a person now" not in troubled
    opened, _colon, ended = rest.partition("Ended in the last 7 days")
    assert "trade_core" in opened
    assert "risk_scoring" in opened
    assert "mail_queue" in ended
    assert "long_ago" not in text
    assert "2 runs are open." in text
    assert "Needs a person now" in home_of(approver)


def test_other_environments_do_not_show(operator: User) -> None:
    make_run(operator, "trade_core", "running")
    text = home_of(make_user("dev.only", ("viewer", "dev")))
    assert "trade_core" not in text
    assert "No run is open." in text

"""Settings from the environment: what must be set, what production refuses, and the Celery settings that matter."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from ocpdash import celery, environment, logs

ROOT = Path(__file__).resolve().parent.parent

PRODUCTION = {
    "PATH": os.environ["PATH"],
    "SECRET_KEY": "a-key-of-no-importance-but-of-a-length-that-checks-accept-0123456789",
    "ALLOWED_HOSTS": "ocpdash.example",
    "CREDENTIALS_KEYS": "bm90IGEga2V5LCBvbmx5IGFzIGxvbmcgYXMgb25lIGk=",
    "DATABASE_URL": "postgresql://ocpdash:canary-of-the-database@db.example:5433/ocpdash?sslmode=verify-full",
    "REDIS_URL": "rediss://:canary-of-redis@redis.example/2",
}


def start(names: str = "MODE", **changes: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter that loads the settings in production mode and prints some of them as JSON."""
    code = f"import json, ocpdash.settings as s; print(json.dumps({{n: getattr(s, n) for n in {names.split()!r}}}))"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**PRODUCTION, **changes},
        capture_output=True,
        text=True,
        check=False,
    )


def settings(names: str, **changes: str) -> dict:
    done = start(names, **changes)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["SECRET_KEY", "ALLOWED_HOSTS", "CREDENTIALS_KEYS", "DATABASE_URL", "REDIS_URL"])
def test_production_does_not_start_without(name):
    done = start(**{name: ""})
    assert done.returncode != 0
    assert done.stderr.strip().endswith(f"{name} must be set.")


def test_production_refuses_a_key_that_could_be_guessed():
    done = start(SECRET_KEY="k" * 49)
    assert done.returncode != 0
    assert done.stderr.strip().endswith("SECRET_KEY must have 50 characters or more; this one has 49.")
    assert settings("MODE", SECRET_KEY="k" * 50) == {"MODE": "production"}
    assert settings("MODE", SECRET_KEY="short", OCPDASH_MODE="demo") == {"MODE": "demo"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OCPDASH_MODE", "debug"),
        ("DATABASE_URL", "sqlite:///canary.db"),
        ("REDIS_URL", "amqp://canary"),
        ("DISPLAY_TIME_ZONE", "Mars/Olympus"),
        ("OCP_ALLOW_HTTP", "maybe"),
        ("APPROVAL_QUORUM", "0"),
        ("WATCH_SECONDS", "soon"),
        ("LOG_LEVEL", "LOUD"),
        ("SECRET_KEY_FILE", "/nowhere/at/all"),
        ("CREDENTIALS_KEYS", "too-short"),
        ("CREDENTIALS_KEYS", ","),
    ],
)
def test_a_wrong_value_is_named(name, value):
    done = start(**{name: value})
    assert done.returncode != 0
    assert f"ImproperlyConfigured: {name}" in done.stderr


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_a_wrong_address_is_not_printed(name):
    done = start(**{name: "nonsense://user:canary@host/name"})
    assert name in done.stderr
    assert "canary" not in done.stderr


def test_a_key_that_is_none_is_not_printed():
    done = start(CREDENTIALS_KEYS=f"{PRODUCTION['CREDENTIALS_KEYS']},canary-of-a-key")
    assert "ImproperlyConfigured: CREDENTIALS_KEYS must hold keys of 32 bytes" in done.stderr
    assert "canary" not in done.stderr


def test_keys_come_from_a_file_too_one_a_line(tmp_path):
    newest, older = (Fernet.generate_key().decode() for _key in range(2))
    file = tmp_path / "keys"
    file.write_text(f"{newest}\n{older}\n")
    assert settings("CREDENTIALS_KEYS", CREDENTIALS_KEYS_FILE=str(file)) == {"CREDENTIALS_KEYS": [newest, older]}


GUARDS = {
    "SUBMIT_BUDGET_SECONDS": 5,
    "SECOND_PRE_READ_SECONDS": 2,
    "POST_SECONDS": 60,
    "UNCONFIRMED_AFTER_SECONDS": 90,
    "START_TIMEOUT_SECONDS": 600,
    "CANDIDATE_BEFORE_SECONDS": 600,
    "QUIET_PERIOD_SECONDS": 900,
    "LATE_WATCH_SECONDS": 86400,
    "UNREADABLE_SECONDS": 1800,
    "ACTION_LAPSE_SECONDS": 600,
    "VERIFY_SECONDS": 15,
    "DISAGREE_AFTER_SECONDS": 180,
    "DISAGREE_SECONDS": 300,
}


@pytest.mark.parametrize(("name", "default"), GUARDS.items())
def test_production_refuses_a_shorter_guard(name, default):
    done = start(**{name: str(default - 1)})
    assert f"{name} must be a number of seconds, {default} or more" in done.stderr


def test_demo_and_test_may_shorten_every_guard():
    shorter = dict.fromkeys(GUARDS, "0.5")
    for mode in ("demo", "test"):
        assert settings(" ".join(GUARDS), OCPDASH_MODE=mode, **shorter) == dict.fromkeys(GUARDS, 0.5)


def test_the_defaults_are_those_of_the_design():
    assert settings(" ".join(GUARDS)) == GUARDS


def test_a_post_that_may_still_run_is_not_called_unknown():
    done = start(POST_SECONDS="85")
    assert "UNCONFIRMED_AFTER_SECONDS must be longer" in done.stderr
    done = start(UNCONFIRMED_AFTER_SECONDS="900")
    assert "QUIET_PERIOD_SECONDS must be longer" in done.stderr


def test_plain_http_to_ocp_is_a_choice_that_is_made_aloud():
    ocp = {"OCP_URL": "http://ocp.example:8080", "OCP_USERNAME": "ocpdash", "OCP_PASSWORD": "canary-of-ocp"}
    assert "OCP_URL is plain http" in start(**ocp).stderr
    assert settings("OCP_URL", OCP_ALLOW_HTTP="true", **ocp) == {"OCP_URL": "http://ocp.example:8080"}
    assert "OCP_USERNAME and OCP_PASSWORD must be set" in start(OCP_URL="https://ocp.example").stderr


def test_a_secret_may_come_from_a_file(tmp_path):
    file = tmp_path / "password"
    file.write_text("from-a-file\n")
    found = settings("OCP_PASSWORD", OCP_PASSWORD="from-the-environment", OCP_PASSWORD_FILE=str(file))
    assert found == {"OCP_PASSWORD": "from-a-file"}


def test_the_owner_is_known_only_where_its_address_is_given():
    assert list(settings("DATABASES")["DATABASES"]) == ["default"]
    found = settings("DATABASES", DATABASE_OWNER_URL="postgresql://ocpdash_owner:x@db.example/ocpdash")["DATABASES"]
    assert found["owner"]["USER"] == "ocpdash_owner"
    assert found["default"]["USER"] == "ocpdash"


def test_the_database_address_is_taken_apart():
    default = settings("DATABASES")["DATABASES"]["default"]
    assert (default["HOST"], default["PORT"], default["NAME"]) == ("db.example", "5433", "ocpdash")
    assert default["OPTIONS"]["sslmode"] == "verify-full"
    assert "-c synchronous_commit=on" in default["OPTIONS"]["options"]
    assert default["CONN_HEALTH_CHECKS"] is True


@pytest.mark.parametrize(
    ("address", "broker"),
    [
        ("redis://redis.example:6380/1", "redis://redis.example:6380/1"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix:///run/redis.sock?db=3", "redis+socket:///run/redis.sock?virtual_host=3"),
    ],
)
def test_one_redis_address_serves_both_clients(address, broker):
    found = settings("REDIS_URL CELERY_BROKER_URL", REDIS_URL=address)
    assert found == {"REDIS_URL": address, "CELERY_BROKER_URL": broker}


def test_cookies_and_headers_of_production():
    names = "SESSION_COOKIE_SECURE CSRF_COOKIE_SECURE SECURE_SSL_REDIRECT SESSION_COOKIE_NAME X_FRAME_OPTIONS DEBUG"
    assert settings(names) == {
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
        "SESSION_COOKIE_NAME": "__Host-sessionid",
        "X_FRAME_OPTIONS": "DENY",
        "DEBUG": False,
    }


def test_flag_and_listing_read_what_people_write(monkeypatch):
    monkeypatch.setenv("A_FLAG", "Yes")
    monkeypatch.setenv("A_LIST", "one, two,,three ")
    assert environment.flag("A_FLAG") is True
    assert environment.flag("AN_UNSET_FLAG") is False
    assert environment.listing("A_LIST") == ["one", "two", "three"]
    with pytest.raises(ImproperlyConfigured, match=r"^NOT_THERE must be set\.$"):
        environment.text("NOT_THERE")


@pytest.fixture
def canary():
    environment.SECRETS.add("canary-canary")
    yield
    environment.SECRETS.discard("canary-canary")


@pytest.mark.usefixtures("canary")
def test_a_log_line_is_one_json_object_without_secrets():
    record = logging.makeLogRecord(
        {
            "name": "upgrades",
            "levelname": "ERROR",
            "msg": "no %s\n{}",
            "args": ("canary-canary",),
            "where": "canary-canary",
        }
    )
    token = logs.request_id.set("r-17")
    try:
        raise ValueError("sent canary-canary")
    except ValueError:
        record.exc_info = sys.exc_info()
    line = logs.JsonFormatter().format(record)
    logs.request_id.reset(token)
    assert "\n" not in line
    assert "canary" not in line
    entry = json.loads(line)
    assert entry["message"] == "no ********\n{}"
    assert entry["where"] == "********"
    assert entry["request_id"] == "r-17"
    assert "ValueError: sent ********" in entry["traceback"]


def test_celery_settings_that_the_promises_rest_on():
    conf = celery.app.conf
    assert conf.broker_transport_options == {
        "visibility_timeout": 3600,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2,
        "socket_timeout": 5,
    }
    assert conf.visibility_timeout == conf.result_backend_transport_options["visibility_timeout"] == 3600
    assert conf.task_acks_late is True
    assert conf.task_reject_on_worker_lost is True
    assert conf.worker_prefetch_multiplier == 1
    assert conf.task_ignore_result is True
    assert conf.result_backend is None
    assert conf.accept_content == ["json"]
    assert conf.task_serializer == "json"
    assert conf.broker_connection_retry_on_startup is True
    assert conf.worker_enable_remote_control is False
    assert not conf.task_always_eager


def test_beat_rings_each_second_and_its_messages_expire():
    entry = celery.app.conf.beat_schedule["tick"]
    assert entry == {"task": "upgrades.tick", "schedule": 1.0, "options": {"expires": 2.0}}
    assert celery.app.conf.beat_scheduler == "celery.beat:Scheduler"


def test_a_submission_never_waits_behind_an_inventory():
    served = {queue: name for name, queues in celery.WORKERS.items() for queue in queues}
    worker_of = {task: served[queue] for task, queue in celery.ROUTES.items()}
    assert {task for task, worker in worker_of.items() if worker == "tick"} == {
        "upgrades.tick",
        "upgrades.submit",
        "upgrades.act",
    }
    assert {queue.name for queue in celery.app.conf.task_queues} == set(served)
    for task, queue in celery.ROUTES.items():
        way = celery.app.amqp.router.route({}, task)["queue"]
        assert (way.name, way.exchange.name, way.routing_key) == (queue, queue, queue)

"""The doctor: each thing that is not well is a line with its remedy, and one look that fails hides no other."""

import io
from datetime import timedelta

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from tests.factories import make_change_request, make_cluster, make_endpoint, make_user
from tests.views.acting import run_of
from upgrades import live
from upgrades.models import ChainState, ClusterHold, Endpoint, Heartbeat, UpgradeRun
from upgrades.reasons.doctor import DOCTOR, REMEDIES, remedy
from upgrades.rules import Reason, halts
from upgrades.rules.doctor import Level, Line, Topic, worst
from upgrades.services import doctor, heartbeats
from upgrades.services import halts as halting
from upgrades.services.doctor import installation

pytestmark = pytest.mark.django_db(transaction=True)


def found() -> dict[str, Level]:
    """The level of each line by its code."""
    return {line.reason.code: line.level for line in doctor.examine()}


def superuser(services, statement):
    with psycopg.connect(services.superuser_url, autocommit=True) as connection:
        connection.execute(statement)


def test_what_is_well_is_told_too(services):
    now = timezone.now()
    make_endpoint()
    names = ("worker", "follower", "beat", "web", "queue inventory", "worker tick@here")
    Heartbeat.objects.bulk_create(Heartbeat(name=name, at=now) for name in names)
    heartbeats.note_state("here")
    ChainState.objects.create(pk=1, checked_at=now)
    levels = found()
    well = ("doctor.not_halted", "doctor.state_compared", "doctor.role_owns_nothing", "doctor.grants_fit",
            "doctor.migrations_applied", "doctor.redis", "doctor.redis_keeps", "doctor.queue", "doctor.parts_live",
            "doctor.worker_lives", "doctor.runs_well", "doctor.seals_checked", "doctor.clock", "doctor.chinese",
            "doctor.static_from_source", "doctor.postgres")  # fmt: skip
    assert {code: levels.get(code) for code in well} == dict.fromkeys(well, Level.OK)
    # Tests write without fsync, are no production and have no metrics.
    assert {code for code, level in levels.items() if level is Level.TROUBLE} <= {"doctor.not_durable"}
    assert levels["doctor.mode"] is levels["doctor.no_metrics"] is levels["doctor.endpoint_plain"] is Level.WARNING


@pytest.mark.parametrize(
    ("broken", "mended", "code"),
    [
        ("ALTER ROLE ocpdash SUPERUSER", "ALTER ROLE ocpdash NOSUPERUSER", "doctor.role_too_strong"),
        (
            "GRANT UPDATE ON upgrades_auditevent TO ocpdash",
            "REVOKE UPDATE ON upgrades_auditevent FROM ocpdash",
            "doctor.grants_too_wide",
        ),
        (
            "GRANT TRUNCATE ON upgrades_vote TO ocpdash",
            "REVOKE TRUNCATE ON upgrades_vote FROM ocpdash",
            "doctor.grants_too_wide",
        ),
        (
            "REVOKE INSERT ON upgrades_vote FROM ocpdash",
            "GRANT INSERT ON upgrades_vote TO ocpdash",
            "doctor.grants_missing",
        ),
        (
            "UPDATE django_migrations SET name = 'x_' || name WHERE app = 'upgrades' AND name LIKE '0025%'",
            "UPDATE django_migrations SET name = substr(name, 3) WHERE name LIKE 'x\\_%'",
            "doctor.migrations_missing",
        ),
    ],
)
def test_a_database_that_is_not_as_migrate_left_it(services, broken, mended, code):
    role = live.settings.DATABASES["default"]["USER"]
    superuser(services, broken.replace("ocpdash", role) if role != "ocpdash" else broken)
    try:
        levels = found()
        assert levels.get(code) is Level.TROUBLE
        # What is not well is not told as well beside it.
        well = {"role": "role_owns_nothing", "grants": "grants_fit", "migrations": "migrations_applied"}
        assert f"doctor.{well[code.removeprefix('doctor.').partition('_')[0]]}" not in levels
    finally:
        superuser(services, mended.replace("ocpdash", role) if role != "ocpdash" else mended)
    assert code not in found()


def test_a_server_that_does_not_keep_what_it_confirms_is_not_called_durable():
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    try:
        levels = found()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET synchronous_commit")
    assert levels["doctor.not_durable"] is Level.TROUBLE
    assert "doctor.durable" not in levels


def test_a_clock_and_a_disk_past_their_limits_are_told(monkeypatch):
    monkeypatch.setattr(installation, "CLOCK_SECONDS", -1)
    monkeypatch.setattr(installation, "LOW", 1.1)
    levels = found()
    assert (levels["doctor.clock_off"], levels["doctor.disk_low"]) == (Level.WARNING, Level.WARNING)
    assert not {"doctor.clock", "doctor.disk"} & set(levels)
    monkeypatch.setattr(installation, "FULL", 1.1)
    assert found()["doctor.disk_low"] is Level.TROUBLE


def test_what_ocpdash_does_is_told_where_it_stands_still(settings):
    now = timezone.now()
    settings.STALE_SECONDS = 90
    endpoint = make_endpoint(name="old", observed_at=now - timedelta(seconds=400), is_account_ours=False)
    make_endpoint(name="fails", failing_since=now, failure=Reason("ocp.deadline_passed").to_json(), failure_count=4)
    make_endpoint(name="locked", credentials="nonsense")
    cluster = make_cluster(endpoint)
    change_request = make_change_request(cluster, requester=make_user("olga"))
    run = run_of(change_request)
    UpgradeRun.objects.filter(pk=run.pk).update(
        unreadable_since=now,
        alarm=Reason("alarm.other_task", {"task_id": 1}).to_json(),
        ocp_intent_at=run.intent_at + timedelta(seconds=90),
    )
    ClusterHold.objects.create(cluster=cluster, run=run)
    halting.declare(halts.Kind.OTHER_SERVER, Reason("halt.other_server", {"before": "a", "now": "b"}))
    Heartbeat.objects.create(name="worker follow@there", at=now - timedelta(minutes=10))
    Heartbeat.objects.create(name="state there", at=now - timedelta(minutes=10))
    ChainState.objects.create(pk=1, checked_at=now - timedelta(hours=1), findings=[{"code": "seal.removed"}])
    levels = found()
    trouble = ("doctor.halted", "doctor.part_never", "doctor.endpoint_not_read", "doctor.endpoint_fails",
               "endpoint.credentials_unreadable", "doctor.runs_unreadable", "doctor.runs_in_doubt",
               "doctor.runs_alarmed", "doctor.seals_broken")  # fmt: skip
    warnings = ("doctor.worker_silent", "doctor.state_old", "doctor.account_shared", "doctor.endpoint_clock")
    wanted = dict.fromkeys(trouble, Level.TROUBLE) | dict.fromkeys(warnings, Level.WARNING)
    assert {code: levels.get(code) for code in wanted} == wanted


def test_without_an_endpoint_and_without_a_worker():
    levels = found()
    assert (levels["doctor.no_endpoint"], levels["doctor.state_never"]) == (Level.WARNING, Level.TROUBLE)
    assert levels["doctor.seals_unchecked"] is Level.WARNING


def test_a_file_that_does_not_fit_is_told_by_its_halt_alone():
    halting.declare(halts.Kind.RESTORED, Reason("halt.epoch_unknown", {"epoch": "a"}))
    assert "doctor.halted" in found()
    assert "doctor.state_never" not in found()


def test_a_redis_that_forgets_and_a_queue_that_nobody_serves(redis):
    former = redis.config_get("maxmemory*")
    redis.config_set("maxmemory", "500mb")
    redis.config_set("maxmemory-policy", "allkeys-lru")
    redis.rpush("inventory", *["x"] * 120)
    try:
        levels = found()
        assert levels["doctor.redis_evicts"] is Level.TROUBLE
        assert levels["doctor.queue_long"] is Level.WARNING
    finally:
        for name in ("maxmemory", "maxmemory-policy"):
            redis.config_set(name, former[name])


def test_a_look_that_fails_hides_no_other(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    live.connection.cache_clear()
    try:
        lines = doctor.examine()
    finally:
        live.connection.cache_clear()
    failed = [line.reason.params["what"] for line in lines if line.reason.code == "doctor.not_looked_at"]
    assert failed == ["server", "queues"]
    assert {line.topic for line in lines} == set(Topic)


def test_what_is_not_installed_whole(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.LOCALE_PATHS = [tmp_path]
    levels = found()
    assert levels["doctor.static_missing"] is levels["doctor.chinese_missing"] is Level.TROUBLE
    (tmp_path / "staticfiles.json").touch()
    assert found()["doctor.static"] is Level.OK


def test_the_command_says_the_remedy_and_ends_with_1_in_trouble():
    out = io.StringIO()
    with pytest.raises(CommandError, match="In trouble"):
        call_command("doctor", stdout=out)
    text = out.getvalue()
    assert "No worker has compared a file" in text
    assert "-> Start the workers, and give STATE_DIR a folder that outlives restarts." in text


def test_each_line_that_may_not_be_well_has_a_remedy():
    well = {code for code in DOCTOR if code in (
        "doctor.not_halted", "doctor.state_compared", "doctor.durable", "doctor.role_owns_nothing", "doctor.grants_fit",
        "doctor.migrations_applied", "doctor.redis_keeps", "doctor.queue", "doctor.parts_live", "doctor.worker_lives",
        "doctor.endpoint_read", "doctor.runs_well", "doctor.seals_checked", "doctor.settings_fit", "doctor.clock",
        "doctor.disk", "doctor.chinese", "doctor.static", "doctor.static_from_source")}  # fmt: skip
    assert set(REMEDIES) == set(DOCTOR) - well
    assert "endpoint" in remedy("endpoint.breaker_open")
    assert remedy("doctor.clock") == ""


def test_the_worst_line_counts():
    lines = [Line(Topic.RUNS, level, Reason("doctor.runs_well")) for level in (Level.OK, Level.TROUBLE, Level.WARNING)]
    assert (worst(lines), worst(lines[:1]), worst([])) == (Level.TROUBLE, Level.OK, Level.OK)


def test_an_endpoint_that_is_off_is_left_out():
    make_endpoint(is_active=False, observed_at=None)
    assert Endpoint.objects.count() == 1
    assert found()["doctor.no_endpoint"] is Level.WARNING

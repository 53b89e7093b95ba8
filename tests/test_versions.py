"""Servers that are too old are refused in one sentence, before anything is asked of them."""

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection
from django.db.utils import NotSupportedError
from redis import Redis

from ocpdash import versions


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (140012, "ocpdash needs PostgreSQL 15 or newer; this server is 14.12."),
        (149999, "ocpdash needs PostgreSQL 15 or newer; this server is 14.9999."),
        (150000, None),
        (180001, None),
    ],
)
def test_postgresql_is_judged_by_its_number(number: int, sentence: str | None) -> None:
    assert versions.postgres_too_old(number) == sentence


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        ("6.0.16", "ocpdash needs Redis 6.2 or newer; this server is 6.0.16."),
        ("6.2.0", None),
        ("10.0.1", None),
        ("7.4", None),
    ],
)
def test_redis_is_judged_by_its_version(version: str, sentence: str | None) -> None:
    assert versions.redis_too_old(version) == sentence


@pytest.mark.django_db(transaction=True)
def test_a_connection_to_an_old_server_is_refused_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    monkeypatch.setattr(versions, "POSTGRES", 99)
    for _try in range(2):
        with pytest.raises(NotSupportedError, match="needs PostgreSQL 99 or newer; this server is 1"):
            connection.ensure_connection()
        assert connection.connection is None


@pytest.mark.django_db(transaction=True)
def test_check_says_it_in_a_sentence(redis: Redis, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    call_command("check", databases=["default"])
    connection.close()
    monkeypatch.setattr(versions, "POSTGRES", 99)
    monkeypatch.setattr(versions, "REDIS", (99, 1))
    with pytest.raises(SystemCheckError) as refusal:
        call_command("check", databases=["default"])
    assert "(ocpdash.E001) ocpdash needs PostgreSQL 99 or newer" in str(refusal.value)
    assert "ocpdash needs Redis 99.1 or newer" in str(refusal.value)

"""The oldest PostgreSQL and Redis that ocpdash works with. What is older is refused, in one sentence."""

from collections.abc import Sequence
from typing import Any

import redis
from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import NotSupportedError, OperationalError

POSTGRES = 15
REDIS = (6, 2)
_LOOK_SECONDS = 2.0


def postgres_too_old(number: int) -> str | None:
    """Why PostgreSQL of this number cannot serve: libpq's server_version, 150020 for 15.20. None: it can."""
    if number >= POSTGRES * 10_000:
        return None
    return f"ocpdash needs PostgreSQL {POSTGRES} or newer; this server is {number // 10_000}.{number % 10_000}."


def redis_too_old(version: str) -> str | None:
    """Why Redis of this version ("7.0.15") cannot serve. None: it can."""
    if tuple(int(part) for part in version.split(".")[:2]) >= REDIS:
        return None
    return f"ocpdash needs Redis {REDIS[0]}.{REDIS[1]} or newer; this server is {version}."


def refuse_old_postgres(*, connection: BaseDatabaseWrapper, **_rest: Any) -> None:
    """Receives connection_created. Raises NotSupportedError, and nothing is asked over that connection."""
    sentence = postgres_too_old(connection.connection.info.server_version)
    if sentence:
        connection.close()
        raise NotSupportedError(sentence)


def check(app_configs: Any, databases: Sequence[str] | None = None, **_rest: Any) -> list[CheckMessage]:
    """Django's check of the servers: run by migrate, and by manage.py check --database default.

    A server that does not answer is not judged: whoever needs it says so.
    """
    sentences = [_of_postgres(alias) for alias in databases or []]
    if databases:
        sentences.append(_of_redis())
    return [Error(sentence, id="ocpdash.E001") for sentence in sentences if sentence]


def _of_postgres(alias: str) -> str | None:
    try:
        connections[alias].ensure_connection()
    except NotSupportedError as error:
        return str(error)
    except OperationalError:
        pass
    return None


def _of_redis() -> str | None:
    try:
        client = redis.Redis.from_url(
            settings.REDIS_URL, socket_timeout=_LOOK_SECONDS, socket_connect_timeout=_LOOK_SECONDS
        )
        with client:
            return redis_too_old(str(client.info("server")["redis_version"]))
    except redis.RedisError:
        return None

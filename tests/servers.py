"""A PostgreSQL and a Redis that somebody else runs, in place of the embedded ones: `make test-servers`.

Each test process makes a database, two roles and takes one empty index of Redis, all of its own, and takes them away
at its end. Nothing else there is touched, and nothing is flushed.
"""

import os
import secrets
import socket
from contextlib import suppress
from functools import lru_cache
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from ocpdash import versions

POSTGRES = os.environ.get("OCPDASH_TEST_SUPERUSER_URL", "")
REDIS = os.environ.get("OCPDASH_TEST_REDIS_URL", "")

# Whoever finds it in an index of Redis knows that a test run holds it.
CLAIM = "ocpdash:test-run"
# As many as Redis has unless it is told otherwise; 0 is everybody's, so it is taken only where the address says so.
INDEXES = range(15, 0, -1)
CLAIM_SECONDS = 6 * 3600


# One sentence for the person at the terminal: which server cannot serve, and why.
Unusable = pytest.UsageError


class Given:
    """The servers of those two addresses, in the way of embedded.Services: addresses, start(), stop().

    `superuser`: postgresql://, a superuser. `redis`: with an index,
    that one is taken (and a next one by each worker of xdist); without, any empty one.
    """

    def __init__(self, superuser: str, redis: str) -> None:
        _check(superuser)
        self._superuser = superuser
        self._name = f"ocpdash_test_{os.getpid()}_{secrets.token_hex(4)}"
        self.roles = {name: f"{self._name}_{name}" for name in ("application", "owner")}
        self._passwords = {name: secrets.token_hex(16) for name in self.roles}
        self.superuser_url = self._postgres_url()
        self.addresses = {
            "DATABASE_URL": self._postgres_url("application"),
            "DATABASE_OWNER_URL": self._postgres_url("owner"),
            "REDIS_URL": _claim(redis, self._name),
        }

    def start(self) -> dict[str, str]:
        """Makes roles and database, and returns the URLs by variable name."""
        database, owner = sql.Identifier(self._name), sql.Identifier(self.roles["owner"])
        with psycopg.connect(self._superuser, autocommit=True) as connection:
            for name, role in self.roles.items():
                create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
                connection.execute(create.format(sql.Identifier(role), sql.Literal(self._passwords[name])))
            create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'")
            connection.execute(create.format(database, owner))
        return self.addresses

    def stop(self) -> None:
        """Takes away database and roles, and gives the index of Redis back, empty."""
        with psycopg.connect(self._superuser, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self._name)))
            for role in map(sql.Identifier, self.roles.values()):
                connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
                connection.execute(sql.SQL("DROP ROLE {}").format(role))
        self.release()

    def release(self) -> None:
        """Gives the index of Redis back, empty; for a process that never started the rest, too."""
        with Redis.from_url(self.addresses["REDIS_URL"]) as client:
            if client.get(CLAIM) == self._name.encode():
                empty(client)
                client.delete(CLAIM)

    def _postgres_url(self, role: str = "") -> str:
        url = urlsplit(self._superuser)
        place = url.netloc.rpartition("@")[2]
        signed_in = url.netloc
        if role:
            signed_in = f"{quote(self.roles[role])}:{self._passwords[role]}@{place}"
        return urlunsplit((url.scheme, signed_in, f"/{self._name}", url.query, ""))


@lru_cache(maxsize=1)
def hosts() -> set[str]:
    """Where the given Redis may be reached: the one place beyond this machine that a test may connect to."""
    found = urlsplit(REDIS).hostname
    return {found, *(str(line[4][0]) for line in socket.getaddrinfo(found, None))} if found else set()


def empty(client: "Redis") -> None:
    """Deletes the keys of an index that was empty when this run took it; the claim on it stays."""
    keys = [key for key in client.scan_iter(count=1000) if key not in (CLAIM, CLAIM.encode())]
    if keys:
        client.delete(*keys)


def _check(superuser: str) -> None:
    # libpq lets these override the rest of the address: the tests would empty another database than their own.
    if {"dbname", "user", "password", "service"} & parse_qs(urlsplit(superuser).query).keys():
        raise Unusable("DATABASE_SUPERUSER_URL may not name its database, role or service behind a question mark.")
    try:
        with psycopg.connect(superuser) as connection:
            is_superuser = connection.execute("SELECT current_setting('is_superuser')").fetchone() == ("on",)
            sentence = versions.postgres_too_old(connection.info.server_version)
    except psycopg.Error as error:
        raise Unusable(f"The PostgreSQL in DATABASE_SUPERUSER_URL cannot be reached: {error}") from error
    if not is_superuser:
        raise Unusable("The role in DATABASE_SUPERUSER_URL is no superuser: tests empty tables that triggers guard.")
    if sentence:
        raise Unusable(sentence)


def _claim(address: str, run: str) -> str:
    """The address of an index that this process holds from now on."""
    number = _index_of(address)
    if number is not None:
        # gw0 is the first worker of xdist; its controller has the index that the address names.
        number += 1 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw-1").removeprefix("gw"))
        if not is_claimed(with_index(address, number), run):
            raise Unusable(f"Index {number} of the Redis in REDIS_URL holds keys: name an empty one.")
        return with_index(address, number)
    for number in INDEXES:
        with suppress(ResponseError):
            if is_claimed(with_index(address, number), run):
                return with_index(address, number)
    raise Unusable("No index of the Redis in REDIS_URL is empty: name another Redis.")


def is_claimed(address: str, run: str) -> bool:
    """Whether `run` holds that index now: it was empty, and nobody else had claimed it."""
    with Redis.from_url(address) as client:
        try:
            if not client.set(CLAIM, run, nx=True, ex=CLAIM_SECONDS):
                return False
            if client.dbsize() == 1:
                return True
            client.delete(CLAIM)
        except RedisConnectionError as error:
            raise Unusable(f"The Redis in REDIS_URL cannot be reached: {error}") from error
    return False


def _index_of(address: str) -> int | None:
    url = urlsplit(address)
    text = dict(parse_qsl(url.query)).get("db", "" if url.scheme == "unix" else url.path.strip("/"))
    return int(text) if text.isdecimal() else None


def with_index(address: str, number: int) -> str:
    """The same Redis, at another index."""
    url = urlsplit(address)
    if url.scheme == "unix":
        return f"unix://{url.path}?db={number}"
    return f"{url.scheme}://{url.netloc}/{number}" + (f"?{url.query}" if url.query else "")

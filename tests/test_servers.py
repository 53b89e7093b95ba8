"""The servers of `make test-servers`: what is not ours there is left alone."""

import os
import subprocess
from collections.abc import Iterator

import pytest
from redis import Redis

from tests import servers
from tests import settings as test_settings
from tests.test_packaging import ROOT

URL = test_settings.ENVIRONMENT["REDIS_URL"]


@pytest.fixture
def other(redis: Redis) -> Iterator[Redis]:
    """A free index beside this run's own."""
    for number in range(14, 0, -1):
        address = servers.with_index(URL, number)
        if address != URL and servers.is_claimed(address, "other"):
            with Redis.from_url(address, decode_responses=True) as client:
                client.delete(servers.CLAIM)
                yield client
                client.delete(servers.CLAIM, "theirs")
            return
    pytest.fail("No index of this Redis is free.")


def test_an_index_that_holds_keys_is_refused_and_left_as_it_was(other: Redis) -> None:
    address = servers.with_index(URL, other.connection_pool.connection_kwargs["db"])
    other.set("theirs", 1)
    assert not servers.is_claimed(address, "a run")
    assert other.keys() == ["theirs"]
    other.delete("theirs")
    assert servers.is_claimed(address, "a run")
    assert not servers.is_claimed(address, "another run")
    assert other.get(servers.CLAIM) == "a run"


def test_only_keys_beside_the_claim_are_deleted(other: Redis) -> None:
    other.mset({servers.CLAIM: "a run", "ours": 1})
    servers.empty(other)
    assert other.keys() == [servers.CLAIM]


def test_an_address_that_names_another_database_than_its_own_is_refused() -> None:
    for query in ("dbname=theirs", "host=/run/postgresql&user=postgres"):
        with pytest.raises(servers.Unusable, match="question mark"):
            servers._check(f"postgresql:///?{query}")


@pytest.mark.parametrize("missing", ["DATABASE_SUPERUSER_URL", "REDIS_URL"])
def test_one_sentence_says_which_variable_is_missing(missing: str) -> None:
    given = {"DATABASE_SUPERUSER_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1"}
    environment = {**os.environ, **given, missing: ""}
    command = ["make", "--silent", "test-servers", "--assume-old=venv"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert f"make test-servers needs {missing}: " in done.stderr

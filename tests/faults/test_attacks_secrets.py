"""T14, T15: secrets are planted, everything is made to work and to fail, and then they are looked for everywhere.

In the logs of real processes, in a dump of every table, in Redis with its queues, in the pages, exports and answers of
the API as each role, and on error pages.
"""

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import requests
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from redis import Redis

from ocpdash import embedded
from ocpdash.processes import wait_until
from tests import scenes, servers
from tests import settings as test_settings
from tests.factories import make_endpoint, make_user
from tests.scenes import Cast
from tests.stack import Stack
from upgrades.models import Endpoint, Heartbeat, UpgradeRun, User
from upgrades.services import change_requests, credentials, tokens, users
from upgrades.simulator.server import LookAlike

PASSWORD = "canary-battery-staple-9"
WRONG = "canary-wrong-horse-7"
ROLES = ("viewer", "operator", "approver", "auditor", "admin")
PAGES = ("home", "inbox", "settings", "endpoints-list", "endpoints-create", "clusters-list", "clusters-export")
PAGES += ("packages-list", "requests-list", "runs-list", "audit-list", "audit-export", "users-list", "tokens-list")


class Planted:
    """Every secret there is, by what it is called, and where it may stand."""

    def __init__(self, look_alike: LookAlike, cast: Cast) -> None:
        held = credentials.Credentials("canary-access-secret-5511", access_key="AK-canary")
        spare = make_endpoint(name="spare", account_name="canary", is_active=False)
        sealed = credentials.seal(held, base_url=spare.base_url, account_name=spare.account_name)
        Endpoint.objects.filter(pk=spare.pk).update(credentials=sealed)
        _row, token = tokens.create(actor=cast.ada, name="canary", scopes=["read", "audit:read"], days=3)
        self.token = token
        self.link = users.make_reset_link(actor=cast.ada, user=make_user("newcomer"))
        self.secrets = {
            "OCP's password": look_alike.password,
            "an endpoint's secret key": "canary-access-secret-5511",
            "SECRET_KEY": django_settings.SECRET_KEY,
            "a key of the credentials": str(test_settings.ENVIRONMENT["CREDENTIALS_KEYS"]),
            "an API token": token,
            "a person's password": PASSWORD,
            "a wrong password": WRONG,
            "a link to set a password": self.link.rstrip("/").rpartition("/")[2],
        }

    def found(self, where: str, text: str) -> Iterator[str]:
        """What stands in a text and should not."""
        for name, secret in self.secrets.items():
            if secret in text:
                yield f"{name} in {where}"


@pytest.fixture
def busy(look_alike: LookAlike, stack: Stack, settings: Any) -> tuple[Planted, Stack]:
    """A town at work: people sign in and fail to, a start is sent, OCP refuses and breaks."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    scenes.connect(look_alike, settings)
    cast = Cast()
    cast.ada.set_password(PASSWORD)
    cast.ada.save()
    planted = Planted(look_alike, cast)
    stack.drive(look_alike)
    stack.environment["LOG_LEVEL"] = "DEBUG"
    stack.start()
    waiting = scenes.approved(cast)
    change_requests.start(change_request=waiting, fingerprint=waiting.fingerprint, actor=cast.olga)
    assert wait_until(lambda: UpgradeRun.objects.filter(ocp_task_id__isnull=False).exists(), 60)
    return planted, stack


def sign_in(stack: Stack, password: str) -> requests.Response:
    """A person signs in by the form, as a browser does."""
    session = requests.Session()
    page = session.get(f"{stack.url}/sign-in/", timeout=20)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token is not None
    form = {"username": "ada", "password": password, "csrfmiddlewaretoken": token.group(1)}
    return session.post(f"{stack.url}/sign-in/", form, timeout=20)


def knock(planted: Planted, stack: Stack) -> Iterator[tuple[str, str]]:
    """What strangers, people and programs get from the web process, good and bad."""
    yield "the sign-in", sign_in(stack, PASSWORD).text
    yield "a failed sign-in", sign_in(stack, WRONG).text
    bearer = {"Authorization": f"Bearer {planted.token}"}
    for path in ("endpoints/", "audit/", "runs/", "nowhere/"):
        yield f"the API's {path}", requests.get(f"{stack.url}/api/v1/{path}", headers=bearer, timeout=20).text
    bad = {"Authorization": f"Bearer {planted.token}x"}
    yield "a bad token", requests.get(f"{stack.url}/api/v1/runs/", headers=bad, timeout=20).text
    link = f"/set-password/x/{planted.secrets['a link to set a password']}/"
    # The page of a link that is dead names it nowhere, and no log does.
    yield "a dead link", requests.get(f"{stack.url}{link}", timeout=20).text
    for path in ("/nowhere/", "/%00/", "/healthz", "/readyz"):
        yield path, requests.get(f"{stack.url}{path}", timeout=20).text


def shown(endpoints: list[Endpoint]) -> Iterator[tuple[str, str]]:
    """Every page and export as each role."""
    details = [reverse(f"endpoints-{page}", args=[row.pk]) for row in endpoints for page in ("detail", "edit")]
    for role in ROLES:
        client = Client()
        client.force_login(make_user(f"canary-{role}", role))
        for address in [*map(reverse, PAGES), *details]:
            answer = client.get(address)
            text = b"".join(answer.streaming_content) if answer.streaming and not answer.is_async else b""  # type: ignore[attr-defined]
            yield f"{address} as {role}", (text or (b"" if answer.streaming else answer.content)).decode()


def dumped(superuser_url: str) -> Iterator[tuple[str, str]]:
    """Every row of every table as text, as a dump of the database holds it."""
    with psycopg.connect(superuser_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in tables:
            rows = connection.execute(f'SELECT t::text FROM "{name}" t').fetchall()  # noqa: S608 (PostgreSQL's own names)
            yield f"table {name}", "\n".join(row for (row,) in rows)


def kept(redis: Redis) -> Iterator[tuple[str, str]]:
    """Everything in Redis: counts, leases, and messages that nobody has taken."""
    for key in redis.scan_iter():
        kind = redis.type(key)
        value: Any = {"string": redis.get, "hash": redis.hgetall, "set": redis.smembers}.get(
            str(kind), lambda _key: ""
        )(key)
        if kind == "list":
            value = redis.lrange(key, 0, -1)
        yield f"Redis {key}", f"{key} {value}"


@pytest.mark.timeout(300)
def test_no_planted_secret_is_found_anywhere_it_was_not_put(
    busy: tuple[Planted, Stack],
    look_alike: LookAlike,
    services: embedded.Services | servers.Given,
    redis: Redis,
) -> None:
    planted, stack = busy
    places = list(knock(planted, stack))
    # OCP breaks and then refuses us, in the middle of following.
    for status in (500, 401):
        look_alike.faults.add("status", status=status)
    assert wait_until(lambda: Endpoint.objects.filter(failure__isnull=False).exists(), 60)
    # Messages that nobody takes: the workers are gone, beat rings on.
    for name in ("worker-tick", "worker-follow"):
        stack.end(name)
    assert wait_until(lambda: redis.llen("tick") > 0, 30)
    places += [(name, stack.log(name)) for name in ("web", "worker-tick", "worker-follow", "beat")]
    places += [*kept(redis), *dumped(services.superuser_url), *shown(list(Endpoint.objects.all()))]
    assert Heartbeat.objects.exists()
    assert User.objects.filter(username="ada").exists()
    assert len(places) > 100
    assert any("tick" in text for where, text in places if where == "Redis tick")
    assert [line for where, text in places for line in planted.found(where, text)] == []

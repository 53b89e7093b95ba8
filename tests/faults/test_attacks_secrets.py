"""T14, T15: secrets are planted, everything is made to work and to fail, and then they are looked for everywhere.

In the logs of real processes, in a dump of every table, in Redis with its queues, in the pages, exports and answers of
the API as each role, and on error pages. A word that is no secret is planted too, and must be found in all of them: a
search that looks nowhere finds nothing either.
"""

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import requests
from celery import current_app
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.urls import reverse
from redis import Redis

from ocpdash import embedded
from ocpdash.processes import wait_until
from tests import scenes, servers
from tests import settings as test_settings
from tests.factories import make_endpoint, make_user
from tests.scenes import Cast
from tests.stack import Stack
from tests.views.pages import client_of, sent
from upgrades.models import ChangeRequest, Cluster, Endpoint, Heartbeat, UpgradeRun, User
from upgrades.services import change_requests, clusters, credentials, tokens, trying, users
from upgrades.simulator.server import LookAlike

PASSWORD = "canary-battery-staple-9"
WRONG = "canary-wrong-horse-7"
# No secret: a cluster's owner, and part of an endpoint's address, of a page that is not there and of a message.
OPEN = "canary-in-the-open"
ROLES = ("viewer", "operator", "approver", "auditor", "admin")
PAGES = ("home", "inbox", "settings", "endpoints-list", "endpoints-create", "clusters-list", "packages-list")
PAGES += ("paths-list", "requests-list", "runs-list", "audit-list", "users-list", "tokens-list", "halts-list", "doctor")
EXPORTS = (("clusters-export", ""), ("audit-export", "?format=csv"), ("audit-export", "?format=json"))
DETAILS: tuple[tuple[type[Any], tuple[str, ...]], ...] = (
    (Endpoint, ("endpoints-detail", "endpoints-edit")),
    (Cluster, ("clusters-detail",)),
    (ChangeRequest, ("requests-detail",)),
    (UpgradeRun, ("runs-detail", "runs-snapshot", "runs-graph")),
)


class Planted:
    """Every secret there is, by what it is called, and where it may stand."""

    def __init__(self, look_alike: LookAlike, cast: Cast) -> None:
        held = credentials.Credentials("canary-access-secret-5511", access_key="AK-canary")
        address = f"http://127.0.0.1:1/{OPEN}"
        self.spare = make_endpoint(name="spare", account_name="canary", is_active=False, base_url=address)
        sealed = credentials.seal(held, base_url=address, account_name=self.spare.account_name)
        Endpoint.objects.filter(pk=self.spare.pk).update(credentials=sealed)
        _row, token = tokens.create(actor=cast.ada, name="canary", scopes=["read", "audit:read"], days=3)
        self.token = token
        self.ada = cast.ada
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
    clusters.describe(cluster=Cluster.objects.get(name=scenes.CLUSTER), actor=cast.olga, owner=OPEN, labels=[])
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
        yield f"answer to {path}", requests.get(f"{stack.url}/api/v1/{path}", headers=bearer, timeout=20).text
    bad = {"Authorization": f"Bearer {planted.token}x"}
    yield "a bad token", requests.get(f"{stack.url}/api/v1/runs/", headers=bad, timeout=20).text
    link = f"/set-password/x/{planted.secrets['a link to set a password']}/"
    # The page of a link that is dead names it nowhere, and no log does.
    yield "a dead link", requests.get(f"{stack.url}{link}", timeout=20).text
    for path in (f"/{OPEN}/", "/%00/", "/healthz", "/readyz"):
        yield path, requests.get(f"{stack.url}{path}", timeout=20).text


def shown() -> Iterator[tuple[str, str]]:
    """Every page and export as each role."""
    details = [reverse(page, args=[row.pk]) for kind, pages in DETAILS for row in kind.objects.all() for page in pages]
    for role in ROLES:
        client = client_of(make_user(f"canary-{role}", role))
        for address in [*map(reverse, PAGES), *details]:
            answer = client.get(address)
            assert answer.status_code in (200, 403), f"{address} as {role}: {answer.status_code}"
            yield f"page {address} as {role}", answer.content.decode()
        for name, query in EXPORTS:
            answer = client.get(reverse(name) + query)
            file = sent(answer).decode()
            assert answer.status_code == 200
            assert file
            yield f"export {name}{query} as {role}", file


def dumped(superuser_url: str) -> Iterator[tuple[str, str]]:
    """Every row of every table as text, as a dump of the database holds it."""
    with psycopg.connect(superuser_url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        for (name,) in tables:
            rows = connection.execute(f'SELECT t::text FROM "{name}" t').fetchall()  # noqa: S608 (PostgreSQL's own names)
            yield f"table {name}", "\n".join(row for (row,) in rows)
    # In their table they are compressed.
    yield "sessions", "\n".join(str(session.get_decoded()) for session in Session.objects.all())


def kept() -> Iterator[tuple[str, str]]:
    """Everything in Redis: counts, leases, who looks at what, and messages that nobody has taken, unpacked."""
    # In bytes: pickled pictures of runs are no text.
    with Redis.from_url(str(test_settings.ENVIRONMENT["REDIS_URL"])) as redis:
        reads = {
            "string": redis.get,
            "hash": redis.hgetall,
            "set": redis.smembers,
            "list": lambda key: [part for message in redis.lrange(key, 0, -1) for part in unpacked(message)],
            "zset": lambda key: redis.zrange(key, 0, -1),
        }
        for key in redis.scan_iter():
            yield f"Redis {key.decode()}", f"{key} {reads[redis.type(key).decode()](key)}"


def unpacked(message: bytes) -> tuple[bytes, bytes]:
    """A message of Celery's as it lies in its queue, and its body, which is base64 there."""
    return message, base64.b64decode(json.loads(message)["body"])


def in_the_open(places: list[tuple[str, str]]) -> set[str]:
    """The kinds of places where the word that is no secret was found, with every export of every role."""
    return {where if where.startswith("export") else where.partition(" ")[0] for where, text in places if OPEN in text}


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
    current_app.send_task("upgrades.submit", args=[OPEN], queue="tick")
    trying.try_stored(actor=planted.ada, endpoint=planted.spare)
    places += [(f"log {name}", stack.log(name)) for name in ("web", "worker-tick", "worker-follow", "beat")]
    places += [*kept(), *shown(), *dumped(services.superuser_url)]
    assert Heartbeat.objects.exists()
    assert User.objects.filter(username="ada").exists()
    assert len(places) > 100
    assert all(text for where, text in places if where.startswith("log "))
    exports = {f"export {name}{query} as {role}" for role in ROLES for name, query in EXPORTS}
    assert in_the_open(places) >= {"log", "Redis", "page", "table", "answer"} | exports
    assert any("signed_in_at" in text for where, text in places if where == "sessions")
    assert any(f'[["{OPEN}"]' in text for where, text in places if where == "Redis tick")
    assert [line for where, text in places for line in planted.found(where, text)] == []

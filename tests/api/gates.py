"""The town's people with a token each, the API's addresses with an object behind them, and what is sent there."""

from base64 import b64encode
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from tests import doors
from tests.doors import Door
from tests.town import Knocker, Town, moved, proposal, retry_of
from tests.views.acting import ballot, target_of
from upgrades.models import ApiToken, Comment, RunAction, Scope, User
from upgrades.services import tokens

TABLE = Path(__file__).with_name("permissions.txt")
DOORS = doors.table(TABLE)
ADDRESS = "127.0.0.1"
# A page, for who is signed in by a session: it has a test of its own.
PAGES = {"docs"}


def names() -> set[str]:
    """Every named address of the API, but for its page."""
    return {str(name) for name in get_resolver("upgrades.api.urls").reverse_dict if isinstance(name, str)} - PAGES


def token_of(user: User, *scopes: str) -> str:
    """A token of `user`, of all scopes unless some are named; one whose use writes nothing, for it looks used."""
    token, text = tokens.create(actor=user, name="test", scopes=scopes or Scope.values, days=30)
    later = timezone.now() + timedelta(days=1)
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=later, last_used_address=ADDRESS)
    return text


def call(
    text: str, method: str, address: str, body: Any = None, *, client: Client | None = None, **headers: str
) -> HttpResponse:
    """One call with the token `text`, "" for none."""
    bearer = {"Authorization": f"Bearer {text}"} if text else {}
    client = client or Knocker()
    data = {} if body is None else {"data": body, "content_type": "application/json"}
    send = getattr(client, method.lower())
    return send(address, headers={**bearer, **headers}, **data)  # type: ignore[no-any-return]


class Gates:
    """The addresses of the API in a town."""

    def __init__(self, town: Town) -> None:
        self.town = town
        User.objects.filter(username="left").update(is_active=True)
        self.tokens = {name: token_of(user) if user else "" for name, user in town.people.items()}
        User.objects.filter(username="left").update(is_active=False)
        self.asked = asked_once(town)
        self.bodies = self._bodies()
        self.late = self._late()

    def address(self, door: Door, row: Any = None) -> str:
        """Where its object is, or another one."""
        if door.name == "openapi" or (door.name.endswith("-list") and door.name != "run-actions-list"):
            return reverse(f"api:{door.name}")
        step = self.town.failed_step
        queries = {
            "runs-evidence": "?kind=abandon",
            "run-actions-offer": f"?kind=retry&task_id={step.task_instance.ocp_id}&subtask_id={step.ocp_id}",
        }
        return reverse(f"api:{door.name}", args=[(row or self._object(door)).pk]) + queries.get(door.name, "")

    def call(self, person: str, door: Door, *, row: Any = None, **over: Any) -> HttpResponse:
        """The door's call by a person, with the body that fits and what is `over` it."""
        body = self.bodies.get(str(door))
        whole = None if body is None and not over else (body or {}) | over
        return call(self.tokens[person], door.method, self.address(door, row), whole)

    def _object(self, door: Door) -> Any:
        town = self.town
        found = {
            "requests-vote": town.review,
            "requests-take-back": town.review,
            "requests-start": town.approved,
            "requests-call-off": town.starting,
            "run-actions-detail": self.asked,
            "decisions-propose": town.doubtful,
            "endpoints-propose": town.spare,
        }
        nouns = {
            "endpoints": town.endpoint,
            "clusters": town.cluster,
            "packages": town.package,
            "requests": town.draft,
            "runs": town.doubtful,
            "run": town.failed,
            "decisions": town.decision,
            "comments": Comment.objects.filter(change_request=town.draft).earliest("pk"),
            "attachments": town.file,
        }
        return found.get(door.name) or nouns[door.name.partition("-")[0]]

    def _bodies(self) -> dict[str, dict[str, Any]]:
        town, comment = self.town, {"comment": "Not now."}
        written = {"target_file_name": target_of(town.cluster, "4.2.1.7"), "purpose": "Better so."}
        lock = {"lock_version": town.draft.lock_version}
        return {
            "requests-list-POST": {"cluster": town.cluster.pk, **written},
            "requests-detail-PATCH": written | lock,
            "requests-submit-POST": lock,
            "requests-vote-POST": ballot(town.review),
            "requests-take-back-POST": comment,
            "requests-withdraw-POST": comment,
            "requests-start-POST": {"fingerprint": town.approved.fingerprint, "is_understood": True},
            "requests-call-off-POST": comment,
            "run-actions-list-POST": retry_body(town),
            "decisions-propose-POST": proposal(town.doubtful),
            "decisions-confirm-POST": {"evidence_hash": town.decision.evidence_hash, "is_read": True},
            "decisions-withdraw-POST": {},
            "endpoints-propose-POST": moved(town.spare) | {"is_http_allowed": True},
            "requests-comments-POST": {"text": "@view-home Who was told?"},
            "requests-attachments-POST": {"name": "more.txt", "content": b64encode(b"One more step.").decode()},
        }

    def _late(self) -> dict[str, Any]:
        """By name: an object that is no longer, or not yet, in the state in which the call acts."""
        town = self.town
        ended = town.doubtful.change_request
        return {
            "requests-detail": ended,
            "requests-submit": ended,
            "requests-vote": ended,
            "requests-take-back": town.draft,
            "requests-withdraw": ended,
            "requests-start": town.review,
            "requests-call-off": town.approved,
            "run-actions-list": town.verifying,
            "decisions-propose": town.verifying,
            "decisions-confirm": town.withdrawn,
            "decisions-withdraw": town.withdrawn,
            "endpoints-propose": town.endpoint,
        }


def asked_once(town: Town) -> RunAction:
    """A retry that was asked for, and came to nothing."""
    step = town.failed_step
    about = {"task_ocp_id": step.task_instance.ocp_id, "subtask_ocp_id": step.ocp_id, "name": step.name}
    return RunAction.objects.create(run=town.failed, kind="retry", status="lapsed", asker=town.author, **about)


def retry_body(town: Town) -> dict[str, Any]:
    """What asks for a retry of the failed subtask: OCP's ids are texts."""
    values = retry_of(town.failed, town.failed_step)
    return values | {name: str(values[name]) for name in ("task_id", "subtask_id")}


@pytest.fixture(scope="module")
def gates(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Gates]:
    """One town with its gates for a whole module; each call is to be undone()."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield Gates(Town())
        transaction.set_rollback(True)

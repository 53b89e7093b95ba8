"""The people who knock at every address, an object behind each, and what its form sends: for walks through them all."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlsafe_base64_encode
from pytest_django import DjangoDbBlocker

from tests.factories import make_cluster, make_endpoint, make_package, make_server, make_user
from tests.scenes import vote
from tests.views.acting import ballot, run_of, target_of
from tests.views.pages import sent
from upgrades.models import ChangeRequest, Cluster, Decision, Endpoint, Subtask, TaskInstance, UpgradeRun, User
from upgrades.services import (
    address_changes,
    attachments,
    change_requests,
    comments,
    decisions,
    path_files,
    run_actions,
    saved_views,
    tokens,
)

# Every object is of the first environment; who has a role in the second alone is a foreigner.
HOME, AWAY = "production", "dev"
# Stands in the name of every cluster and in every text about one.
SECRET = "zebra"
PASSWORD = "correct horse battery"
ROLES = {"view": "viewer", "oper": "operator", "appr": "approver", "audi": "auditor", "admi": "admin"}
# Who gets what the people of another column get: rights come from grants of active people alone, and "both", who is a
# viewer here, has every role elsewhere.
LIKE = {"left": "out", "super": "none", "both": "view"}


def _people() -> dict[str, User | None]:
    home = {short: make_user(f"{short}-home", (role, HOME), password=PASSWORD) for short, role in ROLES.items()}
    away = {f"{short}'": make_user(f"{short}-away", (role, AWAY), password=PASSWORD) for short, role in ROLES.items()}
    everywhere = {f"{short}*": make_user(f"{short}-all", ROLES[short], password=PASSWORD) for short in ("audi", "admi")}
    author = make_user("author", *((role, HOME) for role in ROLES.values()), password=PASSWORD)
    nobodies = {"out": None, "none": make_user("nobody", password=PASSWORD)}
    others = {
        "left": make_user("left", *ROLES.values(), password=PASSWORD),
        "both": make_user("both", ("viewer", HOME), *((role, AWAY) for role in ROLES.values()), password=PASSWORD),
        "super": make_user("root", password=PASSWORD, is_superuser=True, is_staff=True),
    }
    return nobodies | home | away | everywhere | {"it": author} | others


class Knocker(Client):
    """A client that keeps nothing of how an answer was made: copies of every template's context take half the time."""

    def request(self, **request: Any) -> HttpResponse:  # type: ignore[override]
        answer = self.handler(self._base_environ(**request))  # type: ignore[attr-defined]
        if answer.status_code == 500:
            raise AssertionError(f"{answer.wsgi_request.method} {answer.wsgi_request.path}: 500")
        if answer.streaming and answer.is_async:  # type: ignore[attr-defined]
            whole = HttpResponse(sent(answer), status=answer.status_code, headers=answer.headers)
            whole.wsgi_request = answer.wsgi_request  # type: ignore[attr-defined]
            return whole
        return answer


class Upload(SimpleUploadedFile):
    """A file that many requests send: each reads it from its beginning."""

    def read(self, size: int = -1) -> bytes:  # type: ignore[override]
        self.seek(0)
        return bytes(super().read(size))


class Town:
    """The people and the rows. `forms`: the form that a person who is let in sends to an address."""

    def __init__(self) -> None:
        self.people = _people()
        self._client = Knocker()
        self._cookies = {name: _cookie(user) for name, user in self.people.items() if user is not None}
        User.objects.filter(username="left").update(is_active=False)
        self.author = self._person("it")
        self.gone = make_user("gone", password=PASSWORD, is_active=False)
        self.endpoint, self.spare = make_endpoint(name="main"), make_endpoint(name="spare")
        self.package = make_package(self.endpoint)
        make_package(self.endpoint, version="4.2.1.7", build="107010002024062719")
        self.cluster, self.taken = self._cluster("free"), self._cluster("taken")
        self.twin = self._twin()
        self._requests()
        self._runs()
        self._beside()
        self.kept = path_files.upload(endpoint=self.endpoint, text="- version: 4.2.1.8", actor=self._person("admi*"))
        self.in_force = path_files.upload(endpoint=self.spare, text="- version: 4.2.1.8", actor=self._person("admi*"))
        path_files.activate(path_file=self.in_force, in_force=None, actor=self._person("admi*"))
        self.view = saved_views.save(user=self.author, page="clusters", name="Nights", query="q=night")
        self.token, _text = tokens.create(actor=self.author, name="Nightly", scopes=["read"], days=30)
        # What pages show of these objects.
        self.marks = [SECRET, *(reverse("requests-detail", args=[row.pk]) for row in ChangeRequest.objects.all())]
        self.forms = self._forms()
        self.late = self._late()

    def client(self, person: str) -> Client:
        """The one browser of this town, in which the person is signed in now; always by the same session."""
        self._client.cookies.clear()
        if person in self._cookies:
            self._client.cookies["sessionid"] = self._cookies[person]
        return self._client

    def address(self, name: str) -> str:
        """The address with an object behind it, in the state in which its form acts."""
        return self._reverse(name, self._objects().get(name, self._objects().get(name.partition("-")[0])))

    def late_address(self, name: str) -> str:
        """The same where the object is no longer, or not yet, in that state."""
        return self._reverse(name, self.late[name][0])

    def _reverse(self, name: str, row: Any) -> str:
        if name == "set-password":
            uid = urlsafe_base64_encode(str(self.author.pk).encode())
            return reverse(name, args=[uid, default_token_generator.make_token(self.author)])
        queries = {
            "runs-log": "?node=1/1",
            "runs-log-file": "?node=1/1",
            "requests-create": f"?cluster={self.cluster.pk}",
            "paths-create": f"?endpoint={self.endpoint.pk}",
        }
        has_key = name.partition("-")[2] not in ("", "list", "create", "export") and row is not None
        return reverse(name, args=[row.pk] if has_key else []) + queries.get(name, "")

    def _objects(self) -> dict[str, Any]:
        return {
            "clusters": self.cluster,
            "requests": self.draft,
            "requests-vote": self.review,
            "requests-take-back": self.review,
            "requests-start": self.approved,
            "requests-call-off": self.starting,
            "requests-copy": self.ended,
            "attachments": self.file,
            "runs": self.doubtful,
            "runs-look-again": self.verifying,
            "runs-log-file": self.logged,
            "runs-act": self.failed,
            "decisions-propose": self.doubtful,
            "decisions": self.decision,
            "endpoints": self.endpoint,
            "endpoints-switch": self.spare,
            "packages": self.package,
            "endpoints-address": self.spare,
            "endpoints-apart": self.twin,
            "paths": self.kept,
            "paths-remove": self.in_force,
            "users": self.author,
            "views": self.view,
            "tokens": self.token,
            "users-reactivate": self.gone,
        }

    def _person(self, name: str) -> User:
        user = self.people[name]
        assert user is not None
        return user

    def _cluster(self, name: str) -> Cluster:
        return make_cluster(self.endpoint, name=f"{SECRET}_{name}", environment=HOME)

    def _twin(self) -> Endpoint:
        """A later endpoint that shows a server of the free cluster."""
        shared = self.cluster.servers.all()[0]
        other = make_cluster(make_endpoint(name="twin"), name=f"{SECRET}_twin", environment=HOME, zones=0)
        make_server(other, ip=shared.ip, port=shared.port)
        return other.endpoint

    def _request(self, cluster: Cluster) -> ChangeRequest:
        return change_requests.create(
            cluster=cluster, target_file_name=target_of(cluster), purpose=f"The {SECRET} leaks.", actor=self.author
        )

    def _in_review(self, name: str) -> ChangeRequest:
        written = self._request(self.taken if name == "taken" else self._cluster(name))
        return change_requests.submit(change_request=written, lock_version=written.lock_version, actor=self.author)

    def _approved(self, name: str) -> ChangeRequest:
        change_request = self._in_review(name)
        vote(change_request, self._person("appr"))
        return change_request

    def _requests(self) -> None:
        self.draft, self.review = self._request(self.cluster), self._in_review("taken")
        self.approved, self.starting = self._approved("approved"), self._approved("starting")
        change_requests.start(change_request=self.starting, fingerprint=self.starting.fingerprint, actor=self.author)
        self.ended = self._request(self._cluster("ended"))
        change_requests.withdraw(change_request=self.ended, actor=self.author)

    def _beside(self) -> None:
        """What people said of the draft and laid beside it."""
        comments.add(change_request=self.draft, text=f"@view-home has seen the {SECRET}.", actor=self.author)
        self.file = attachments.attach(
            change_request=self.draft, name="steps.txt", content=SECRET.encode(), actor=self.author
        )

    def _runs(self) -> None:
        self.doubtful, self.decided = run_of(self._in_review("doubtful")), run_of(self._in_review("decided"))
        self.verifying = run_of(self._in_review("verifying"), "verifying")
        self.logged = run_of(self._in_review("logged"), "running")
        task = self.logged.task_instances.create(ocp_id=1, kind="parent", observed_at=timezone.now())
        task.logs.create(subtask_ocp_id=1, text=f"{SECRET} begins", observed_at=timezone.now())
        self.failed = run_of(self._in_review("failed"), "failed")
        self.failed_step = failed_step(self.failed)
        self.decision, self.withdrawn = self._proposed(self.decided), self._proposed(run_of(self._in_review("left")))
        decisions.withdraw(decision=self.withdrawn, actor=self.author)

    def _proposed(self, run: UpgradeRun) -> Decision:
        return decisions.propose(run=run, actor=self.author, **proposal(run))

    def _forms(self) -> dict[str, dict[str, Any]]:
        comment = {"comment": "Not now."}
        written = {"target_file_name": target_of(self.cluster, "4.2.1.7"), "purpose": "Better so."}
        written |= {"impact": "Sessions reconnect.", "ticket": "https://tickets.example/OPS-4417"}
        token = {"form_token": "f2b1d6b0-0c6b-4b0e-9d3c-2f1f5b1a7c11"}
        lock = {"lock_version": self.draft.lock_version}
        entered = entry(self.endpoint)
        return {
            "settings": {"time_zone": "UTC"},
            "settings-password": {"current": PASSWORD, "password": "battery staple 9", "again": "battery staple 9"},
            "theme": {"theme": "dark"},
            "views-create": {"page": "clusters", "name": "Days", "query": "q=day", "replaces": "on"},
            "views-edit": {"name": "Days"},
            "views-delete": {},
            "tokens-create": {"name": "Daily", "scopes": ["read", "votes"], "days": "30"},
            "tokens-revoke": {},
            "shortcuts": {"shortcuts": "off"},
            "set_language": {"language": "zh-hans"},
            "sign-in": {"username": "author", "password": PASSWORD},
            "sign-out": {},
            "set-password": {"password": "battery staple 9", "again": "battery staple 9"},
            "clusters-environment": {"environment": AWAY},
            "clusters-describe": {"owner": "payments", "labels": "core, night", "seen": '{"owner": "", "labels": []}'},
            "paths-create": {"text": "- version: 4.2.1.7"},
            "paths-activate": {"in_force": ""},
            "paths-remove": {},
            "requests-create": written | token,
            "requests-copy": token,
            "requests-comment": token | {"text": "Who was told?"},
            "requests-attach": {"file": Upload("batch.log", b"02:00 done")},
            "requests-edit": written | lock,
            "requests-vote": ballot(self.review),
            "requests-submit": lock,
            "requests-start": {"fingerprint": self.approved.fingerprint, "is_understood": "on"},
            "requests-take-back": comment,
            "requests-withdraw": comment,
            "requests-call-off": comment,
            "runs-look-again": {},
            "runs-act": retry_of(self.failed, self.failed_step),
            "decisions-propose": proposal(self.doubtful),
            "decisions-confirm": {"evidence_hash": self.decision.evidence_hash, "is_read": "on"},
            "decisions-withdraw": {},
            "endpoints-create": entered | {"name": "new", "base_url": "http://127.0.0.1:1/new", "secret": "geheim"},
            "endpoints-edit": entered | {"name": "renamed"},
            "endpoints-switch": {"to": "off"},
            "endpoints-address": moved(self.spare),
            "endpoints-apart": {"other": self.endpoint.pk},
            "endpoints-test": {},
            "halts-lift": {"comment": "Compared with OCP.", "shown": "1"},
            "users-create": {"username": "new", "full_name": "New Person", "grants": ["viewer:dev"]},
            "users-grants": {"grants": ["viewer:dev"]},
            "users-deactivate": {},
            "users-reactivate": {},
            "users-link": {},
        }

    def _late(self) -> dict[str, tuple[Any, dict[str, Any]]]:
        """By name: the object, and what of its form differs."""
        ended = self.doubtful.change_request
        revoked, _text = tokens.create(actor=self.author, name="Weekly", scopes=["read"], days=30)
        tokens.revoke(token=revoked, actor=self.author)
        return {
            "tokens-revoke": (revoked, {}),
            "clusters-environment": (self.taken, {}),
            "clusters-describe": (self.cluster, {"seen": '{"owner": "others", "labels": []}'}),
            "paths-activate": (self.kept, {"in_force": self.in_force.pk}),
            "paths-remove": (self.kept, {}),
            "requests-edit": (ended, {}),
            "requests-vote": (ended, {}),
            "requests-submit": (ended, {}),
            "requests-start": (self.review, {}),
            "requests-take-back": (self.draft, {}),
            "requests-withdraw": (ended, {}),
            "requests-call-off": (self.approved, {}),
            "requests-copy": (self.draft, {}),
            "runs-look-again": (self.doubtful, {}),
            "runs-act": (self.verifying, {}),
            "decisions-propose": (self.verifying, {}),
            "decisions-confirm": (self.withdrawn, {"evidence_hash": self.withdrawn.evidence_hash}),
            "decisions-withdraw": (self.withdrawn, {}),
            "endpoints-edit": (self.endpoint, {"lock_version": self.endpoint.lock_version - 1}),
            "endpoints-switch": (make_endpoint(name="off", is_active=False), {}),
            "endpoints-address": (self.endpoint, {}),
            "endpoints-apart": (self.spare, {}),
            "users-deactivate": (self.gone, {}),
            "users-reactivate": (self.author, {}),
            "users-link": (self.gone, {}),
        }


def entry(endpoint: Endpoint) -> dict[str, Any]:
    """What the form of an endpoint sends when nothing of it is changed."""
    return {
        "name": endpoint.name,
        "base_url": endpoint.base_url,
        "account_name": endpoint.account_name,
        "kind": endpoint.credentials_kind,
        "upgrade_body": endpoint.upgrade_body,
        "is_http_allowed": "on",
        "is_account_ours": "on",
        "lock_version": endpoint.lock_version,
    }


def moved(endpoint: Endpoint) -> dict[str, Any]:
    """What the form sends that proposes another address."""
    shown = decisions.evidence_hash(address_changes.evidence(endpoint))
    address = "http://127.0.0.1:1/moved"
    return {"base_url": address, "is_http_allowed": "on", "purpose": "New site.", "evidence_hash": shown}


def failed_step(run: UpgradeRun) -> Subtask:
    """A parent that failed at its only subtask, a moment ago."""
    task = TaskInstance.objects.create(
        run=run, ocp_id=run.ocp_task_id, kind="parent", status="FAILED", observed_at=timezone.now()
    )
    return Subtask.objects.create(task_instance=task, ocp_id=11, name="Start node", status="FAILED", run_time=1)


def retry_of(run: UpgradeRun, step: Subtask) -> dict[str, Any]:
    """What the form of a retry sends."""
    about = {"kind": "retry", "task_id": run.ocp_task_id or 0, "subtask_id": step.ocp_id}
    return {**about, "shown": run_actions.shown_hash(run, "retry", run.ocp_task_id or 0, step.ocp_id)}


def proposal(run: UpgradeRun) -> dict[str, str]:
    """What the form of a decision to abandon sends."""
    shown = decisions.evidence_hash(decisions.evidence(run, "abandon"))
    return {"kind": "abandon", "purpose": f"No {SECRET} in OCP.", "evidence_hash": shown}


@pytest.fixture(scope="module")
def town(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Town]:
    """One town for a whole module; each request is to be undone()."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield Town()
        transaction.set_rollback(True)


def _cookie(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written inside is not written."""
    cache.clear()
    with transaction.atomic():
        yield
        transaction.set_rollback(True)

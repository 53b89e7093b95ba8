"""Hostile input: whatever stands in an address, a form or a cookie, no page breaks, whoever asks."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import client_of, draft, in_review, mirror, run_of
from upgrades.models import Decision, User
from upgrades.services import decisions, path_files

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("services")]

VALUES = {
    "empty": "",
    "nul": "a\x00b",
    "minus": "-1",
    "int64": str(2**63),
    "digits": "9" * 5000,
    "arabic": "٣",
    "bidi": "\u202egnp.exe\u2066\u200b",
    "long": "x" * 20_000,
    "markup": "\"'><script>alert(1)</script>{{ 7 }}{% now %}",
    "format": "%(name)s %s {0} {name}",
    "lines": "a\r\nSet-Cookie: b=c\r\n\r\n",
    "away": "//evil.example\\@a",
    "bracket": "http://[",
    "late": "9999-12-31",
}
QUERY = (
    *("page", "q", "environment", "region", "state", "only", "sort", "architecture", "system", "status", "mine"),
    *("cluster", "copy", "package", "view", "node", "open", "shut", "next", "event", "before", "group", "actor"),
    *("number", "outcome", "first_day", "last_day", "endpoint", "owner", "label", "version", "source", "target"),
)
FIELDS = (
    *("username", "full_name", "password", "again", "grants", "theme", "language", "next", "environment"),
    *("target_file_name", "purpose", "lock_version", "comment", "verdict", "fingerprint", "is_understood"),
    *("kind", "evidence_hash", "ocp_task_id", "is_read", "name", "base_url", "account_name", "access_key", "secret"),
    *("ca_pem", "upgrade_body", "text", "owner", "labels", "seen", "time_zone", "current"),
)


@dataclass(frozen=True)
class World:
    """A row of each kind, and somebody of each role."""

    people: dict[str, User]
    cluster_pk: int
    draft_pk: int
    review_pk: int
    run_pk: int
    decision_pk: int
    endpoint_pk: int
    path_file_pk: int

    def addresses(self) -> Iterator[str]:
        """Every address of the product, with the rows that it may be about."""
        for name in sorted({str(name) for name in get_resolver().reverse_dict if isinstance(name, str)}):
            for args in self._arguments(name):
                yield reverse(name, args=args)

    def _arguments(self, name: str) -> list[list[object]]:
        try:
            reverse(name)
        except NoReverseMatch:
            pass
        else:
            return [[]]
        if name == "set-password":
            return [["MQ", "a-b"]]
        if name == "decisions-propose":
            return [[self.run_pk]]
        rows = {
            "clusters": [self.cluster_pk],
            "requests": [self.draft_pk, self.review_pk],
            "runs": [self.run_pk],
            "decisions": [self.decision_pk],
            "users": [self.people["viewer"].pk],
            "endpoints": [self.endpoint_pk],
            "paths": [self.path_file_pk],
        }
        return [[pk] for pk in rows[name.partition("-")[0]]]


@pytest.fixture
def world() -> World:
    cast = Cast()
    cluster = mirror()
    review = in_review(cast, cluster)
    run = run_of(in_review(cast, mirror("pay_core")))
    shown = decisions.evidence_hash(decisions.evidence(run, "abandon"))
    decision: Decision = decisions.propose(
        run=run, kind="abandon", purpose="Nothing.", evidence_hash=shown, actor=cast.olga
    )
    people = {
        "operator": cast.olga,
        "approver": cast.amir,
        "auditor": cast.uma,
        "admin": cast.ada,
        "viewer": make_user("vera", "viewer"),
        "stranger": make_user("nobody"),
    }
    kept = path_files.upload(endpoint=cluster.endpoint, text="- version: 4.2.1.8", actor=cast.ada)
    rows = (cluster, draft(cast, cluster), review, run, decision, cluster.endpoint, kept)
    return World(people, *(row.pk for row in rows))


ROLES = ("operator", "approver", "auditor", "admin", "viewer", "stranger", "anonymous")
# Each role meets these; the others are dealt out among the roles.
WORST = ("nul", "digits")
STEP = len(ROLES)


def browser(world: World, role: str) -> Client:
    client = Client() if role == "anonymous" else client_of(world.people[role])
    client.raise_request_exception = False
    return client


def values_of(role: str) -> dict[str, str]:
    """The worst values and this role's share of the others."""
    turn = ROLES.index(role)
    return {
        name: value for place, (name, value) in enumerate(VALUES.items()) if name in WORST or (place + turn) % STEP == 0
    }


@pytest.mark.parametrize("role", ROLES)
def test_no_value_in_an_address_breaks_a_page(world: World, role: str) -> None:
    client = browser(world, role)
    broken = []
    for name, value in values_of(role).items():
        query: dict[str, object] = dict.fromkeys(QUERY, value)
        for address in world.addresses():
            answers = [client.get(address, query)]
            if address == reverse("requests-create"):
                answers.append(client.get(address, query | {"cluster": world.cluster_pk}))
            broken += [(address, name) for answer in answers if answer.status_code >= 500]
    assert not broken


@pytest.mark.parametrize("role", ROLES)
def test_no_value_in_a_form_breaks_a_page(world: World, role: str) -> None:
    client = browser(world, role)
    broken = []
    for name, value in values_of(role).items():
        for address in world.addresses():
            if address == reverse("sign-out"):
                continue
            if address == reverse("requests-create"):
                address += f"?cluster={world.cluster_pk}"
            with transaction.atomic():
                status = client.post(address, dict.fromkeys(FIELDS, value)).status_code
                transaction.set_rollback(True)
            if status >= 500:
                broken.append((address, name))
    assert not broken

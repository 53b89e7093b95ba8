"""Every page of many rows: it takes as many queries for many rows as for three."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from tests.factories import make_change_request, make_cluster, make_endpoint, make_package, make_user
from tests.views.acting import queries, run_of
from tests.views.pages import client_of, text_of
from upgrades import audit
from upgrades.models import Decision, Endpoint, Halt, User
from upgrades.rules import Reason, workflow
from upgrades.services import comments, path_files, tokens

pytestmark = pytest.mark.django_db

FEW, MANY = 3, 12
# The page of upgrade paths shows one endpoint, the first by name.
FIRST = "a-first"
PLACES = ("production", "staging", "dev")
# What stands once in each row of a list. A list that is new has to be filled by add_row() and told of here.
ROWS = {
    "home": r'href="/runs/\d+/"',
    "inbox": r'href="/change-requests/\d+/\?inbox"',
    "clusters-list": r'href="/clusters/\d+/"',
    "packages-list": r"oceanbase-ce-\d[^<\"]*\.rpm",
    "paths-list": r'href="/upgrade-paths/\d+/"',
    "requests-list": r'href="/change-requests/\d+/"',
    "runs-list": r'href="/runs/\d+/"',
    "endpoints-list": r'href="/endpoints/\d+/"',
    "audit-list": r"event=\d+",
    "users-list": r'href="/users/\d+/"',
    "tokens-list": r'action="/tokens/\d+/revoke/"',
    "halts-list": r"Looked at, the \d+th time",
}


def lists() -> set[str]:
    """The names of the pages that show many rows."""
    names = {name for name in get_resolver().reverse_dict if isinstance(name, str)}
    return {"home", "inbox", *(name for name in names if name.endswith("-list"))}


def add_row(number: int, reader: User) -> None:
    """One row more in every list: at an OCP of its own, with people of its own, in one of the environments."""
    endpoint, person, place = make_endpoint(), make_user("", "operator"), PLACES[number % 3]
    for version in ("4.2.1.8", f"4.2.1.{10 + number}"):
        make_package(endpoint, version=version)
    standby = make_cluster(endpoint, zones=1, environment=place, ocp_id=2, primary_ocp_id=1, labels=[f"label{number}"])
    primary = make_cluster(endpoint, zones=1, environment=place, ocp_id=1, standby_ocp_ids=[2], owner=f"team{number}")
    failed = make_cluster(endpoint, zones=1, environment=place, version=f"4.2.1.{10 + number}")
    waiting = make_change_request(standby, requester=person, submitted_at=timezone.now())
    comments.add(change_request=waiting, text="@vera, who was told?", actor=person)
    make_change_request(failed, requester=reader, status=workflow.RequestStatus.STALE)
    run = run_of(make_change_request(primary, requester=person))
    Decision.objects.create(
        run=run, kind="abandon", proposer=person, purpose="-", evidence={}, evidence_hash="-",
        expires_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    over = make_cluster(endpoint, zones=1, environment=place)
    ended = run_of(make_change_request(over, requester=person), "verified", status_at=timezone.now())
    audit.record("change_request.create", actor=person, subject=ended.change_request)
    Halt.objects.create(
        kind="restored", reason=Reason("halt.in_force").to_json(), lifted_at=timezone.now(), lifted_by=person,
        comment=f"Looked at, the {number}th time",
    )  # fmt: skip
    tokens.create(actor=reader, name=f"token {number}", scopes=["read"], days=30)
    path_files.upload(endpoint=Endpoint.objects.get(name=FIRST), text=f"- version: 4.2.1.{number}", actor=reader)


def costs(client: Client) -> dict[str, int]:
    return {name: queries(client, reverse(name)) for name in sorted(ROWS)}


def rows(client: Client) -> dict[str, int]:
    return {name: len(set(re.findall(row, text_of(client, reverse(name))))) for name, row in ROWS.items()}


def test_every_list_is_measured() -> None:
    assert lists() == set(ROWS)


def test_a_list_takes_as_many_queries_for_many_rows_as_for_three() -> None:
    reader = make_user("vera", "auditor", "admin", *(("operator", place) for place in PLACES), ("approver", "dev"))
    make_endpoint(name=FIRST)
    client = client_of(reader)
    found = []
    for first, last in ((0, FEW), (FEW, MANY)):
        for number in range(first, last):
            add_row(number, reader)
        found.append((costs(client), rows(client)))
    (few_costs, few), (many_costs, many) = found
    assert many_costs == few_costs
    assert {name: (few[name], many[name]) for name in ROWS if few[name] < FEW or many[name] < MANY} == {}

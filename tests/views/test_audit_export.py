"""The audit trail as a file: what is filtered, what it says of itself, and seals that can be computed again from it."""

import csv
import io
import json
import subprocess
import sys
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client

from tests.factories import make_cluster, make_user
from tests.views.pages import client_of, sent
from upgrades import audit, selectors
from upgrades.models import AuditEvent
from upgrades.rules import Reason, seals
from upgrades.services import sealing
from upgrades.views import audit_export

pytestmark = pytest.mark.django_db

FILE = "/audit/export/"


@pytest.fixture
def auditor() -> Client:
    return client_of(make_user("uma", "auditor"))


def write(count: int = 1, action: str = "cluster.describe", **over: Any) -> list[int]:
    cluster = make_cluster(zones=0, environment="dev")
    return [audit.record(action, subject=cluster, **over).pk for _number in range(count)]


def lines_of(client: Client, **query: str) -> list[dict[str, Any]]:
    answer = client.get(f"{FILE}?{urlencode({'format': 'json', **query})}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/jsonl; charset=utf-8"
    assert answer.headers["Content-Disposition"].endswith('.jsonl"')
    return [json.loads(line) for line in sent(answer).decode().splitlines()]


def cells_of(client: Client, query: str = "") -> list[list[str]]:
    answer = client.get(FILE + query)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(sent(answer).decode("utf-8-sig"))))


def test_the_file_says_what_it_holds(auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_export, "BATCH", 2)
    numbers = write(5)
    write(action="cluster.set_environment")
    sealing.seal_new()
    head = str(selectors.head_of_chain())
    about, *rows, end = lines_of(auditor, action="cluster.describe", nonsense="1")
    assert [row["id"] for row in rows] == numbers[::-1]
    assert end == {"end": {"rows": 5, "first": numbers[-1], "last": numbers[0]}}
    said = about["about"]
    assert (said["filters"], said["chain_head"]) == ({"action": ["cluster.describe"]}, head)
    assert (said["exported_by"], said["visible"]) == ("uma", "all events")


def test_taking_the_trail_away_is_audited_and_not_part_of_it(auditor: Client) -> None:
    write(2)
    before = selectors.newest_event()
    _about, *rows, _end = lines_of(auditor)
    event = AuditEvent.objects.get(action="audit.export")
    assert (event.actor_name, event.outcome) == ("uma", "done")
    assert event.after == {"filters": {}, "format": "json", "newest": before, "head": str(seals.START)}
    assert event.pk not in [row["id"] for row in rows]


def told_by_the_program(lines: list[dict[str, Any]]) -> str:
    """What the program in docs/operations.md, which an auditor runs without ocpdash, says of such a file."""
    page = (settings.BASE_DIR / "docs" / "operations.md").read_text(encoding="utf-8")
    program = page.partition("```python\n")[2].partition("```")[0]
    given = "".join(json.dumps(line) + "\n" for line in lines)
    command = [sys.executable, "-c", program]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout


def test_the_seals_can_be_computed_again_from_the_file_alone(auditor: Client) -> None:
    write(before={"z": 1, "owner": "支付"}, after={"n": [1, 2.5, None, True], "deep": {"b": 1, "a": 'é"\\\n\u007f'}})
    (number,) = write(reason=Reason("cluster.taken", {"name": "a"}), comment="Agreed;\n=1+1", trace_id="8ae3")
    sealing.seal_new()
    lines = lines_of(auditor)
    assert [bool(line.get("seal")) for line in lines] == [False, True, True, False]
    assert told_by_the_program(lines) == ""
    lines[1]["comment"] = "Never agreed"
    assert told_by_the_program(lines) == f"event {number} does not fit its seal\n"


def test_cells_are_harmless_and_the_end_tells_the_same(auditor: Client) -> None:
    (number,) = write(comment="=1+1", after={"owner": "=2"})
    head, row, empty, *facts = cells_of(auditor, "?action=cluster.describe")
    assert head == [*seals.COLUMNS, "seal", "prev_hash", "hash"]
    found = dict(zip(head, row, strict=True))
    assert (found["id"], found["comment"], found["after"]) == (str(number), "'=1+1", '{"owner": "=2"}')
    assert empty == []
    said = dict(facts)
    assert (said["rows"], said["first"], said["last"]) == ("1", str(number), str(number))
    assert said["filters"] == '{"action": ["cluster.describe"]}'


def test_a_reader_of_some_environments_takes_those_away_and_the_file_says_so() -> None:
    write(2)
    make_cluster(zones=0)
    reader = client_of(make_user("vera", ("viewer", "production")))
    about, end = lines_of(reader)
    assert about["about"]["visible"] == ["production"]
    assert end["end"] == {"rows": 0, "first": None, "last": None}


def test_a_filter_that_makes_no_sense_sends_no_file(auditor: Client) -> None:
    answer = auditor.get(f"{FILE}?number=x")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/audit/?number=x")
    assert not AuditEvent.objects.filter(action="audit.export").exists()

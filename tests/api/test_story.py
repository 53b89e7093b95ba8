"""The way of docs/api.md by the API alone: real HTTP to a web process, over a look-alike OCP."""

import re
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import scenes
from tests.api.gates import token_of
from tests.followed import TO_THE_END, advance, follow, submit, verify
from tests.scenes import CLUSTER, TARGET, Cast, posts
from tests.stack import Stack
from upgrades.models import AuditEvent, ChangeRequest, Cluster, UpgradeRun
from upgrades.simulator.server import LookAlike

pytestmark = pytest.mark.django_db(transaction=True)

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "api.md"
# TOKEN=$APPROVER api -X POST "$OCPDASH/api/v1/..." ...
COMMAND = re.compile(r'^(?:TOKEN=\$APPROVER )?api (?:-X (\w+) )?"\$OCPDASH(/[^"]*)"', re.MULTILINE)


class Program:
    """What calls the API; it remembers its calls as the document writes them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.calls: list[tuple[str, str]] = []

    def call(self, token: str, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        self.calls.append((method, re.sub(r"/\d+/", "/$ID/", path)))
        given = {"Authorization": f"Bearer {token}", **headers}
        return requests.request(method, self.url + path, json=body, headers=given, timeout=30)


def told(answer: requests.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_from_a_token_to_a_verified_upgrade_as_the_document_says(
    stack: Stack, look_alike: LookAlike, settings: Any
) -> None:
    settings.VERIFY_SECONDS = 0
    scenes.connect(look_alike, settings)
    cast = Cast()
    operator = token_of(cast.olga, "read", "requests:write", "runs:start")
    stack.start_web()
    program = Program(stack.url)
    written = sent_to_review(program, operator)
    approved_and_started(program, operator, token_of(cast.amir, "read", "votes"), written["url"])
    assert submit(ChangeRequest.objects.get(pk=written["id"])) is not None
    run = followed(program, operator, written["id"], look_alike)
    ended = told(program.call(operator, "GET", f"/api/v1/runs/{written['id']}/"))
    assert (ended["status"], ended["ocp_task_id"]) == ("verified", str(run.ocp_task_id))
    assert len(posts(look_alike)) == 1
    steps = [call for number, call in enumerate(program.calls) if call not in program.calls[:number]]
    assert steps == [(method or "GET", path) for method, path in COMMAND.findall(DOCUMENT.read_text(encoding="utf-8"))]
    by_program = AuditEvent.objects.filter(after__has_key="api_token").values_list("action", flat=True)
    assert {"change_request.create", "change_request.vote", "change_request.start"} <= set(by_program)
    refused_without_the_scope(program, cast, written)
    assert operator not in stack.log("web")


def sent_to_review(program: Program, operator: str) -> dict[str, Any]:
    """A change request, written by the API and sent to its approvers."""
    cluster = told(program.call(operator, "GET", f"/api/v1/clusters/?q={CLUSTER}"))["items"][0]
    packages = told(program.call(operator, "GET", "/api/v1/packages/?q=4.2.1.8"))["items"]
    assert TARGET in [package["file_name"] for package in packages]
    body = {"cluster": cluster["id"], "target_file_name": TARGET, "purpose": "Fixes incident 2291."}
    key = {"Idempotency-Key": "nightly-2026-11-30"}
    written: dict[str, Any] = told(program.call(operator, "POST", "/api/v1/change-requests/", body, **key), 201)
    lock = {"lock_version": written["lock_version"]}
    assert told(program.call(operator, "POST", f"{written['url']}submit/", lock))["status"] == "in_review"
    return written


def approved_and_started(program: Program, operator: str, approver: str, here: str) -> None:
    """Another person's token votes on the plan that it read; the operator's asks for the start."""
    read = told(program.call(approver, "GET", here))
    vote = {"verdict": "approve", "fingerprint": read["fingerprint"]}
    voted = told(program.call(approver, "POST", f"{here}votes/", vote), 201)
    assert (voted["status"], voted["votes"][0]["voter"]) == ("approved", "amir")
    start = {"fingerprint": read["fingerprint"], "is_understood": True}
    assert told(program.call(operator, "POST", f"{here}start/", start))["status"] == "starting"


def followed(program: Program, operator: str, number: int, look_alike: LookAlike) -> UpgradeRun:
    """The run, followed by its snapshot until it is verified; each state is asked for twice, and is 304 then."""
    run, seen = UpgradeRun.objects.get(pk=number), []
    for seconds in (0, TO_THE_END, 0):
        if seconds:
            advance(look_alike, seconds)
        run = verify(run) if run.status == "verifying" else follow(run)
        answer = program.call(operator, "GET", f"/api/v1/runs/{number}/snapshot/")
        seen.append(told(answer)["status"])
        mark = {"If-None-Match": answer.headers["ETag"]}
        again = program.call(operator, "GET", f"/api/v1/runs/{number}/snapshot/", **mark)
        assert (again.status_code, bool(again.headers["Observed-At"])) == (304, True)
    assert seen == ["running", "verifying", "verified"]
    return run


def refused_without_the_scope(program: Program, cast: Cast, written: dict[str, Any]) -> None:
    """The same acts by a token that may read alone: nothing is done."""
    reader, before = token_of(cast.olga, "read"), list(ChangeRequest.objects.values())
    other = Cluster.objects.exclude(pk=written["cluster"]).first()
    assert other is not None
    body = {"cluster": other.pk, "target_file_name": TARGET, "purpose": "Again."}
    mark = {"fingerprint": written["fingerprint"]}
    acts = {
        "/api/v1/change-requests/": ("requests:write", body),
        f"{written['url']}submit/": ("requests:write", {"lock_version": 0}),
        f"{written['url']}votes/": ("votes", {"verdict": "approve", **mark}),
        f"{written['url']}start/": ("runs:start", {"is_understood": True, **mark}),
    }
    for path, (scope, sent) in acts.items():
        problem = told(program.call(reader, "POST", path, sent), 403)
        assert (problem["code"], problem["params"]) == ("token.scope_missing", {"scope": scope})
    assert list(ChangeRequest.objects.values()) == before

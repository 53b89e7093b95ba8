"""The thread of a request and the files beside it, and an endpoint's other address, by the API alone."""

import hashlib
import json
from base64 import b64decode, b64encode
from typing import Any

import pytest

from tests.api.gates import call, token_of
from tests.factories import make_endpoint, make_user
from tests.scenes import Cast
from tests.views.acting import draft
from upgrades.api.bodies import FileParser
from upgrades.models import Attachment, ChangeRequest, Comment, Endpoint
from upgrades.rules import attachments

pytestmark = pytest.mark.django_db

CONTENT = b"Step 1\nStep 2\n"


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


@pytest.fixture
def token(cast: Cast) -> str:
    return token_of(cast.olga)


@pytest.fixture
def row(cast: Cast) -> ChangeRequest:
    return draft(cast)


def told(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = json.loads(answer.content)
    return found


def test_a_comment_is_said_once_for_one_key_and_read_back(cast: Cast, token: str, row: ChangeRequest) -> None:
    address, key = f"/api/v1/change-requests/{row.pk}/comments/", {"Idempotency-Key": "say-1"}
    body = {"text": f"  @{cast.amir.username} and @nobody.here: the window moved.  "}
    answers = [call(token, "post", address, body, **key) for _time in range(2)]
    said = told(answers[0], 201)
    assert answers[1].content == answers[0].content
    assert (said["author"], said["mentions"]) == (cast.olga.username, [cast.amir.username])
    assert Comment.objects.get().text == said["text"]
    assert answers[0].headers["Location"] == said["url"]
    assert told(call(token, "get", said["url"]), 200) == said
    assert told(call(token, "get", address), 200)["items"] == [said]


def test_a_comment_of_nothing_is_refused_by_its_field(token: str, row: ChangeRequest) -> None:
    found = told(call(token, "post", f"/api/v1/change-requests/{row.pk}/comments/", {"text": "   "}), 400)
    assert found["field"] == "text"
    assert not Comment.objects.exists()


def test_a_file_goes_in_and_comes_out_byte_for_byte(token: str, row: ChangeRequest) -> None:
    address = f"/api/v1/change-requests/{row.pk}/attachments/"
    body = {"name": "steps.txt", "content": b64encode(CONTENT).decode()}
    kept = told(call(token, "post", address, body), 201)
    assert (kept["name"], kept["size"], kept["sha256"]) == ("steps.txt", 14, hashlib.sha256(CONTENT).hexdigest())
    found = told(call(token, "get", kept["url"]), 200)
    assert b64decode(found.pop("content")) == CONTENT
    assert found == kept
    assert told(call(token, "get", address), 200)["items"] == [kept]
    assert told(call(token, "post", address, body), 409)["code"] == "attachment.there_already"


def test_a_file_of_the_largest_size_is_taken_and_one_byte_more_is_not(token: str, row: ChangeRequest) -> None:
    address = f"/api/v1/change-requests/{row.pk}/attachments/"
    for size, status in ((attachments.MOST_BYTES, 201), (attachments.MOST_BYTES + 1, 400)):
        content = b64encode(b"a" * size).decode()
        answer = call(token, "post", address, {"name": f"{size}.txt", "content": content})
        assert answer.status_code == status, answer.text[:500]
    assert Attachment.objects.get().size == attachments.MOST_BYTES
    huge = {"name": "huge.txt", "content": "a" * FileParser.limit}
    assert told(call(token, "post", address, huge), 413)["code"] == "api.too_large"


@pytest.mark.parametrize("content", ["no base64!", "YQ", "", "\u00e9", "YQ==\n"])
def test_what_is_no_base64_is_refused_by_its_field(token: str, row: ChangeRequest, content: str) -> None:
    body = {"name": "steps.txt", "content": content}
    found = told(call(token, "post", f"/api/v1/change-requests/{row.pk}/attachments/", body), 400)
    assert (found["code"], found["field"]) == ("api.bad_field", "content")
    assert not Attachment.objects.exists()


def test_an_endpoint_moves_by_two_admins_on_the_evidence_that_they_read(db: None) -> None:
    one, other = (token_of(make_user(name, "admin")) for name in ("ada", "alan"))
    endpoint = make_endpoint(name="main")
    address = f"/api/v1/endpoints/{endpoint.pk}/"
    shown = told(call(one, "get", f"{address}evidence/"), 200)
    assert (shown["kind"], shown["why_not"]) == ("address", None)
    new = {"base_url": "https://ocp2.example:8443", "purpose": "New site."}
    stale = told(call(one, "post", f"{address}decisions/", new | {"evidence_hash": "0" * 64}), 409)
    assert stale["code"] == "decision.evidence_moved"
    body = new | {"evidence_hash": shown["evidence_hash"]}
    proposed = told(call(one, "post", f"{address}decisions/", body), 201)
    assert (proposed["status"], proposed["endpoint"]) == ("proposed", endpoint.pk)
    assert told(call(one, "get", f"{address}evidence/"), 200)["why_not"]["code"] == "endpoint.address_proposed"
    confirm = {"evidence_hash": proposed["evidence_hash"], "is_read": True}
    assert call(one, "post", f"{proposed['url']}confirm/", confirm).status_code == 403
    assert told(call(other, "post", f"{proposed['url']}confirm/", confirm), 200)["status"] == "carried_out"
    assert Endpoint.objects.get(pk=endpoint.pk).base_url == new["base_url"]
    assert Endpoint.objects.get(pk=endpoint.pk).credentials == ""

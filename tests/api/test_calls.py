"""What every call of the API has in common: who is let in, what is refused and how it is told."""

import hashlib
import json
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from tests.api.gates import call, token_of
from tests.factories import make_user
from tests.scenes import Cast
from tests.views.acting import client_of, draft, in_review, mirror
from upgrades import selectors
from upgrades.models import ApiToken, AuditEvent, ChangeRequest
from upgrades.services import tokens

pytestmark = pytest.mark.django_db

LIST = "/api/v1/change-requests/"


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


@pytest.fixture
def token(cast: Cast) -> str:
    return token_of(cast.olga)


def problem(answer: HttpResponse, status: int) -> dict[str, Any]:
    """The problem that the answer tells, whole."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    told: dict[str, Any] = json.loads(answer.content)
    assert {"type", "title", "status", "detail", "code", "params", "request_id"} <= told.keys()
    assert (told["status"], told["request_id"]) == (status, answer.headers["X-Request-Id"])
    assert told["type"] == f"urn:ocpdash:problem:{told['code']}"
    return told


def test_nobody_is_let_in_without_a_token_or_a_session(cast: Cast) -> None:
    answer = call("", "get", LIST)
    assert problem(answer, 401)["code"] == "token.needed"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert problem(call("", "get", LIST, Authorization="Basic b2xnYTp4"), 401)["code"] == "token.needed"
    assert problem(call("ocpdash_nonsense", "get", LIST), 401)["code"] == "token.unknown"


def test_a_bad_token_is_no_way_round_by_a_session(cast: Cast) -> None:
    assert call("ocpdash_x", "get", LIST, client=client_of(cast.olga)).status_code == 401


def test_a_flood_of_bad_tokens_gets_429(cast: Cast) -> None:
    cache.clear()
    answers = [call("ocpdash_x", "get", LIST) for _try in range(tokens.TRIES + 1)]
    assert [answer.status_code for answer in answers] == [401] * tokens.TRIES + [429]
    assert problem(answers[-1], 429)["code"] == "token.too_many_tries"
    assert int(answers[-1].headers["Retry-After"]) == tokens.TRIES_SECONDS


def test_a_session_reads_and_acts_with_its_csrf_token_alone(cast: Cast) -> None:
    written = draft(cast)
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.olga)
    assert client.get(LIST).status_code == 200
    address, body = f"{LIST}{written.pk}/submit/", {"lock_version": written.lock_version}
    assert problem(client.post(address, body, content_type="application/json"), 403)["code"] == "api.csrf"
    page = client.get("/api/v1/docs/")
    mark = page.text.partition('data-csrf="')[2].partition('"')[0]
    answer = client.post(address, body, content_type="application/json", headers={"X-CSRFToken": mark})
    assert (answer.status_code, answer.json()["status"]) == (200, "in_review")
    assert "api_token" not in AuditEvent.objects.get(action="change_request.submit").after


def test_an_act_by_a_token_names_the_token_in_the_audit(cast: Cast, token: str) -> None:
    written = draft(cast)
    assert call(token, "post", f"{LIST}{written.pk}/withdraw/", {}).status_code == 200
    event = AuditEvent.objects.get(action="change_request.withdraw")
    assert (event.actor, event.after["api_token"]) == (cast.olga, ApiToken.objects.get().prefix)


def test_an_edit_leaves_impact_and_ticket_as_they_are_unless_it_names_them(cast: Cast, token: str) -> None:
    row = draft(cast)
    ChangeRequest.objects.filter(pk=row.pk).update(impact="Sessions reconnect.", ticket="OPS-4417")
    body = {"target_file_name": row.target_file_name, "purpose": "Better so.", "lock_version": row.lock_version}
    told = json.loads(call(token, "patch", f"{LIST}{row.pk}/", body).content)
    assert (told["purpose"], told["impact"], told["ticket"]) == ("Better so.", "Sessions reconnect.", "OPS-4417")
    body |= {"lock_version": told["lock_version"], "impact": "", "ticket": "https://tickets.example/OPS-4418"}
    told = json.loads(call(token, "patch", f"{LIST}{row.pk}/", body).content)
    assert (told["impact"], told["ticket"]) == ("", "https://tickets.example/OPS-4418")


def test_grants_count_as_they_are_now(cast: Cast, token: str) -> None:
    written = draft(cast)
    assert call(token, "get", f"{LIST}{written.pk}/").status_code == 200
    cast.olga.grants.all().delete()
    assert problem(call(token, "get", f"{LIST}{written.pk}/"), 404)["code"] == "api.not_found"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "approved"),
        ("approved_by", "amir"),
        ("requester", 1),
        ("revision", 9),
        ("fingerprint", "f" * 64),
        ("quorum", 0),
        ("id", 1),
        ("a" * 5000, ""),
        ("\u202e", {}),
    ],
)
def test_a_field_that_nobody_may_hand_in_is_refused_by_name(cast: Cast, token: str, name: str, value: Any) -> None:
    written = draft(cast)
    before = ChangeRequest.objects.values().get()
    body = {"target_file_name": written.target_file_name, "purpose": "New.", "lock_version": 0, name: value}
    told = problem(call(token, "patch", f"{LIST}{written.pk}/", body), 400)
    assert (told["code"], told["field"][:10]) == ("api.unknown_field", name[:10])
    assert "target_file_name" in told["params"]["known"]
    assert ChangeRequest.objects.values().get() == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "cluster"),
        ({"cluster": 1, "target_file_name": "a", "purpose": "a\x00b"}, "purpose"),
        ({"cluster": 1, "target_file_name": "a", "purpose": "\ud800"}, "purpose"),
        ({"cluster": 1, "target_file_name": "a", "purpose": "x" * 4001}, "purpose"),
        ({"cluster": 1, "target_file_name": ["a"], "purpose": "x"}, "target_file_name"),
        ({"cluster": -1, "target_file_name": "a", "purpose": "x"}, "cluster"),
        ({"cluster": 1, "target_file_name": {}, "purpose": None}, "target_file_name"),
        ({"cluster": "９", "target_file_name": "a", "purpose": "x"}, "cluster"),
        ({"cluster": "1", "target_file_name": "a", "purpose": "x"}, "cluster"),
        ({"cluster": 1, "target_file_name": "a", "purpose": 5}, "purpose"),
        ({"cluster": True, "target_file_name": "a", "purpose": "x"}, "cluster"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_the_name_of_its_field(token: str, body: Any, field: str) -> None:
    told = problem(call(token, "post", LIST, body), 400)
    assert (told["code"], told["field"]) == ("api.bad_field", field)


def test_a_number_beyond_the_database_is_of_nothing_that_exists(token: str) -> None:
    body = {"cluster": 10**30, "target_file_name": "a", "purpose": "x"}
    assert problem(call(token, "post", LIST, body), 404)["code"] == "api.not_found"
    assert call(token, "get", f"{LIST}{10**30}/").status_code == 404


@pytest.mark.parametrize(
    ("text", "kind", "status", "code"),
    [
        ("{", "application/json", 400, "api.not_json"),
        ("[" * 100_000, "application/json", 400, "api.not_json"),
        ("[]", "application/json", 400, "api.not_json"),
        ("null", "application/json", 400, "api.not_json"),
        ('{"cluster": NaN}', "application/json", 400, "api.not_json"),
        (b"\xff\xfe{}", "application/json", 400, "api.not_json"),
        ("9" * 5000, "application/json", 400, "api.not_json"),
        ("cluster=1", "application/x-www-form-urlencoded", 415, "api.wrong_type"),
        ("<a/>", "text/xml", 415, "api.wrong_type"),
        (" " * (1 << 20) + "{}", "application/json", 413, "api.too_large"),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(token: str, text: Any, kind: str, status: int, code: str) -> None:
    answer = Client().generic("POST", LIST, text, kind, headers={"Authorization": f"Bearer {token}"})
    assert problem(answer, status)["code"] == code


def test_what_is_not_there_or_not_acceptable_is_told_as_a_problem(token: str) -> None:
    assert problem(call(token, "get", "/api/v1/nothing/"), 404)["code"] == "api.not_found"
    assert problem(call(token, "get", "/api/v1/clusters"), 404)["code"] == "api.not_found"
    assert problem(call(token, "get", "/api/v2/"), 404)["code"] == "api.not_found"
    assert problem(call(token, "get", LIST, Accept="text/html"), 406)["code"] == "api.not_acceptable"
    assert problem(call(token, "get", LIST, Host="evil.example"), 400)["code"] == "api.bad_request"


def test_an_error_of_ours_tells_nothing_but_its_request(
    token: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("geheim-4711")

    monkeypatch.setattr(selectors, "run_mark", broken)
    answer = call(token, "get", "/api/v1/runs/1/snapshot/", client=Client(raise_request_exception=False))
    assert problem(answer, 500)["code"] == "api.failed"
    assert "geheim" not in answer.text
    assert "the API failed" in caplog.text
    assert token not in caplog.text


def test_a_problem_speaks_the_readers_language(token: str) -> None:
    english, chinese = (problem(call(token, "get", f"{LIST}1/", **{"Accept-Language": tongue}), 404)
                        for tongue in ("en", "zh-hans"))  # fmt: skip
    assert english["detail"].isascii()
    assert not chinese["detail"].isascii()
    assert not chinese["title"].isascii()
    assert english["code"] == chinese["code"]


def test_nothing_of_the_api_is_kept_by_caches(cast: Cast, token: str) -> None:
    written = draft(cast)
    for address in (LIST, f"{LIST}{written.pk}/", "/api/v1/audit/", "/api/v1/openapi.yaml"):
        assert call(token, "get", address).headers["Cache-Control"] == "no-store"


def test_ids_of_ocp_are_texts_and_secrets_are_not_told(cast: Cast, token: str) -> None:
    cluster = mirror(ocp_id=2**53 + 1, ob_cluster_id=2**62)
    waiting = in_review(cast, cluster)
    told = json.loads(call(token, "get", f"/api/v1/clusters/{cluster.pk}/").content)
    assert (told["ocp_id"], told["ob_cluster_id"]) == (str(2**53 + 1), str(2**62))
    plan = json.loads(call(token, "get", f"{LIST}{waiting.pk}/").content)
    assert plan["plan"]["clusters"][0]["ocp_id"] == str(2**53 + 1)
    endpoint = call(token, "get", f"/api/v1/endpoints/{cluster.endpoint_id}/").text
    assert cluster.endpoint.credentials not in endpoint
    assert not {"credentials", "access_key", "ca_pem"} & json.loads(endpoint).keys()


def test_what_is_signed_can_be_checked_by_the_caller(cast: Cast, token: str) -> None:
    told = json.loads(call(token, "get", f"{LIST}{in_review(cast).pk}/").content)
    assert hashlib.sha256(told["plan_text"].encode()).hexdigest() == told["fingerprint"]
    allowed = {move["action"]: move["is_allowed"] for move in told["moves"]}
    assert (allowed["withdraw"], allowed["approve"]) == (True, False)
    why = next(move for move in told["moves"] if move["action"] == "approve")
    assert (why["why_not"]["code"], why["who"]) == ("vote.is_requester", ["amir", "bea"])


def test_the_fingerprint_that_was_read_must_be_sent(cast: Cast) -> None:
    waiting, text = in_review(cast), token_of(cast.amir)
    address = f"{LIST}{waiting.pk}/votes/"
    other = {"verdict": "approve", "fingerprint": "0" * 64}
    assert problem(call(text, "post", address, {"verdict": "approve"}), 400)["field"] == "fingerprint"
    assert problem(call(text, "post", address, other), 409)["code"] == "change_request.other_plan"
    sent = {"verdict": "approve", "fingerprint": waiting.fingerprint}
    answer = call(text, "post", address, sent)
    assert (answer.status_code, json.loads(answer.content)["status"]) == (201, "approved")
    starter = token_of(make_user("omid", "operator"), "runs:start")
    start = f"{LIST}{waiting.pk}/start/"
    assert problem(call(starter, "post", start, {"fingerprint": waiting.fingerprint}), 400)["field"] == "is_understood"
    told = problem(call(starter, "post", start, {"fingerprint": waiting.fingerprint, "is_understood": False}), 400)
    assert told["code"] == "form.not_understood"
    assert problem(call(starter, "post", start, {"fingerprint": "0", "is_understood": True}), 409)

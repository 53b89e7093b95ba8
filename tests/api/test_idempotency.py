"""A call that is sent twice under one Idempotency-Key acts once, at the same moment too."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from tests.api.gates import call, token_of
from tests.scenes import Cast
from tests.views.acting import ballot, in_review, mirror, target_of
from upgrades.models import AuditEvent, ChangeRequest, Cluster, KeptAnswer, Vote

LIST = "/api/v1/change-requests/"


@pytest.fixture
def cast(db: None) -> Cast:
    return Cast()


@pytest.fixture
def cluster(db: None) -> Cluster:
    return mirror()


def body_of(cluster: Cluster, purpose: str = "Nightly.") -> dict[str, Any]:
    return {"cluster": cluster.pk, "target_file_name": target_of(cluster), "purpose": purpose}


def write(token: str, body: dict[str, Any], key: str = "a-key") -> HttpResponse:
    return call(token, "post", LIST, body, **{"Idempotency-Key": key})


@pytest.mark.django_db
def test_the_same_call_again_gets_the_same_answer_and_does_nothing(cast: Cast, cluster: Cluster) -> None:
    token = token_of(cast.olga)
    first, again = write(token, body_of(cluster)), write(token, dict(reversed(body_of(cluster).items())))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert first.headers["Location"] == again.headers["Location"] == json.loads(first.content)["url"]
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    assert ChangeRequest.objects.count() == 1
    assert write(token, body_of(cluster), "another-key").status_code == 201
    assert ChangeRequest.objects.count() == 2


@pytest.mark.django_db
def test_another_call_under_the_same_key_is_refused(cast: Cast, cluster: Cluster) -> None:
    token = token_of(cast.olga)
    assert write(token, body_of(cluster)).status_code == 201
    answer = write(token, body_of(cluster, "Other."))
    assert (answer.status_code, json.loads(answer.content)["code"]) == (422, "api.key_used")
    # Keys are each person's own.
    assert write(token_of(cast.omar), body_of(cluster, "Other.")).status_code == 201


@pytest.mark.django_db
def test_a_key_is_free_again_after_a_day(cast: Cast, cluster: Cluster) -> None:
    token = token_of(cast.olga)
    write(token, body_of(cluster))
    KeptAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert write(token, body_of(cluster, "Other.")).status_code == 201
    assert KeptAnswer.objects.count() == 1


@pytest.mark.django_db
def test_what_was_refused_is_judged_anew_and_stays_in_the_audit(cast: Cast, cluster: Cluster) -> None:
    token = token_of(cast.olga)
    bad = body_of(cluster) | {"target_file_name": "none.rpm"}
    answers = [write(token, bad) for _try in range(2)]
    assert [json.loads(answer.content)["code"] for answer in answers] == ["package.unknown"] * 2
    assert AuditEvent.objects.filter(action="change_request.create", outcome="refused").count() == 2
    assert not KeptAnswer.objects.exists()
    assert write(token, body_of(cluster)).status_code == 201


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 101, "with space", "ключ".encode().decode("latin-1")])
def test_a_bad_key_is_refused(cast: Cast, cluster: Cluster, key: str) -> None:
    answer = write(token_of(cast.olga), body_of(cluster), key)
    assert (answer.status_code, json.loads(answer.content)["field"]) == (400, "Idempotency-Key")
    assert not ChangeRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_twins_at_the_same_moment_vote_once_and_are_answered_alike(transactional_db: None) -> None:
    cast = Cast()
    waiting, token, start = in_review(cast), token_of(cast.amir), Barrier(4)

    def send(_number: int) -> HttpResponse:
        start.wait(timeout=30)
        try:
            return call(token, "post", f"{LIST}{waiting.pk}/votes/", ballot(waiting), **{"Idempotency-Key": "twin"})
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as clients:
        answers = list(clients.map(send, range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers].count("true") == 3
    assert (Vote.objects.count(), AuditEvent.objects.filter(action="change_request.vote").count()) == (1, 1)

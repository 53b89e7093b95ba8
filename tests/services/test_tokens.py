"""API tokens: shown once, kept as a hash, good for as long and for as much as they say."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from ocpdash import logs
from tests.factories import make_user
from upgrades import audit
from upgrades.models import ApiToken, AuditEvent, User
from upgrades.services import moves, tokens, users

pytestmark = pytest.mark.django_db

HERE = "192.0.2.1"


@pytest.fixture
def olga(db: None) -> User:
    return make_user("olga", "operator")


def make(owner: User, *scopes: str, days: int = 30) -> tuple[ApiToken, str]:
    return tokens.create(actor=owner, name="CI", scopes=scopes or ("read",), days=days)


def why_not(text: str) -> str:
    with pytest.raises(moves.Refusal) as refused:
        tokens.recognise(text, address=HERE)
    return refused.value.reason.code


def test_a_token_is_recognised_and_its_text_is_kept_nowhere(olga: User) -> None:
    token, text = make(olga, "votes", "read")
    assert text.startswith(token.prefix)
    assert len(text) - len(token.prefix) > 32
    assert token.scopes == ["read", "votes"]
    assert tokens.recognise(text, address=HERE) == token
    with connection.cursor() as cursor:
        for table in ("upgrades_apitoken", "upgrades_auditevent"):
            cursor.execute(f"SELECT json_agg(t)::text FROM {table} t")  # noqa: S608 (names of our own)
            assert text[len(token.prefix) :] not in cursor.fetchone()[0]


def test_a_token_in_a_log_line_is_blotted_out(olga: User) -> None:
    token, text = make(olga)
    assert logs.masked(f"GET /?token={text} 404") == f"GET /?token={token.prefix}{logs.MASK} 404"


def test_two_tokens_differ(olga: User) -> None:
    assert make(olga)[1] != make(olga)[1]


def test_a_bad_token_is_refused_with_the_reason_and_is_in_the_audit(olga: User) -> None:
    token, text = make(olga)
    assert why_not(text + "x") == "token.unknown"
    ApiToken.objects.update(expires_at=timezone.now())
    assert why_not(text) == "token.expired"
    tokens.revoke(token=token, actor=olga)
    assert why_not(text) == "token.revoked"
    events = AuditEvent.objects.filter(action="token.refuse").order_by("pk")
    assert [(event.subject_name, event.actor_name) for event in events] == [
        ("", ""),
        (token.prefix, "olga"),
        (token.prefix, "olga"),
    ]
    told = json.dumps(list(events.values("before", "after", "reason", "comment", "subject_name")))
    assert text[len(token.prefix) :] not in told


def test_tokens_of_somebody_deactivated_are_dead_for_good(olga: User) -> None:
    _token, text = make(olga)
    User.objects.filter(pk=olga.pk).update(is_active=False)
    assert why_not(text) == "token.owner_inactive"
    User.objects.filter(pk=olga.pk).update(is_active=True)
    ada = make_user("ada", "admin")
    users.deactivate(actor=ada, user=olga)
    users.reactivate(actor=ada, user=olga)
    assert why_not(text) == "token.revoked"


def test_a_flood_of_bad_tokens_is_slowed_and_does_not_fill_the_audit(olga: User) -> None:
    _token, text = make(olga)
    codes = [why_not(f"ocpdash_{number}") for number in range(tokens.TRIES + 5)]
    assert codes == ["token.unknown"] * tokens.TRIES + ["token.too_many_tries"] * 5
    assert AuditEvent.objects.filter(action="token.refuse").count() == tokens.TRIES
    # A good one at the same address is heard.
    assert tokens.recognise(text, address=HERE).owner == olga


def test_last_use_is_written_once_a_minute(olga: User) -> None:
    token, text = make(olga)
    tokens.recognise(text, address=HERE)
    token.refresh_from_db()
    first = token.last_used_at
    assert (first is not None, token.last_used_address) == (True, HERE)
    tokens.recognise(text, address=HERE)
    token.refresh_from_db()
    assert token.last_used_at == first
    ApiToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    tokens.recognise(text, address="192.0.2.2")
    token.refresh_from_db()
    assert token.last_used_address == "192.0.2.2"


@pytest.mark.parametrize(
    ("over", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["read", "root"]}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 366}, "days"),
    ],
)
def test_what_a_token_cannot_be_is_refused(olga: User, over: dict[str, object], field: str) -> None:
    values = {"name": "CI", "scopes": ["read"], "days": 365} | over
    with pytest.raises(moves.Invalid) as refused:
        tokens.create(actor=olga, **values)
    assert refused.value.field == field
    assert not ApiToken.objects.exists()


def test_the_database_holds_a_token_to_a_year(olga: User) -> None:
    make(olga, days=365)
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiToken.objects.update(expires_at=timezone.now() + timedelta(days=366))


def test_a_person_has_so_many_good_tokens(olga: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST", 2)
    first, _text = make(olga)
    make(olga)
    with pytest.raises(moves.Invalid):
        make(olga)
    tokens.revoke(token=first, actor=olga)
    make(olga)


def test_owner_and_admins_of_all_revoke_and_nobody_else(olga: User) -> None:
    (own, _text), (other, _other) = make(olga), make(olga)
    for person in (make_user("dev", ("admin", "dev")), make_user("uma", "auditor"), make_user("omar", "operator")):
        with pytest.raises(moves.Forbidden):
            tokens.revoke(token=own, actor=person)
    tokens.revoke(token=own, actor=olga)
    tokens.revoke(token=other, actor=make_user("ada", "admin"))
    assert list(ApiToken.objects.order_by("pk").values_list("revoked_by__username", flat=True)) == ["olga", "ada"]
    with pytest.raises(moves.TooLate):
        tokens.revoke(token=own, actor=olga)


def test_a_missing_scope_is_in_the_audit_where_it_was_an_act(olga: User) -> None:
    token, _text = make(olga, "read")
    tokens.require_scope(token=token, scope="read", call="GET /", is_act=False)
    for is_act in (False, True):
        with pytest.raises(moves.Forbidden):
            tokens.require_scope(token=token, scope="votes", call="POST /x", is_act=is_act)
    event = AuditEvent.objects.get(action="token.overreach")
    assert (event.outcome, event.after, event.actor) == ("refused", {"call": "POST /x"}, olga)


def test_audit_names_the_token_of_an_act(olga: User) -> None:
    held = audit.origin.set(audit.Origin(request_id="r", address=HERE, token="ocpdash_abc"))
    try:
        event = audit.record("user.sign_out", actor=olga, subject=olga, after={"a": 1})
    finally:
        audit.origin.reset(held)
    assert event.after == {"a": 1, "api_token": "ocpdash_abc"}

"""Pages of API tokens: shown once, revoked by their owner or by admins, seen by who looks at people."""

import re

import pytest
from django.urls import reverse

from tests.factories import make_user
from tests.views.pages import client_of, text_of
from upgrades.models import ApiToken, User
from upgrades.services import tokens

pytestmark = pytest.mark.django_db

NEW = {"name": "CI of payments", "scopes": ["read", "votes"], "days": "30"}


@pytest.fixture
def olga(db: None) -> User:
    return make_user("olga", "operator")


def test_a_token_is_shown_once_and_works(olga: User) -> None:
    client = client_of(olga)
    answer = client.post(reverse("tokens-create"), NEW)
    assert "no-store" in answer.headers["Cache-Control"]
    (text,) = set(re.findall(r"ocpdash_[\w-]{43}", answer.text))
    assert tokens.recognise(text, address="192.0.2.1").scopes == ["read", "votes"]
    later = text_of(client, reverse("tokens-list"))
    assert text not in later
    assert ApiToken.objects.get().prefix in later
    assert "192.0.2.1" in later


@pytest.mark.parametrize(
    "over", [{"name": " "}, {"name": "x" * 61}, {"scopes": []}, {"days": "366"}, {"scopes": ["x"]}]
)
def test_what_cannot_be_made_is_told_beside_its_field(olga: User, over: dict[str, object]) -> None:
    answer = client_of(olga).post(reverse("tokens-create"), NEW | over)
    assert (answer.status_code, ApiToken.objects.exists()) == (400, False)
    assert 'class="err"' in answer.text
    assert not re.search(r"ocpdash_[\w-]{43}", answer.text)


def test_its_owner_revokes_it(olga: User) -> None:
    token, _text = tokens.create(actor=olga, name="CI", scopes=["read"], days=30)
    client = client_of(olga)
    assert client.post(reverse("tokens-revoke", args=[token.pk])).headers["Location"] == "/tokens/"
    page = text_of(client, reverse("tokens-list"))
    assert "Revoked" in page
    assert reverse("tokens-revoke", args=[token.pk]) not in page


def test_admins_see_and_revoke_those_of_a_person_and_auditors_see_them(olga: User) -> None:
    token, _text = tokens.create(actor=olga, name="CI", scopes=["read"], days=30)
    page, act = reverse("users-detail", args=[olga.pk]), reverse("tokens-revoke", args=[token.pk])
    auditor, admin = client_of(make_user("uma", "auditor")), client_of(make_user("ada", "admin"))
    assert token.prefix in text_of(auditor, page)
    assert act not in text_of(auditor, page)
    assert auditor.post(act).status_code == 403
    assert act in text_of(admin, page)
    assert admin.post(act).headers["Location"] == page
    assert "by ada" in " ".join(text_of(admin, page).split())


def test_nobody_sees_those_of_another_among_ones_own(olga: User) -> None:
    token, _text = tokens.create(actor=olga, name="Geheim", scopes=["read"], days=30)
    for person in (make_user("omar", "operator"), make_user("ada", "admin")):
        assert "Geheim" not in text_of(client_of(person), reverse("tokens-list"))
    assert client_of(make_user("otto", "operator")).post(reverse("tokens-revoke", args=[token.pk])).status_code == 404


def test_a_hostile_name_is_text(olga: User) -> None:
    tokens.create(actor=olga, name='"><img src=x onerror=alert(1)>', scopes=["read"], days=30)
    assert "<img" not in text_of(client_of(olga), reverse("tokens-list"))
